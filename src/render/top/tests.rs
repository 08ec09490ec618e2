use super::*;
use crate::live::{Bill, Load, Machine, MachineId, ObjectId, Snapshot, Status};
use crate::money::Usd;
use crate::state::{Record, State};
use jiff::Timestamp;
use model::Mode;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::{Color, Modifier};
use rust_decimal::Decimal;
use serde_json::json;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

const HOSTILE: &str = "a\u{1b}[2J\u{9b}31m\u{202e}b\r\n\u{7}日本";

fn now() -> Timestamp {
    "2026-06-02T10:00:00Z".parse().expect("a time")
}

fn usd(text: &str) -> Usd {
    Usd(text.parse().expect("a decimal"))
}

fn machine(id: u64, status: &str, cpu: u32, notes: &str) -> Machine {
    Machine {
        shown: [
            ("name", json!(format!("worker_{id}"))),
            ("region", json!("Europe")),
            ("country", json!("PL")),
            ("expires_at", json!("2026-06-05T12:00:00+02:00")),
        ]
        .into(),
        notes: Some(notes.to_owned().into()),
        status: Some(Status(status.to_owned())),
        gpu_model: Some("RTX 4090".to_owned()),
        gpu_count: Some(1),
        price_per_gpu: Some(usd("0.31")),
        price_per_disk: Some(usd("0.15")),
        disk_size: Some(32),
        created_at: Some("2026-06-01T10:00:00+02:00".to_owned()),
        load: Load {
            uptime: Some(Duration::from_secs(3_700)),
            cpu: Some(Decimal::from(cpu)),
            memory: Some(Decimal::from(40)),
            disk: Some(Decimal::from(7)),
        },
        ..Machine::bare(MachineId(id))
    }
}

/// Two that are recorded, one of which is not listed; one of another fleet, one of ours that is not recorded, one of nobody.
fn seen() -> Seen {
    let record = |id: u64| {
        Record {
        attributes: serde_json::from_value(json!({
            "id": id.to_string(), "rented_gpu_model": "RTX 4090", "gpu_count": 1, "region": "Europe", "hourly_cost": 0.3166,
            "expires_at": "2026-06-05T12:00:00+02:00"
        }))
        .expect("an object"),
        ..Record::default()
    }
    };
    let mut state = State::default();
    for (address, id) in [("simplepod_instance.worker[0]", 11), ("module.east.simplepod_instance.worker[1]", 12)] {
        state.resources.insert(address.parse().expect("an address"), record(id).into());
    }
    let mut failed = machine(14, "error", 0, "");
    failed.errors = vec![format!("No space left on device {HOSTILE}")];
    failed.shown.insert("name", json!(HOSTILE));
    failed.load = Load::default();
    let mut snapshot = Snapshot { as_of: Some(now()), balance: Some(usd("40")), read: true, ..Snapshot::default() };
    snapshot.extend([
        machine(11, "running", 93, ""),
        machine(13, "running", 5, "podform:v1:farm:l:c:13:simplepod_instance.node%5B0%5D"),
        machine(15, "created", 0, "podform:v1:hand:l:c:15:simplepod_instance.worker%5B2%5D"),
        failed,
    ]);
    let bill = |machine, amount| Bill { machine: MachineId(machine), amount: usd(amount), ..Bill::default() };
    Seen { snapshot, state, bills: vec![bill(11, "3.5"), bill(11, "1"), bill(13, "12.25")], trouble: None }
}

fn model() -> Model {
    let mut model = Model::new(Some("hand".to_owned()), Duration::from_secs(5), false, now());
    model.on(Event::Seen(Box::new(seen())));
    model
}

fn press(model: &mut Model, key: KeyCode) -> Option<Todo> {
    model.on(Event::Key(KeyEvent::new(key, KeyModifiers::NONE)))
}

fn type_in(model: &mut Model, keys: &str) -> Option<Todo> {
    keys.chars().fold(None, |_, key| press(model, KeyCode::Char(key)))
}

fn drawn(model: &Model, (columns, rows): (u16, u16)) -> String {
    let mut model = model.clone();
    model.on(Event::Size(columns, rows));
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a buffer");
    terminal.draw(|frame| draw(&model, false, frame.area(), frame.buffer_mut())).expect("a drawing");
    let buffer = terminal.backend().buffer();
    let line = |row| {
        let mut text = String::new();
        // What is wide hides the cell beside it.
        while text.width() < columns.into() {
            let column = u16::try_from(text.width()).expect("a column");
            text.push_str(buffer[(column, row)].symbol());
        }
        text.trim_end().to_owned()
    };
    let lines: Vec<String> = (0..rows).map(line).collect();
    assert!(!lines.iter().any(|line| line.contains(crate::render::is_unsafe)), "{lines:#?}");
    lines.join("\n")
}

#[test]
fn all_of_it_fits_a_small_terminal_and_a_large_one() {
    let mut model = model();
    insta::assert_snapshot!("list_80x24", drawn(&model, (80, 24)));
    insta::assert_snapshot!("list_200x50", drawn(&model, (200, 50)));
    press(&mut model, KeyCode::Char('?'));
    insta::assert_snapshot!("help_80x24", drawn(&model, (80, 24)));
    let sizes = (0..90).flat_map(|columns| [0, 1, 2, 3, 7, 24].map(|rows| (columns, rows)));
    sizes.for_each(|size| drop(drawn(&model, size)));
}

#[test]
fn what_is_selected_stays_so() {
    let mut model = model();
    let selected = |model: &Model| model.selected().map(|(at, line)| (at, line.id.0));
    assert_eq!(selected(&model), Some((0, 11)));
    press(&mut model, KeyCode::Down);
    type_in(&mut model, "jj");
    assert_eq!(selected(&model), Some((3, 14)));
    type_in(&mut model, "s");
    assert_eq!(selected(&model).map(|(_, id)| id), Some(14), "another order");
    press(&mut model, KeyCode::Home);
    assert_eq!(selected(&model).map(|(at, _)| at), Some(0));
    press(&mut model, KeyCode::End);
    press(&mut model, KeyCode::PageDown);
    let last = selected(&model);
    assert_eq!(last.map(|(at, _)| at), Some(4));
    let mut less = seen();
    less.snapshot.objects.remove(&ObjectId::Machine(MachineId(last.expect("one").1)));
    model.on(Event::Seen(Box::new(less)));
    assert!(selected(&model).is_some(), "its neighbour, or itself where it is recorded");
    model.on(Event::Seen(Box::default()));
    assert_eq!(selected(&model), None);
    press(&mut model, KeyCode::Down);
    assert!(drawn(&model, (80, 24)).contains("The account holds no machine."));
}

#[test]
fn columns_order_and_unknown_stands_last() {
    let order = |keys: &str| {
        let mut model = model();
        type_in(&mut model, keys);
        model.shown().iter().map(|line| line.id.0).collect::<Vec<_>>()
    };
    assert_eq!(order(""), [11, 12, 13, 14, 15]);
    assert_eq!(order("S"), [15, 14, 13, 12, 11]);
    assert_eq!(order("s"), [15, 14, 12, 11, 13], "by status");
    assert_eq!(order("sss"), [11, 13, 15, 12, 14], "by load, the highest first");
    assert_eq!(order("sssS"), [15, 13, 11, 12, 14]);
    assert_eq!(order(&"s".repeat(8))[..2], [13, 11], "by what it has cost");
    assert_eq!(order(&"s".repeat(10)), order(""));
}

#[test]
fn a_filter_takes_what_has_all_words() {
    let mut model = model();
    type_in(&mut model, "/");
    assert_eq!(type_in(&mut model, "Running qr"), None, "letters are no commands");
    assert!(model.shown().is_empty());
    press(&mut model, KeyCode::Backspace);
    press(&mut model, KeyCode::Backspace);
    let ids = |model: &Model| model.shown().iter().map(|line| line.id.0).collect::<Vec<_>>();
    assert_eq!(ids(&model), [11, 13]);
    type_in(&mut model, "farm");
    press(&mut model, KeyCode::Enter);
    assert_eq!(ids(&model), [13]);
    assert!(drawn(&model, (80, 24)).contains("1 of 5"), "{}", drawn(&model, (80, 24)));
    type_in(&mut model, "/x");
    press(&mut model, KeyCode::Esc);
    assert_eq!(ids(&model), [13], "taken back");
    assert_eq!(press(&mut model, KeyCode::Esc), None);
    assert_eq!(ids(&model).len(), 5);
    assert_eq!(press(&mut model, KeyCode::Esc), Some(Todo::Leave { interrupted: false }));
}

#[test]
fn failures_are_told_and_the_last_answer_stays() {
    let mut model = model();
    let words = "GET /instances/list answered 502: 502 Bad Gateway";
    let seconds = |todo: Option<Todo>| match todo {
        Some(Todo::Work(Work::Look(pause))) => pause.as_secs(),
        other => panic!("{other:?}"),
    };
    let pauses: Vec<u64> = (0..40).map(|_| seconds(model.on(Event::Failed(words.to_owned())))).collect();
    assert_eq!(pauses[..4], [10, 20, 40, 60]);
    assert_eq!(pauses.last(), Some(&60));
    model.on(Event::Tick(now() + jiff::SignedDuration::from_secs(75)));
    insta::assert_snapshot!("failing_80x24", drawn(&model, (80, 24)));
    assert_eq!(seconds(model.on(Event::Seen(Box::new(seen())))), 5);
    assert!(!drawn(&model, (80, 24)).contains("502"));
}

#[test]
fn a_console_is_followed_and_scrolled() {
    let mut model = model();
    assert_eq!(type_in(&mut model, "l"), Some(Todo::Work(Work::Follow(MachineId(11), Duration::ZERO))));
    let own: String = (0..60).map(|n| format!("step {n} {HOSTILE}\n")).collect();
    let consoles = Consoles { own, system: "Pulling\n".to_owned() };
    assert_eq!(model.on(Event::Consoles(MachineId(13), consoles.clone())), None, "of another");
    assert!(matches!(
        model.on(Event::Consoles(MachineId(11), consoles)),
        Some(Todo::Work(Work::Follow(MachineId(11), _)))
    ));
    let screen = drawn(&model, (80, 24));
    assert!(screen.contains("step 59") && !screen.contains("step 30"), "{screen}");
    press(&mut model, KeyCode::PageUp);
    assert!(drawn(&model, (80, 24)).contains("lines below"));
    press(&mut model, KeyCode::Home);
    assert!(drawn(&model, (80, 24)).contains("step 0"));
    model.on(Event::NoConsoles(MachineId(11), "GET /instances/11 answered 502".to_owned()));
    type_in(&mut model, "o");
    let screen = drawn(&model, (80, 24));
    assert!(screen.contains("Pulling") && screen.contains("502") && !screen.contains("step"), "{screen}");
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.on(Event::NoConsoles(MachineId(11), String::new())), None, "nobody looks any more");
}

/// Only a yes to what is on the screen reboots.
#[test]
fn a_reboot_is_asked_about_by_name() {
    let mut model = model();
    let id = MachineId(11);
    let asked = || Event::Asked(id, Ok("1x RTX 4090, running\nWhat runs on them is stopped.".to_owned()));
    assert_eq!(type_in(&mut model, "ry"), None, "nothing was asked yet");
    model.on(asked());
    assert!(matches!(model.mode, Mode::List), "who typed on is not asked any more");
    for no in ["n", "Y", "q", "r"] {
        assert_eq!(type_in(&mut model, "r"), Some(Todo::Work(Work::Ask(id))));
        model.on(asked());
        insta::assert_snapshot!("reboot_80x24", drawn(&model, (80, 24)));
        assert_eq!(type_in(&mut model, no), None);
        assert!(model.notice.as_ref().is_some_and(|notice| notice.ends_with("was not rebooted.")));
    }
    type_in(&mut model, "r");
    model.on(asked());
    let name = "simplepod_instance.worker[0] (machine 11)".to_owned();
    assert_eq!(type_in(&mut model, "y"), Some(Todo::Work(Work::Reboot(id, name))));
    assert_eq!(type_in(&mut model, "r"), None, "one at a time");
    assert_eq!(type_in(&mut model, "q"), None, "it is looked after");
    let leave = |interrupted| Some(Todo::Leave { interrupted });
    assert_eq!(model.clone().on(Event::Interrupted), leave(true));
    assert_eq!(type_in(&mut model.clone(), "q"), leave(false));
    assert_eq!(model.on(Event::Rebooted("It was rebooted.".to_owned())), leave(false));
    let refused = Event::Asked(id, Err("It belongs to others.".to_owned()));
    let mut model = self::model();
    type_in(&mut model, "r");
    model.on(refused);
    assert!(drawn(&model, (80, 24)).contains("It belongs to others."));
    let mut mute = Model::new(None, Duration::from_secs(5), true, now());
    mute.on(Event::Seen(Box::new(seen())));
    assert_eq!(type_in(&mut mute, "r"), None);
}

#[test]
fn control_c_leaves_wherever_one_is() {
    for keys in ["", "/", "?", "l", "/abc"] {
        let mut model = model();
        type_in(&mut model, keys);
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(model.on(Event::Key(key)), Some(Todo::Leave { interrupted: true }), "{keys}");
    }
}

#[test]
fn without_colours_none_is_drawn_and_all_is_told() {
    let cells = |color: bool| {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a buffer");
        terminal.draw(|frame| draw(&model(), color, frame.area(), frame.buffer_mut())).expect("a drawing");
        terminal.backend().buffer().content().to_vec()
    };
    assert!(cells(false).iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    assert!(cells(true).iter().any(|cell| cell.fg == Color::Red));
    assert!(cells(false).iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)));
}

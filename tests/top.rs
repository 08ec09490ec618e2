//! The full-screen view, on a real terminal that the test types into and reads as a person does: in a session of its own, as
//! a login over ssh has one.

use crate::at_hand::Scene;
use crate::fleet::{Fleet, text};
use crate::prompts::Session;
use crate::scenarios::{KEY, podform};
use podform::cli::screen::Screen;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::num::NonZero;
use std::process::Command;
use std::time::{Duration, Instant};

const SMALL: (u16, u16) = (80, 24);
/// How long anything may take to come to the screen: a look that fails is repeated for up to 8 s before that is told.
const PATIENCE: Duration = Duration::from_secs(40);
const REBOOT: &str = "PATCH /instances/execute-reboot";
const PANICS: &str = "PODFORM_TEST_PANICS";

struct Top {
    session: Session,
    keyboard: File,
    /// How the terminal was set before.
    before: String,
}

impl Top {
    fn start(scene: &Scene, arguments: &[&str]) -> Top {
        let mut command = scene.command(&[&["top", "-interval=1s"], arguments].concat());
        command.env("NO_COLOR", "1");
        Top::run(&command, SMALL)
    }

    /// Runs it in a session of its own, so that the terminal is this one wherever the test is run.
    fn run(own: &Command, size: (u16, u16)) -> Top {
        let mut command = Command::new("setsid");
        // It waits until the test has seen how the terminal is set.
        command.args(["-c", "sh", "-c", "read -r _; exec \"$0\" \"$@\""]).arg(own.get_program()).args(own.get_args());
        command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        own.get_envs().filter(|(_, value)| value.is_none()).for_each(|(name, _)| _ = command.env_remove(name));
        own.get_current_dir().into_iter().for_each(|directory| _ = command.current_dir(directory));
        let mut session = Session::run(command, size);
        let (keyboard, before) = (session.keyboard(), session.modes());
        session.types("\n");
        Top { session, keyboard, before }
    }

    fn screen(&self, size: (u16, u16)) -> vt100::Screen {
        read(&self.session.written(), size)
    }

    /// Waits until the screen is as it should be.
    #[track_caller]
    fn until(&self, what: &str, is: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let screen = self.screen(SMALL).contents();
            if is(&screen) {
                return screen;
            }
            assert!(start.elapsed() < PATIENCE, "{what}:\n{screen}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[track_caller]
    fn shows(&self, text: &str) -> String {
        self.until(&format!("\"{text}\" is not shown"), |screen| screen.contains(text))
    }

    fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.session.child), signal).unwrap();
    }

    /// The terminal closes.
    fn hangs_up(self) -> std::process::Child {
        drop(self.keyboard);
        self.session.hangs_up()
    }

    /// The exit code, and what stands on the terminal, which is as it was before.
    #[track_caller]
    fn ends(self) -> (Option<i32>, String) {
        let (_keyboard, before) = (self.keyboard, self.before);
        let modes = || format!("{:?}", rustix::termios::tcgetattr(&_keyboard).unwrap());
        let (code, written) = self.session.end();
        let screen = read(written.replace('\n', "\r\n").as_bytes(), SMALL);
        assert!(!screen.alternate_screen(), "what was shown before is not there: {}", screen.contents());
        assert!(!screen.hide_cursor(), "the cursor stays hidden: {}", screen.contents());
        assert_eq!(modes(), before, "the terminal is set otherwise");
        (code, screen.contents())
    }
}

/// What a terminal of this size shows.
fn read(written: &[u8], (columns, rows): (u16, u16)) -> vt100::Screen {
    let mut parser = vt100::Parser::new(NonZero::new(rows).unwrap(), NonZero::new(columns).unwrap(), 0);
    parser.process(written);
    parser.screen().clone()
}

#[test]
fn machines_are_shown_filtered_and_followed_through_failures() {
    let scene = Scene::new();
    let mut top = Top::start(&scene, &[]);
    let screen = top.shows("> node");
    for told in ["fleet \"hand\"", "1 machine $", "Balance: ", "running", "1x RTX 3090", "10h 0", "Expires"] {
        assert!(screen.contains(told), "{told}:\n{screen}");
    }
    top.session.types("/sim nothing\r");
    top.shows("No machine is as the filter says.");
    top.session.types("\u{1b}");
    top.shows("> node");
    top.session.types("?");
    top.shows("follow the console");
    top.session.types(" l");
    top.shows("Console of simplepod_instance.node (machine");
    top.shows("Image pulled");
    top.session.types("o");
    top.shows("System's console of");
    scene.sandbox.switch("502:GET /instances/list:1-999").unwrap();
    top.session.types("q");
    let screen = top.shows("answered 502");
    assert!(screen.contains("> node") && screen.contains("running"), "the last answer stays:\n{screen}");
    scene.sandbox.switch("no faults").unwrap();
    top.until("the failure stays", |screen| screen.contains("> node") && !screen.contains("502"));
    top.session.types("q");
    assert!(!String::from_utf8_lossy(&top.session.written()).contains("38;5;"), "colours in spite of NO_COLOR");
    assert_eq!(top.ends().0, Some(0));
}

#[test]
fn it_follows_the_size_of_the_terminal_and_has_colours_where_they_are_wanted() {
    let scene = Scene::new();
    scene.sandbox.switch("no faults").unwrap();
    let mut command = scene.command(&["top"]);
    command.env("TERM", "xterm-256color").env_remove("NO_COLOR");
    let mut top = Top::run(&command, SMALL);
    let screen = top.shows("> node");
    assert!(!screen.contains("Place"), "{screen}");
    top.session.resize(200, 50);
    let start = Instant::now();
    while !top.screen((200, 50)).contents().contains("Place") {
        assert!(start.elapsed() < PATIENCE, "{}", top.screen((200, 50)).contents());
        std::thread::sleep(Duration::from_millis(20));
    }
    top.session.types("r");
    let start = Instant::now();
    while !String::from_utf8_lossy(&top.session.written()).contains("38;5;") {
        assert!(start.elapsed() < PATIENCE, "no colour");
        std::thread::sleep(Duration::from_millis(20));
    }
    top.session.types("\u{3}");
    assert_eq!(top.ends().0, Some(130));
}

#[test]
fn a_reboot_is_asked_about_announced_in_the_journal_and_sent_once() {
    let scene = Scene::new();
    let asks = |top: &mut Top| {
        top.shows("> node");
        top.session.types("r");
        let screen = top.shows("Do you really want to reboot this machine?");
        assert!(screen.contains("simplepod_instance.node (machine"), "{screen}");
    };
    let mut top = Top::start(&scene, &[]);
    asks(&mut top);
    top.session.types("n");
    top.shows("was not rebooted.");
    assert_eq!(scene.reboots(), 0);
    asks(&mut top);
    top.session.types("y");
    top.shows("the API took the reboot.");
    scene.sandbox.advance(36_000);
    // The answer is lost: it is looked for, and not sent again; a signal waits for that.
    scene.sandbox.switch(&format!("slow:{REBOOT}:1:3000")).unwrap();
    asks(&mut top);
    top.session.types("y");
    top.shows("Rebooting simplepod_instance.node");
    let start = Instant::now();
    while scene.reboots() < 2 {
        assert!(start.elapsed() < PATIENCE, "no reboot");
        std::thread::sleep(Duration::from_millis(20));
    }
    let journal = scene.fleet.path().join("state/podform.journal");
    assert!(std::fs::read_to_string(journal).unwrap().contains("\"action\":\"reboot\""));
    top.send(Signal::TERM);
    top.shows("A reboot is under way");
    let (code, screen) = top.ends();
    assert_eq!(code, Some(130), "{screen}");
    assert_eq!(screen.matches("the API took the reboot.").count(), 2, "{screen}");
    assert_eq!(scene.reboots(), 2);
    assert_eq!(std::fs::read_to_string(scene.fleet.path().join("state/podform.lock")).unwrap(), "");
    assert!(scene.run(&["plan"], 0).contains("No changes"));
}

#[test]
fn machines_of_others_are_told_apart_and_not_rebooted() {
    let scene = Scene::new();
    let elsewhere = Fleet::new(&[("main.hcl", "podform {\n  fleet = \"elsewhere\"\n}\n")]);
    let mut command = scene.command(&["top", "-interval=1s"]);
    command.current_dir(elsewhere.path());
    let mut top = Top::run(&command, SMALL);
    let screen = top.shows("> hand: node");
    assert!(screen.contains("of the fleet \"hand\" (node)"), "{screen}");
    top.session.types("ry");
    top.session.types("r");
    top.until("it is not refused", |screen| screen.contains("belongs to the fleet \"hand\""));
    top.session.types("yq");
    assert_eq!(top.ends().0, Some(0));
    assert_eq!(scene.reboots(), 0);
}

#[test]
fn signals_give_the_terminal_back() {
    let scene = Scene::new();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let top = Top::start(&scene, &[]);
        top.shows("> node");
        top.send(signal);
        let (code, screen) = top.ends();
        assert_eq!(code, Some(130), "{signal:?}: {screen}");
    }
}

/// Begun as `nohup` begins programs: the signal does not come, and the terminal tells no keys any more.
#[test]
fn a_terminal_that_closes_ends_it_though_hangups_are_ignored() {
    let scene = Scene::new();
    let own = scene.command(&["top", "-interval=1s"]);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(own.get_program()).args(own.get_args());
    command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(scene.fleet.path());
    let top = Top::run(&command, SMALL);
    top.shows("> node");
    let mut child = top.hangs_up();
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it goes on without a terminal");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(1), "it ended by itself");
}

/// Not a test of its own: what the next one looks at from outside.
#[test]
fn panics_on_a_screen() {
    if std::env::var_os(PANICS).is_some() {
        let mut screen = Screen::take().unwrap();
        screen.draw(|_, _| {}).unwrap();
        panic!("as the test wants it");
    }
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_is_told() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "top::panics_on_a_screen", "--nocapture"]).env(PANICS, "1").env("RUST_BACKTRACE", "0");
    let (code, screen) = Top::run(&command, SMALL).ends();
    assert_eq!(code, Some(101), "{screen}");
    assert!(screen.contains("as the test wants it"), "what is told of the panic is lost:\n{screen}");
}

#[test]
fn without_a_terminal_it_says_what_tells_the_same() {
    let scene = Scene::new();
    let told = scene.run(&["top"], 1);
    assert!(told.contains("No terminal") && told.contains("podform status -json"), "{told}");
    let output = podform().args(["top", "-untrusted"]).env("SIMPLEPOD_API_KEY", KEY).output().unwrap();
    assert!(text(&output).contains("Untrusted configuration"), "{}", text(&output));
    let mut logging = scene.command(&["top"]);
    logging.env("PODFORM_LOG", "info");
    let (code, screen) = Top::run(&logging, SMALL).ends();
    assert!(code == Some(1) && screen.contains("PODFORM_LOG_PATH"), "{screen}");
    let mut dumb = scene.command(&["top"]);
    dumb.env("TERM", "dumb");
    let (code, screen) = Top::run(&dumb, SMALL).ends();
    assert!(code == Some(1) && screen.contains("No terminal"), "{screen}");
}

/// A key that is refused is told as by every other command: nothing was shown yet.
#[test]
fn what_no_look_mends_ends_it() {
    let scene = Scene::new();
    scene.sandbox.switch("401:GET /instances/list:1-999").unwrap();
    let (code, screen) = Top::start(&scene, &[]).ends();
    assert!(code == Some(1) && screen.contains("API key refused"), "{screen}");
}

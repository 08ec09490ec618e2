use super::*;
use crate::render::style::Style;
use unicode_width::UnicodeWidthStr;

fn table() -> Table {
    let usd = |text: &str| Some(Usd(text.parse().expect("a decimal")));
    let row = |address: &str, id: u64, price: &str, up: u64| {
        let up = Duration::from_secs(up);
        vec![address.into(), id.into(), per_hour(usd(price)), up.into(), Cell::Empty, "Europe/PL".into()]
    };
    Table {
        rows_name: "machines",
        columns: vec![
            Column::new("address", "Address"),
            Column::new("id", "Id"),
            Column::new("hourly_cost", "$/h"),
            Column::new("uptime", "Up"),
            Column::new("nothing", "Nothing"),
            Column::new("place", "Place").spare(1),
        ],
        rows: vec![
            row("simplepod_instance.worker[0]", 7, "0.5", 59),
            row("=module.east.simplepod_instance.a_long_name[\"\u{1b}[31mkey\"]", 108_210, "12.25", 90_061),
        ],
        total: Some(vec!["2 machines".into(), Cell::Empty, per_hour(usd("12.75"))]),
        facts: vec![("balance", dollars_and_cents(usd("9.5")))],
        notes: vec!["The balance lasts 44 minutes.".to_owned()],
        empty: "No machine.".to_owned(),
    }
}

fn drawn(width: usize, endless: bool, wide: bool) -> String {
    table_text(&table(), wide, Style { color: false, width, endless })
}

#[test]
fn a_table_fits_where_there_is_an_edge() {
    for width in [40, 60, 80, 100, 200] {
        let text = drawn(width, false, false);
        assert!(text.lines().all(|line| line.width() <= width), "{width}:\n{text}");
        assert!(text.contains('7') && text.contains("$12.2500") && text.contains("1d 01h"), "{width}:\n{text}");
    }
    assert!(drawn(60, false, false).contains("Not shown: Place (-wide shows all)."));
    assert!(!drawn(200, false, false).contains("Not shown"));
}

#[test]
fn what_few_letters_tell_apart_is_cut_before_a_column_goes() {
    let mut table = table();
    table.columns[0] = table.columns[0].enough(20);
    let text = table_text(&table, false, Style { color: false, width: 60, endless: false });
    assert!(!text.contains("Not shown") && text.contains("Europe/PL") && text.contains('…'), "{text}");
    assert!(text.lines().all(|line| line.width() <= 60), "{text}");
}

#[test]
fn rows_that_would_be_alike_are_told_apart_by_their_ends() {
    let names = ["module.a[\"acme\"].replica", "module.a[\"apex\"].replica", "worker[0]"];
    let table = Table {
        columns: vec![Column::new("machine", "Machine"), Column::new("id", "Id")],
        rows: names.iter().map(|name| vec![(*name).into(), Cell::Whole(7)]).collect(),
        ..Table::default()
    };
    assert_eq!(
        Grid::of(&table, 21, 1).rows,
        ["…a[\"acme\"].replica  7", "…a[\"apex\"].replica  7", "worker[0]           7"]
    );
    assert_eq!(Grid::of(&table, 40, 1).rows[0], "module.a[\"acme\"].replica  7");
}

#[test]
fn nothing_is_left_out_where_nobody_sees_an_edge_or_all_is_asked_for() {
    for text in [drawn(80, true, false), drawn(40, false, true)] {
        assert!(text.contains("a_long_name") && text.contains("Europe/PL"), "{text}");
        assert!(!text.contains('…') && !text.contains('\u{1b}'), "{text}");
        assert!(!text.contains("Nothing"), "no row says anything there: {text}");
    }
}

#[test]
fn programs_read_values() {
    let json = table_json(&table());
    assert_eq!(json["machines"][0]["hourly_cost"].to_string(), "0.5");
    assert_eq!(json["machines"][0]["uptime"].to_string(), "59");
    assert!(json["machines"][0]["nothing"].is_null());
    assert_eq!(json["total"], serde_json::json!({"hourly_cost": 12.75}));
    assert_eq!(json["balance"].to_string(), "9.5");
    let csv = table_csv(&table());
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("address,id,hourly_cost,uptime,nothing,place"));
    assert_eq!(lines.next(), Some("simplepod_instance.worker[0],7,0.5,59,,Europe/PL"));
    assert!(lines.next().is_some_and(|line| line.starts_with("\"'=module.east")), "{csv}");
}

#[test]
fn an_empty_table_says_so() {
    let empty = Table { rows: Vec::new(), total: None, notes: Vec::new(), ..table() };
    assert_eq!(table_text(&empty, false, Style::PLAIN), "No machine.\n");
    assert_eq!(table_csv(&empty).lines().count(), 1);
    assert_eq!(table_json(&empty)["machines"], serde_json::json!([]));
}

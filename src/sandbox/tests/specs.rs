//! The textual grammar of switches and faults.

use rust_decimal::Decimal;

use crate::sandbox::{BodyShape, Calls, Fault, Kind, Switches};

fn fault(spec: &str) -> Fault {
    spec.parse().unwrap_or_else(|why| panic!("{spec}: {why}"))
}

#[test]
fn switches_of_every_type() {
    let mut switches = Switches::default();
    for spec in [
        "latency=20",
        "page-clamp=50",
        "page_shift=-1",
        "create-body=empty",
        "drift=0.1",
        "price-jump=1.2",
        "speed=0.5",
        "details-env=false",
        "exit-delete=a,b c",
        "api-key=123",
        "forbidden=POST /instances",
    ] {
        switches.apply_spec(spec).unwrap_or_else(|why| panic!("{spec}: {why}"));
    }
    let expected = Switches {
        latency: 20,
        page_clamp: 50,
        page_shift: -1,
        create_body: BodyShape::Empty,
        drift: Decimal::new(1, 1),
        price_jump: Decimal::new(12, 1),
        speed: 0.5,
        details_env: false,
        exit_delete: vec!["a".to_owned(), "b c".to_owned()],
        api_key: Some("123".to_owned()),
        forbidden: vec!["POST /instances".to_owned()],
        ..Switches::default()
    };
    assert_eq!(switches, expected);
    switches.apply_spec("drop:*:1").unwrap();
    switches.apply_spec("latency=30").unwrap();
    assert_eq!((switches.latency, switches.faults.len()), (30, 1));
}

#[test]
fn faults_of_every_form() {
    assert_eq!(fault("drop-after-commit:POST /instances:2").kind, Kind::DropAfterCommit);
    assert_eq!(fault("502-after-commit:POST /instances").kind, Kind::StatusAfterCommit(502));
    assert_eq!(fault("502:GET /instances/list:1-3").calls, Calls::Ranges(vec![(1, 3)]));
    assert_eq!(fault("502:*:1,4-").calls, Calls::Ranges(vec![(1, 1), (4, u64::MAX)]));
    assert_eq!(fault("429:*:*:7").number(1), 7);
    assert_eq!(fault("slow:POST /instances:p0.25:5000").calls, Calls::Share(0.25));
    let mut fault = fault("500:* /instances/{id}:2");
    let fires = |fault: &mut Fault, method: &str, route: &str| fault.fires(method, route, "/instances/7", 1);
    assert!(!fires(&mut fault, "GET", "/instances/{id}"));
    assert!(!fires(&mut fault, "GET", "/instances/list"));
    assert!(fires(&mut fault, "PUT", "/instances/{id}"));
    assert!(!fires(&mut fault, "PUT", "/instances/{id}"));
}

#[test]
fn help_can_be_applied() {
    let help = Switches::default().help();
    assert!(help.contains("page-size=30\n") && help.contains("drop-after-commit:METHOD path[:calls[:arg]]\n"));
    let mut switches = Switches::default();
    for line in help.lines().filter(|line| !line.contains("METHOD") && !line.ends_with('=')) {
        switches.apply_spec(line).unwrap();
    }
    assert_eq!(switches, Switches::default());
}

#[test]
fn errors_name_what_is_known() {
    let cases = [
        ("pageclamp=5", "unknown switch \"pageclamp\"; known: latency, speed, api-key"),
        ("page-clamp=many", "switch page-clamp: invalid type: string \"many\""),
        ("create-body=none", "unknown variant `none`, expected one of `id`, `object`, `empty`"),
        ("explode:*", "unknown fault \"explode\"; known: drop, drop-after-commit"),
        ("200:*", "unknown fault \"200\""),
        ("drop", "neither a switch (name=value) nor a fault"),
        ("drop:POST", "neither * nor a method and a path"),
        ("drop:FETCH /instances", "\"FETCH\" is not one of GET"),
        ("drop:GET instances", "does not start with /"),
        ("drop:*:0", "\"0\" is not calls"),
        ("drop:*:3-2", "is not calls"),
        ("drop:*:p2", "is not calls"),
        ("price:POST /instances:1:0", "is not a factor above 0"),
        ("drift=2", "switch drift: 2 is not between 0 and 1"),
        ("hosts=0", "switch hosts: 0"),
        ("speed=-1", "switch speed: -1"),
        ("create-status=500", "is not a success"),
        ("slow:*:1:soon", "\"soon\" is not a whole number"),
    ];
    for (spec, expected) in cases {
        let mut switches = Switches::default();
        let why = switches.apply_spec(spec).unwrap_err();
        assert!(why.contains(expected), "{spec}: {why}");
        assert_eq!(switches, Switches::default());
    }
}

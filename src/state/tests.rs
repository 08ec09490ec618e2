//! Round trips, refusals and damage of the state file and the journal.

use super::difference::differences;
use super::journal::Event;
use super::sample::{state, time};
use super::*;
use crate::lang::json::from_json;
use crate::lang::{Marks, Type, Value};
use crate::money::Usd;
use crate::path::ValuePath;
use crate::schema::PriceBasis;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::sync::Arc;

fn changed(edit: impl FnOnce(&mut Json)) -> Result<State, StateError> {
    let mut json: Json = serde_json::from_str(&encode(&state())).expect("JSON");
    edit(&mut json);
    decode(serde_json::to_string_pretty(&json).expect("JSON"))
}

fn refusal(edit: impl FnOnce(&mut Json)) -> String {
    changed(edit).expect_err("a refusal").to_string()
}

#[test]
fn a_state_round_trips() {
    for state in [State::default(), state()] {
        let text = encode(&state);
        assert_eq!(decode(&text), Ok(state));
        assert!(text.ends_with("}\n"));
    }
}

#[test]
fn the_same_state_gives_the_same_bytes() {
    let mut turned = state();
    for record in turned.resources.values_mut().map(Arc::make_mut) {
        for (_, value) in record.attributes.iter_mut() {
            let Json::Object(members) = value else { continue };
            *members = std::mem::take(members).into_iter().rev().collect();
        }
    }
    assert_eq!(turned, state());
    assert_eq!(encode(&turned), encode(&state()));
}

#[test]
fn terraform_finds_what_it_looks_for() {
    let json: Json = serde_json::from_str(&encode(&state())).expect("JSON");
    assert_eq!(json["resources"][0]["module"], Json::Null);
    let trainer = &json["resources"][3];
    assert_eq!(
        (&json["resources"][2]["mode"], &trainer["instances"][1]["deposed"]),
        (&json!("data"), &json!("0b1f7a52"))
    );
    assert_eq!((&trainer["module"], &trainer["mode"]), (&json!("module.east[0]"), &json!("managed")));
    assert_eq!(trainer["instances"][0]["status"], "tainted");
    let group = &json["resources"][1]["instances"][0];
    let registry = json!([{"type": "get_attr", "value": "registry"}, {"type": "get_attr", "value": "password"}]);
    let token = json!([
        {"type": "get_attr", "value": "env_variables"},
        {"type": "index", "value": {"value": "TOKEN", "type": "string"}}
    ]);
    assert_eq!(group["sensitive_attributes"], json!([token, registry]));
    let worker = &json["resources"][0]["instances"][1];
    assert_eq!(worker["index_key"], "b");
    assert_eq!(worker["dependencies"], json!(["simplepod_template_group.trainer"]));
}

#[test]
fn a_secret_at_an_odd_path_stays_sensitive() {
    let mut odd = state();
    let record = Arc::make_mut(odd.resources.values_mut().next().expect("a record"));
    for path in ["", "[\"a..b\"]", "a[\"[\\\"x]\"]", "list[3]", "a[\"x]y\"].b", "a[\"\\u001b${x}\"]"] {
        record.secrets.insert(path.parse().expect(path), SecretDigest { key_id: "k".into(), digest: "d".into() });
    }
    assert_eq!(decode(encode(&odd)), Ok(odd));
}

#[test]
fn a_secret_spelled_as_older_versions_did_is_found_and_compared() {
    let key = SecretKey::derive(&secrecy::SecretString::from("k"), "l");
    let env = |value: &str| json!({ "\u{1b}'é\u{301}\"": value });
    let schema = &crate::schema::instance::SCHEMA;
    let text = from_json(&env("canary"), &Type::map(Type::String)).expect("a map").marked(Marks::SENSITIVE);
    let object = Value::object([("env_variables", text)]);
    let record = serde_json::to_string(&Record::of(&object, &key)).expect("JSON");
    let older = record.replace("\\\\u001b'é\u{301}", "\\\\u{1b}'é\\\\u{301}");
    assert_ne!(record, older);
    let older: Record = serde_json::from_str(&older).expect("a record");
    let found = older.object(schema, Some(&object), &key, &mut Vec::new());
    let plain = |object: &Value| object.get("env_variables").map(Value::without_marks);
    assert_eq!(plain(&found), plain(&object));
}

#[test]
fn a_digest_in_the_place_of_a_secret_is_recorded_as_it_is_and_no_text_is_taken_for_one() {
    let key = SecretKey::derive(&secrecy::SecretString::from("k"), "l");
    let schema = &crate::schema::instance::SCHEMA;
    let named = |name: &str| Value::object([("name", Value::string(name).marked(Marks::SENSITIVE))]);
    let record = Record::of(&named("canary"), &key);
    let held = record.object(schema, Some(&named("another")), &key, &mut Vec::new());
    assert_eq!(held.get("name").map(|name| name.marks), Some(Marks::DIGEST));
    assert_eq!(Record::of(&held, &key).secrets, record.secrets);
    let digest = &record.secrets[&ValuePath::of("name")].digest;
    for text in [digest.clone(), format!("\u{0}{digest}")] {
        assert_ne!(Record::of(&named(&text), &key).secrets, record.secrets);
        assert!(!held.get("name").is_some_and(|held| held.holds_same(&Value::string(&text))));
    }
}

#[test]
fn a_secret_at_no_place_is_refused() {
    let digest = json!({ "key_id": "k", "digest": "d" });
    let told = refusal(|json| {
        json["podform"]["instances"]["simplepod_template_group.trainer"]["secrets"] = json!({ "a..b": digest });
    });
    assert!(told.contains("\"a..b\" is no place inside a value"), "{told}");
}

#[test]
fn what_is_no_state_is_refused_with_the_place() {
    assert_eq!(decode(""), Err(StateError::Truncated { line: 1, column: 0 }));
    assert!(matches!(decode("{\n  \"a\": x"), Err(StateError::NotJson { line: 2, column: 8, .. })));
    for (text, found) in
        [("[]", "missing"), ("{}", "missing"), ("{\"version\": 3}", "3"), ("{\"version\":\"4\"}", "\"4\"")]
    {
        assert_eq!(decode(text), Err(StateError::Version { found: found.into() }), "{text}");
    }
    assert_eq!(changed(|json| json["version"] = json!(5)), Err(StateError::Version { found: "5".into() }));
}

#[test]
fn a_state_cut_anywhere_is_refused() {
    let text = encode(&state());
    for end in 0..text.len() - 2 {
        assert!(matches!(decode(&text[..end]), Err(StateError::Truncated { .. })), "{end}");
    }
}

#[test]
fn a_file_that_another_program_wrote_anew_names_repair() {
    let text = refusal(|json| drop(json.as_object_mut().expect("an object").remove("podform")));
    assert!(text.contains("another program") && text.contains("podform state repair"), "{text}");
}

#[test]
fn a_newer_format_names_the_version_to_upgrade_to() {
    let text = refusal(|json| {
        json["podform"] = json!({"format": 9, "version": "7.1.0", "unheard_of": {}});
    });
    assert!(text.contains("format 9") && text.contains("Upgrade podform to version 7.1.0"), "{text}");
    assert!(refusal(|json| json["podform"]["format"] = json!(0)).contains("format 0"));
}

#[test]
fn unknown_and_misshapen_keys_are_refused_with_the_line() {
    let text = refusal(|json| json["podform"]["open"][0]["unheard_of"] = json!(1));
    assert!(text.contains("unknown field `unheard_of`") && text.contains("line "), "{text}");
    for key in ["serial", "outputs", "resources", "lineage", "podform"] {
        let text = refusal(|json| json[key] = json!([true]));
        assert!(text.contains("not understood: line "), "{text}");
    }
    let text = refusal(|json| json["podform"]["watched"][0]["intent"]["address"] = json!("nonsense"));
    assert!(text.contains("nonsense"), "{text}");
}

#[test]
fn contradictions_are_refused() {
    type Case = (&'static str, fn(&mut Json));
    let cases: [Case; 11] = [
        ("not in \"podform.deposed\"", |json| json["podform"]["deposed"] = json!({})),
        ("stands in \"podform.deposed\" but", |json| {
            json["resources"][3]["instances"].as_array_mut().expect("a list").pop();
        }),
        ("not in \"resources\"", |json| json["resources"] = json!([])),
        ("not in \"podform.instances\"", |json| json["podform"]["instances"] = json!({})),
        ("twice", |json| {
            let again = json["resources"][0].clone();
            json["resources"].as_array_mut().expect("a list").push(again);
        }),
        ("no resource of mode", |json| json["resources"][0]["mode"] = json!("given")),
        ("is not the address", |json| json["resources"][0]["name"] = json!("x.y")),
        ("names one instance", |json| json["resources"][0]["name"] = json!("x[0]")),
        ("neither a whole number nor a string", |json| {
            json["resources"][0]["instances"][0]["index_key"] = json!(1.5);
        }),
        ("the status healthy", |json| {
            let instance = json["resources"][3]["instances"][0].as_object_mut().expect("an object");
            instance.remove("status");
        }),
        ("two intents have the claim", |json| {
            json["podform"]["watched"][0]["intent"] = json["podform"]["open"][0].clone();
        }),
    ];
    for (words, edit) in cases {
        let text = refusal(edit);
        assert!(text.contains("contradicts itself") && text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_flipped_bit_of_a_state_is_told() {
    let mut bytes = encode(&state()).into_bytes();
    for at in 0..bytes.len() {
        bytes[at] ^= 1 << (at % 8);
        assert!(decode(&bytes).is_err(), "bit {} of byte {at}", at % 8);
        let _ = decode_edited(&bytes);
        bytes[at] ^= 1 << (at % 8);
    }
}

#[test]
fn a_large_state_is_read_in_halves_as_it_is_whole() {
    let long = OutputState { value: json!("x".repeat(1 << 20)), ty: json!("string"), sensitive: false };
    let large = State { outputs: [("long".into(), long)].into(), ..state() };
    let mut bytes = encode(&large).into_bytes();
    assert_eq!(decode(&bytes), Ok(large));
    let struck = |at: &usize| *at < 300 || at.is_multiple_of(29) && bytes[*at] != b'x';
    for at in (0..bytes.len()).filter(struck).collect::<Vec<_>>() {
        bytes[at] ^= 1 << (at % 8);
        let whole = decode_edited(&bytes).err().unwrap_or(StateError::Changed);
        assert_eq!(decode(&bytes), Err(whole), "bit {} of byte {at}", at % 8);
        bytes[at] ^= 1 << (at % 8);
    }
}

#[test]
fn an_edit_is_told_and_taken_where_it_is_meant() {
    let text = encode(&state());
    let edited = text.replacen("\"serial\": 7", "\"serial\": 8", 1);
    assert_eq!(decode(&edited), Err(StateError::Changed));
    assert_eq!(decode_edited(&edited), Ok(State { serial: 8, ..state() }));
    assert_eq!(decode(text.trim_end()), Err(StateError::Changed), "not the same bytes");
    let unsealed = |json: &mut Json| drop(json["podform"].as_object_mut().expect("an object").remove("sum"));
    assert_eq!(changed(unsealed), Err(StateError::Unsealed));
    // A format without a checksum has none to be looked at, and one with it does not become such a format.
    let older = |json: &mut Json| json["podform"]["format"] = json!(2);
    assert_eq!(changed(older), Err(StateError::Changed));
    let both = |json: &mut Json| {
        older(json);
        unsealed(json);
    };
    assert_eq!(changed(both), Ok(state()));
}

#[test]
fn differences_name_the_place() {
    let mut after = state();
    assert_eq!(differences(&state(), &after), [""; 0]);
    let gone: crate::address::InstanceAddr = "simplepod_instance.worker[\"b\"]".parse().expect("an address");
    after.resources.remove(&gone);
    after.fleet = Some("other".into());
    for record in after.resources.values_mut().filter(|record| record.tainted.is_some()) {
        Arc::make_mut(record).attributes.set("gpu_count", json!(4));
    }
    assert_eq!(
        differences(&state(), &after),
        [
            "fleet: \"other\" instead of \"acme-training\"",
            "resources, module.east[0].simplepod_instance.trainer[0], attributes, gpu_count: 4 instead of 2",
            "resources, simplepod_instance.worker[\"b\"]: nothing instead of the object 88102",
        ]
    );
}

fn json_value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_filter("JSON has no such numbers", |n| n.is_finite()).prop_map(Json::from),
        "[0-9]{1,40}\\.[0-9]{1,40}".prop_map(|digits| serde_json::from_str(&digits).unwrap_or(Json::Null)),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_value_round_trips(
        attributes in prop::collection::btree_map(any::<String>(), json_value(), 0..5),
        key in any::<String>(),
        secret in any::<String>(),
        place in any::<String>(),
        tainted in any::<Option<String>>(),
        serial in any::<u64>(),
    ) {
        let mut state = state();
        state.serial = serial;
        let resource = "simplepod_instance.worker".parse::<crate::address::ResourceAddr>().expect("an address");
        let address = resource.instance(Some(crate::address::InstanceKey::Str(key)));
        let read_back = attributes.clone();
        let digest = SecretDigest { key_id: secret.clone(), digest: String::new() };
        let secrets = std::collections::BTreeMap::from([(ValuePath::of("a").key(&place), digest)]);
        let attributes = attributes.into_iter().collect();
        let record = Record { attributes, read_back, secrets, tainted, ..Record::default() };
        let event = Event::Recorded { claim: None, address, record: Arc::new(record) };
        let entry = Entry { seq: serial, at: time("2026-03-02T09:15:00Z"), run: None, snapshot: None, event, mac: None };
        let replay = decode_journal(encode_entry(&entry).as_bytes());
        prop_assert_eq!(&replay.entries[..], std::slice::from_ref(&entry));
        state.apply(entry.event);
        prop_assert_eq!(decode(encode(&state)), Ok(state));
    }

    #[test]
    fn arbitrary_bytes_never_panic(text in any::<String>(), bytes in any::<Vec<u8>>()) {
        let _ = decode(&text);
        let _ = decode_journal(&bytes);
    }
}

/// All of it is newer than the samples: what they lack was proven, never failed, and told nothing of prices.
#[test]
fn what_is_unproven_and_what_failed_is_read_back_and_fails_for_a_day() {
    let mut before = state();
    for (_, record) in before.resources.iter_mut().take(1) {
        std::sync::Arc::make_mut(record).unproven = Some(Usd("0.45".parse().expect("a decimal")));
    }
    let failed = |host: &str, at: &str, image: Option<&str>| {
        let image = image.map(str::to_owned);
        Event::MachineFailed(Failure { host: host.into(), at: time(at), why: "it was not running".into(), image })
    };
    before.apply(failed("old", "2026-03-01T08:00:00Z", None));
    before.apply(failed("bad", "2026-03-02T09:00:00Z", None));
    before.apply(failed("good", "2026-03-02T09:00:00Z", Some("3fd0c1")));
    let usd = |text: &str| Usd(text.parse().expect("a decimal"));
    let (asked, bills, at) = (usd("1.36"), usd("0.34"), time("2026-03-02T09:00:00Z"));
    before.apply(Event::Billed(Billed { basis: PriceBasis::Offer, at, asked, gpu_count: 4, bills }));
    assert_eq!(decode(encode(&before)).expect("a state"), before);
    let hosts = |at: &str| before.failed_hosts(Some(time(at))).into_iter().collect::<Vec<_>>();
    assert_eq!(hosts("2026-03-02T10:00:00Z"), ["bad"]);
    assert!(hosts("2026-03-03T09:00:00Z").is_empty());
    assert_eq!(before.failed_hosts(None).len(), 1);
}

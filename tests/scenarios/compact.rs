//! A plan in few lines, made of its JSON: one line a change, with reason and price.

use podform::money::Usd;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Values longer than this are not shown; that they change is.
const SHOWN: usize = 48;

/// A plan in few lines.
#[derive(Clone, Default)]
pub struct Compact {
    /// What stands in the story.
    pub lines: String,
    /// The kinds of things that the plan says; each of them is drawn in full in some story.
    pub kinds: BTreeSet<String>,
}

impl Compact {
    /// Reads the JSON of a plan.
    pub fn of(plan: &Value) -> Self {
        let mut compact = Self::default();
        for drift in list(&plan["resource_drift"]) {
            compact.drift(drift);
        }
        for change in list(&plan["resource_changes"]) {
            compact.change(plan, change);
        }
        for (name, output) in plan["output_changes"].as_object().into_iter().flatten() {
            compact.output(name, output);
        }
        compact.remarks(&plan["podform"]);
        compact.totals(plan);
        compact
    }

    fn say(&mut self, kind: String, line: &str) {
        self.kinds.insert(kind);
        self.lines.push_str(line.trim_end());
        self.lines.push('\n');
    }

    fn drift(&mut self, drift: &Value) {
        let sign = if actions(drift) == ["delete"] { "-" } else { "~" };
        let line = format!("drift {sign} {} {}", text(&drift["address"]), differences(&drift["change"]));
        self.say(format!("drift {sign} {}", text(&drift["type"])), &line);
    }

    fn change(&mut self, plan: &Value, change: &Value) {
        let (body, address, kind) = (&change["change"], text(&change["address"]), text(&change["type"]));
        let machine = kind == "simplepod_instance" && change["mode"] == "managed";
        let actions = actions(change);
        let (sign, verb) = match (&actions[..], machine) {
            (["no-op"], _) => (" ", "stays"),
            (["create"], true) => ("+", "rent"),
            (["create"], false) => ("+", "create"),
            (["update"], _) => ("~", "update"),
            (["delete"], true) => ("-", "release"),
            (["delete"], false) => ("-", "delete"),
            (["delete", "create"], true) => ("-/+", "re-rent"),
            (["delete", "create"], false) => ("-/+", "replace"),
            (["create", "delete"], true) => ("+/-", "re-rent"),
            (["create", "delete"], false) => ("+/-", "replace"),
            (["forget"], _) => (".", "forget"),
            (["read"], _) => ("<=", "read"),
            (other, _) => ("?", other.first().copied().unwrap_or("nothing")),
        };
        let (from, id) = (&change["previous_address"], &body["importing"]["id"]);
        if verb == "stays" && from.is_null() && id.is_null() {
            return;
        }
        let mut kinds = format!("{sign} {verb} {kind}");
        let mut line = format!("{sign} {address} {verb}");
        if let Some(key) = change["deposed"].as_str() {
            kinds.push_str(" deposed");
            let _ = write!(line, " (deposed object {key})");
        }
        if let Some(rent) = list(&plan["podform"]["rents"]).find(|rent| rent["address"] == change["address"]) {
            let (offer, cap) = (&rent["offer"], dollars(&rent["envelope"]["max_price_per_gpu"]));
            let price = dollars(&offer["price_per_gpu"]);
            let gpus = format!("{}x {}", offer["gpu_count"], text(&offer["gpu_model"]));
            let _ = write!(line, " {gpus} {price}/GPU-h (cap {cap}) {}/h", dollars(&rent["hourly_cost"]));
        }
        let differences = differences(body);
        if verb == "update" && !differences.is_empty() {
            let _ = write!(line, " {differences}");
        }
        let forcing: Vec<String> =
            list(&body["replace_paths"]).map(|path| list(path).map(text).collect::<Vec<_>>().join(".")).collect();
        if !forcing.is_empty() {
            let _ = write!(line, " ({} forces)", forcing.join(", "));
        } else if let Some(reason) = change["action_reason"].as_str() {
            let _ = write!(kinds, " {reason}");
            let _ = write!(line, " ({})", reason.replace('_', " "));
        }
        if let Some(from) = from.as_str() {
            kinds.push_str(" moved");
            let _ = write!(line, " moved from {from}");
        }
        if !id.is_null() {
            kinds.push_str(" imported");
            let _ = write!(line, " import {id}");
        }
        self.say(kinds, &line);
    }

    fn output(&mut self, name: &str, output: &Value) {
        let sign = match text(&output["actions"][0]) {
            "no-op" => return,
            "create" => "+",
            "delete" => "-",
            _ => "~",
        };
        let value = |when: &str| match &output[when] {
            _ if output[format!("{when}_sensitive")] == true => "(sensitive)".to_owned(),
            Value::Null if output[format!("{when}_unknown")] == true => "(known after apply)".to_owned(),
            value => short(value).unwrap_or("...".to_owned()),
        };
        let line = match sign {
            "+" => format!("output + {name} = {}", value("after")),
            "-" => format!("output - {name}"),
            _ => format!("output ~ {name} = {} -> {}", value("before"), value("after")),
        };
        let hidden = if output["after_sensitive"] == true { " sensitive" } else { "" };
        self.say(format!("output {sign}{hidden}"), &line);
    }

    fn remarks(&mut self, ours: &Value) {
        for (address, remarks) in ours["remarks"].as_object().into_iter().flatten() {
            for remark in list(remarks) {
                self.say("note".to_owned(), &format!("note {address}: {}", text(remark)));
            }
        }
        for intent in list(&ours["in_doubt"]) {
            let (action, address) = (text(&intent["action"]), text(&intent["address"]));
            let cost = intent["hourly_cost"].as_str().map(|_| format!(", {}/h", dollars(&intent["hourly_cost"])));
            let line = format!(
                "in doubt {address} {action} since {}: {}{}",
                text(&intent["since"]),
                text(&intent["why"]),
                cost.unwrap_or_default()
            );
            self.say(format!("in doubt {action}"), &line);
        }
        for address in list(&ours["left_out"]) {
            self.say("left out".to_owned(), &format!("left out {}", text(address)));
        }
        if ours["narrowed"] == true {
            self.say("narrowed".to_owned(), "narrowed by -target or -exclude");
        }
    }

    fn totals(&mut self, plan: &Value) {
        let [mut added, mut changed, mut destroyed, mut forgotten, mut imported] = [0; 5];
        for change in list(&plan["resource_changes"]) {
            match &actions(change)[..] {
                ["create"] => added += 1,
                ["update"] => changed += 1,
                ["delete"] => destroyed += 1,
                ["forget"] => forgotten += 1,
                [_, _] => (added, destroyed) = (added + 1, destroyed + 1),
                _ => {}
            }
            imported += i32::from(!change["change"]["importing"].is_null());
        }
        // What is only shown is not applicable, whatever it would change.
        let changes = plan["applyable"] == true || added + changed + destroyed + forgotten + imported > 0;
        let mut line = match changes {
            true => format!("= {added} to add, {changed} to change, {destroyed} to destroy"),
            false => "= no changes".to_owned(),
        };
        for (count, what) in [(forgotten, "to forget"), (imported, "to import")] {
            if count > 0 {
                let _ = write!(line, ", {count} {what}");
            }
        }
        let cost = &plan["podform"]["cost"];
        let [before, after] = ["hourly_before", "hourly_after"].map(|when| dollars(&cost[when]));
        let moves = if before == after { format!("; {after}/h") } else { format!("; {before}/h -> {after}/h") };
        let kind = match (changes, before == after) {
            (true, true) => "changes at the same cost",
            (true, false) => "changes of cost",
            (false, _) => "no changes",
        };
        self.say(kind.to_owned(), &format!("{line}{moves}"));
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn actions(change: &Value) -> Vec<&str> {
    list(&change["change"]["actions"]).map(text).collect()
}

/// As plans show them.
fn dollars(value: &Value) -> String {
    text(value).parse().map_or_else(|_| value.to_string(), |amount| Usd(amount).to_string())
}

fn short(value: &Value) -> Option<String> {
    let text = value.to_string();
    (text.chars().count() <= SHOWN).then_some(text)
}

/// The attributes that differ, with their values where these are short.
fn differences(body: &Value) -> String {
    let (before, after) = (&body["before"], &body["after"]);
    let names: BTreeSet<&String> = [before, after, &body["after_unknown"]]
        .into_iter()
        .flat_map(|object| object.as_object().into_iter().flat_map(|fields| fields.keys()))
        .collect();
    let masked = |when: &str, name: &str| body[format!("{when}_sensitive")][name] == true;
    let unknown = |name: &str| body["after_unknown"][name] == true;
    let differs =
        |name: &String| !after.is_null() && (before[name] != after[name] || (unknown(name) && !masked("after", name)));
    let line = |name: &String| {
        let old = if masked("before", name) { Some("(sensitive)".to_owned()) } else { short(&before[name]) };
        let new = match (masked("after", name), unknown(name)) {
            (true, _) => Some("(sensitive)".to_owned()),
            (_, true) => Some("(known after apply)".to_owned()),
            _ => short(&after[name]),
        };
        match (old, new) {
            (Some(old), Some(new)) => format!("{name} {old} -> {new}"),
            _ => name.clone(),
        }
    };
    names.into_iter().filter(|name| differs(name)).map(line).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plan() -> Value {
        let sensitive = json!({"token": true});
        json!({
            "resource_changes": [
                {"address": "simplepod_instance.w", "mode": "managed", "type": "simplepod_instance",
                 "change": {"actions": ["delete", "create"], "replace_paths": [["gpu_model"], ["offer", "region"]]}},
                {"address": "simplepod_template_group.b", "mode": "managed", "type": "simplepod_template_group",
                 "change": {"actions": ["update"], "before": {"name": "a", "notes": "x", "token": null},
                            "after": {"name": "b", "notes": "x", "token": null},
                            "before_sensitive": sensitive, "after_sensitive": sensitive}},
                {"address": "simplepod_instance.same", "mode": "managed", "type": "simplepod_instance",
                 "change": {"actions": ["no-op"]}},
            ],
            "output_changes": {"o": {"actions": ["create"], "after": 1}},
            "applyable": true,
            "podform": {
                "cost": {"hourly_before": "0.5", "hourly_after": "0.320575"},
                "remarks": {"simplepod_instance.w": ["It runs."]},
                "rents": [{"address": "simplepod_instance.w", "hourly_cost": "0.320575",
                           "envelope": {"max_price_per_gpu": "0.6"},
                           "offer": {"gpu_count": 1, "gpu_model": "RTX 4090", "price_per_gpu": "0.314"}}],
            },
        })
    }

    #[test]
    fn a_plan_is_told_in_few_lines() {
        let told = "-/+ simplepod_instance.w re-rent 1x RTX 4090 $0.314/GPU-h (cap $0.60) $0.3206/h (gpu_model, offer.region forces)\n\
                    ~ simplepod_template_group.b update name \"a\" -> \"b\"\n\
                    output + o = 1\n\
                    note simplepod_instance.w: It runs.\n\
                    = 1 to add, 1 to change, 1 to destroy; $0.50/h -> $0.3206/h\n";
        assert_eq!(Compact::of(&plan()).lines, told);
    }

    /// Whatever goes wrong with a plan shows in its few lines.
    #[test]
    fn whatever_changes_in_a_plan_shows() {
        let told = Compact::of(&plan()).lines;
        for (path, wrong) in [
            ("/podform/rents/0/offer/price_per_gpu", json!("0.315")),
            ("/podform/rents/0/hourly_cost", json!("0.4")),
            ("/podform/rents/0/envelope/max_price_per_gpu", json!("6")),
            ("/podform/cost/hourly_after", json!("0.4")),
            ("/podform/remarks", json!({})),
            ("/resource_changes/0/change/actions", json!(["create", "delete"])),
            ("/resource_changes/0/change/replace_paths/0/0", json!("name")),
            ("/resource_changes/0/address", json!("simplepod_instance.v")),
            ("/resource_changes/1/change/after/notes", json!("y")),
            ("/resource_changes/2/change/actions", json!(["delete"])),
            ("/output_changes/o/after", json!(2)),
        ] {
            let mut plan = plan();
            *plan.pointer_mut(path).unwrap() = wrong;
            assert_ne!(Compact::of(&plan).lines, told, "{path}");
        }
    }
}

//! Objects that become known one after the other, in any order, between any questions: what is evaluated again gives what
//! everything evaluated anew would give. `PODFORM_FUZZ=N` runs N fleets; proptest prints the seed of a failure.

use super::*;
use crate::address::InstanceAddr;
use crate::config;
use crate::diag::{Diagnostic, Diagnostics, Sources, Span};
use crate::lang::reference::NoScope;
use crate::lang::{Marks, Scope, Value, parse};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

/// A module that is called: what it is given goes through a resource and a module of its own.
const MODULE: &str = r#"
variable "in" {
  validation {
    condition     = length(var.in) < 40
    error_message = "long: ${var.in}"
  }
}
locals { twice = "${var.in}${var.in}" }
resource "simplepod_template_group" "inner" {
  name       = "inner"
  image_name = "i"
  notes      = local.twice
  lifecycle {
    postcondition {
      condition     = self.id != "/instances/templates/3"
      error_message = "three, from ${var.in}"
    }
  }
}
module "deep" {
  source   = "./deep"
  for_each = { a = var.in, b = simplepod_template_group.inner.id }
  in       = each.value
}
output "out" { value = "${module.deep["a"].out}/${simplepod_template_group.inner.id}" }
output "none" { value = [for deep in module.deep : length(deep.out)] }
"#;

const DEEP: &str = r#"
variable "in" {
  validation {
    condition     = length(var.in) < 30
    error_message = "deep: ${var.in}"
  }
}
resource "simplepod_template_group" "deepest" {
  name       = "deepest"
  image_name = "i"
  notes      = var.in
}
output "out" { value = simplepod_template_group.deepest.id }
"#;

/// One declaration: of which kind, what it refers to, and how.
type Item = (u8, u8, u8, u8);

/// What others write for a text of the declaration `at`.
fn named(items: &[Item], at: usize, how: u8) -> String {
    let attribute = if how.is_multiple_of(2) { "id" } else { "notes" };
    match items[at].0 % 9 {
        0 | 1 => format!("local.l{at}"),
        2 => format!("simplepod_template_group.g{at}.{attribute}"),
        3 => format!("simplepod_template_group.g{at}[0].{attribute}"),
        4 => format!("simplepod_template_group.g{at}[\"b\"].{attribute}"),
        5 => format!("module.m{at}.out"),
        6 => format!("module.m{at}[\"a\"].out"),
        7 => format!("data.simplepod_template_group.d{at}.id"),
        _ => "local.base".to_owned(),
    }
}

/// A fleet that refers to earlier declarations only.
fn fleet(items: &[Item]) -> String {
    let mut text = String::from("podform { fleet = \"t\" }\nlocals { base = \"base\" }\n");
    for (at, &(kind, first, second, how)) in items.iter().enumerate() {
        let one =
            |which: u8| if at == 0 { "local.base".to_owned() } else { named(items, usize::from(which) % at, how) };
        let (a, b) = (one(first), one(second));
        let expr = match how % 6 {
            0 => a.clone(),
            // Another input, and the same value.
            1 => format!("length({a}) > 2 ? \"long\" : \"short\""),
            2 => format!("try({a}, {b})"),
            3 => format!("sensitive({a})"),
            _ => format!("\"${{{a}}}-${{{b}}}\""),
        };
        let rule = |of: &str| {
            format!("{of} {{\n condition = length({b}) < 24\n error_message = \"broken: ${{nonsensitive({b})}}\"\n}}\n")
        };
        let group = |repeat: &str| {
            let rules = match how % 4 {
                0 => rule("precondition"),
                1 => {
                    format!("postcondition {{\n condition = self.id != {b}\n error_message = \"same: ${{{a}}}\"\n}}\n")
                }
                _ => String::new(),
            };
            format!(
                "resource \"simplepod_template_group\" \"g{at}\" {{\n{repeat}name = \"g{at}\"\nimage_name = \"i\"\nnotes = {expr}\nlifecycle {{\n{rules}}}\n}}\n"
            )
        };
        let _ = match kind % 9 {
            0 | 1 => writeln!(text, "locals {{\n l{at} = {expr}\n}}"),
            2 => writeln!(text, "{}", group("")),
            // How many there are may itself become known late.
            3 => writeln!(
                text,
                "{}",
                group(&format!("count = {}\n", if how == 7 { format!("length({a}) % 3") } else { "2".into() }))
            ),
            4 => writeln!(text, "{}", group(&format!("for_each = {{ a = {a}, b = \"x\" }}\n"))),
            5 => writeln!(text, "module \"m{at}\" {{\n source = \"./m\"\n in = {expr}\n}}"),
            6 => {
                // Which instances there are may itself become known late.
                let given = match how {
                    6 => format!("{{ for key in [\"a\", \"b\"] : key => {b} if key == \"a\" || length({a}) > 12 }}"),
                    _ => format!("{{ a = {a}, b = {b} }}"),
                };
                writeln!(text, "module \"m{at}\" {{\n source = \"./m\"\n for_each = {given}\n in = each.value\n}}")
            }
            7 => writeln!(text, "data \"simplepod_template_group\" \"d{at}\" {{\n name = {expr}\n}}"),
            _ => writeln!(text, "check \"c{at}\" {{\n{}}}", rule("assert")),
        };
        if how.is_multiple_of(3) {
            let _ =
                writeln!(text, "output \"o{at}\" {{\n value = {expr}\n sensitive = true\n{}}}", rule("precondition"));
        }
    }
    text
}

fn load(text: &str) -> Result<Program, Vec<String>> {
    let mut sources = Sources::default();
    let mut diags = Diagnostics::new();
    let mut read = |dir: &str, _: Option<Span>, diags: &mut Diagnostics| {
        let text = match dir {
            "." => text,
            dir if dir.ends_with("deep") => DEEP,
            _ => MODULE,
        };
        let file = sources.add(dir, text);
        Some(vec![LoadedFile { overrides: false, body: Arc::new(parse::parse_body(file, text, diags)) }])
    };
    let configuration = config::load(".", &mut read, &mut diags);
    let graph = Graph::build(&configuration, &mut diags);
    let inputs = Inputs::resolve(configuration.root(), Vec::new(), &mut sources, &mut diags);
    let told = || diags.iter().map(|one| format!("{}: {}", one.summary, one.detail)).collect::<Vec<_>>();
    Ok(Program { configuration, graph: graph.filter(|_| !diags.has_errors()).ok_or_else(told)?, inputs })
}

/// Answers with what is known, and notes who asks.
#[derive(Default)]
struct Known {
    objects: BTreeMap<InstanceAddr, Value>,
    asked: BTreeSet<InstanceAddr>,
}

impl Resolve for Known {
    fn judging(&self) -> Judging {
        Judging::Apply
    }

    fn resolve(&mut self, instance: Instance<'_>, diags: &mut Diagnostics) -> Value {
        self.asked.insert(instance.address.clone());
        match self.objects.get(&instance.address) {
            Some(object) => object.clone(),
            None => Unresolved.resolve(instance, diags),
        }
    }

    fn data(&mut self, instance: DataInstance<'_>, diags: &mut Diagnostics) -> Value {
        self.asked.insert(instance.address.clone());
        match self.objects.get(&instance.address) {
            Some(object) => object.clone(),
            None => Unresolved.data(instance, diags),
        }
    }
}

/// An object as the API might give it.
fn final_object(planned: &Value, number: usize) -> Value {
    let mut entries = planned.as_entries().cloned().unwrap_or_default();
    let kept = entries.get("notes").cloned().filter(|notes| number.is_multiple_of(2) && notes.is_wholly_known());
    entries.insert("id".into(), Value::string(format!("/instances/templates/{number}")));
    let notes = kept.unwrap_or_else(|| Value::string(format!("notes {number}")));
    entries.insert("notes".into(), if number.is_multiple_of(5) { notes.marked(Marks::SENSITIVE) } else { notes });
    Value::from_entries(entries)
}

type Everything = (Vec<Diagnostic>, Vec<(Arc<str>, EvaluatedOutput)>, Vec<CheckResult>);

fn everything(evaluation: &mut Evaluation<'_>, known: &mut Known) -> Everything {
    let mut diags = Diagnostics::new();
    let evaluated = evaluation.evaluated(known, &mut diags);
    (diags.into_iter().collect(), evaluated.outputs.into_iter().collect(), evaluated.checks)
}

fn anew<'a>(fleet: &'a Program, objects: &BTreeMap<InstanceAddr, Value>) -> (Evaluation<'a>, Known) {
    let mut known = Known { objects: objects.clone(), asked: BTreeSet::new() };
    let evaluation = Evaluation::of(fleet, NoScope.effects(), &mut known);
    (evaluation, known)
}

fn cases() -> ProptestConfig {
    let asked = std::env::var("PODFORM_FUZZ").ok().and_then(|n| n.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(96), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn settling_gives_what_evaluating_anew_gives(
        items in prop::collection::vec((0u8..9, any::<u8>(), any::<u8>(), 0u8..8), 1..12),
        moves in prop::collection::vec((any::<prop::sample::Index>(), 0u8..4), 1..40),
    ) {
        let text = fleet(&items);
        let fleet = load(&text).map_err(|told| TestCaseError::fail(format!("{told:?}\n{text}")))?;
        let (mut evaluation, mut known) = anew(&fleet, &BTreeMap::new());
        let mut settled = BTreeMap::new();
        for (number, (which, what)) in moves.into_iter().enumerate() {
            let addresses: Vec<InstanceAddr> = known.asked.iter().cloned().collect();
            if addresses.is_empty() {
                break;
            }
            let address = which.get(&addresses);
            match what {
                // One object is asked for, and what was said of it.
                0 => {
                    let (mut other, mut fresh) = anew(&fleet, &settled);
                    let found = evaluation.object(address, &mut known).cloned();
                    prop_assert_eq!(found, other.object(address, &mut fresh).cloned(), "{} of\n{}", address, &text);
                    let said: Vec<_> = evaluation.said_of(address, &mut known).into_iter().collect();
                    let expected: Vec<_> = other.said_of(address, &mut fresh).into_iter().collect();
                    prop_assert_eq!(said, expected, "{} of\n{}", address, &text);
                }
                1 => {
                    let (mut other, mut fresh) = anew(&fleet, &settled);
                    let expected = everything(&mut other, &mut fresh);
                    prop_assert_eq!(everything(&mut evaluation, &mut known), expected, "{}", &text);
                }
                _ => {
                    let Some(planned) = evaluation.object(address, &mut known).cloned() else { continue };
                    let object = final_object(&planned, number);
                    settled.insert(address.clone(), object.clone());
                    evaluation.settle(address, object);
                }
            }
        }
        let (mut other, mut fresh) = anew(&fleet, &settled);
        let expected = everything(&mut other, &mut fresh);
        prop_assert_eq!(everything(&mut evaluation, &mut known), expected, "{}", &text);
    }
}

/// How many declarations an evaluation visits is its cost: a pair of a chain of pairs costs nothing to the others.
#[test]
fn what_does_not_reach_from_it_is_not_evaluated_again() {
    let mut text = String::from("podform { fleet = \"t\" }\n");
    for at in 0..20 {
        for (label, notes) in [("a", "\"x\"".to_owned()), ("b", format!("simplepod_template_group.a{at}.id"))] {
            let _ = writeln!(
                text,
                "resource \"simplepod_template_group\" \"{label}{at}\" {{\nname = \"{label}{at}\"\nimage_name = \"i\"\nnotes = {notes}\n}}"
            );
        }
    }
    let fleet = load(&text).expect("a fleet");
    let (mut evaluation, mut known) = anew(&fleet, &BTreeMap::new());
    let address = |text: &str| text.parse::<InstanceAddr>().expect("an address");
    let made = address("simplepod_template_group.a7");
    let planned = evaluation.object(&made, &mut known).cloned().expect("an object");
    evaluation.settle(&made, final_object(&planned, 7));
    known.asked.clear();
    let waiting = address("simplepod_template_group.b7");
    let object = evaluation.object(&waiting, &mut known).expect("an object");
    assert_eq!(object.get("notes").and_then(Value::as_str), Some("/instances/templates/7"));
    everything(&mut evaluation, &mut known);
    assert_eq!(known.asked, BTreeSet::from([waiting]));
}

//! What an operation goes through, in the language of Graphviz and the form of `terraform graph -type`: all that is
//! evaluated, or the steps of a plan. An arrow leads to what must be there, or done, before.

use crate::config::{Configuration, Graph, Node};
use crate::plan::{Plan, Step, StepAction, StepId};
use crate::schema::PROVIDER;
use crate::state::State;
use std::collections::{BTreeMap, BTreeSet};

/// Named nodes with what is written on them, and arrows between them.
#[derive(Default)]
struct Drawing {
    nodes: BTreeMap<String, (String, &'static str)>,
    arrows: BTreeSet<(String, String)>,
}

/// Everything that a plan evaluates.
pub fn evaluation_dot(configuration: &Configuration, graph: &Graph) -> String {
    let mut drawing = Drawing::default();
    for node in &graph.order {
        let name = declared(node, configuration);
        let shape = match node {
            Node::Resource(..) | Node::Data(..) | Node::Call(..) => "box",
            Node::Variable(..) => "note",
            Node::Local(..) | Node::Check(..) | Node::Output(..) | Node::Import(_) => "ellipse",
        };
        drawing.node(&name, &node.describe(configuration), shape);
        for need in graph.needed_by_itself(node) {
            drawing.arrow(&name, &declared(need, configuration));
        }
        if matches!(node, Node::Resource(..) | Node::Data(..)) {
            drawing.needs_provider(&name);
        }
    }
    drawing.drawn()
}

/// Everything that is recorded, as it goes: first what needs others.
pub fn destruction_dot(state: &State) -> String {
    let mut drawing = Drawing::default();
    for (address, record) in state.resources.iter() {
        let name = format!("{} (destroy)", address.resource);
        drawing.node(&name, &address.resource.to_string(), "box");
        drawing.needs_provider(&name);
        for need in &record.dependencies {
            drawing.arrow(&format!("{need} (destroy)"), &name);
        }
    }
    drawing.drawn()
}

/// The steps of a plan.
pub fn steps_dot(plan: &Plan) -> String {
    let mut drawing = Drawing::default();
    for step in &plan.steps {
        let name = step_name(step);
        drawing.node(&name, &step.address.to_string(), "box");
        drawing.needs_provider(&name);
        let needs = step.needs.iter().filter_map(|StepId(at)| plan.steps.get(*at));
        needs.for_each(|need| drawing.arrow(&name, &step_name(need)));
    }
    drawing.drawn()
}

fn step_name(step: &Step) -> String {
    let deposed = step.deposed.as_ref().map_or(String::new(), |key| format!(" (deposed {key})"));
    let what = match step.action {
        StepAction::Create(_) | StepAction::Update(_) | StepAction::Read => "",
        StepAction::Delete(_) => " (destroy)",
        StepAction::Forget => " (forget)",
    };
    format!("{}{deposed}{what}", step.address)
}

fn declared(node: &Node, configuration: &Configuration) -> String {
    let text = node.describe(configuration);
    match node {
        // Nothing of a root variable depends on how often its module is called.
        Node::Variable(module, _) if *module == Configuration::ROOT => text,
        _ => format!("{text} (expand)"),
    }
}

impl Drawing {
    fn node(&mut self, name: &str, label: &str, shape: &'static str) {
        self.nodes.insert(format!("[root] {name}"), (label.to_owned(), shape));
    }

    fn arrow(&mut self, from: &str, to: &str) {
        self.arrows.insert((format!("[root] {from}"), format!("[root] {to}")));
    }

    fn needs_provider(&mut self, name: &str) {
        let provider = format!("provider[\"{PROVIDER}\"]");
        self.node(&provider, &provider, "diamond");
        self.arrow(name, &provider);
    }

    fn drawn(&self) -> String {
        let mut dot = "digraph {\n\tcompound = \"true\"\n\tnewrank = \"true\"\n\tsubgraph \"root\" {\n".to_owned();
        for (name, (label, shape)) in &self.nodes {
            dot.push_str(&format!("\t\t{} [label = {}, shape = \"{shape}\"]\n", quoted(name), quoted(label)));
        }
        for (from, to) in &self.arrows {
            dot.push_str(&format!("\t\t{} -> {}\n", quoted(from), quoted(to)));
        }
        dot.push_str("\t}\n}\n");
        dot
    }
}

/// A backslash in a label begins an escape.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::{destruction_dot, quoted, steps_dot};
    use crate::review::sample::rich;
    use crate::state::{Record, State};

    #[test]
    fn what_is_needed_goes_last() {
        let record = |needs: &[&str]| Record {
            dependencies: needs.iter().map(|text| text.parse().expect("an address")).collect(),
            ..Record::default()
        };
        let of = |text: &str, needs: &[&str]| (text.parse().expect("an address"), record(needs).into());
        let resources = [
            of("simplepod_template_group.g", &[]),
            of("simplepod_instance.w[0]", &["simplepod_template_group.g"]),
            of("simplepod_instance.w[1]", &["simplepod_template_group.g"]),
        ];
        let state = State { resources: resources.into(), ..State::default() };
        assert_eq!(
            destruction_dot(&state),
            "digraph {
\tcompound = \"true\"
\tnewrank = \"true\"
\tsubgraph \"root\" {
\t\t\"[root] provider[\\\"simplepod.ai/podform/simplepod\\\"]\" [label = \"provider[\\\"simplepod.ai/podform/simplepod\\\"]\", shape = \"diamond\"]
\t\t\"[root] simplepod_instance.w (destroy)\" [label = \"simplepod_instance.w\", shape = \"box\"]
\t\t\"[root] simplepod_template_group.g (destroy)\" [label = \"simplepod_template_group.g\", shape = \"box\"]
\t\t\"[root] simplepod_instance.w (destroy)\" -> \"[root] provider[\\\"simplepod.ai/podform/simplepod\\\"]\"
\t\t\"[root] simplepod_template_group.g (destroy)\" -> \"[root] provider[\\\"simplepod.ai/podform/simplepod\\\"]\"
\t\t\"[root] simplepod_template_group.g (destroy)\" -> \"[root] simplepod_instance.w (destroy)\"
\t}
}
"
        );
    }

    #[test]
    fn every_step_is_a_node_of_its_own() {
        let plan = rich();
        let dot = steps_dot(&plan);
        let nodes = dot.lines().filter(|line| line.contains("shape = \"box\"")).count();
        assert_eq!(nodes, plan.steps.len(), "{dot}");
        let needs: usize = plan.steps.iter().map(|step| step.needs.len() + 1).sum();
        assert_eq!(dot.matches(" -> ").count(), needs, "{dot}");
    }

    #[test]
    fn names_are_quoted_for_graphviz() {
        assert_eq!(quoted("a[\"b\\n\"]"), "\"a[\\\"b\\\\n\\\"]\"");
    }
}

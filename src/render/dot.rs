//! The dependencies of resources in the language of Graphviz, in the form of `terraform graph`.

use crate::config::{Configuration, Graph, ModuleId, Node, ResourceKey};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const HEAD: &str = "digraph G {\n  rankdir = \"RL\";\n  node [shape = rect, fontname = \"sans-serif\"];\n";
const EMPTY: &str = "  /* This configuration does not contain any resources. */\n";

/// The calls that lead to a module, and the address of a resource or data source there: the order of writing.
type Place = (Vec<String>, String);

/// Resources and data sources as boxes, in a frame for each module, and an arrow to what each needs itself, not only
/// through others.
pub fn graph_dot(configuration: &Configuration, graph: &Graph) -> String {
    let places: BTreeMap<Place, &Node> =
        graph.order.iter().filter_map(|node| Some((place(node, configuration)?, node))).collect();
    let mut dot = HEAD.to_owned();
    if places.is_empty() {
        dot.push_str(EMPTY);
    }
    let mut frame: &[String] = &[];
    for (calls, address) in places.keys() {
        if frame != calls.as_slice() {
            close(frame, &mut dot);
            let name = calls.concat();
            let name = name.trim_end_matches('.');
            let _ = write!(
                dot,
                "  subgraph \"cluster_{name}\" {{\n    label = \"{name}\"\n    fontname = \"sans-serif\"\n"
            );
            frame = calls;
        }
        let indent = if calls.is_empty() { "  " } else { "    " };
        let _ = writeln!(dot, "{indent}\"{}{address}\" [label=\"{address}\"];", calls.concat());
    }
    close(frame, &mut dot);
    for ((calls, address), node) in &places {
        // What is needed by something needed stands behind it anyway.
        let nearest = graph.nearest_dependencies(node);
        let mut direct: Vec<Place> = nearest.into_iter().filter_map(|other| place(other, configuration)).collect();
        direct.sort();
        direct.dedup();
        for (to, other) in direct {
            let _ = writeln!(dot, "  \"{}{address}\" -> \"{}{other}\";", calls.concat(), to.concat());
        }
    }
    dot.push_str("}\n");
    dot
}

fn place(node: &Node, configuration: &Configuration) -> Option<Place> {
    let of = |module: ModuleId, (kind, name): &ResourceKey, mode: &str| {
        let calls = configuration.call_path(module).iter().map(|call| format!("module.{call}.")).collect();
        (calls, format!("{mode}{kind}.{name}"))
    };
    match node {
        Node::Resource(module, key) => Some(of(*module, key, "")),
        Node::Data(module, key) => Some(of(*module, key, "data.")),
        _ => None,
    }
}

fn close(frame: &[String], dot: &mut String) {
    if !frame.is_empty() {
        dot.push_str("  }\n");
    }
}

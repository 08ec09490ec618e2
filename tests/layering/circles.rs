//! No circle of files: inside of a room, too, every file can be read before those that need it. A name is followed to the
//! file that defines it, through what a `mod.rs` hands on; handing on is no need.

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// A path of modules from the root of the crate, the last part being a name that stands there.
type Path = Vec<String>;

struct Files<'a> {
    /// Module to file.
    modules: BTreeMap<Path, &'a str>,
    /// What a module hands on under which name: `pub use`.
    handed_on: BTreeMap<Path, BTreeMap<String, Path>>,
}

/// One fault for each circle: its files, and what ties them. `code` holds every source without comments, strings and tests,
/// by its path.
pub fn faults(code: &BTreeMap<&str, String>) -> Vec<String> {
    let mut files = Files { modules: BTreeMap::new(), handed_on: BTreeMap::new() };
    for path in code.keys() {
        files.modules.insert(module(path), path);
    }
    let uses: BTreeMap<&str, Vec<Use>> = code.iter().map(|(path, text)| (*path, uses(text))).collect();
    for (path, uses) in &uses {
        let here = module(path);
        let given = uses.iter().filter(|given| given.public);
        let given = given.map(|given| (given.name.clone(), absolute(&here, &given.path)));
        files.handed_on.insert(here.clone(), given.collect());
    }
    let mut graph = DiGraph::<&str, ()>::new();
    let nodes: BTreeMap<&str, _> = code.keys().map(|path| (*path, graph.add_node(*path))).collect();
    let mut needs: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for (path, text) in code {
        let here = module(path);
        let named = uses[path].iter().filter(|named| !named.public).map(|named| named.path.clone());
        for named in named.chain(inline(text)) {
            let wanted = absolute(&here, &named);
            let Some(there) = files.defining(&wanted) else { continue };
            if there != *path && room(there) == room(path) {
                graph.update_edge(nodes[path], nodes[there], ());
                needs.entry((path, there)).or_default().insert(named.last().cloned().unwrap_or_default());
            }
        }
    }
    let circles = tarjan_scc(&graph).into_iter().filter(|circle| circle.len() > 1);
    let mut told: Vec<_> = circles
        .map(|circle| {
            let members: BTreeSet<&str> = circle.iter().map(|node| graph[*node]).collect();
            let inside = needs.iter().filter(|((from, to), _)| members.contains(from) && members.contains(to));
            let ties: Vec<String> = inside
                .map(|((from, to), names)| {
                    format!("  {from} -> {to}: {}", names.iter().cloned().collect::<Vec<_>>().join(", "))
                })
                .collect();
            format!("{} files need each other:\n{}", members.len(), ties.join("\n"))
        })
        .collect();
    told.sort_unstable();
    told
}

fn room(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap_or_default()
}

/// `lang/eval/call.rs` is `lang::eval::call`, `lang/mod.rs` is `lang`.
fn module(path: &str) -> Path {
    let path = path.trim_end_matches(".rs");
    let path = if path == "lib" { "" } else { path.trim_end_matches("/mod").trim_end_matches("mod") };
    path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// From the root of the crate.
fn absolute(here: &Path, named: &Path) -> Path {
    let mut at = here.clone();
    let mut rest = named.as_slice();
    match rest.first().map(String::as_str) {
        Some("crate") => {
            at.clear();
            rest = &rest[1..];
        }
        Some("self") => rest = &rest[1..],
        _ => {}
    }
    while let Some(("super", further)) = rest.split_first().map(|(first, further)| (first.as_str(), further)) {
        at.pop();
        rest = further;
    }
    at.extend(rest.iter().cloned());
    at
}

impl<'a> Files<'a> {
    /// The file that defines what a path names.
    fn defining(&self, wanted: &Path) -> Option<&'a str> {
        let mut wanted = wanted.clone();
        // A chain of hands is short.
        for _ in 0..8 {
            let depth = (0..=wanted.len()).rev().find(|depth| self.modules.contains_key(&wanted[..*depth]))?;
            let module = wanted[..depth].to_vec();
            let Some(name) = wanted.get(depth) else { return self.modules.get(&module).copied() };
            match self.handed_on.get(&module).and_then(|given| given.get(name)) {
                Some(further) => {
                    let mut next = further.clone();
                    next.extend_from_slice(&wanted[depth + 1..]);
                    wanted = next;
                }
                None => return self.modules.get(&module).copied(),
            }
        }
        None
    }
}

struct Use {
    public: bool,
    path: Path,
    /// The name under which it is known here.
    name: String,
}

/// Every `use`, its braces taken apart.
fn uses(code: &str) -> Vec<Use> {
    let statement = Regex::new(r"\b(pub(?:\([a-z ]+\))? )?use ([^;]+);").unwrap();
    let mut found = Vec::new();
    for one in statement.captures_iter(code) {
        let mut paths = Vec::new();
        spread("", one[2].trim(), &mut paths);
        for path in paths {
            let (path, alias) = match path.split_once(" as ") {
                Some((path, alias)) => (path.to_owned(), Some(alias.trim().to_owned())),
                None => (path, None),
            };
            let mut path: Path = path.split("::").map(|part| part.trim().to_owned()).collect();
            if path.last().is_some_and(|last| last == "self") {
                path.pop();
            }
            let name = alias.unwrap_or_else(|| path.last().cloned().unwrap_or_default());
            found.push(Use { public: one.get(1).is_some(), path, name });
        }
    }
    found
}

fn spread(prefix: &str, text: &str, found: &mut Vec<String>) {
    match text.split_once('{') {
        None if !text.is_empty() => found.push(format!("{prefix}{text}")),
        None => {}
        Some((before, rest)) => {
            for part in super::group(rest) {
                spread(&format!("{prefix}{}", before.trim()), part.trim(), found);
            }
        }
    }
}

/// Paths in the code itself that lead out of it: `super::a::b()`, `crate::room::c`, and those of children: `child::d()`.
fn inline(code: &str) -> Vec<Path> {
    let statement = Regex::new(r"\buse [^;]+;").unwrap();
    let code = statement.replace_all(code, "");
    let path = Regex::new(r"\b[a-z_][a-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)+").unwrap();
    let children = Regex::new(r"\bmod ([a-z_]+);").unwrap();
    let children: BTreeSet<String> = children.captures_iter(&code).map(|child| child[1].to_owned()).collect();
    let leads = |first: &str| ["super", "crate"].contains(&first) || children.contains(first);
    let parts = |found: regex::Match<'_>| found.as_str().split("::").map(str::to_owned).collect::<Path>();
    path.find_iter(&code).map(parts).filter(|path| leads(&path[0])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&'static str, &str)]) -> Vec<String> {
        let code = files.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
        faults(&code)
    }

    #[test]
    fn a_circle_is_seen_through_what_is_handed_on() {
        let told = found(&[
            ("a/mod.rs", "mod b; mod c; pub use b::B; pub use c::{C, d as e};"),
            ("a/b.rs", "use super::C; pub struct B(C);"),
            ("a/c.rs", "pub struct C; pub fn d() -> super::B { todo() }"),
        ]);
        assert_eq!(told, ["2 files need each other:\n  a/b.rs -> a/c.rs: C\n  a/c.rs -> a/b.rs: B"]);
    }

    #[test]
    fn a_parent_and_its_child_are_a_circle_too() {
        let told = found(&[("a/x.rs", "mod y; fn f() { y::g() }"), ("a/x/y.rs", "pub fn g() { super::f() }")]);
        assert_eq!(told.len(), 1, "{told:?}");
    }

    #[test]
    fn what_is_no_circle_is_not_told() {
        let told = found(&[
            ("a/mod.rs", "mod b; mod c; pub use b::B; pub use c::C;"),
            ("a/b.rs", "pub struct B;"),
            ("a/c.rs", "use super::B; use crate::z::Z; pub struct C(B);"),
            ("z/mod.rs", "use crate::a::C; pub struct Z;"),
        ]);
        assert_eq!(told, Vec::<String>::new());
    }
}

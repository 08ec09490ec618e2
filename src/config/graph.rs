//! Which declaration needs which: the order of evaluation, and what each resource depends on.

use super::model::{Configuration, Module, ModuleId, Resource, ResourceKey};
use super::rules::Rule;
use super::value_blocks::names_only_itself;
use crate::address::Mode;
use crate::diag::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::lang::ast::Expr;
use crate::lang::reference::{Reference, Subject, body_references, references};
use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::Arc;

/// One declaration that is evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// How often a module is called: `count` and `for_each` of the call. The module is the caller.
    Call(ModuleId, Arc<str>),
    /// A variable: its argument at the call, or its input in the root.
    Variable(ModuleId, Arc<str>),
    /// A local value.
    Local(ModuleId, Arc<str>),
    /// A resource.
    Resource(ModuleId, ResourceKey),
    /// A data source.
    Data(ModuleId, ResourceKey),
    /// A check.
    Check(ModuleId, Arc<str>),
    /// An output.
    Output(ModuleId, Arc<str>),
    /// An import block, by its place in the root module.
    Import(usize),
}

impl Node {
    fn module(&self) -> ModuleId {
        match self {
            Node::Call(module, _)
            | Node::Variable(module, _)
            | Node::Local(module, _)
            | Node::Resource(module, _)
            | Node::Data(module, _)
            | Node::Check(module, _)
            | Node::Output(module, _) => *module,
            Node::Import(_) => Configuration::ROOT,
        }
    }

    /// As people write it, with its module.
    fn describe(&self, configuration: &Configuration) -> String {
        let mut text = String::new();
        for call in configuration.call_path(self.module()) {
            let _ = write!(text, "module.{call}.");
        }
        let _ = match self {
            Node::Call(_, name) => write!(text, "module.{name}"),
            Node::Variable(_, name) => write!(text, "var.{name}"),
            Node::Local(_, name) => write!(text, "local.{name}"),
            Node::Resource(_, (kind, name)) => write!(text, "{kind}.{name}"),
            Node::Data(_, (kind, name)) => write!(text, "data.{kind}.{name}"),
            Node::Check(_, name) => write!(text, "check.{name}"),
            Node::Output(_, name) => write!(text, "output.{name}"),
            Node::Import(at) => {
                let import = configuration.root().imports.get(*at);
                write!(text, "import of {}", import.map_or_else(String::new, |import| import.resource.to_string()))
            }
        };
        text
    }

    fn span(&self, configuration: &Configuration) -> Option<Span> {
        let module = configuration.module(self.module());
        match self {
            Node::Call(_, name) => module.calls.get(name).map(|call| call.span),
            Node::Variable(_, name) => module.variables.get(name).map(|variable| variable.span),
            Node::Local(_, name) => module.locals.get(name).map(|local| local.span),
            Node::Resource(_, key) => module.resources.get(key).map(|resource| resource.span),
            Node::Data(_, key) => module.data.get(key).map(|data| data.span),
            Node::Check(_, name) => module.checks.get(name).map(|check| check.span),
            Node::Output(_, name) => module.outputs.get(name).map(|output| output.span),
            Node::Import(at) => module.imports.get(*at).map(|import| import.span),
        }
    }
}

/// Members of a cycle that are named.
const SHOWN: usize = 50;

/// The order of evaluation.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Every declaration after all it needs.
    pub order: Vec<Node>,
    /// The resources that each resource needs, directly or through anything else.
    pub dependencies: HashMap<(ModuleId, ResourceKey), Vec<(ModuleId, ResourceKey)>>,
    /// The resources and data sources that each data source needs, and the data sources that each resource needs.
    pub data: HashMap<Node, Vec<Node>>,
}

impl Graph {
    /// Orders a configuration. References to what is not declared, and cycles (with all their members), are reported;
    /// after a cycle there is no order.
    pub fn build(configuration: &Configuration, diags: &mut Diagnostics) -> Option<Graph> {
        let mut builder = Builder { configuration, nodes: Vec::new(), index: HashMap::new() };
        builder.collect();
        let mut graph = DiGraph::<(), ()>::with_capacity(builder.nodes.len(), builder.nodes.len());
        for _ in &builder.nodes {
            graph.add_node(());
        }
        for to in 0..builder.nodes.len() {
            // Looking whether an edge is there already would walk all edges of what everybody needs.
            for from in BTreeSet::from_iter(builder.needs(to, diags)) {
                graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
            }
        }
        if report_cycles(&builder, &graph, diags) {
            return None;
        }
        let order = toposort(&graph, None).ok()?;
        let mut reach: Vec<Arc<BTreeSet<usize>>> = vec![Arc::default(); builder.nodes.len()];
        let (mut dependencies, mut data) = (HashMap::new(), HashMap::new());
        for &at in &order {
            let mut set = BTreeSet::new();
            for from in graph.neighbors_directed(at, petgraph::Direction::Incoming) {
                if matches!(builder.nodes[from.index()], Node::Resource(..) | Node::Data(..)) {
                    set.insert(from.index());
                }
                set.extend(reach[from.index()].iter());
            }
            let node = &builder.nodes[at.index()];
            let wanted = |other: &Node| matches!(other, Node::Data(..)) || matches!(node, Node::Data(..));
            let needed: Vec<Node> =
                set.iter().map(|&from: &usize| &builder.nodes[from]).filter(|other| wanted(other)).cloned().collect();
            if matches!(node, Node::Resource(..) | Node::Data(..)) && !needed.is_empty() {
                data.insert(node.clone(), needed);
            }
            if let Node::Resource(module, key) = node {
                let all = set.iter().filter_map(|&from| match &builder.nodes[from] {
                    Node::Resource(module, key) => Some((*module, key.clone())),
                    _ => None,
                });
                dependencies.insert((*module, key.clone()), all.collect());
            }
            reach[at.index()] = Arc::new(set);
        }
        let order = order.into_iter().map(|at| builder.nodes[at.index()].clone()).collect();
        Some(Graph { order, dependencies, data })
    }
}

fn report_cycles(builder: &Builder<'_>, graph: &DiGraph<(), ()>, diags: &mut Diagnostics) -> bool {
    let mut found = false;
    for component in tarjan_scc(graph) {
        let alone = component.len() == 1;
        let Some(&first) = component.first() else { continue };
        if alone && !graph.contains_edge(first, first) {
            continue;
        }
        found = true;
        let mut members: Vec<&Node> = component.iter().map(|at| &builder.nodes[at.index()]).collect();
        members.sort_by_key(|node| node.span(builder.configuration));
        let span = members.first().and_then(|node| node.span(builder.configuration));
        let names: Vec<String> = members.iter().map(|node| node.describe(builder.configuration)).collect();
        let diagnostic = match alone {
            true => Diagnostic::error(
                "Self-referential block",
                format!("{} refers to itself: its own value is not known while it is evaluated.", names.join("")),
            ),
            false => Diagnostic::error(
                "Cycle",
                format!(
                    "Each of these needs another one of them: {}{}. Break the circle at one place.",
                    names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", "),
                    if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() },
                ),
            ),
        };
        diags.push(match span {
            Some(span) => diagnostic.at(span),
            None => diagnostic,
        });
    }
    found
}

struct Builder<'a> {
    configuration: &'a Configuration,
    nodes: Vec<Node>,
    index: HashMap<Node, usize>,
}

impl Builder<'_> {
    fn collect(&mut self) {
        for (at, module) in self.configuration.modules.iter().enumerate() {
            let id = ModuleId(at);
            let nodes = (module.variables.keys().map(|name| Node::Variable(id, name.clone())))
                .chain(module.calls.keys().map(|name| Node::Call(id, name.clone())))
                .chain(module.locals.keys().map(|name| Node::Local(id, name.clone())))
                .chain(module.resources.keys().map(|key| Node::Resource(id, key.clone())))
                .chain(module.outputs.keys().map(|name| Node::Output(id, name.clone())))
                .chain(module.data.keys().map(|key| Node::Data(id, key.clone())))
                .chain(module.checks.keys().map(|name| Node::Check(id, name.clone())))
                .chain((0..module.imports.len()).map(Node::Import));
            for node in nodes {
                self.index.insert(node.clone(), self.nodes.len());
                self.nodes.push(node);
            }
        }
    }

    /// What one node needs.
    fn needs(&self, at: usize, diags: &mut Diagnostics) -> Vec<usize> {
        let node = &self.nodes[at];
        let id = node.module();
        let module = self.configuration.module(id);
        let mut needs = Vec::new();
        // Everything in a called module waits for the number of its instances.
        if let Some((caller, name)) = &module.parent {
            needs.extend(self.index.get(&Node::Call(*caller, name.clone())));
        }
        match node {
            Node::Call(_, name) => {
                if let Some(call) = module.calls.get(name) {
                    let repeated = Repeated::NOT;
                    for expr in call.repeat.exprs() {
                        self.expr(id, expr, repeated, &mut needs, diags);
                    }
                }
            }
            Node::Variable(_, name) => self.variable(id, module, name, &mut needs, diags),
            Node::Local(_, name) => {
                if let Some(local) = module.locals.get(name) {
                    self.expr(id, &local.expr, Repeated::NOT, &mut needs, diags);
                }
            }
            Node::Output(_, name) => {
                if let Some(output) = module.outputs.get(name) {
                    self.expr(id, &output.expr, Repeated::NOT, &mut needs, diags);
                    self.references(id, output.depends_on.clone(), Repeated::NOT, true, &mut needs, diags);
                    self.rules(id, &output.preconditions, Repeated::NOT, &mut needs, diags);
                }
            }
            Node::Resource(_, key) => {
                self.declared(id, module, module.resources.get(key), &mut needs, diags);
                self.imports_of(id, key, &mut needs);
            }
            Node::Data(_, key) => self.declared(id, module, module.data.get(key), &mut needs, diags),
            Node::Check(_, name) => {
                if let Some(check) = module.checks.get(name) {
                    self.rules(id, &check.asserts, Repeated::NOT, &mut needs, diags);
                    let data = check.data.as_ref().and_then(|key| self.index.get(&Node::Data(id, key.clone())));
                    needs.extend(data);
                }
            }
            Node::Import(at) => self.import(*at, &mut needs, diags),
        }
        needs
    }

    fn variable(
        &self,
        id: ModuleId,
        module: &Module,
        name: &Arc<str>,
        needs: &mut Vec<usize>,
        diags: &mut Diagnostics,
    ) {
        if let Some((caller, call)) = &module.parent
            && let Some(call) = self.configuration.module(*caller).calls.get(call)
            && let Some(argument) = call.arguments.iter().find(|argument| argument.name == *name)
        {
            let repeated =
                Repeated { count: call.repeat.count.is_some(), each: call.repeat.for_each.is_some(), object: false };
            self.expr(*caller, &argument.expr, repeated, needs, diags);
        }
        let Some(variable) = module.variables.get(name) else { return };
        names_only_itself(variable, diags);
        let own = self.index.get(&Node::Variable(id, name.clone())).copied();
        let mut found = Vec::new();
        self.rules(id, &variable.validations, Repeated::NOT, &mut found, diags);
        needs.extend(found.into_iter().filter(|at| Some(*at) != own));
    }

    /// What a resource or data source needs.
    fn declared(
        &self,
        id: ModuleId,
        module: &Module,
        declared: Option<&Resource>,
        needs: &mut Vec<usize>,
        diags: &mut Diagnostics,
    ) {
        let Some(resource) = declared else { return };
        for expr in resource.repeat.exprs() {
            self.expr(id, expr, Repeated::NOT, needs, diags);
        }
        let repeated = Repeated {
            count: resource.repeat.count.is_some(),
            each: resource.repeat.for_each.is_some(),
            object: false,
        };
        let found = body_references(&resource.body, diags);
        self.references(id, found, repeated, false, needs, diags);
        self.references(id, resource.depends_on.clone(), repeated, true, needs, diags);
        let lifecycle = &resource.lifecycle;
        for expr in lifecycle.prevent_destroy.as_deref().into_iter().chain(&lifecycle.replace_triggered_by) {
            self.expr(id, expr, repeated, needs, diags);
        }
        self.rules(id, &lifecycle.preconditions, repeated, needs, diags);
        self.rules(id, &lifecycle.postconditions, Repeated { object: true, ..repeated }, needs, diags);
        // depends_on of a call holds for every resource below it.
        let mut below = module;
        while let Some((caller, name)) = &below.parent {
            let above = self.configuration.module(*caller);
            if let Some(call) = above.calls.get(name) {
                self.references(*caller, call.depends_on.clone(), Repeated::NOT, true, needs, diags);
            }
            below = above;
        }
    }

    /// A resource waits for the imports that name it.
    fn imports_of(&self, id: ModuleId, key: &ResourceKey, needs: &mut Vec<usize>) {
        for (at, import) in self.configuration.root().imports.iter().enumerate() {
            let declared = self.configuration.declaration(&import.resource);
            if declared
                .is_some_and(|(module, resource)| module == id && (&resource.kind, &resource.name) == (&key.0, &key.1))
            {
                needs.extend(self.index.get(&Node::Import(at)));
            }
        }
    }

    fn import(&self, at: usize, needs: &mut Vec<usize>, diags: &mut Diagnostics) {
        let Some(import) = self.configuration.root().imports.get(at) else { return };
        if self.configuration.declaration(&import.resource).is_none() {
            let detail = format!(
                "{} is not declared. Write a resource block for it, so that podform knows what it should be.",
                import.resource
            );
            let found = Diagnostic::error("Configuration for import target does not exist", detail);
            diags.push(found.at(import.to.span));
        }
        let repeated = Repeated { each: import.for_each.is_some(), ..Repeated::NOT };
        if let Some(expr) = &import.for_each {
            self.expr(Configuration::ROOT, expr, Repeated::NOT, needs, diags);
        }
        for expr in import.keys().into_iter().chain([&*import.id]) {
            self.expr(Configuration::ROOT, expr, repeated, needs, diags);
        }
    }

    fn rules(&self, id: ModuleId, rules: &[Rule], repeated: Repeated, needs: &mut Vec<usize>, diags: &mut Diagnostics) {
        for expr in rules.iter().flat_map(|rule| [&rule.condition, &rule.message]) {
            self.expr(id, expr, repeated, needs, diags);
        }
    }

    fn expr(&self, module: ModuleId, expr: &Expr, repeated: Repeated, needs: &mut Vec<usize>, diags: &mut Diagnostics) {
        let found = references(expr, diags);
        self.references(module, found, repeated, false, needs, diags);
    }

    /// The nodes behind references; `hidden` for those of depends_on, where a module stands for all that is in it.
    fn references(
        &self,
        id: ModuleId,
        found: Vec<Reference>,
        repeated: Repeated,
        hidden: bool,
        needs: &mut Vec<usize>,
        diags: &mut Diagnostics,
    ) {
        let module = self.configuration.module(id);
        for reference in found {
            let node = match &reference.subject {
                Subject::Variable(name) => Node::Variable(id, name.clone()),
                Subject::Local(name) => Node::Local(id, name.clone()),
                Subject::Resource(Mode::Managed, kind, name) => Node::Resource(id, (kind.clone(), name.clone())),
                Subject::Module(name) => {
                    match module.calls.get(name) {
                        Some(call) if hidden => self.everything_in(call.module, needs),
                        Some(call) => self.outputs(id, name, call.module, &reference, needs),
                        None => undeclared(module, &reference, diags),
                    }
                    continue;
                }
                Subject::EachKey | Subject::EachValue if !repeated.each => {
                    let detail = "\"each\" has a value only in a resource or module block that has for_each set.";
                    diags.push(
                        Diagnostic::error("Reference to \"each\" in context without for_each", detail)
                            .at(reference.span),
                    );
                    continue;
                }
                Subject::CountIndex if !repeated.count => {
                    let detail = "\"count.index\" has a value only in a resource or module block that has count set.";
                    diags.push(
                        Diagnostic::error("Reference to \"count\" in non-counted context", detail).at(reference.span),
                    );
                    continue;
                }
                Subject::SelfObject if !repeated.object => {
                    let detail = "\"self\" has a meaning only in the postconditions of a resource.";
                    diags.push(Diagnostic::error("Invalid \"self\" reference", detail).at(reference.span));
                    continue;
                }
                Subject::Resource(Mode::Data, kind, name) => Node::Data(id, (kind.clone(), name.clone())),
                _ => continue,
            };
            match self.index.get(&node) {
                Some(&at) => needs.push(at),
                None => undeclared(module, &reference, diags),
            }
        }
    }

    fn outputs(
        &self,
        caller: ModuleId,
        name: &Arc<str>,
        child: ModuleId,
        reference: &Reference,
        needs: &mut Vec<usize>,
    ) {
        needs.extend(self.index.get(&Node::Call(caller, name.clone())));
        let outputs = &self.configuration.module(child).outputs;
        let named = reference.path.iter().take(2).find(|part| outputs.contains_key(&***part));
        match named {
            Some(output) => needs.extend(self.index.get(&Node::Output(child, output.clone()))),
            None => needs.extend(outputs.keys().filter_map(|o| self.index.get(&Node::Output(child, o.clone())))),
        }
    }

    fn everything_in(&self, id: ModuleId, needs: &mut Vec<usize>) {
        let module = self.configuration.module(id);
        needs.extend(module.resources.keys().filter_map(|key| self.index.get(&Node::Resource(id, key.clone()))));
        for call in module.calls.values() {
            self.everything_in(call.module, needs);
        }
    }
}

/// Whether `count.index`, `each` and `self` mean anything.
#[derive(Clone, Copy)]
struct Repeated {
    count: bool,
    each: bool,
    /// `self`.
    object: bool,
}

impl Repeated {
    const NOT: Repeated = Repeated { count: false, each: false, object: false };
}

fn undeclared(module: &Module, reference: &Reference, diags: &mut Diagnostics) {
    let near = |given: &str, names: &mut dyn Iterator<Item = &Arc<str>>| {
        did_you_mean(given, names.map(|name| &**name).collect::<Vec<_>>())
    };
    let (summary, detail) = match &reference.subject {
        Subject::Variable(name) => (
            "Reference to undeclared input variable",
            format!(
                "An input variable with the name \"{name}\" has not been declared. Declare it with a variable \"{name}\" {{}} block.{}",
                near(name, &mut module.variables.keys())
            ),
        ),
        Subject::Local(name) => (
            "Reference to undeclared local value",
            format!(
                "A local value with the name \"{name}\" has not been declared.{}",
                near(name, &mut module.locals.keys())
            ),
        ),
        Subject::Module(name) => (
            "Reference to undeclared module",
            format!("No module call named \"{name}\" is declared.{}", near(name, &mut module.calls.keys())),
        ),
        Subject::Resource(Mode::Data, kind, name) => (
            "Reference to undeclared resource",
            format!(
                "A data source \"{kind}\" \"{name}\" has not been declared in this module.{}",
                near(name, &mut module.data.keys().filter(|(other, _)| other == kind).map(|(_, name)| name))
            ),
        ),
        Subject::Resource(_, kind, name) => {
            let same: Vec<&str> =
                module.resources.keys().filter(|(other, _)| other == kind).map(|(_, name)| &**name).collect();
            let hint = match crate::schema::schema(kind) {
                Some(_) => did_you_mean(name, same),
                None => {
                    let kinds = crate::schema::ALL.iter().map(|schema| schema.kind);
                    did_you_mean(kind, kinds.chain(["var", "local", "module", "each", "count", "path", "podform"]))
                }
            };
            (
                "Reference to undeclared resource",
                format!("A managed resource \"{kind}\" \"{name}\" has not been declared in this module.{hint}"),
            )
        }
        _ => return,
    };
    diags.push(Diagnostic::error(summary, detail).at(reference.span));
}

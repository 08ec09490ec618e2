//! What each declaration needs: the edges of the graph.

use super::model::Rule;
use super::model::{Configuration, Module, ModuleId, Resource, ResourceKey};
use super::node::Node;
use super::value_blocks::names_only_itself;
use crate::address::{Mode, ObjectKind};
use crate::diag::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::lang::ast::Expr;
use crate::lang::reference::{Reference, Subject, body_references, references};
use crate::path::PathStep;
use std::collections::HashMap;
use std::sync::Arc;

/// The declarations of a configuration, numbered.
pub(super) struct Builder<'a> {
    pub configuration: &'a Configuration,
    pub nodes: Vec<Node>,
    pub index: HashMap<Node, usize>,
}

/// Reports what an expression of the root module names and nobody declared.
pub fn undeclared_in(configuration: &Configuration, expr: &Expr, diags: &mut Diagnostics) {
    let mut builder = Builder { configuration, nodes: Vec::new(), index: HashMap::new() };
    builder.collect();
    builder.expr(Configuration::ROOT, expr, Repeated::NOT, &mut Vec::new(), diags);
}

impl Builder<'_> {
    pub fn collect(&mut self) {
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
    pub fn needs(&self, at: usize, diags: &mut Diagnostics) -> Vec<usize> {
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
                    self.rules(id, &check.asserts, Repeated { check: Some(name), ..Repeated::NOT }, &mut needs, diags);
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
                Repeated { count: call.repeat.count.is_some(), each: call.repeat.for_each.is_some(), ..Repeated::NOT };
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
            ..Repeated::NOT
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
        let root = self.configuration.root();
        if self.configuration.declaration(&import.resource).is_none() && !root.incomplete {
            let same = root.resources.keys().filter(|(kind, _)| **kind == *import.resource.kind);
            let generated = match import.resource.module.is_root() {
                true => ", or have podform plan -generate-config-out=generated.hcl write it",
                false => "",
            };
            let detail = format!(
                "{} is not declared. Write a resource block for it, so that podform knows what it should be{generated}.{}",
                import.resource,
                did_you_mean(&import.resource.name, same.map(|(_, name)| &**name))
            );
            let found = Diagnostic::error("Configuration for import target does not exist", detail);
            diags.push(found.at(import.to.span));
        }
        let earlier = || root.imports.iter().take(at).filter_map(|other| Some((other, other.constant()?)));
        if let Some(to) = import.constant()
            && let Some((first, _)) = earlier().find(|(_, other)| *other == to)
        {
            let detail = format!("An import block for {to} was already declared. An object is imported once.");
            let summary = format!("Duplicate import configuration for \"{to}\"");
            diags.push(Diagnostic::error(summary, detail).at(import.to.span).against(first.to.span));
        }
        let repeated = Repeated { each: import.for_each.is_some(), ..Repeated::NOT };
        if let Some(expr) = &import.for_each {
            self.expr(Configuration::ROOT, expr, Repeated::NOT, needs, diags);
        }
        for expr in import.keys().into_iter().chain([&*import.id]) {
            self.expr(Configuration::ROOT, expr, repeated, needs, diags);
        }
    }

    /// Where a local value or resource names itself.
    pub fn own_reference(&self, node: &Node) -> Option<Span> {
        let module = self.configuration.module(node.module());
        let mut found = Diagnostics::new();
        let (own, references) = match node {
            Node::Local(_, name) => {
                (Subject::Local(name.clone()), references(&module.locals.get(name)?.expr, &mut found))
            }
            Node::Resource(_, (kind, name)) => {
                let resource = module.resources.get(&(kind.clone(), name.clone()))?;
                let mut all = body_references(&resource.body, &mut found);
                all.extend(resource.repeat.exprs().flat_map(|expr| references(expr, &mut found)));
                (Subject::Resource(Mode::Managed, kind.clone(), name.clone()), all)
            }
            _ => return None,
        };
        references.into_iter().find(|reference| reference.subject == own).map(|reference| reference.span)
    }

    fn rules(
        &self,
        id: ModuleId,
        rules: &[Rule],
        repeated: Repeated<'_>,
        needs: &mut Vec<usize>,
        diags: &mut Diagnostics,
    ) {
        for expr in rules.iter().flat_map(|rule| [&rule.condition, &rule.message]) {
            self.expr(id, expr, repeated, needs, diags);
        }
    }

    fn expr(
        &self,
        module: ModuleId,
        expr: &Expr,
        repeated: Repeated<'_>,
        needs: &mut Vec<usize>,
        diags: &mut Diagnostics,
    ) {
        let found = references(expr, diags);
        self.references(module, found, repeated, false, needs, diags);
    }

    /// The nodes behind references; `hidden` for those of depends_on, where a module stands for all that is in it.
    fn references(
        &self,
        id: ModuleId,
        found: Vec<Reference>,
        repeated: Repeated<'_>,
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
                Some(_) if matches!(&node, Node::Data(_, key) if module.data.get(key).is_some_and(|data| data.check.is_some() && data.check.as_ref() != repeated.check)) =>
                {
                    let detail = "This data source stands in a check block, and can be referred to only there.";
                    diags.push(Diagnostic::error("Reference to scoped resource", detail).at(reference.span));
                }
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
        let names = reference.path.steps().iter().take(2).filter_map(PathStep::name);
        match names.into_iter().find(|name| outputs.contains_key(&***name)) {
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

/// Whether `count.index`, `each`, `self` and a scoped data source mean anything.
#[derive(Clone, Copy)]
struct Repeated<'a> {
    count: bool,
    each: bool,
    /// `self`.
    object: bool,
    /// The check block around, whose data source may be named.
    check: Option<&'a Arc<str>>,
}

impl Repeated<'_> {
    const NOT: Self = Repeated { count: false, each: false, object: false, check: None };
}

fn undeclared(module: &Module, reference: &Reference, diags: &mut Diagnostics) {
    // It may stand in what could not be read.
    if module.incomplete {
        return;
    }
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
                "A local value with the name \"{name}\" has not been declared. Declare it in a locals block.{}",
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
            let hint = match ObjectKind::of_type(kind) {
                Some(_) => did_you_mean(name, same),
                None => {
                    let kinds = ObjectKind::ALL.into_iter().map(ObjectKind::resource_type);
                    did_you_mean(kind, kinds.chain(["var", "local", "module", "each", "count", "path", "podform"]))
                }
            };
            (
                "Reference to undeclared resource",
                match ObjectKind::of_type(kind) {
                    Some(_) => {
                        format!("A managed resource \"{kind}\" \"{name}\" has not been declared in this module.{hint}")
                    }
                    None => format!(
                        "A managed resource \"{kind}\" \"{name}\" has not been declared in this module, and there is no resource type \"{kind}\".{hint}"
                    ),
                },
            )
        }
        _ => return,
    };
    diags.push(Diagnostic::error(summary, detail).at(reference.span));
}

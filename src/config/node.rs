//! One declaration that is evaluated, as the graph and the walk name it.

use super::model::{Configuration, ModuleId, ResourceKey};
use crate::diag::Span;
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
    /// The module that it stands in; the caller for a call.
    pub fn module(&self) -> ModuleId {
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
    pub fn describe(&self, configuration: &Configuration) -> String {
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

    pub(super) fn span(&self, configuration: &Configuration) -> Option<Span> {
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

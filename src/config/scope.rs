//! What names mean inside one instance of a module.

use super::expand::{Expansion, Repetition};
use super::instances::Instances;
use super::model::{Configuration, ModuleId, Repeat, ResourceKey};
use crate::address::{InstanceKey, Mode, ModulePath};
use crate::diag::{Diagnostics, Span};
use crate::lang::budget::Budget;
use crate::lang::reference::{self as lang, Effects, Scope, Subject};
use crate::lang::{Marks, Type, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// One instance of a module, with what has been evaluated of it so far.
pub(super) struct Frame {
    pub module: ModuleId,
    pub path: ModulePath,
    /// The frame of the caller.
    pub parent: Option<usize>,
    /// Of the call.
    pub repetition: Repetition,
    pub variables: HashMap<Arc<str>, Value>,
    pub locals: HashMap<Arc<str>, Value>,
    pub outputs: HashMap<Arc<str>, Value>,
    pub resources: HashMap<ResourceKey, Instances>,
    pub data: HashMap<ResourceKey, Instances>,
    pub calls: HashMap<Arc<str>, (Expansion, Vec<usize>)>,
}

impl Frame {
    pub fn new(module: ModuleId, path: ModulePath, parent: Option<usize>, repetition: Repetition) -> Frame {
        Frame {
            module,
            path,
            parent,
            repetition,
            variables: HashMap::new(),
            locals: HashMap::new(),
            outputs: HashMap::new(),
            resources: HashMap::new(),
            data: HashMap::new(),
            calls: HashMap::new(),
        }
    }
}

/// The scope of an expression.
pub(super) struct FrameScope<'a> {
    pub configuration: &'a Configuration,
    pub frames: &'a [Frame],
    pub frame: usize,
    pub repetition: Repetition,
    pub effects: &'a dyn Effects,
    /// `self`.
    pub object: Option<Value>,
    pub budget: &'a Budget,
}

impl Scope for FrameScope<'_> {
    fn budget(&self) -> Option<&Budget> {
        Some(self.budget)
    }

    /// What is not declared was reported when the graph was built; what failed was reported when it failed: both are
    /// unknown here.
    fn value(&self, subject: &Subject, span: Span, diags: &mut Diagnostics) -> Value {
        let frame = &self.frames[self.frame];
        let found = match subject {
            Subject::Variable(name) => frame.variables.get(name).cloned(),
            Subject::Local(name) => frame.locals.get(name).cloned(),
            Subject::Resource(Mode::Managed, kind, name) => {
                frame.resources.get(&(kind.clone(), name.clone())).map(Instances::value)
            }
            Subject::Resource(Mode::Data, kind, name) => {
                frame.data.get(&(kind.clone(), name.clone())).map(Instances::value)
            }
            Subject::SelfObject => self.object.clone(),
            Subject::Module(name) => frame.calls.get(name).map(|(expansion, children)| {
                let declared = frame.module;
                expansion.collect(children.iter().map(|&child| self.outputs(declared, name, child)).collect())
            }),
            Subject::CountIndex => match &self.repetition.key {
                Some(key @ InstanceKey::Int(_)) => Some(value_of(key)),
                _ => None,
            },
            Subject::EachKey => self.repetition.each_value.as_ref().and(self.repetition.key.as_ref()).map(value_of),
            Subject::EachValue => self.repetition.each_value.clone(),
            Subject::Path(name) => self.path(name, span, diags),
            Subject::Podform(name) => match &**name {
                "workspace" => Some(Value::string(self.configuration.workspace())),
                "fleet" => Some(self.configuration.fleet_name().map_or(Value::null(Type::String), Value::string)),
                // A plan has no time of day either.
                "applying" => {
                    let ephemeral = Marks { ephemeral: true, ..Marks::NONE };
                    Some(Value::bool(self.effects.now().is_some()).marked(ephemeral))
                }
                other => {
                    let hint = crate::diag::did_you_mean(other, ["applying", "fleet", "workspace"]);
                    let detail = format!("\"podform\" has no attribute named \"{other}\".{hint}");
                    diags.push(crate::diag::Diagnostic::error("Invalid \"podform\" attribute", detail).at(span));
                    None
                }
            },
        };
        found.unwrap_or_else(|| Value::unknown(Type::Dynamic))
    }

    fn effects(&self) -> &dyn Effects {
        self.effects
    }

    fn repetition(&self, subject: &Subject) -> Option<lang::Repetition> {
        let module = self.configuration.module(self.frames[self.frame].module);
        let resource = match subject {
            Subject::Resource(Mode::Managed, kind, name) => module.resources.get(&(kind.clone(), name.clone())),
            Subject::Resource(Mode::Data, kind, name) => module.data.get(&(kind.clone(), name.clone())),
            _ => None,
        }?;
        Some(match &resource.repeat {
            Repeat { count: Some(_), .. } => lang::Repetition::Count,
            Repeat { for_each: Some(_), .. } => lang::Repetition::ForEach,
            Repeat { .. } => lang::Repetition::Single,
        })
    }
}

impl FrameScope<'_> {
    /// The object of a module instance's outputs; what is not evaluated yet is unknown.
    fn outputs(&self, caller: ModuleId, call: &str, frame: usize) -> Value {
        let Some(call) = self.configuration.module(caller).calls.get(call) else {
            return Value::unknown(Type::Dynamic);
        };
        let module = self.configuration.module(call.module);
        if module.incomplete {
            return Value::unknown(Type::Dynamic);
        }
        let declared = module.outputs.keys();
        let known = &self.frames[frame].outputs;
        Value::object(
            declared
                .map(|name| (name.clone(), known.get(name).cloned().unwrap_or_else(|| Value::unknown(Type::Dynamic)))),
        )
    }

    fn path(&self, name: &str, span: Span, diags: &mut Diagnostics) -> Option<Value> {
        match name {
            "module" => Some(Value::string(&self.configuration.module(self.frames[self.frame].module).dir)),
            "root" => Some(Value::string(&self.configuration.root().dir)),
            "cwd" => self.effects.started_in().ok().map(Value::string),
            other => {
                let hint = crate::diag::did_you_mean(other, ["module", "root", "cwd"]);
                let detail = format!("\"path\" has no attribute named \"{other}\".{hint}");
                diags.push(crate::diag::Diagnostic::error("Invalid \"path\" attribute", detail).at(span));
                None
            }
        }
    }
}

fn value_of(key: &InstanceKey) -> Value {
    match key {
        InstanceKey::Int(index) => Value::int(i64::try_from(*index).unwrap_or(i64::MAX)),
        InstanceKey::Str(key) => Value::string(key),
    }
}

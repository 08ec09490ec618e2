//! A walk through the graph: what it has evaluated so far, by module instance, and what that means to who looks.

use super::expand::{Expansion, Repetition};
use super::instances::{Instances, Made};
use super::model::{Configuration, ModuleId, Repeat, Resource, ResourceKey};
use super::node::Node;
use super::program::Program;
use super::scope::{Frame, FrameScope};
use super::verdict::Verdicts;
use crate::address::{InstanceAddr, Mode, ModulePath, ResourceAddr};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::budget::Budget;
use crate::lang::reference::Subject;
use crate::lang::{Effects, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A root output.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluatedOutput {
    /// Its value; unknown where it failed.
    pub value: Value,
    /// `sensitive`.
    pub sensitive: bool,
}

/// A walk through the graph, as far as it has come.
pub(super) struct Walk<'a> {
    pub program: &'a Program,
    pub effects: &'a dyn Effects,
    /// Whether what is unknown stays so.
    pub is_final: bool,
    pub frames: Vec<Frame>,
    /// The frames of each module.
    pub instances: HashMap<ModuleId, Vec<usize>>,
    pub outputs: BTreeMap<Arc<str>, EvaluatedOutput>,
    pub verdicts: Verdicts,
    /// Objects that nobody is asked for.
    pub settled: BTreeMap<InstanceAddr, Value>,
    /// By place in the graph.
    pub visits: Vec<Visit>,
    /// What becomes known later is taken in.
    pub goes_on: bool,
    /// The number of the latest pass.
    pub pass: u64,
    pub budget: Budget,
    /// Instances of resources and data sources so far.
    pub objects: usize,
    /// No instance fits any more; that was told.
    pub full: bool,
}

/// What is known of the evaluation of one declaration, in all instances of its module.
#[derive(Default)]
pub(super) struct Visit {
    /// What it said.
    pub said: Vec<Diagnostic>,
    /// Something that it needs, or one of its objects, was settled since.
    pub stale: bool,
    /// Those objects.
    pub settled: Vec<InstanceAddr>,
    /// The pass by which it is true.
    pub checked: u64,
    /// The pass in which it last came out otherwise than before.
    pub changed: u64,
}

impl<'a> Walk<'a> {
    /// A walk that has evaluated nothing yet.
    pub fn new(program: &'a Program, effects: &'a dyn Effects, is_final: bool) -> Walk<'a> {
        let root = Frame::new(Configuration::ROOT, ModulePath::root(), None, Repetition::default());
        Walk {
            program,
            effects,
            is_final,
            frames: vec![root],
            instances: HashMap::from([(Configuration::ROOT, vec![0])]),
            outputs: BTreeMap::new(),
            verdicts: Verdicts::default(),
            settled: BTreeMap::new(),
            visits: program.graph.order.iter().map(|_| Visit::default()).collect(),
            goes_on: true,
            pass: 0,
            budget: Budget::of(effects.is_untrusted()),
            objects: 0,
            full: false,
        }
    }

    pub fn scope(&self, frame: usize, repetition: Repetition) -> FrameScope<'_> {
        FrameScope {
            configuration: &self.program.configuration,
            frames: &self.frames,
            frame,
            repetition,
            effects: self.effects,
            object: None,
            budget: &self.budget,
        }
    }

    pub fn frames_of(&self, module: ModuleId) -> Vec<usize> {
        self.instances.get(&module).cloned().unwrap_or_default()
    }

    /// Every instance of a module that there is.
    pub fn modules(&self) -> BTreeSet<ModulePath> {
        self.instances.values().flatten().map(|frame| self.frames[*frame].path.clone()).collect()
    }

    pub fn expansion(&self, repeat: &Repeat, frame: usize, diags: &mut Diagnostics) -> Expansion {
        Expansion::evaluate(repeat, self.is_final, &self.scope(frame, Repetition::default()), diags)
    }

    /// What was said of a declaration, and of one of its instances.
    pub fn said_of(&self, place: usize, address: &InstanceAddr) -> impl Iterator<Item = &Diagnostic> {
        self.visits[place].said.iter().chain(self.made(address).into_iter().flat_map(Made::said))
    }

    /// Pushes what was said, in the order of the graph.
    pub fn tell(&self, diags: &mut Diagnostics) {
        for (node, visit) in self.program.graph.order.iter().zip(&self.visits) {
            visit.said.iter().for_each(|said| diags.push(said.clone()));
            if let Node::Resource(module, key) = node {
                let frames = self.frames_of(*module).into_iter();
                let instances = frames.filter_map(|frame| self.frames[frame].resources.get(key));
                instances.flat_map(Instances::said).for_each(|said| diags.push(said.clone()));
            }
        }
    }

    /// The place of a resource or data source, whatever the keys of its address.
    pub fn declared(&self, address: &ResourceAddr) -> Option<usize> {
        let (module, resource) = self.program.configuration.declaration(address)?;
        let key = (resource.kind.clone(), resource.name.clone());
        self.program.graph.place(&match address.mode {
            Mode::Managed => Node::Resource(module, key),
            Mode::Data => Node::Data(module, key),
        })
    }

    /// The instance of a module.
    pub fn frame_at(&self, path: &ModulePath) -> Option<usize> {
        path.0.iter().try_fold(0, |frame, (name, key)| {
            let (expansion, children) = self.frames[frame].calls.get(name.as_str())?;
            children.get(expansion.place(key.as_ref())?).copied()
        })
    }

    /// A resource in one instance of its module.
    pub fn address(&self, frame: usize, mode: Mode, kind: &Arc<str>, name: &Arc<str>) -> ResourceAddr {
        ResourceAddr { module: self.frames[frame].path.clone(), mode, kind: kind.clone(), name: name.clone() }
    }

    /// A variable, output or check in one instance of its module.
    pub fn named(&self, frame: usize, kind: &str, name: &str) -> String {
        let path = &self.frames[frame].path;
        match path.is_root() {
            true => format!("{kind}.{name}"),
            false => format!("{path}.{kind}.{name}"),
        }
    }

    /// What a declaration depends on: resources, and data sources.
    pub fn dependencies(&self, place: usize) -> Vec<ResourceAddr> {
        self.everywhere(self.program.graph.dependencies([&self.program.graph.order[place]]))
    }

    /// See [`super::resolve::Needs::awaited`].
    pub fn awaited(&self, place: usize, data: &Resource) -> Vec<ResourceAddr> {
        let graph = &self.program.graph;
        let ordered = |key: &ResourceKey| {
            data.depends_on.iter().any(|named| {
                matches!(&named.subject, Subject::Resource(Mode::Data, kind, name) if (kind, name) == (&key.0, &key.1))
            })
        };
        let named = graph.needs(place).iter().map(|need| &graph.order[*need]);
        let named: Vec<&Node> = named
            .filter(|node| match node {
                Node::Resource(..) => true,
                Node::Data(_, key) => ordered(key),
                _ => false,
            })
            .collect();
        let behind = graph.dependencies(named.iter().copied());
        self.everywhere(named.into_iter().chain(behind))
    }

    /// Declared objects, in every module instance they have.
    fn everywhere<'n>(&self, nodes: impl IntoIterator<Item = &'n Node>) -> Vec<ResourceAddr> {
        let needs = nodes.into_iter().filter_map(|node| match node {
            Node::Resource(module, key) => Some((Mode::Managed, *module, key)),
            Node::Data(module, key) => Some((Mode::Data, *module, key)),
            _ => None,
        });
        let mut all: Vec<ResourceAddr> = needs
            .flat_map(|(mode, module, (kind, name))| {
                self.frames_of(module).into_iter().map(move |frame| self.address(frame, mode, kind, name))
            })
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// What is known of one instance.
    pub fn made(&self, address: &InstanceAddr) -> Option<&Made> {
        self.instances_at(address)?.made(address)
    }

    /// What is known of all instances beside one.
    pub fn instances_at(&self, address: &InstanceAddr) -> Option<&Instances> {
        let frame = &self.frames[self.frame_at(&address.resource.module)?];
        let (_, resource) = self.program.configuration.declaration(&address.resource)?;
        let all = match address.resource.mode {
            Mode::Managed => &frame.resources,
            Mode::Data => &frame.data,
        };
        all.get(&(resource.kind.clone(), resource.name.clone()))
    }
}

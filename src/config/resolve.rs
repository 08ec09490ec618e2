//! Who says what the object of a resource instance is: the evaluation asks, the planner and the apply answer.

use super::model::{Lifecycle, Resource};
use super::trigger::Trigger;
use super::verdict::CheckedKind;
use super::walk::Walk;
use crate::address::{InstanceAddr, ResourceAddr};
use crate::diag::{Diagnostics, Span};
use crate::lang::{Kind, Value};
use std::cell::OnceCell;
use std::sync::Arc;

/// Says what the object of a resource instance is, as other expressions see it.
pub trait Resolve {
    /// Called once for every instance, after all that it depends on.
    fn resolve(&mut self, instance: Instance<'_>, diags: &mut Diagnostics) -> Value;

    /// Called once for every instance of a data source, after all that it depends on.
    fn data(&mut self, instance: DataInstance<'_>, _diags: &mut Diagnostics) -> Value {
        instance.given
    }

    /// Called once for every object that is to be imported, before its instance.
    fn import(&mut self, _request: ImportRequest, _diags: &mut Diagnostics) {}

    /// False where what is unknown may be known in a later evaluation: then nothing is refused for being unknown.
    fn is_final(&self) -> bool {
        true
    }

    /// Which rules count.
    fn judging(&self) -> Judging;

    /// True for an instance of a resource or data source whose rules do not count: the plan is narrowed to others.
    fn leaves_out(&self, _address: &InstanceAddr) -> bool {
        false
    }

    /// As [`Resolve::leaves_out`], for an output of the root module.
    fn leaves_out_output(&self, _name: &str) -> bool {
        false
    }
}

/// Which of the rules that a configuration sets itself count, and what it means that one is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judging {
    /// None but validations: before a plan, and for what is destroyed.
    Nothing,
    /// All but check blocks, of what is not left out: what is narrowed does not know all that they watch.
    Conditions,
    /// All; the apply will know more.
    Plan,
    /// All; what is not known by now was not made.
    Apply,
}

impl Judging {
    /// Whether rules of this kind count.
    pub(super) fn of(self, kind: CheckedKind) -> bool {
        match self {
            Judging::Nothing => false,
            Judging::Conditions => kind != CheckedKind::Check,
            Judging::Plan | Judging::Apply => true,
        }
    }
}

/// What an `import` block asks for.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// Under which address it will be recorded.
    pub to: InstanceAddr,
    /// `id`, as a text; perhaps unknown or null.
    pub id: Value,
    /// Where `id` stands.
    pub span: Span,
}

/// One resource instance of the configuration.
pub struct Instance<'a> {
    /// Its address.
    pub address: InstanceAddr,
    /// Its declaration.
    pub resource: &'a Resource,
    /// The object that the configuration asks for: defaults filled in, computed attributes null, parts unknown.
    pub desired: Value,
    /// What it depends on.
    pub dependencies: &'a Needs<'a>,
    /// `prevent_destroy`.
    pub prevent_destroy: bool,
    /// Where it is replaced, the new object is made first.
    pub create_first: bool,
    /// `replace_triggered_by`.
    pub triggers: Vec<Trigger>,
}

/// One instance of a data source.
pub struct DataInstance<'a> {
    /// Its address.
    pub address: InstanceAddr,
    /// Its declaration.
    pub resource: &'a Resource,
    /// Its arguments; what is read is null, parts may be unknown.
    pub given: Value,
    /// What it depends on.
    pub dependencies: &'a Needs<'a>,
}

/// The resources and data sources that a resource depends on: found for who asks, for there may be many.
pub struct Needs<'a> {
    walk: &'a Walk<'a>,
    place: usize,
    found: OnceCell<Arc<Vec<ResourceAddr>>>,
}

impl<'a> Needs<'a> {
    pub(super) fn new(walk: &'a Walk<'a>, place: usize) -> Needs<'a> {
        Needs { walk, place, found: OnceCell::new() }
    }

    /// All of them, in every module instance they have.
    pub fn all(&self) -> Arc<Vec<ResourceAddr>> {
        self.found.get_or_init(|| Arc::new(self.walk.dependencies(self.place))).clone()
    }

    /// Whether a replace of the resource makes the new object first.
    pub(super) fn creates_first(&self) -> bool {
        self.walk.program.graph.creates_first(self.place)
    }

    /// Those that a data source waits for while changes of theirs are pending, even where all its arguments are known: the
    /// managed resources that its own block names, what `depends_on` names, and all that those need; where the block has
    /// conditions, all that it needs. The rest it knows only by their values (as in Terraform).
    pub fn awaited(&self, resource: &Resource) -> Vec<ResourceAddr> {
        let Lifecycle { preconditions, postconditions, .. } = &resource.lifecycle;
        match preconditions.is_empty() && postconditions.is_empty() {
            true => self.walk.awaited(self.place, resource),
            false => self.all().to_vec(),
        }
    }
}

/// Answers every instance with an object whose computed attributes are unknown: for `validate`, and for what must be
/// known before anything is called.
pub struct Unresolved;

impl Resolve for Unresolved {
    fn is_final(&self) -> bool {
        false
    }

    fn judging(&self) -> Judging {
        Judging::Nothing
    }

    fn resolve(&mut self, instance: Instance<'_>, _: &mut Diagnostics) -> Value {
        unread(instance.resource, instance.desired)
    }

    fn data(&mut self, instance: DataInstance<'_>, _: &mut Diagnostics) -> Value {
        unread(instance.resource, instance.given)
    }
}

/// The object with everything unknown that the API gives.
fn unread(resource: &Resource, object: Value) -> Value {
    let Kind::Object(entries) = object.kind else { return object };
    let mut entries = Arc::unwrap_or_clone(entries);
    for (_, open) in resource.schema.left_open(&mut entries) {
        *open = Value::unknown(open.ty());
    }
    Value::from_entries(entries)
}

//! The instances of a resource, evaluated.

use super::decode::decode;
use super::expand::Expansion;
use super::model::Resource;
use super::resolve::{Instance, Needs, Resolve};
use super::rules::{Wording, judge};
use super::scope::FrameScope;
use super::trigger::trigger;
use super::verdict::{CheckStatus, CheckedKind, Verdict};
use super::walk::Walk;
use crate::address::{InstanceAddr, InstanceKey, Mode};
use crate::diag::{Diagnostic, Diagnostics, Severity, Span};
use crate::lang::ast::Expr;
use crate::lang::convert::convert;
use crate::lang::{Type, Value, eval};
use crate::schema::validate;
use std::cell::OnceCell;

/// The instances of a resource or data source in one instance of its module.
pub(super) struct Instances {
    expansion: Expansion,
    /// What was said of `count`, `for_each` or `enabled`.
    said: Vec<Diagnostic>,
    /// In the order of the expansion.
    made: Vec<Made>,
    /// What a reference to all of them is.
    whole: OnceCell<Value>,
}

/// The same to who refers to them.
impl PartialEq for Instances {
    fn eq(&self, other: &Self) -> bool {
        self.expansion == other.expansion && self.objects().eq(other.objects())
    }
}

impl Instances {
    pub fn new(expansion: Expansion, said: Diagnostics, made: Vec<Made>) -> Instances {
        Instances { expansion, said: said.into_iter().collect(), made, whole: OnceCell::new() }
    }

    /// What a reference to all of them is.
    pub fn value(&self) -> Value {
        self.whole.get_or_init(|| self.expansion.collect(self.objects().cloned().collect())).clone()
    }

    fn objects(&self) -> impl Iterator<Item = &Value> {
        self.made.iter().map(|made| &made.object)
    }

    /// What was said of all of them.
    pub fn said(&self) -> impl Iterator<Item = &Diagnostic> {
        self.said.iter().chain(self.made.iter().flat_map(Made::said))
    }

    /// The instances with their verdicts; `None` where their rules do not count.
    pub fn verdicts(&self) -> impl Iterator<Item = (Option<InstanceKey>, Option<Verdict>)> {
        self.made.iter().enumerate().map(|(at, made)| (self.expansion.repetition(at).key, made.verdict()))
    }

    fn at(&self, address: &InstanceAddr) -> Option<usize> {
        self.expansion.place(address.key.as_ref())
    }
}

/// One instance.
pub(super) struct Made {
    /// Its object as others see it.
    pub object: Value,
    /// It could not be told: the object is unknown.
    pub failed: bool,
    /// Whether its rules count.
    judged: bool,
    /// What its block said by itself.
    first: Said,
    /// What was said of its object.
    then: Said,
}

/// The rules and findings of one part of an evaluation.
#[derive(Default)]
struct Said {
    verdict: Verdict,
    diagnostics: Vec<Diagnostic>,
}

impl Made {
    /// An instance of a data source, all of whose findings were told.
    pub fn of_data(object: Value, failed: bool, verdict: Option<Verdict>) -> Made {
        let judged = verdict.is_some();
        let first = Said { verdict: verdict.unwrap_or_default(), diagnostics: Vec::new() };
        Made { object, failed, judged, first, then: Said::default() }
    }

    /// What was said of it.
    pub fn said(&self) -> impl Iterator<Item = &Diagnostic> {
        self.first.diagnostics.iter().chain(&self.then.diagnostics)
    }

    /// The verdict on it; `None` where its rules do not count.
    fn verdict(&self) -> Option<Verdict> {
        self.judged.then(|| {
            let mut verdict = self.first.verdict.clone();
            verdict.and(self.then.verdict.clone());
            verdict
        })
    }
}

impl<'a> Walk<'a> {
    pub(super) fn resource(
        &self,
        frame: usize,
        place: usize,
        resource: &'a Resource,
        resolve: &mut dyn Resolve,
    ) -> Instances {
        let mut said = Diagnostics::new();
        let expansion = self.expansion(&resource.repeat, frame, &mut said);
        let address = self.address(frame, Mode::Managed, &resource.kind, &resource.name);
        let dependencies = Needs::new(self, place);
        let made = expansion.repetitions().map(|repetition| {
            let address = address.instance(repetition.key.clone());
            self.instance(address, resource, self.scope(frame, repetition), &dependencies, resolve)
        });
        let made = made.collect();
        Instances::new(expansion, said, made)
    }

    fn instance(
        &self,
        address: InstanceAddr,
        resource: &'a Resource,
        scope: FrameScope<'_>,
        dependencies: &Needs<'_>,
        resolve: &mut dyn Resolve,
    ) -> Made {
        let mut own = Diagnostics::new();
        let lifecycle = &resource.lifecycle;
        let judged = resolve.judging().of(CheckedKind::Resource) && !resolve.leaves_out(&address);
        let mut verdict = Verdict::default();
        if judged {
            verdict = judge(&lifecycle.preconditions, &scope, &wording("precondition", &address), &mut own);
        }
        let desired = decode(resource.schema, &resource.body, resource.span, &scope, &mut own);
        for (attribute, fault) in validate(resource.schema, &desired) {
            let at = place_of(resource, &attribute);
            own.push(Diagnostic::error(format!("Invalid value for \"{attribute}\""), fault).at(at).on(&address));
        }
        let prevent_destroy = self.prevents(resource, &scope, &mut own);
        let mut key = |expr: &Expr| eval::evaluate(expr, &scope, &mut own);
        let triggers = lifecycle.replace_triggered_by.iter();
        let triggers = triggers.filter_map(|one| trigger(one, address.resource.clone(), &mut key)).collect();
        let failed = own.has_errors();
        let first = Said { verdict, diagnostics: own.into_iter().collect() };
        if failed {
            let nothing = if lifecycle.postconditions.is_empty() { CheckStatus::Pass } else { CheckStatus::Unknown };
            let then = Said { verdict: Verdict::of(nothing), diagnostics: Vec::new() };
            return Made { object: Value::unknown(Type::Dynamic), failed, judged, first, then };
        }
        let mut said = Diagnostics::new();
        let object = match self.settled.get(&address) {
            Some(object) => object.clone(),
            None => {
                let address = address.clone();
                resolve.resolve(
                    Instance { address, resource, desired, dependencies, prevent_destroy, triggers },
                    &mut said,
                )
            }
        };
        let then = self.judge_object(&address, resource, scope, judged, &object, said);
        Made { object, failed, judged, first, then }
    }

    /// Judges the rules of an object that is told.
    fn judge_object(
        &self,
        address: &InstanceAddr,
        resource: &Resource,
        mut scope: FrameScope<'_>,
        judged: bool,
        object: &Value,
        mut said: Diagnostics,
    ) -> Said {
        let rules = &resource.lifecycle.postconditions;
        let mut verdict = Verdict::default();
        if judged && !rules.is_empty() {
            scope.object = Some(object.clone());
            verdict = judge(rules, &scope, &wording("postcondition", address), &mut said);
        }
        Said { verdict, diagnostics: said.into_iter().collect() }
    }

    /// What is known of one instance.
    pub(super) fn made(&self, address: &InstanceAddr) -> Option<&Made> {
        let instances = self.instances_at(address)?;
        instances.made.get(instances.at(address)?)
    }

    fn instances_at(&self, address: &InstanceAddr) -> Option<&Instances> {
        let frame = &self.frames[self.frame_at(&address.resource.module)?];
        let (_, resource) = self.configuration.declaration(&address.resource)?;
        let all = match address.resource.mode {
            Mode::Managed => &frame.resources,
            Mode::Data => &frame.data,
        };
        all.get(&(resource.kind.clone(), resource.name.clone()))
    }

    /// Takes in the objects of instances whose blocks mean what they meant before. True where one is another now.
    pub(super) fn take_settled(&mut self, addresses: &[InstanceAddr]) -> bool {
        let mut changed = false;
        for address in addresses {
            changed |= self.take_in(address).unwrap_or(false);
        }
        changed
    }

    fn take_in(&mut self, address: &InstanceAddr) -> Option<bool> {
        let frame = self.frame_at(&address.resource.module)?;
        let (_, resource) = self.configuration.declaration(&address.resource)?;
        let instances = self.instances_at(address)?;
        let at = instances.at(address)?;
        let (made, object) = (instances.made.get(at)?, self.settled.get(address)?.clone());
        if made.failed {
            return None;
        }
        let scope = self.scope(frame, instances.expansion.repetition(at));
        let then = self.judge_object(address, resource, scope, made.judged, &object, Diagnostics::new());
        let key = (resource.kind.clone(), resource.name.clone());
        let instances = self.frames[frame].resources.get_mut(&key)?;
        let made = instances.made.get_mut(at)?;
        made.then = then;
        let changed = made.object != object;
        made.object = object;
        instances.whole.take();
        Some(changed)
    }

    /// `prevent_destroy`; what is not known protects.
    pub(super) fn prevents(&self, resource: &Resource, scope: &FrameScope<'_>, diags: &mut Diagnostics) -> bool {
        let Some(expr) = &resource.lifecycle.prevent_destroy else { return false };
        match convert(&eval::evaluate(expr, scope, diags), &Type::Bool) {
            Ok(value) => !value.is_null() && value.as_bool().unwrap_or(true),
            Err(error) => {
                let detail = format!("\"prevent_destroy\" is true or false: {error}.");
                diags.push(Diagnostic::error("Unsuitable value type", detail).at(expr.span));
                true
            }
        }
    }
}

/// How the conditions of a resource are told.
pub(super) fn wording<'a>(kind: &'static str, address: &'a InstanceAddr) -> Wording<'a> {
    let (broken, what) = match kind {
        "precondition" => ("Resource precondition failed", "a precondition"),
        _ => ("Resource postcondition failed", "a postcondition"),
    };
    let (rest, invalid, address) = ("", "Invalid condition result", Some(address));
    Wording { broken, invalid, what, rest, address, severity: Severity::Error, later: None }
}

/// Where the attribute of a finding stands in the source; the header of the block where it is not written.
fn place_of(resource: &Resource, attribute: &str) -> Span {
    let (first, rest) = attribute.split_once('.').map_or((attribute, None), |(first, rest)| (first, Some(rest)));
    let body = &resource.body;
    match rest {
        None => body.attributes.iter().find(|a| &*a.name == first).map_or(resource.span, |a| a.expr.span),
        Some(rest) => {
            let block = body.blocks.iter().find(|block| &*block.kind == first);
            let inner = block.and_then(|block| block.body.attributes.iter().find(|a| &*a.name == rest));
            inner.map(|a| a.expr.span).or(block.map(|block| block.span)).unwrap_or(resource.span)
        }
    }
}

//! The instances of a resource, evaluated.

use super::decode::{Shared, decode};
use super::expand::Repetition;
use super::instances::{Instances, Made, Said};
use super::model::Resource;
use super::resolve::{Instance, Needs, Resolve};
use super::rules::{Wording, judge};
use super::scope::FrameScope;
use super::trigger::trigger;
use super::verdict::{CheckStatus, CheckedKind, Verdict};
use super::walk::Walk;
use crate::address::{InstanceAddr, Mode};
use crate::diag::{Diagnostic, Diagnostics, Severity, Span};
use crate::lang::ast::{Attribute, Expr, ExprKind};
use crate::lang::convert::convert;
use crate::lang::{Type, Value, eval};
use crate::path::{PathStep, ValuePath};
use crate::schema::validate;

impl<'a> Walk<'a> {
    pub(super) fn resource(
        &mut self,
        frame: usize,
        place: usize,
        resource: &'a Resource,
        resolve: &mut dyn Resolve,
    ) -> Instances {
        let mut said = Diagnostics::new();
        let expansion = self.expansion(&resource.repeat, frame, &mut said);
        let expansion = self.fitting(expansion, resource, &mut said);
        let address = self.address(frame, Mode::Managed, &resource.kind, &resource.name);
        let dependencies = Needs::new(self, place);
        let scope = self.scope(frame, Repetition::default());
        let shared = || Shared::of(resource.schema, &resource.body, resource.span, &scope);
        let shared = (expansion.len() > 1).then(shared).flatten();
        let keeps = self.goes_on || self.is_needed(place);
        let made = expansion.repetitions().map(|repetition| {
            let address = address.instance(repetition.key.clone());
            let scope = self.scope(frame, repetition);
            let made = self.instance(address, (resource, shared.as_ref()), scope, &dependencies, resolve);
            // Of thousands that nobody refers to none is held until the last one is made; what was said stays.
            let object = if keeps { made.object } else { Value::null(Type::Dynamic) };
            Made { object, ..made }
        });
        let made = made.collect();
        Instances::new(expansion, said, made)
    }

    fn instance(
        &self,
        address: InstanceAddr,
        (resource, shared): (&'a Resource, Option<&Shared<'_>>),
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
        let desired = match shared {
            Some(shared) => shared.decode(&scope, &mut own),
            None => decode(resource.schema, &resource.body, resource.span, &scope, &mut own),
        };
        for (place, fault) in validate(resource.schema, &desired) {
            let at = place_of(resource, &place);
            own.push(Diagnostic::error(format!("Invalid value for \"{place}\""), fault).at(at).on(&address));
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
                let create_first = dependencies.creates_first();
                resolve.resolve(
                    Instance { address, resource, desired, dependencies, prevent_destroy, create_first, triggers },
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
        let (_, resource) = self.program.configuration.declaration(&address.resource)?;
        let instances = self.instances_at(address)?;
        let made = instances.made(address).filter(|made| !made.failed)?;
        let object = self.settled.get(address)?.clone();
        let scope = self.scope(frame, instances.repetition(address)?);
        let then = self.judge_object(address, resource, scope, made.judged, &object, Diagnostics::new());
        let key = (resource.kind.clone(), resource.name.clone());
        self.frames[frame].resources.get_mut(&key)?.take_in(address, object, then)
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

/// Where the place of a finding stands in the source; the header of the block where it is not written.
fn place_of(resource: &Resource, place: &ValuePath) -> Span {
    let body = &resource.body;
    let mut names = place.steps().iter().filter_map(PathStep::name);
    let (Some(first), inner) = (names.next(), names.next()) else { return resource.span };
    let Some(inner) = inner else {
        return body.attributes.iter().find(|a| a.name == *first).map_or(resource.span, |a| a.expr.span);
    };
    let Some(block) = body.blocks.iter().find(|block| block.kind == *first) else { return resource.span };
    let written = block.body.attributes.iter().find(|a| a.name == *inner);
    let element = |a: &Attribute| match (&a.expr.kind, place.steps().last()) {
        (ExprKind::Tuple(elements), Some(PathStep::Index(at))) => elements.get(*at).map(|element| element.span),
        _ => None,
    };
    written.map_or(block.span, |a| element(a).unwrap_or(a.expr.span))
}

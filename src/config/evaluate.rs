//! What a configuration evaluates to.

use super::budget::Budget;
use super::program::Program;
use super::provider::ProviderSettings;
use super::resolve::Resolve;
use super::verdict::CheckResult;
use super::walk::{EvaluatedOutput, Walk};
use crate::address::{InstanceAddr, ModulePath, ResourceAddr};
use crate::diag::Diagnostics;
use crate::lang::{Effects, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a configuration evaluates to, apart from its resources, which went to the [`Resolve`].
#[derive(Debug, Default)]
pub struct Evaluated {
    /// Root outputs.
    pub outputs: BTreeMap<Arc<str>, EvaluatedOutput>,
    /// The provider block.
    pub provider: ProviderSettings,
    /// Budgets, in their order.
    pub budgets: Vec<Budget>,
    /// Every instance of a module that there is.
    pub modules: BTreeSet<ModulePath>,
    /// How the configuration's own rules came out, by address.
    pub checks: Vec<CheckResult>,
}

/// Evaluates a configuration. Errors are pushed and evaluation goes on with unknown values.
pub fn evaluate(
    program: &Program,
    effects: &dyn Effects,
    resolve: &mut dyn Resolve,
    diags: &mut Diagnostics,
) -> Evaluated {
    Evaluation(Walk::once(program, effects, resolve)).evaluated(resolve, diags)
}

/// An evaluation that goes on while more becomes known: then only what reaches from that is evaluated again.
pub struct Evaluation<'a>(Walk<'a>);

impl<'a> Evaluation<'a> {
    /// Evaluates everything.
    pub fn of(program: &'a Program, effects: &'a dyn Effects, resolve: &mut dyn Resolve) -> Evaluation<'a> {
        Evaluation(Walk::through(program, effects, resolve))
    }

    /// Whether anything else of the configuration reads the objects of a resource.
    pub fn is_read(&self, resource: &ResourceAddr) -> bool {
        self.0.declared(resource).is_some_and(|place| self.0.is_needed(place))
    }

    /// What the object of an instance really is; the [`Resolve`] is not asked for it any more.
    pub fn settle(&mut self, address: &InstanceAddr, object: Value) {
        self.0.settle(address, object);
    }

    /// The object of an instance, with all that is known by now; `None` where the configuration holds none, or errors
    /// keep it from being told.
    pub fn object(&mut self, address: &InstanceAddr, resolve: &mut dyn Resolve) -> Option<&Value> {
        self.0.refresh(self.0.declared(&address.resource)?, resolve);
        self.0.made(address).filter(|made| !made.failed).map(|made| &made.object)
    }

    /// What was said of the declaration of an instance and of the instance itself, by all that is known by now.
    pub fn said_of(&mut self, address: &InstanceAddr, resolve: &mut dyn Resolve) -> Diagnostics {
        let Some(place) = self.0.declared(&address.resource) else { return Diagnostics::new() };
        self.0.refresh(place, resolve);
        self.0.said_of(place, address).cloned().collect()
    }

    /// The resources and data sources that a resource depends on, in every module instance they have.
    pub fn dependencies(&self, address: &ResourceAddr) -> Vec<ResourceAddr> {
        self.0.declared(address).map(|place| self.0.dependencies(place)).unwrap_or_default()
    }

    /// Everything, by all that is known by now.
    pub fn evaluated(&mut self, resolve: &mut dyn Resolve, diags: &mut Diagnostics) -> Evaluated {
        self.0.refresh_all(resolve);
        self.0.tell(diags);
        let provider = self.0.provider(diags);
        let budgets = self.0.budgets(diags);
        let checks = self.0.checks(resolve.judging());
        let modules = self.0.modules();
        Evaluated { outputs: self.0.outputs.clone(), provider, budgets, modules, checks }
    }
}

//! The root module of an evaluated configuration, for expressions that stand outside of it.

use super::expand::Repetition;
use super::program::Program;
use super::resolve::Resolve;
use super::walk::Walk;
use crate::diag::{Diagnostics, Span};
use crate::lang::{Effects, Scope, Subject, Value};

/// What names mean in the root module.
pub struct RootScope<'a>(Walk<'a>);

impl<'a> RootScope<'a> {
    /// Evaluates a configuration. Errors are pushed and evaluation goes on with unknown values.
    pub fn evaluate(
        program: &'a Program,
        effects: &'a dyn Effects,
        resolve: &mut dyn Resolve,
        diags: &mut Diagnostics,
    ) -> RootScope<'a> {
        let walk = Walk::through(program, effects, resolve);
        walk.tell(diags);
        RootScope(walk)
    }
}

impl Scope for RootScope<'_> {
    fn value(&self, subject: &Subject, span: Span, diags: &mut Diagnostics) -> Value {
        self.0.scope(0, Repetition::default()).value(subject, span, diags)
    }

    fn effects(&self) -> &dyn Effects {
        self.0.effects
    }
}

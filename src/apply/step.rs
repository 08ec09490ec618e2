//! One step: what it needs to know, and how it ends.

use crate::address::ResourceAddr;
use crate::cloud::CallError;
use crate::cloud::fault::fault;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::Value;
use crate::live::Env;
use crate::plan::{Change, Step, StepId};
use crate::state::Record;
use crate::state::journal::Event;
use std::sync::Arc;
use tokio::time::Instant;

/// Everything a step needs to know before it starts.
pub(super) struct Job<'a> {
    /// Which.
    pub id: StepId,
    /// When it began.
    pub began: Instant,
    /// What it does.
    pub step: &'a Step,
    /// Its change.
    pub change: Option<&'a Change>,
    /// The object it makes, wholly known but for what the API gives.
    pub object: Option<Value>,
    /// What is recorded.
    pub record: Option<Arc<Record>>,
    /// The key of that record, where it is a deposed one.
    pub deposed: Option<String>,
    /// What it depends on.
    pub dependencies: Vec<ResourceAddr>,
    /// The template group of an instance, where it is recorded.
    pub template: Option<Template>,
}

/// The template group of an instance.
#[derive(Clone, Debug, Default)]
pub(super) struct Template {
    /// The digest of what machines get from it.
    pub digest: Option<String>,
    /// The same with the registry's password, by which an image is pulled.
    pub image: Option<String>,
    /// Its environment; `None` where the record holds secrets that nobody knows in clear.
    pub env: Option<Env>,
}

/// A step that took effect.
#[derive(Debug, Default)]
pub(super) struct Finished {
    /// The final object; `None` where it is gone.
    pub object: Option<Value>,
    /// Its id.
    pub id: Option<String>,
}

/// A step that did not.
#[derive(Debug)]
pub(super) enum Stop {
    /// It failed; what it made is recorded.
    Failed(Diagnostics),
    /// A call was sent and its outcome is not known.
    InDoubt(Diagnostics),
    /// An interrupt came before anything was called.
    Interrupted,
}

impl Job<'_> {
    /// The planned change.
    ///
    /// # Errors
    /// A plan without one.
    pub fn change(&self) -> Result<&Change, Stop> {
        self.change.ok_or_else(|| self.fault("the plan holds no change for it"))
    }

    /// The desired object.
    ///
    /// # Errors
    /// A plan without one.
    pub fn object(&self) -> Result<&Value, Stop> {
        self.object.as_ref().ok_or_else(|| self.fault("the plan holds no object for it"))
    }

    /// The record.
    ///
    /// # Errors
    /// Nothing is recorded.
    pub fn record(&self) -> Result<&Record, Stop> {
        self.record.as_deref().ok_or_else(|| self.fault("nothing is recorded at this address"))
    }

    /// By which the image of a machine is known: what its template says of it, login and all, or the template's id.
    pub fn image(&self) -> String {
        let object = self.object.as_ref().or(self.change.and_then(|change| change.after.as_ref()));
        let group = || object?.get("template_group")?.as_str().map(str::to_owned);
        self.template.as_ref().and_then(|template| template.image.clone()).or_else(group).unwrap_or_default()
    }

    /// The event that the recorded object is gone.
    pub fn removed(&self, claim: Option<String>) -> Event {
        Event::Removed { claim, address: self.step.address.clone(), deposed: self.deposed.clone() }
    }

    /// Whether what it makes replaces an object that may stand until then.
    pub fn deposes(&self) -> bool {
        self.change.is_some_and(|change| change.action == crate::plan::Action::Replace)
    }

    /// A plan that does not fit.
    pub fn fault(&self, what: &str) -> Stop {
        let detail = format!("{} cannot be applied: {what}. Plan again.", self.step.address);
        Stop::Failed(Diagnostic::error("Plan does not fit", detail).into())
    }
}

impl Stop {
    /// Why, in the words of the first of what is told.
    pub fn words(&self) -> String {
        match self {
            Stop::Failed(diags) | Stop::InDoubt(diags) => {
                diags.iter().next().map_or_else(|| "failed".to_owned(), |first| first.text())
            }
            Stop::Interrupted => "interrupted".to_owned(),
        }
    }
}

/// A step that fails because of a call.
pub(super) fn failed(doing: &str, error: &CallError) -> Stop {
    Stop::Failed(fault(doing, error).into())
}

/// A step that fails with a diagnostic of its own.
pub(super) fn refused(summary: &str, detail: impl Into<String>) -> Stop {
    Stop::Failed(Diagnostics::from(Diagnostic::error(summary, detail)))
}

//! One step: what it needs, how it ends, and which calls it makes.

use super::context::Context;
use super::{data, group, machine, release, rent};
use crate::address::{ObjectKind, ResourceAddr};
use crate::cloud::Cloud;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::Value;
use crate::live::Env;
use crate::plan::{ApplyEvent, Change, Step, StepAction, StepId};
use crate::state::Record;
use crate::state::journal::Event;
use tokio::time::Instant;

/// Everything a step needs to know before it starts.
pub(super) struct Job<'a> {
    /// Which.
    pub id: StepId,
    /// What it does.
    pub step: &'a Step,
    /// Its change.
    pub change: Option<&'a Change>,
    /// The object it makes, wholly known but for what the API gives.
    pub object: Option<Value>,
    /// What is recorded.
    pub record: Option<Record>,
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
        self.record.as_ref().ok_or_else(|| self.fault("nothing is recorded at this address"))
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

/// Runs a step to its end, telling how it goes.
pub(super) async fn run<C: Cloud>(ctx: &Context<'_, C>, job: Job<'_>) -> (StepId, Result<Finished, Stop>) {
    let (address, action) = (job.step.address.clone(), job.step.action);
    let permit = match ctx.permit().await {
        Ok(permit) => permit,
        Err(stop) => return (job.id, Err(stop)),
    };
    let began = Instant::now();
    if action != StepAction::RENT {
        started(ctx, &job);
    }
    let ended = match action {
        StepAction::Create(ObjectKind::TemplateGroup) => group::create(ctx, &job).await,
        StepAction::Update(ObjectKind::TemplateGroup) => group::update(ctx, &job).await,
        StepAction::Delete(ObjectKind::TemplateGroup) => group::delete(ctx, &job).await,
        StepAction::Create(ObjectKind::Instance) => rent::rent(ctx, &job, permit).await,
        StepAction::Update(ObjectKind::Instance) => machine::update(ctx, &job).await,
        StepAction::Delete(ObjectKind::Instance) => release::release(ctx, &job, permit).await,
        StepAction::Forget => forget(ctx, &job).await,
        StepAction::Read => data::read(ctx, &job).await,
    };
    let ended = ended.map_err(|stop| clean(stop, &job));
    let elapsed_s = began.elapsed().as_secs();
    ctx.line.show(match &ended {
        Ok(finished) => ApplyEvent::StepDone { address, action, elapsed_s, id: finished.id.clone() },
        Err(stop) => ApplyEvent::StepFailed { address, action, elapsed_s, error: stop.words() },
    });
    (job.id, ended)
}

/// Tells that a step begins; a rent does when its turn has come.
pub(super) fn started<C>(ctx: &Context<'_, C>, job: &Job<'_>) {
    let (address, action) = (job.step.address.clone(), job.step.action);
    ctx.line.show(ApplyEvent::StepStarted { address, action, detail: detail(job) });
}

async fn forget<C: Cloud>(ctx: &Context<'_, C>, job: &Job<'_>) -> Result<Finished, Stop> {
    ctx.line.commit(vec![job.removed(None)]).await?;
    Ok(Finished::default())
}

fn detail(job: &Job<'_>) -> Option<String> {
    if job.step.action == StepAction::RENT {
        let offer = &job.change?.placed.as_ref()?.offer;
        return Some(format!("{}x {} at {} per GPU-hour", offer.gpu_count, offer.gpu_model, offer.price_per_gpu));
    }
    job.record.as_ref().and_then(Record::id).map(|id| format!("id={id}"))
}

impl Stop {
    fn words(&self) -> String {
        match self {
            Stop::Failed(diags) | Stop::InDoubt(diags) => {
                diags.iter().next().map_or_else(|| "failed".to_owned(), |first| first.text())
            }
            Stop::Interrupted => "interrupted".to_owned(),
        }
    }
}

/// Names the address in every diagnostic, and hides the object's secrets should the API have repeated one (invariants
/// 9 and 13).
fn clean(stop: Stop, job: &Job<'_>) -> Stop {
    let secrets = secrets_of(job.object.as_ref());
    let cleaned = |diags: Diagnostics| {
        let mut all = Diagnostics::new();
        for mut diagnostic in diags {
            diagnostic.detail = redact(&diagnostic.detail, &secrets);
            diagnostic.hint = diagnostic.hint.map(|hint| redact(&hint, &secrets).into());
            diagnostic.address.get_or_insert_with(|| Box::new(job.step.address.clone()));
            all.push(diagnostic);
        }
        all
    };
    match stop {
        Stop::Failed(diags) => Stop::Failed(cleaned(diags)),
        Stop::InDoubt(diags) => Stop::InDoubt(cleaned(diags)),
        Stop::Interrupted => Stop::Interrupted,
    }
}

/// Every sensitive text of an object, longest first.
pub(super) fn secrets_of(object: Option<&Value>) -> Vec<String> {
    fn walk(value: &Value, hidden: bool, found: &mut Vec<String>) {
        let hidden = hidden || value.marks.sensitive;
        match value.as_str() {
            Some(text) if hidden && !text.is_empty() => found.push(text.to_owned()),
            _ => {}
        }
        for element in value.as_elements().into_iter().flatten() {
            walk(element, hidden, found);
        }
        for entry in value.as_entries().into_iter().flat_map(|entries| entries.values()) {
            walk(entry, hidden, found);
        }
    }
    let mut found = Vec::new();
    if let Some(object) = object {
        walk(object, false, &mut found);
    }
    found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    found
}

/// The text without the secrets.
pub(super) fn redact(text: &str, secrets: &[String]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "(sensitive)"))
}

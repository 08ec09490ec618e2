//! Which calls a step makes.

use super::context::Context;
use super::step::{Finished, Job, Stop};
use super::telling::{clean, started};
use super::{data, group, machine, release, rent};
use crate::address::ObjectKind;
use crate::cloud::Cloud;
use crate::plan::{ApplyEvent, StepAction, StepId};
use tokio::sync::SemaphorePermit;

/// Runs a step to its end, telling how it goes.
pub(super) async fn run<C: Cloud>(
    ctx: &Context<'_, C>,
    job: Job<'_>,
    place: SemaphorePermit<'_>,
) -> (StepId, Result<Finished, Stop>) {
    let (address, action) = (job.step.address.clone(), job.step.action);
    if !action.rents() {
        started(ctx, &job);
    }
    let ended = match action {
        StepAction::Create(ObjectKind::TemplateGroup) => group::create(ctx, &job).await,
        StepAction::Update(ObjectKind::TemplateGroup) => group::update(ctx, &job).await,
        StepAction::Delete(ObjectKind::TemplateGroup) => group::delete(ctx, &job).await,
        StepAction::Create(ObjectKind::Instance) => rent::rent(ctx, &job, place).await,
        StepAction::Update(ObjectKind::Instance) => machine::update(ctx, &job).await,
        StepAction::Delete(ObjectKind::Instance) => release::release(ctx, &job, place).await,
        StepAction::Forget => forget(ctx, &job).await,
        StepAction::Read => data::read(ctx, &job).await,
    };
    let ended = ended.map_err(|stop| clean(stop, &job));
    let elapsed_s = job.began.elapsed().as_secs();
    ctx.line.show(match &ended {
        Ok(finished) => ApplyEvent::StepDone { address, action, elapsed_s, id: finished.id.clone() },
        Err(stop) => ApplyEvent::StepFailed { address, action, elapsed_s, error: stop.words() },
    });
    (job.id, ended)
}

async fn forget<C: Cloud>(ctx: &Context<'_, C>, job: &Job<'_>) -> Result<Finished, Stop> {
    ctx.line.commit(vec![job.removed(None)]).await?;
    Ok(Finished::default())
}

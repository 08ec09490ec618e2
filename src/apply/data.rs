//! Data sources that could not be read for the plan.

use super::context::Context;
use super::step::{Finished, Job, Stop, failed, refused};
use crate::cloud::Cloud;
use crate::live::Reads;
use crate::plan::{Answer, answer};
use crate::refresh::{doing, one};
use crate::schema;

/// Reads a data source.
pub(super) async fn read<C: Cloud>(ctx: &Context<'_, C>, job: &Job<'_>) -> Result<Finished, Stop> {
    let (resource, given) = (&job.step.address.resource, job.object()?);
    let table =
        schema::table(resource.mode, &resource.kind).ok_or_else(|| job.fault("there is no such data source"))?;
    if !given.is_wholly_known() {
        return Err(job.fault("its arguments are still not known"));
    }
    let mut reads = Reads::default();
    // Each answer is asked for once.
    loop {
        match answer(table, given, &reads) {
            Answer::Object(object) => return Ok(Finished { object: Some(object), id: None }),
            Answer::Nothing(why) => return Err(refused("Data source found nothing", why)),
            Answer::Wants(want) => {
                let answer = one(ctx.cloud, want).await.map_err(|error| failed(&doing(want), &error))?;
                reads.take(answer);
            }
        }
    }
}

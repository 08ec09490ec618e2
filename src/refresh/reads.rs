//! Reads what a plan wants to know beside the lists.

use crate::cloud::fault::fault;
use crate::cloud::{CallError, Cloud};
use crate::diag::Diagnostics;
use crate::live::{Reads, Want};
use futures::stream::{self, StreamExt};
use std::collections::BTreeSet;

/// Reads that run at once: half of the 16 calls that a client sends at once at least, for some of these are lists of
/// many pages.
const AT_ONCE: usize = 8;

/// Reads everything that is wanted.
///
/// # Errors
/// What could not be read.
pub async fn read<C: Cloud>(cloud: &C, wanted: &BTreeSet<Want>, reads: &mut Reads) -> Result<(), Diagnostics> {
    let answers: Vec<(Want, Result<Reads, CallError>)> =
        stream::iter(wanted.iter().map(|want| async { (*want, one(cloud, *want).await) }))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
    let mut faults = Diagnostics::new();
    for (want, answer) in answers {
        match answer {
            Ok(answer) => reads.take(answer),
            Err(error) => faults.push(fault(&doing(want), &error)),
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// One answer.
///
/// # Errors
/// The call's.
pub async fn one<C: Cloud>(cloud: &C, want: Want) -> Result<Reads, CallError> {
    let mut reads = Reads::default();
    match want {
        Want::Offers => reads.offers = Some(cloud.offers().await?),
        Want::GlobalTemplates => reads.global_templates = Some(cloud.global_templates().await?),
        Want::Groups => reads.all_groups = Some(cloud.groups().await?.rows),
        Want::Machines => reads.all_machines = Some(cloud.machines().await?.rows),
        Want::Account => reads.account = Some(cloud.account().await?),
        Want::Object(id) => drop(reads.objects.insert(id, cloud.object(id).await?)),
    }
    Ok(reads)
}

/// What a read is for, as a message says it.
pub fn doing(want: Want) -> String {
    match want {
        Want::Offers => "Listing the market's offers".to_owned(),
        Want::GlobalTemplates => "Listing the vendor's templates".to_owned(),
        Want::Groups => "Listing the template groups of the account".to_owned(),
        Want::Machines => "Listing the machines of the account".to_owned(),
        Want::Account => "Reading the account".to_owned(),
        Want::Object(id) => format!("Reading {} {}", id.kind(), id.number()),
    }
}

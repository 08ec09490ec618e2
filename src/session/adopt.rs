//! Objects of the account taken into the state.

use super::failure::Failure;
use super::held::Held;
use super::person::Person;
use super::work::Session;
use crate::address::InstanceAddr;
use crate::apply::{Taken, take_over};
use crate::cloud::Cloud;
use crate::cloud::fault::fault;
use crate::diag::Diagnostic;
use crate::live::{LiveObject, Mark, Notes, ObjectId};
use crate::plan::record_of_live;
use crate::refresh::{Adoption, adoption, is_unseen};
use crate::schema::schema;
use crate::state::Record;
use crate::state::journal::Event;
use std::sync::Arc;

/// Takes objects into the state, one after the other, each under the address of its mark, of the call that made it, or that
/// a person names.
pub async fn adopt<C: Cloud>(
    wanted: impl IntoIterator<Item = (ObjectId, Option<InstanceAddr>)>,
    session: &Session<'_, C>,
    held: &mut Held,
    person: &dyn Person,
) -> Result<(), Failure> {
    held.begin();
    let name = session.fleet.name().unwrap_or_default();
    let lineage = held.state.lineage.clone();
    let account = session.account.clone();
    held.commit(vec![Event::Begin { lineage: lineage.clone(), fleet: Some(name.to_owned()), account }]).await?;
    let key = session.secret_key(&lineage);
    let mut wishes = None;
    for (id, at) in wanted {
        let none = || Diagnostic::error("Cannot be adopted", format!("The account holds no {id}."));
        let failed = |error| fault(&format!("Reading {id}"), &error);
        let object = session.cloud.object(id).await.map_err(failed)?.ok_or_else(none)?;
        forget_gone(&object, at.as_ref(), session, held).await?;
        let address = match adoption(&held.state, name, &object, at.as_ref(), &key)? {
            Adoption::Answers(event) => {
                let address = match &event {
                    Event::Recorded { address, .. } => address.to_string(),
                    _ => String::new(),
                };
                held.commit(vec![event]).await?;
                address
            }
            Adoption::Marked { mark, record } => {
                let address = mark.address.clone();
                let record = match record {
                    Some(record) => Arc::unwrap_or_clone(record),
                    None => {
                        let wished = wishes.get_or_insert_with(|| session.fleet.desired(session.planning));
                        let mut record = record_of_live(schema(id.kind()), &object, wished.get(&address), &key);
                        record.claim = Some(mark.claim.clone());
                        record
                    }
                };
                let text = object.notes().map_or("", Notes::text).to_owned();
                let foreign = mark.lineage != lineage;
                let (lineage, serial) = (lineage.clone(), held.state.serial);
                let mark = Mark { lineage, serial, machine: id.machine(), ..mark };
                if foreign {
                    let taken = Taken { id, record, text, mark };
                    take_over(session.cloud, taken, &session.clock, async |events| held.commit(events).await).await?;
                } else {
                    let record = Arc::new(record);
                    held.commit(vec![Event::Recorded { claim: None, address: address.clone(), record }]).await?;
                }
                match foreign {
                    true => format!("{address}; its mark names this state now"),
                    false => address.to_string(),
                }
            }
        };
        person.adopted(id, &address);
    }
    Ok(())
}

/// Drops what is recorded at the address of an object that is about to be taken in, where it is gone: an older state comes
/// back with what was replaced since.
async fn forget_gone<C: Cloud>(
    object: &LiveObject,
    at: Option<&InstanceAddr>,
    session: &Session<'_, C>,
    held: &mut Held,
) -> Result<(), Failure> {
    let mark = object.mark();
    let Some(address) = mark.map(|mark| &mark.address).or(at).cloned() else { return Ok(()) };
    // A machine that was never read may not show yet, and is not gone for that.
    let is_seen = |record: &Record| object.id().machine().is_none() || !is_unseen(record);
    let recorded = held.state.resources.get(&address).filter(|record| is_seen(record));
    let recorded = recorded.and_then(|record| record.object_id(&address));
    let Some(other) = recorded.filter(|other| *other != object.id()) else { return Ok(()) };
    let read = session.cloud.object(other).await.map_err(|error| fault(&format!("Reading {other}"), &error))?;
    if read.is_none_or(|other| other.is_gone()) {
        held.commit(vec![Event::Removed { claim: None, address, deposed: None }]).await?;
    }
    Ok(())
}

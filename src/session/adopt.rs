//! Objects of the account taken into the state.

use super::failure::Failure;
use super::held::Held;
use super::person::Person;
use super::work::Session;
use crate::apply::{Taken, take_over};
use crate::cloud::Cloud;
use crate::cloud::fault::fault;
use crate::diag::Diagnostic;
use crate::live::{Mark, ObjectId};
use crate::plan::record_of_live;
use crate::refresh::{Adoption, adoption};
use crate::schema::schema;
use crate::state::journal::Event;
use std::collections::BTreeSet;

/// Takes objects into the state, one after the other, each under the address of its mark or of the call that made it.
pub async fn adopt<C: Cloud>(
    ids: &BTreeSet<ObjectId>,
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
    for &id in ids {
        let none = || Diagnostic::error("Cannot be adopted", format!("The account holds no {id}."));
        let failed = |error| fault(&format!("Reading {id}"), &error);
        let object = session.cloud.object(id).await.map_err(failed)?.ok_or_else(none)?;
        let address = match adoption(&held.state, name, &object, &key)? {
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
                    Some(record) => *record,
                    None => {
                        let wished = wishes.get_or_insert_with(|| session.fleet.desired(session.planning));
                        let mut record = record_of_live(schema(id.kind()), &object, wished.get(&address), &key);
                        record.claim = Some(mark.claim.clone());
                        record
                    }
                };
                let text = object.notes().map(|notes| Mark::read(notes).0).unwrap_or_default();
                let foreign = mark.lineage != lineage;
                let mark = Mark { lineage: lineage.clone(), ..mark };
                if foreign {
                    let taken = Taken { id, record, text, mark };
                    take_over(session.cloud, taken, &session.clock, async |events| held.commit(events).await).await?;
                } else {
                    let record = Box::new(record);
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

//! Objects of the account taken into the state: for `recover -adopt` and `orphans -adopt`.

use super::account::Access;
use super::commands::Context;
use super::effects::World;
use super::exit::Failure;
use super::fleet::Fleet;
use super::held::Held;
use crate::apply::{Taken, take_over};
use crate::cloud::Cloud;
use crate::cloud::fault::fault;
use crate::diag::Diagnostic;
use crate::live::{Mark, ObjectId};
use crate::plan::{LiveObject, record_of_live};
use crate::refresh::{Adoption, Clock, Live, adoption};
use crate::schema::schema;
use crate::simplepod::Client;
use crate::state::journal::Event;
use std::collections::BTreeSet;

/// What `-adopt` and `-release` name.
pub struct Named {
    /// "all".
    pub all: bool,
    /// One by one.
    pub ids: Vec<ObjectId>,
}

impl Named {
    /// Reads the values of a flag.
    pub fn read(flag: &str, values: &[String]) -> Result<Named, Failure> {
        let wrong = |why: String| Diagnostic::error(format!("Invalid {flag}"), format!("{why}, nor \"all\"."));
        let (all, ids): (Vec<&String>, Vec<&String>) = values.iter().partition(|value| *value == "all");
        let ids: Result<Vec<ObjectId>, String> = ids.into_iter().map(|text| text.parse()).collect();
        Ok(Named { all: !all.is_empty(), ids: ids.map_err(wrong)? })
    }

    /// Nothing is named.
    pub fn is_empty(&self) -> bool {
        !self.all && self.ids.is_empty()
    }

    /// The ids, where "all" are these.
    pub fn among(&self, all: impl Iterator<Item = ObjectId>) -> BTreeSet<ObjectId> {
        let all = all.filter(|_| self.all);
        self.ids.iter().copied().chain(all).collect()
    }
}

/// Takes objects into the state, one after the other, each under the address of its mark or of the call that made it.
pub async fn adopt(
    ids: &BTreeSet<ObjectId>,
    (fleet, effects): (&Fleet, &World),
    (client, access): (&Client, &Access),
    held: &mut Held,
    context: &Context,
) -> Result<(), Failure> {
    held.begin();
    let name = fleet.name().unwrap_or_default();
    let lineage = held.state.lineage.clone();
    let account = access.identity.clone();
    held.commit(vec![Event::Begin { lineage: lineage.clone(), fleet: Some(name.to_owned()), account }])?;
    let key = access.secret_key(&lineage);
    let clock = Clock::new(jiff::Timestamp::now());
    let mut wishes = None;
    for &id in ids {
        let none = || Diagnostic::error("Cannot be adopted", format!("The account holds no {id}."));
        let failed = |error| fault(&format!("Reading {id}"), &error);
        let (machine, group);
        let (live, object) = match id {
            ObjectId::Machine(id) => {
                machine = client.machine(id).await.map_err(failed)?.ok_or_else(none)?;
                (Live::Machine(&machine), LiveObject::Machine(&machine))
            }
            ObjectId::Group(id) => {
                group = client.group(id).await.map_err(failed)?.ok_or_else(none)?;
                (Live::Group(&group), LiveObject::Group(&group))
            }
        };
        let address = match adoption(&held.state, name, &live, &key)? {
            Adoption::Answers(event) => {
                let address = match &event {
                    Event::Recorded { address, .. } => address.to_string(),
                    _ => String::new(),
                };
                held.commit(vec![event])?;
                address
            }
            Adoption::Marked { mark, record } => {
                let address = mark.address.clone();
                let record = match (record, schema(id.kind())) {
                    (Some(record), _) => *record,
                    (None, Some(schema)) => {
                        let wished = wishes.get_or_insert_with(|| fleet.desired(effects));
                        let mut record = record_of_live(schema, object, wished.get(&address), &key);
                        record.claim = Some(mark.claim.clone());
                        record
                    }
                    (None, None) => continue,
                };
                let text = object.notes().map(|notes| Mark::read(notes).0).unwrap_or_default();
                let foreign = mark.lineage != lineage;
                let mark = Mark { lineage: lineage.clone(), ..mark };
                if foreign {
                    let taken = Taken { id, record, text, mark };
                    take_over(client, taken, &clock, &mut |events| held.commit(events)).await?;
                } else {
                    let record = Box::new(record);
                    held.commit(vec![Event::Recorded { claim: None, address: address.clone(), record }])?;
                }
                match foreign {
                    true => format!("{address}; its mark names this state now"),
                    false => address.to_string(),
                }
            }
        };
        context.terminal.line(&format!("{id} is recorded as {address}."));
    }
    Ok(())
}

/// Asks for the one word that approves; without anybody to ask, `-auto-approve` must stand.
pub fn approved(question: &str, auto_approve: bool, can_ask: bool, context: &Context) -> Result<bool, Failure> {
    if auto_approve {
        return Ok(true);
    }
    if !can_ask {
        let detail = "What cannot be asked about needs -auto-approve.";
        return Err(Diagnostic::error("Approval needed", detail).into());
    }
    let answer =
        context.terminal.ask(&format!("{question}\n  Only 'yes' will be accepted to approve.\n\n  Enter a value: "));
    let yes = answer.as_deref() == Some("yes");
    context.terminal.tell(if yes { "\n" } else { "\nCancelled. Nothing was changed.\n" });
    Ok(yes)
}

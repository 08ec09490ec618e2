//! What a person does where the API leaves in doubt what a call made, as `podform recover` does it.

use super::cloud::World;
use super::run::{End, How, opened};
use super::trouble::Trouble;
use futures::future::{LocalBoxFuture, ready};
use podform::address::InstanceAddr;
use podform::config::Variable;
use podform::live::{ObjectId, Proof};
use podform::refresh::{Refresh, candidates, lost_since, refresh};
use podform::session::{Failure, Held, Person, Session, Telling, adopt};
use podform::state::{Event, Intent, IntentAction, orphans};

/// Nobody looks at the terminal.
struct Silent;

impl Person for Silent {
    fn value_of<'a>(&'a self, _: &'a Variable) -> LocalBoxFuture<'a, Result<Option<String>, Failure>> {
        Box::pin(ready(Ok(None)))
    }

    fn settling(&self, _: usize) -> Box<dyn Telling> {
        Box::new(())
    }

    fn adopted(&self, _: ObjectId, _: &str) {}
}

/// `podform recover`; then, of what stays in doubt, `-adopt=ADDRESS=ID` where the account holds what a rent could have made,
/// and `-close` where it does not; last, `-adopt=ADDRESS=ID` of what may be ours and is like a rent that was given up. What
/// was done.
pub async fn settles(world: &World, how: &How) -> Vec<String> {
    world.begin(Trouble::None);
    let settled = opened(world, world.store(), how, async |session, mut held| {
        let stopped = |told: podform::diag::Diagnostics| End::Stopped(vec![format!("{told:?}")]);
        let events = session.settled(&held.state).await.map_err(stopped)?.events;
        held.commit(events).await.map_err(|told| stopped(told.into()))?;
        let mut done = Vec::new();
        for intent in held.state.open.values().cloned().collect::<Vec<_>>() {
            done.push(by_hand(&intent, world, session, &mut held).await);
        }
        let snapshot = refresh(world, &held.state, Refresh::Orphans).await.map_err(stopped)?;
        let found = orphans(&held.state, &snapshot, "sim");
        world.ledger.lock().unwrap().told.extend(found.iter().map(|orphan| orphan.id.number()));
        for orphan in found.into_iter().filter(|orphan| orphan.proof == Proof::Perhaps) {
            let free = |at: &InstanceAddr| !held.state.resources.contains_key(at) && how.hcl.contains(&block(at));
            if let Some(at) = orphan.address.filter(free) {
                done.push(adopts(orphan.id, at, session, &mut held).await);
            }
        }
        held.store.snapshot(&mut held.state).await.map_err(|error| End::Stopped(vec![error.to_string()]))?;
        let _ = held.store.close().await;
        Ok(done)
    });
    settled.await.unwrap_or_else(|end| vec![end.words()])
}

/// `podform recover -adopt=all` with this state's own lineage, after an older one came back.
pub async fn takes_in_newer(world: &World, how: &How) -> Vec<String> {
    world.begin(Trouble::None);
    let done = opened(world, world.store(), how, async |session, mut held| {
        let stopped = |told: podform::diag::Diagnostics| End::Stopped(vec![format!("{told:?}")]);
        let snapshot = refresh(world, &held.state, Refresh::Orphans).await.map_err(stopped)?;
        let (unknown, serial) = lost_since(&snapshot, "sim", &held.state);
        let mut done = vec![format!("serial {serial}")];
        for id in unknown {
            let adopted = adopt([(id, None)], session, &mut held, &Silent).await;
            done.push(format!("{id}{}", adopted.err().map_or_else(String::new, |failure| format!(": {failure:?}"))));
        }
        held.state.serial = held.state.serial.max(serial);
        held.store.snapshot(&mut held.state).await.map_err(|error| End::Stopped(vec![error.to_string()]))?;
        Ok(done)
    });
    done.await.unwrap_or_else(|end| vec![end.words()])
}

/// As the head of its block stands in the configuration.
fn block(at: &InstanceAddr) -> String {
    format!("\"{}\" \"{}\"", at.resource.kind, at.resource.name)
}

async fn by_hand(intent: &Intent, world: &World, session: &Session<'_, World>, held: &mut Held) -> String {
    let address = intent.address.clone();
    match candidates(world, &held.state, intent, &session.clock).await.unwrap().first() {
        Some(id) => adopts(*id, address, session, held).await,
        None => {
            let claim = intent.claim.clone();
            let event = match intent.action {
                IntentAction::Create(_) => Event::Absent { claim, at: session.clock.now() },
                IntentAction::Update | IntentAction::Delete | IntentAction::Reboot => {
                    Event::NotDone { claim, reason: "closed by a person".to_owned() }
                }
            };
            held.commit(vec![event]).await.unwrap();
            format!("-close={address}")
        }
    }
}

async fn adopts(id: ObjectId, at: InstanceAddr, session: &Session<'_, World>, held: &mut Held) -> String {
    let adopted = adopt([(id, Some(at.clone()))], session, held, &Silent).await;
    let told = adopted.err().map_or_else(String::new, |failure| format!(": {failure:?}"));
    format!("-adopt={at}={id}{told}")
}

//! What an apply does before it plans: machines that nobody saw inside of what was approved are proven, or released.

use super::held::Held;
use super::work::{Planning, Session};
use crate::apply::{release_outside, unwritten};
use crate::cloud::Cloud;
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::live::{ObjectId, Snapshot};
use crate::planning::Look;
use crate::refresh::{Approval, Unproven, unreadable};
use crate::state::Record;
use crate::state::journal::Event;
use std::sync::Arc;

impl Held {
    /// Reads the account, and proves what is recorded ([`Held::prove`]).
    ///
    /// # Errors
    /// As [`Session::look`]; another run has taken the state over; the journal cannot be written.
    pub async fn look<'s, C: Cloud>(
        &mut self,
        session: &'s Session<'_, C>,
        how: &Planning,
        rents: bool,
        diags: &mut Diagnostics,
    ) -> Result<Look<'s>, Diagnostics> {
        let mut look = match session.look(&self.state, how, rents).await {
            Ok(look) => look,
            // What does not fit may be what another run has done meanwhile.
            Err(wrong) => return Err(self.store.overtaken().await.map_or(wrong, |taken| unwritten(&taken).into())),
        };
        self.prove(session, &mut look.snapshot, diags).await?;
        Ok(look)
    }

    /// Releases each machine that was never seen inside of what was approved, and is seen outside of it now; records each
    /// that is seen inside (invariant 15). What is released leaves the snapshot.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn prove<C: Cloud>(
        &mut self,
        session: &Session<'_, C>,
        snapshot: &mut Snapshot,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        let fleet = session.fleet.name().unwrap_or_default();
        for found in Unproven::all(&self.state, snapshot, &session.wished_cap()) {
            let Unproven { address, id, record, approval } = &found;
            match approval {
                Approval::Inside => {
                    let record = Arc::new(Record { unproven: None, ..Record::clone(record) });
                    self.commit(vec![Event::Recorded { claim: None, address: address.clone(), record }]).await?;
                }
                Approval::Unreadable => diags.push(unreadable(address, *id)),
                Approval::Outside(why) => {
                    let (before, mut writes) = (self.state.clone(), true);
                    let commit = async |events| {
                        let written = self.commit(events).await;
                        (self.released, writes) = (true, written.is_ok());
                        written
                    };
                    match release_outside(session.cloud, &found, (&before, fleet), &session.clock, commit).await {
                        Ok(()) => {
                            snapshot.objects.remove(&ObjectId::Machine(*id));
                            diags.push(found.outside(why, "It is released."));
                        }
                        // The others are not kept from their plan; but nothing is done that cannot be recorded (invariants 1
                        // and 14).
                        Err(told) if writes => diags.push(Diagnostic { severity: Severity::Warning, ..told }),
                        Err(told) => return Err(told),
                    }
                }
            }
        }
        Ok(())
    }
}

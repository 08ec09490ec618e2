//! Orphans for other programs.

use crate::live::{Orphan, Proof};
use crate::schema::dollars;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// What `orphans -json` prints.
pub fn orphans_json(orphans: &[Orphan], fleet: &str, lineage: &str, now: Timestamp) -> Json {
    let rows = orphans.iter().map(|orphan| {
        json!({
            "kind": orphan.id.kind().resource_type(),
            "id": orphan.id.to_string(),
            "hash_id": orphan.hash_id,
            "address": orphan.address.as_ref().map(ToString::to_string),
            "claim": orphan.claim,
            "given_up": orphan.proof == Proof::GivenUp,
            "proof": orphan.proof.word(),
            "created_at": orphan.created.map(|at| at.to_string()),
            "age_seconds": orphan.age(now),
            "cost_so_far": orphan.so_far(now).map(dollars),
            "hourly_cost": orphan.hourly.map(dollars),
        })
    });
    json!({ "format_version": "1.0", "fleet": fleet, "lineage": lineage, "orphans": rows.collect::<Vec<_>>() })
}

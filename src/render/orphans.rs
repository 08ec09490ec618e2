//! Orphans, and operations in doubt, as text and JSON.

use crate::live::Orphan;
use crate::schema::observe::dollars;
use crate::state::{Intent, IntentAction};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// One line for an operation whose outcome is not known.
pub fn intent_text(intent: &Intent) -> String {
    let id = intent.id.map(|id| format!(" of {id}")).unwrap_or_default();
    let what = match intent.action {
        IntentAction::CreateGroup => {
            let name = intent.group_name.as_deref().unwrap_or_default();
            format!("creation of the template group \"{name}\"")
        }
        IntentAction::Rent => match (&intent.gpu_model, intent.gpu_count) {
            (Some(model), Some(count)) => format!("rent of {count}x {model}"),
            _ => "rent".to_owned(),
        },
        IntentAction::Update => format!("update{id}"),
        IntentAction::Delete => format!("removal{id}"),
    };
    let claim: String = intent.claim.chars().take(8).collect();
    let cost = intent.hourly_cost.map(|cost| format!(", {cost} per hour if it exists")).unwrap_or_default();
    format!("{}: {what}, sent {}, never answered{cost} (claim {claim})", intent.address, intent.at)
}

/// What `orphans` prints.
pub fn orphans_text(orphans: &[Orphan], fleet: &str, now: Timestamp) -> String {
    if orphans.is_empty() {
        return format!("The fleet \"{fleet}\" has no orphans.\n");
    }
    let count = match orphans.len() {
        1 => "1 orphan".to_owned(),
        count => format!("{count} orphans"),
    };
    let mut text = format!("{count} of the fleet \"{fleet}\": made for it, and recorded nowhere.\n\n");
    for orphan in orphans {
        text.push_str(&format!("  {}\n", orphan.words(now)));
    }
    text.push_str("\npodform orphans -adopt=ID takes one into the state, -release=ID releases it.\n");
    text
}

/// What `orphans -json` prints.
pub fn orphans_json(orphans: &[Orphan], fleet: &str, lineage: &str, now: Timestamp) -> Json {
    let rows = orphans.iter().map(|orphan| {
        json!({
            "kind": orphan.id.kind(),
            "id": orphan.id.to_string(),
            "hash_id": orphan.hash_id,
            "address": orphan.address.as_ref().map(ToString::to_string),
            "claim": orphan.claim,
            "given_up": orphan.given_up,
            "created_at": orphan.created.map(|at| at.to_string()),
            "age_seconds": orphan.age(now),
            "cost_so_far": orphan.so_far(now).map(dollars),
            "hourly_cost": orphan.hourly.map(dollars),
        })
    });
    json!({ "format_version": "1.0", "fleet": fleet, "lineage": lineage, "orphans": rows.collect::<Vec<_>>() })
}

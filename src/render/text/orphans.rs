//! Orphans, and operations in doubt.

use crate::address::ObjectKind;
use crate::live::Orphan;
use crate::state::{Intent, IntentAction};
use jiff::Timestamp;

/// One line for an operation whose outcome is not known.
pub fn intent_text(intent: &Intent) -> String {
    let id = intent.id.map(|id| format!(" of {id}")).unwrap_or_default();
    let what = match intent.action {
        IntentAction::Create(ObjectKind::TemplateGroup) => {
            let name = intent.group_name.as_deref().unwrap_or_default();
            format!("creation of the template group \"{name}\"")
        }
        IntentAction::Create(ObjectKind::Instance) => match (&intent.gpu_model, intent.gpu_count) {
            (Some(model), Some(count)) => format!("rent of {count}x {model}"),
            _ => "rent".to_owned(),
        },
        IntentAction::Update => format!("update{id}"),
        IntentAction::Delete => format!("removal{id}"),
        IntentAction::Reboot => format!("reboot{id}"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{MachineId, ObjectId, Proof};

    #[test]
    fn orphans_are_told_to_people_and_programs() {
        let orphan = Orphan {
            id: ObjectId::Machine(MachineId(5)),
            hash_id: None,
            address: "simplepod_instance.a".parse().ok(),
            claim: Some("c".into()),
            created: None,
            hourly: None,
            proof: Proof::GivenUp,
        };
        let text = orphans_text(std::slice::from_ref(&orphan), "lab", Timestamp::UNIX_EPOCH);
        assert!(text.starts_with("1 orphan of the fleet \"lab\""), "{text}");
        assert!(text.contains("machine 5, made for simplepod_instance.a by a call that was given up as absent\n"));
        let json = crate::render::orphans_json(&[orphan], "lab", "l", Timestamp::UNIX_EPOCH);
        assert_eq!(json["orphans"][0]["id"], "5");
        assert!(json["orphans"][0]["cost_so_far"].is_null());
    }

    #[test]
    fn an_operation_in_doubt_is_told_in_one_line() {
        let address = "simplepod_template_group.g".parse().expect("an address");
        let mut intent = Intent::new("0123456789".into(), IntentAction::Update, address, Timestamp::UNIX_EPOCH);
        intent.id = Some(7);
        let told =
            "simplepod_template_group.g: update of 7, sent 1970-01-01T00:00:00Z, never answered (claim 01234567)";
        assert_eq!(intent_text(&intent), told);
    }
}

//! The sentence above a change: what will happen to which object, and why.

use crate::address::{InstanceAddr, InstanceKey};
use crate::money::Usd;
use crate::path::listed;
use crate::plan::{Action, Reason};
use crate::render::escape::harmless_line;
use crate::review::{Alike, Described, Headline};
use crate::schema::Rest;

/// What follows the address: " will be rented".
pub fn sentence(change: &Described<'_>) -> String {
    match change.headline {
        Headline::MovedFrom(_) => return format!(" has moved to {}", change.address),
        Headline::Imported => return " will be imported".to_owned(),
        Headline::Action => {}
    }
    let machine = change.is_machine();
    match change.action {
        Action::NoOp => " stays as it is",
        Action::Create if machine => " will be rented",
        Action::Create => " will be created",
        Action::Update => " will be updated in-place",
        Action::Replace => match (change.reason, machine) {
            (Some(Reason::Tainted(_)), true) => " is tainted, so it must be re-rented",
            (Some(Reason::Tainted(_)), false) => " is tainted, so must be replaced",
            (Some(Reason::Unhealthy(_)), true) => " is unhealthy, so it must be re-rented",
            (Some(Reason::Requested), true) => " will be re-rented, as requested",
            (Some(Reason::Requested), false) => " will be replaced, as requested",
            (Some(Reason::Rebalanced), _) => " will be re-rented from a cheaper offer",
            (Some(Reason::Triggered), true) => " will be re-rented due to changes in replace_triggered_by",
            (Some(Reason::Triggered), false) => " will be replaced due to changes in replace_triggered_by",
            (_, true) => " must be re-rented",
            (_, false) => " must be replaced",
        },
        Action::Read => " will be read during apply",
        Action::Delete if machine => " will be released",
        Action::Delete => " will be destroyed",
        Action::Forget if change.reason == Some(&Reason::LetGo) => {
            " will no longer be managed by podform, but will not be destroyed"
        }
        Action::Forget => " is gone already, so only its record will go",
    }
    .to_owned()
}

/// True for a reason that may have other words for each object.
pub fn is_own(reason: Option<&Reason>) -> bool {
    matches!(reason, Some(Reason::Tainted(_) | Reason::Unhealthy(_)))
}

/// Why, of changes that are alike; `None` where the difference tells it, or each has its own words.
pub fn because_all(alike: &Alike<'_, '_>) -> Option<String> {
    let first = alike.members.first()?;
    let many = alike.members.len() > 1;
    let same_module =
        alike.members.iter().all(|member| member.address.resource.module == first.address.resource.module);
    let text = match (first.reason, &first.address.key) {
        (reason, _) if many && is_own(reason) => return None,
        (Some(Reason::Rests { rest, .. }), _) => {
            let saves = alike.members.iter().filter_map(|member| match member.reason {
                Some(Reason::Rests { saves, .. }) => Some(*saves),
                _ => None,
            });
            let all = Reason::Rests { rest: rest.clone(), saves: saves.sum() };
            return because(first.address, Some(&all));
        }
        (Some(Reason::NoKey), Some(InstanceKey::Int(_))) if many => "because these indexes are out of range for count",
        (Some(Reason::NoKey), Some(InstanceKey::Str(_))) if many => "because these keys are not in for_each map",
        (Some(Reason::NoModule), _) if !same_module => "because these modules are not in configuration",
        (Some(Reason::NoBlock), _) if !same_module => "because it is not in configuration",
        (reason, _) => return because(first.address, reason),
    };
    Some(format!("({text})"))
}

/// Why, in brackets below the headline; `None` where the difference tells it.
pub fn because(address: &InstanceAddr, reason: Option<&Reason>) -> Option<String> {
    let text = match reason? {
        Reason::NoBlock => format!("because {} is not in configuration", address.resource),
        Reason::NoModule => format!("because {} is not in configuration", address.resource.module),
        Reason::Disabled => format!("because enabled is false for {}", address.resource),
        Reason::NoKey => match &address.key {
            Some(InstanceKey::Int(n)) => format!("because index [{n}] is out of range for count"),
            Some(key) => format!("because key {key} is not in for_each map"),
            None => format!("because {} has no such instance", address.resource),
        },
        Reason::OtherRepetition => {
            let now = match &address.key {
                Some(InstanceKey::Int(_)) => "does not use count any more",
                Some(InstanceKey::Str(_)) => "does not use for_each any more",
                None => "uses count or for_each now",
            };
            format!("because {} {now}", address.resource)
        }
        // The end of a console stands below its first line: state show has it.
        Reason::Tainted(why) => {
            let first = why.lines().next().unwrap_or_default();
            format!("because {}", harmless_line(first.trim_end_matches(" The end of its console:")))
        }
        Reason::Unhealthy(why) => format!("because {}", harmless_line(why)),
        Reason::ConfigUnknown => "config refers to values not yet known".to_owned(),
        Reason::DependencyPending => "depends on a resource or a module with changes pending".to_owned(),
        Reason::Deposed => "left over from a replacement that did not come to its end".to_owned(),
        Reason::LetGo => "destroy = false is set in the configuration".to_owned(),
        Reason::Gone => "because the recorded one is gone from the account".to_owned(),
        Reason::Template(group) => format!("because {group} changes, and template_change = \"rent\""),
        Reason::Unfit(paths) => {
            let verb = if paths.len() == 1 { "is" } else { "are" };
            format!("because {} {verb} not met by the host it runs on", listed(paths))
        }
        Reason::Rests { rest, saves } if *saves == Usd::ZERO => rest.to_string(),
        Reason::Rests { rest: rest @ Rest::Closed { .. }, saves } => {
            format!("{rest}; its schedule saves {saves:.2} a month")
        }
        Reason::Rests { rest: rest @ Rest::Expired { .. }, saves } => format!("{rest}; that saves {saves:.2} a month"),
        Reason::Destroy | Reason::Requested | Reason::Rebalanced | Reason::Triggered => return None,
    };
    Some(format!("({text})"))
}

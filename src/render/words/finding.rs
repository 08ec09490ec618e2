//! What a reviewer must not overlook, in sentences: the same for Markdown, pages and reports.

use super::{brief, count, headline, measured_text, remark};
use crate::address::InstanceAddr;
use crate::config::CheckStatus;
use crate::plan::{Remark, Standing};
use crate::render::escape::harmless_line;
use crate::review::{Alike, Peril, Review};

/// What is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A check or a condition of the configuration does not hold.
    BrokenCheck,
    /// A budget is exceeded, or could be.
    Budget,
    /// An object goes.
    Destroyed,
    /// An object goes, and another one comes.
    Replaced,
    /// An object stays, and nobody looks after it any more.
    LetGo,
    /// Nobody knows what became of an operation.
    InDoubt,
    /// A machine does not work.
    Unhealthy,
    /// No offer satisfies an instance.
    NoOffer,
    /// Our mark is written into an object that lacks it.
    MarkRepaired,
    /// The plan does not look at everything.
    Narrowed,
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It breaks a rule that somebody wrote.
    Error,
    /// A person must look at it.
    Warning,
    /// It is good to know.
    Note,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Finding<'p> {
    /// What kind.
    pub rule: Rule,
    /// The object, or the first of several.
    pub address: Option<&'p InstanceAddr>,
    /// The address of a check, as the configuration names it.
    pub check: Option<&'p str>,
    /// What it is about: `simplepod_instance.w[0] to w[3]`.
    pub subject: String,
    /// What is said of it, without a full stop.
    pub text: String,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Rule; 10] = [
        Rule::BrokenCheck,
        Rule::Budget,
        Rule::Destroyed,
        Rule::Replaced,
        Rule::LetGo,
        Rule::InDoubt,
        Rule::Unhealthy,
        Rule::NoOffer,
        Rule::MarkRepaired,
        Rule::Narrowed,
    ];

    /// Its name for programs.
    pub fn id(self) -> &'static str {
        match self {
            Rule::BrokenCheck => "check",
            Rule::Budget => "budget",
            Rule::Destroyed => "destroy",
            Rule::Replaced => "replace",
            Rule::LetGo => "forget",
            Rule::InDoubt => "in-doubt",
            Rule::Unhealthy => "unhealthy",
            Rule::NoOffer => "no-offer",
            Rule::MarkRepaired => "mark",
            Rule::Narrowed => "narrowed",
        }
    }

    /// What it looks for.
    pub fn meaning(self) -> &'static str {
        match self {
            Rule::BrokenCheck => "A check or a condition of the configuration does not hold",
            Rule::Budget => "A budget is exceeded, or could be by what is approved",
            Rule::Destroyed => "An object is destroyed, with all that is on it",
            Rule::Replaced => "An object is destroyed, with all that is on it, and another one is made",
            Rule::LetGo => "An object stays, may cost money, and is no longer managed",
            Rule::InDoubt => "Nobody knows what became of an operation",
            Rule::Unhealthy => "A machine does not work, and bills all the same",
            Rule::NoOffer => "No offer of the market satisfies an instance",
            Rule::MarkRepaired => "An object lacks podform's mark, which is written again",
            Rule::Narrowed => "The plan does not look at everything",
        }
    }

    /// How much it matters.
    pub fn level(self) -> Level {
        match self {
            Rule::BrokenCheck => Level::Error,
            Rule::Budget
            | Rule::Destroyed
            | Rule::Replaced
            | Rule::LetGo
            | Rule::InDoubt
            | Rule::Unhealthy
            | Rule::NoOffer => Level::Warning,
            Rule::MarkRepaired | Rule::Narrowed => Level::Note,
        }
    }
}

/// All of them, the most important first; alike changes are one.
pub fn findings<'p>(review: &Review<'p>, alike: &[Alike<'_, 'p>]) -> Vec<Finding<'p>> {
    let mut found: Vec<Finding<'p>> = broken_checks(review).collect();
    found.extend(budgets(review));
    found.extend(alike.iter().filter_map(of_alike));
    found.extend(review.in_doubt.iter().map(|doubt| {
        let gpus = doubt.gpus.map_or(String::new(), |(n, model)| format!(" of {n}x {}", harmless_line(model)));
        let cost = doubt
            .hourly_cost
            .map_or(String::new(), |cost| format!("; if it made a machine, that costs {cost} per hour"));
        let text = format!("an operation{gpus} has no known outcome since {:.0}{cost}", doubt.since);
        Finding { subject: doubt.address.to_string(), ..one(Rule::InDoubt, doubt.address, text) }
    }));
    for change in &review.changes {
        let sick = change.remarks.iter().filter(|remark| matches!(remark, Remark::Unhealthy(_)));
        found.extend(sick.map(|sick| one(Rule::Unhealthy, change.address, remark::sentence(sick).into_owned())));
    }
    found.extend(review.left_out.iter().map(|address| one(Rule::NoOffer, address, "no offer satisfies it".to_owned())));
    for danger in &review.dangers {
        if danger.peril == Peril::MarkRepaired {
            found.push(one(
                Rule::MarkRepaired,
                danger.address,
                "lacks podform's mark, which is written again".to_owned(),
            ));
        }
    }
    found.extend(review.narrowed.then(|| Finding {
        rule: Rule::Narrowed,
        address: None,
        check: None,
        subject: "the plan".to_owned(),
        text: "was narrowed with -target or -exclude".to_owned(),
    }));
    found.sort_by_key(|finding| finding.rule);
    found
}

fn one(rule: Rule, address: &InstanceAddr, text: String) -> Finding<'_> {
    Finding { rule, address: Some(address), check: None, subject: address.to_string(), text }
}

fn broken_checks<'p>(review: &Review<'p>) -> impl Iterator<Item = Finding<'p>> {
    let broken = review.checks.iter().filter(|check| matches!(check.status, CheckStatus::Fail | CheckStatus::Error));
    broken.flat_map(|check| {
        let messages: Vec<String> = check
            .objects
            .iter()
            .flatten()
            .flat_map(|object| object.failure_messages.iter().map(|message| harmless_line(message)))
            .collect();
        let messages = if messages.is_empty() { vec!["does not hold".to_owned()] } else { messages };
        messages.into_iter().map(|text| Finding {
            rule: Rule::BrokenCheck,
            address: None,
            check: Some(&check.config_addr),
            subject: check.config_addr.clone(),
            text,
        })
    })
}

fn budgets<'p>(review: &Review<'p>) -> impl Iterator<Item = Finding<'p>> {
    review.budgets.iter().flat_map(|of| {
        let told = of.measured.iter().filter(|measured| measured.standing != Standing::Kept);
        told.map(|measured| Finding {
            rule: Rule::Budget,
            address: None,
            check: None,
            subject: of.budget.to_string(),
            text: format!("{}: {}", measured.limit.name(), measured_text(measured)),
        })
    })
}

fn of_alike<'p>(alike: &Alike<'_, 'p>) -> Option<Finding<'p>> {
    let first = alike.members.first()?;
    let rule = match first.peril()? {
        Peril::Destroyed(_) => Rule::Destroyed,
        Peril::Replaced { .. } => Rule::Replaced,
        Peril::LetGo => Rule::LetGo,
        // Of operations and of marks it is told apart.
        Peril::InDoubt | Peril::MarkRepaired => return None,
    };
    let sentence = headline::sentence(first);
    let mut text = sentence.trim_start().to_owned();
    if alike.members.len() > 1 {
        text.push_str(&format!(" ({})", count(alike.members.len(), "object")));
    }
    if let Some(why) = headline::because_all(alike) {
        text.push(' ');
        text.push_str(&why);
    } else if !first.forced_by.is_empty() {
        text.push_str(&format!(" because of {}", crate::path::listed(first.forced_by)));
    }
    Some(Finding { rule, address: Some(first.address), check: None, subject: brief::addresses(alike), text })
}

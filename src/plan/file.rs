//! The saved plan: what `plan -out` writes and `apply FILE` reads. It holds no secret (invariant 9).

use super::approval::Approval;
use super::check::check;
use super::model::{Plan, PlanMode};
use super::planner::PlanOptions;
use crate::address::InstanceAddr;
use crate::lang::{hex, json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The format that this version writes, and the only one it reads: as with Terraform, a plan is applied by the version
/// that made it.
const FORMAT: u64 = 5;
/// Every plan file starts so.
const START: &str = "{\"podform_plan\":";

/// The version that runs.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How a plan was made, as text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SavedOptions {
    /// What it is for.
    pub mode: PlanMode,
    /// `-target`.
    pub targets: Vec<String>,
    /// `-exclude`.
    pub excluded: Vec<String>,
    /// `-replace`.
    pub replace: Vec<InstanceAddr>,
    /// `rebalance` chose those that are replaced.
    #[serde(default)]
    pub rebalance: bool,
    /// `-allow-partial`.
    pub allow_partial: bool,
}

/// A plan, and all that is needed to make sure at apply that it still holds.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedPlan {
    /// The version that made it: only that one applies it.
    pub podform_version: String,
    /// How it was made.
    pub options: SavedOptions,
    /// Every file of the configuration, modules included, with the SHA-256 of its text ([`configuration_digests`]).
    pub configuration: BTreeMap<String, String>,
    /// The plan, sealed ([`Plan::sealed`]).
    pub plan: Plan,
    /// What a reviewer approves of it.
    pub approval: Approval,
    /// What it was made from.
    pub made_from: MadeFrom,
}

/// What a plan was made from, as other programs read it: a saved plan tells all of it wherever it is shown. No secret
/// stands in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MadeFrom {
    /// When, as `plantimestamp()` says it.
    pub timestamp: String,
    /// Where resources and checks stand ([`crate::config::Configuration::declared`]): file and line.
    pub declared: BTreeMap<String, (String, usize)>,
    /// As of when, where it was planned on a snapshot: such a plan is shown, and not applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Timestamp>,
    /// The configuration was untrusted: such a plan knows no secrets, and is not applied.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untrusted: bool,
    /// The workspace, where that is not the default one: the plan is performed in no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// `configuration` of Terraform's plan JSON.
    pub configuration: Json,
    /// `relevant_attributes` of it ([`Plan::relevant`]).
    pub relevant_attributes: Json,
    /// `prior_state` of it: what was recorded, with what was found at the refresh ([`Plan::prior`]).
    pub prior_state: Json,
}

#[derive(Serialize, Deserialize)]
struct Content<O, C, P, A, M> {
    options: O,
    configuration: C,
    plan: P,
    approval: A,
    made_from: M,
}

/// As it is read.
type Read = Content<SavedOptions, BTreeMap<String, String>, Plan, Approval, MadeFrom>;

#[derive(Deserialize)]
struct Header {
    podform_plan: u64,
    podform_version: String,
}

#[derive(Deserialize)]
struct Body<'a> {
    checksum: String,
    #[serde(borrow)]
    content: &'a RawValue,
}

impl From<&PlanOptions> for SavedOptions {
    fn from(options: &PlanOptions) -> Self {
        SavedOptions {
            mode: options.mode,
            targets: options.targets.iter().map(ToString::to_string).collect(),
            excluded: options.excluded.iter().map(ToString::to_string).collect(),
            replace: options.replace.clone(),
            rebalance: options.rebalance,
            allow_partial: options.allow_partial,
        }
    }
}

impl SavedOptions {
    /// The options again.
    ///
    /// # Errors
    /// A target that is no address.
    pub fn options(&self) -> Result<PlanOptions, String> {
        let targets = |texts: &[String]| {
            texts.iter().map(|text| text.parse().map_err(|error| format!("{error}"))).collect::<Result<Vec<_>, _>>()
        };
        Ok(PlanOptions {
            mode: self.mode,
            targets: targets(&self.targets)?,
            excluded: targets(&self.excluded)?,
            replace: self.replace.clone(),
            rebalance: self.rebalance,
            allow_partial: self.allow_partial,
        })
    }
}

impl SavedPlan {
    /// A plan as it is saved by this version: sealed.
    pub fn new(
        plan: &Plan,
        options: &PlanOptions,
        configuration: BTreeMap<String, String>,
        key: &crate::state::digest::SecretKey,
        approval: Approval,
        made_from: MadeFrom,
    ) -> SavedPlan {
        SavedPlan {
            podform_version: VERSION.to_owned(),
            options: options.into(),
            configuration,
            plan: plan.sealed(key),
            approval,
            made_from,
        }
    }
}

/// The digests of the files that a configuration was loaded from, by name.
pub fn configuration_digests<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    files.into_iter().map(|(name, text)| (name.to_owned(), sha256(text))).collect()
}

/// Writes a saved plan: one key a line.
///
/// # Errors
/// A plan that is not sealed, or that would not read back as itself (a value nested beyond all measure).
pub fn encode(saved: &SavedPlan) -> Result<Vec<u8>, String> {
    if saved.plan.sealed_by.is_none() {
        return Err("The plan still holds its secrets. This is a fault of podform: nothing was written.".to_owned());
    }
    let content = Content {
        options: &saved.options,
        configuration: &saved.configuration,
        plan: &saved.plan,
        approval: &saved.approval,
        made_from: &saved.made_from,
    };
    let unwritable = |error: serde_json::Error| format!("The plan cannot be saved: {error}.");
    let content = serde_json::to_string(&content).map_err(unwritable)?;
    let version = serde_json::to_string(&saved.podform_version).map_err(unwritable)?;
    let checksum = checksum(&saved.podform_version, &content);
    let text = format!(
        "{START} {FORMAT},\n\"podform_version\": {version},\n\"checksum\": \"{checksum}\",\n\"content\": {content}}}\n"
    );
    match read_content(&content) {
        Ok(content) if content.plan == saved.plan && content.approval == saved.approval => Ok(text.into_bytes()),
        Ok(_) => Err("The plan would not read back as itself, so it is not saved.".to_owned()),
        Err(why) => Err(format!("The plan would not read back, so it is not saved: {why}.")),
    }
}

/// Reads a saved plan of this very version.
///
/// # Errors
/// A sentence: not a plan file, another version's, damaged, or not a sound plan.
pub fn decode(bytes: &[u8]) -> Result<SavedPlan, String> {
    let not_one = "This is not a saved plan: make one with podform plan -out=FILE.";
    let damaged = "The saved plan is damaged: its contents do not match its checksum. Plan again.";
    if !bytes.starts_with(START.as_bytes()) {
        return Err(not_one.to_owned());
    }
    let header: Header = json::read(bytes).map_err(|_| damaged)?;
    if header.podform_plan != FORMAT || header.podform_version != VERSION {
        return Err(format!(
            "The saved plan was made by podform {}, and this is podform {VERSION}: a plan is applied by the version that made it. Plan again, or apply it with that version.",
            header.podform_version
        ));
    }
    let body: Body<'_> = json::read(bytes).map_err(|_| damaged)?;
    let content = body.content.get();
    if checksum(&header.podform_version, content) != body.checksum {
        return Err(damaged.to_owned());
    }
    let Content { options, configuration, plan, approval, made_from } =
        read_content(content).map_err(|why| format!("The saved plan cannot be read: {why}. Plan again."))?;
    if let Some(fault) = check(&plan).into_iter().next() {
        return Err(format!("The saved plan is not sound: {fault} Plan again."));
    }
    Ok(SavedPlan { podform_version: header.podform_version, options, configuration, plan, approval, made_from })
}

fn read_content(text: &str) -> Result<Read, String> {
    json::read(text.as_bytes()).map_err(|error| error.to_string())
}

fn checksum(version: &str, content: &str) -> String {
    sha256(&format!("{version}\0{content}"))
}

fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

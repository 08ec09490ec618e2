//! Posting a review to a forge, and reading there what was reviewed.

use super::context::Context;
use super::exit::{Exit, Failure, Outcome};
use crate::diag::Diagnostic;
use crate::forge::{Annotation, Asked, Check, Job, Kind, Mode, Place, Posted, Refusal, Verdict, place};
use crate::render::{CommentKey, Declared, annotations, comment_digest};
use crate::review::{self, Review};
use crate::session::{Reviewed, file};
use clap::{Args, ValueEnum};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// The forges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ForgeFlag {
    /// GitHub.
    Github,
    /// GitLab.
    Gitlab,
    /// Forgejo.
    Forgejo,
}

impl From<ForgeFlag> for Kind {
    fn from(flag: ForgeFlag) -> Self {
        match flag {
            ForgeFlag::Github => Kind::GitHub,
            ForgeFlag::Gitlab => Kind::GitLab,
            ForgeFlag::Forgejo => Kind::Forgejo,
        }
    }
}

/// What becomes of a comment that stands already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ModeFlag {
    /// It is changed in place.
    #[default]
    Update,
    /// It stays, and another one is written.
    New,
    /// It is folded away, and another one is written.
    Minimize,
}

/// Where a forge is asked. The token comes from the environment alone.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Forge")]
pub struct ForgeArgs {
    /// The repository (owner/name) or the project; otherwise the job's.
    #[arg(long, value_name = "NAME")]
    pub repository: Option<String>,
    /// The base URL of the forge's API; otherwise the job's.
    #[arg(long, value_name = "URL")]
    pub api_url: Option<String>,
    /// The commit; otherwise the job's.
    #[arg(long, value_name = "SHA")]
    pub commit: Option<String>,
}

/// Whether and how a review is posted.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Forge")]
pub struct PostArgs {
    /// Post the review as a comment of the pull request; the token is GITHUB_TOKEN, PODFORM_GITLAB_TOKEN or FORGEJO_TOKEN.
    #[arg(long, value_name = "FORGE", value_enum)]
    pub post: Option<ForgeFlag>,
    /// The pull request; otherwise the job's.
    #[arg(long, value_name = "N", requires = "post")]
    pub pr: Option<u64>,
    /// What becomes of the comment of an earlier review.
    #[arg(long, value_name = "MODE", value_enum, default_value_t, requires = "post")]
    pub mode: ModeFlag,
    /// Post nothing where the plan has no changes and no comment stands.
    #[arg(long, requires = "post")]
    pub skip_no_changes: bool,
    /// Tell a verdict on the commit too: a check run with annotations at GitHub, a status elsewhere.
    #[arg(long, requires = "post")]
    pub check: bool,
    /// Fail where the token may not post. Otherwise the review goes to the summary of the job.
    #[arg(long, requires = "post")]
    pub require_post: bool,
    /// Where.
    #[command(flatten)]
    pub forge: ForgeArgs,
}

/// What is posted.
pub struct Posting<'a> {
    /// The review.
    pub review: &'a Review<'a>,
    /// The key of its comment.
    pub key: &'a CommentKey,
    /// The comment.
    pub comment: &'a str,
    /// The same for the page of the job.
    pub summary: &'a str,
    /// Where what is found is declared.
    pub declared: &'a Declared,
}

/// Posts a review. Where the token may not, it goes to the summary of the job.
pub async fn post(flag: ForgeFlag, args: &PostArgs, posting: &Posting<'_>, context: &Context) -> Outcome {
    let kind = Kind::from(flag);
    let there = here(kind, &args.forge, args.pr, true)?;
    let has_changes = posting.review.verdict == review::Verdict::Changes;
    let mode = match args.mode {
        // A comment that stands would go on telling of changes.
        _ if args.skip_no_changes && !has_changes => Mode::Standing,
        ModeFlag::Update => Mode::Update,
        ModeFlag::New => Mode::New,
        ModeFlag::Minimize => Mode::Minimize,
    };
    let name = there.forge.name();
    let key = posting.key.to_string();
    let mut refused = Vec::new();
    match there.forge.post(&key, posting.comment, mode).await {
        Ok(Posted::Written) => context.terminal.say(&format!("The review was posted to {name}.\n")),
        Ok(Posted::Changed) => context.terminal.say(&format!("The review at {name} was changed.\n")),
        Ok(Posted::Same) => context.terminal.say(&format!("The review at {name} says this already.\n")),
        Ok(Posted::Nothing) => context.terminal.say("No changes: nothing was posted.\n"),
        Err(refusal) => refused.push(refusal),
    }
    if args.check {
        match verdict(&there, posting) {
            Some(check) => refused.extend(there.forge.check(&check).await.err()),
            None => refused.push(Refusal::Failed("the commit is not known: give -commit".to_owned())),
        }
    }
    conclude(args, refused, posting, (kind, name), context)
}

fn conclude(
    args: &PostArgs,
    refused: Vec<Refusal>,
    posting: &Posting<'_>,
    (kind, name): (Kind, &str),
    context: &Context,
) -> Outcome {
    let failed = |why: &str| {
        let token = kind.tokens().first().copied().unwrap_or_default();
        let hint =
            format!("The token in {token} needs the right to write comments of pull requests, and checks for -check.");
        Failure::from(Diagnostic::error("Review cannot be posted", format!("{name}: {why}.")).with_hint(hint))
    };
    let mut forbidden = None;
    for refusal in refused {
        match refusal {
            Refusal::Forbidden(why) if !args.require_post => forbidden = Some(why),
            Refusal::Forbidden(why) | Refusal::Failed(why) => return Err(failed(&why)),
        }
    }
    let Some(why) = forbidden else { return Ok(Exit::Done) };
    let place = match std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
        Some(path) => {
            let opened = OpenOptions::new().create(true).append(true).open(&path);
            let written = opened.and_then(|mut file| file.write_all(posting.summary.as_bytes()));
            written.map_err(|error| failed(&format!("{why}; nor can the summary of the job be written: {error}")))?;
            "the summary of the job"
        }
        None => {
            context.terminal.print(posting.summary);
            "standard output"
        }
    };
    context.terminal.say(&format!("The token may not post to {name} ({why}): the review stands in {place}.\n"));
    Ok(Exit::Done)
}

fn verdict(there: &Place, posting: &Posting<'_>) -> Option<Check> {
    let found = annotations(posting.review, posting.declared);
    let review = posting.review;
    let verdict = match review.verdict {
        _ if found.needs_a_person => Verdict::Action,
        review::Verdict::Changes | review::Verdict::OnlyDrift | review::Verdict::NothingNow => Verdict::Neutral,
        review::Verdict::NothingToDestroy | review::Verdict::AsRecorded | review::Verdict::AsConfigured => {
            Verdict::Success
        }
    };
    let at = |line: crate::render::AnnotatedLine| Annotation {
        path: line.file,
        line: line.line,
        is_error: line.is_error,
        message: line.message,
    };
    Some(Check {
        name: format!("podform: {}", review.fleet.unwrap_or("plan")),
        commit: there.commit.clone()?,
        verdict,
        title: found.title,
        summary: posting.summary.to_owned(),
        annotations: found.lines.into_iter().map(at).collect(),
    })
}

/// What was reviewed in the pull request by which the commit of this job came.
pub async fn reviewed_at(
    flag: ForgeFlag,
    args: &ForgeArgs,
    trusted: &[String],
    fleet: &str,
    key: &str,
) -> Result<Reviewed, Failure> {
    let there = here(flag.into(), args, None, false)?;
    let refuse = |why: String| Failure::from(Diagnostic::error("Review cannot be read", format!("{why}.")));
    let name = there.forge.name();
    let commit = there.commit.as_ref().ok_or_else(|| refuse("The commit is not known: give -commit".to_owned()))?;
    let key = CommentKey { fleet: fleet.to_owned(), key: key.to_owned() };
    let comment = there.forge.reviewed(commit, &key.to_string(), trusted).await.map_err(|refusal| match refusal {
        Refusal::Forbidden(why) | Refusal::Failed(why) => refuse(format!("{name}: {why}")),
    })?;
    let digest = comment_digest(&comment.body)
        .ok_or_else(|| refuse(format!("The review at {name} by {} tells no digest", comment.author)))?;
    Ok(Reviewed::Digest(digest))
}

fn here(kind: Kind, args: &ForgeArgs, pull: Option<u64>, needs_pull: bool) -> Result<Place, Failure> {
    let variable = |name: &str| std::env::var(name).ok();
    let event = variable("GITHUB_EVENT_PATH").filter(|path| !path.is_empty());
    let event = event.and_then(|path| file(Path::new(&path)).ok());
    let event = event.and_then(|bytes| crate::lang::json::read(&bytes).ok());
    let asked =
        Asked { pull, repository: args.repository.clone(), api: args.api_url.clone(), commit: args.commit.clone() };
    let job = Job { variable: &variable, event };
    place(kind, &asked, &job, needs_pull, 1)
        .map_err(|why| Diagnostic::error("Forge cannot be reached", format!("{why}.")).into())
}

//! `podform review`.

use super::plan::{self, made_from};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::PlanningArgs;
use crate::cli::posting::{PostArgs, Posting, post};
use crate::diag::Diagnostic;
use crate::plan::{Approval, MadeFrom, Plan};
use crate::render::{
    CommentKey, Declared, gitlab_report, harmless_json, junit_report, review_html, review_json, review_markdown,
    review_outputs, review_summary, sarif_report,
};
use crate::review::Review;
use crate::session::{Watched, saved};
use clap::{Args, ValueEnum};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Bytes of a comment: GitHub takes 65,536 characters, and other programs put their own around it.
const COMMENT: usize = 60_000;
/// Bytes of the summary of a job's step: GitHub takes 1 MiB.
const SUMMARY: usize = 1_000_000;

/// What a review is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A comment in GitHub's flavour, which GitLab and Forgejo read too.
    #[default]
    Markdown,
    /// One page without network and script.
    Html,
    /// For the page of a job: as the comment, with more room.
    Summary,
    /// For programs, with all that is approved.
    Json,
    /// Findings at the lines of the configuration, SARIF 2.1.0.
    Sarif,
    /// Findings as a report of tests.
    Junit,
    /// GitLab's terraform report.
    Gitlab,
}

/// `review`.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// A plan that was written by plan -out; without it, one is made.
    #[arg(value_name = "PLAN")]
    pub file: Option<PathBuf>,
    /// Review a plan to release and delete everything.
    #[arg(long, conflicts_with_all = ["refresh_only", "replace"])]
    pub destroy: bool,
    /// What the review is written as.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: Format,
    /// Write it to a file, not to standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Append name=value lines for later steps of a job to this file: to_add, to_change, to_replace, to_destroy,
    /// cost_delta_hourly, digest and more.
    #[arg(long, value_name = "FILE")]
    pub outputs: Option<PathBuf>,
    /// At most so many bytes of Markdown; what is left out is counted.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2_000..))]
    pub max_bytes: Option<u32>,
    /// Tells several reviews of one fleet apart, of several jobs for one pull request.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub key: String,
    /// What a plan is made with.
    #[command(flatten)]
    pub planning: PlanningArgs,
    /// Posting.
    #[command(flatten)]
    pub posting: PostArgs,
}

/// Writes a review of a plan for where it is read.
pub async fn run(args: &ReviewArgs, context: &mut Context) -> Outcome {
    match &args.file {
        Some(path) => {
            let saved = saved::read(path).await?;
            write(args, &saved.plan, &saved.approval, &saved.made_from, context).await
        }
        None => planned(args, context).await,
    }
}

async fn planned(args: &ReviewArgs, context: &mut Context) -> Outcome {
    let how = args.planning.planning(args.destroy)?;
    let opening = args.planning.opening(0);
    let locking = args.planning.locking.locking("plan")?;
    let Some((fleet, Watched { state, lock })) = context.configure_beside_state(&opening, locking).await? else {
        return Ok(Exit::Error);
    };
    opening
        .viewing(&fleet, &state, async |session| {
            let held = (lock, opening.account.place());
            let plan = plan::planned(session, &state, &how, held, context).await?;
            let approval = session.approval(&plan);
            let made_from = made_from(&plan, session, (&state, session.as_of()), &context.sources);
            write(args, &plan, &approval, &made_from, context).await
        })
        .await
}

async fn write(
    args: &ReviewArgs,
    plan: &Plan,
    approval: &Approval,
    made_from: &MadeFrom,
    context: &Context,
) -> Outcome {
    let review = Review::of(plan).approving(approval).seen(made_from.snapshot);
    let key = CommentKey { fleet: review.fleet.unwrap_or_default().to_owned(), key: args.key.clone() };
    let text = drawn(args, &review, &key, approval, &made_from.declared);
    let failed = |path: &Path, error: std::io::Error| {
        let detail = format!("{}: {error}.", path.display());
        Failure::from(Diagnostic::error("Review cannot be written", detail))
    };
    match &args.out {
        Some(path) => std::fs::write(path, text).map_err(|error| failed(path, error))?,
        // What is posted is not printed beside.
        None if args.posting.post.is_some() => {}
        None => context.terminal.print(&text),
    }
    if let Some(path) = &args.outputs {
        // Other steps write there too.
        let file = OpenOptions::new().create(true).append(true).open(path);
        let written = file.and_then(|mut file| file.write_all(review_outputs(&review).as_bytes()));
        written.map_err(|error| failed(path, error))?;
    }
    let Some(forge) = args.posting.post else { return Ok(Exit::Done) };
    let posting = Posting {
        review: &review,
        key: &key,
        comment: &review_markdown(&review, &key, args.limit(COMMENT)),
        summary: &review_summary(&review, &key, SUMMARY),
        declared: &made_from.declared,
    };
    post(forge, &args.posting, &posting, context).await
}

impl ReviewArgs {
    /// Bytes of Markdown.
    fn limit(&self, usual: usize) -> usize {
        self.max_bytes.map_or(usual, |n| usize::try_from(n).unwrap_or(usual))
    }
}

fn drawn(args: &ReviewArgs, review: &Review<'_>, key: &CommentKey, approval: &Approval, declared: &Declared) -> String {
    match args.format {
        Format::Markdown => review_markdown(review, key, args.limit(COMMENT)),
        Format::Html => review_html(review),
        Format::Summary => review_summary(review, key, args.limit(SUMMARY)),
        Format::Json => harmless_json(&review_json(review, approval, declared)),
        Format::Sarif => harmless_json(&sarif_report(review, declared)),
        Format::Junit => junit_report(review, declared),
        Format::Gitlab => gitlab_report(review),
    }
}

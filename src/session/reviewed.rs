//! What somebody approved, against what is planned now.

use super::failure::{Failure, Why};
use super::text::written;
use crate::diag::{Diagnostic, Diagnostics};
use crate::plan::{Approval, ApprovalDigest};
use crate::render::read_approval;
use std::path::Path;

/// What somebody approved.
#[derive(Clone, Debug, PartialEq)]
pub enum Reviewed {
    /// By its digest alone.
    Digest(ApprovalDigest),
    /// All of it: what differs can be told.
    Whole(Box<Approval>),
}

impl Reviewed {
    /// Of a digest, or of a file that `review -format=json` wrote.
    ///
    /// # Errors
    /// It is neither.
    pub fn read(text: &str) -> Result<Reviewed, Failure> {
        let refuse = |detail: String| Failure::from(Diagnostic::error("Invalid -reviewed value", detail));
        if text.starts_with("sha256:") {
            return match text.parse() {
                Ok(digest) => Ok(Reviewed::Digest(digest)),
                Err(why) => Err(refuse(format!("{text:?} is no digest: {why}."))),
            };
        }
        let bytes = written(Path::new(text)).map_err(|why| {
            refuse(format!("{text:?} is no digest (sha256:...), and no file that can be read: {why}."))
        })?;
        let approval = read_approval(&bytes).map_err(|why| refuse(format!("{text} is no review: {why}.")))?;
        Ok(Reviewed::Whole(Box::new(approval)))
    }

    /// Refuses what is not what was approved.
    ///
    /// # Errors
    /// Exit code 6: what differs, by address; of a digest alone, the digest now.
    pub fn check(&self, now: &Approval) -> Result<(), Failure> {
        let mine = match self {
            Reviewed::Digest(digest) => digest.clone(),
            Reviewed::Whole(approval) => approval.digest(),
        };
        let digest = now.digest();
        if mine == digest {
            return Ok(());
        }
        let summary = "Plan is not what was reviewed";
        let hint = "Nothing was changed. Review the plan above, and apply its digest.";
        let whole = format!("What is planned now has the digest {digest}, and {mine} was reviewed.");
        let mut diags = Diagnostics::new();
        if let Reviewed::Whole(approval) = self {
            for reason in approval.differences(now) {
                let told = Diagnostic::error(summary, reason.to_string()).with_hint(hint);
                diags.push(match reason.address() {
                    Some(address) => told.on(address),
                    None => told,
                });
            }
        }
        if diags.is_empty() {
            diags.push(Diagnostic::error(summary, whole).with_hint(hint));
        }
        Err(Failure { why: Why::Stale, diags })
    }
}

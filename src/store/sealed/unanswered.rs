//! A service that gives keys and does not answer.

use crate::http::Failure;

/// In words, after a colon.
pub(super) fn unanswered(failure: &Failure) -> String {
    match failure {
        Failure::NotSent(why) => format!("not sent: {why}"),
        Failure::Distrusted { why, .. } => why.clone(),
        Failure::NoAnswer(why) => format!("no answer: {why}"),
        Failure::CutOff { status, message } | Failure::TooLarge { status, message } => {
            format!("{status}, and its answer could not be read: {message}")
        }
    }
}

//! What a job shows of a review on its own page: as the comment, without its key and with more room.

use super::markdown::{CommentKey, review_markdown};
use crate::review::Review;

/// The summary, in at most so many bytes.
pub fn review_summary(review: &Review<'_>, key: &CommentKey, max_bytes: usize) -> String {
    let text = review_markdown(review, key, max_bytes);
    match text.split_once("-->\n") {
        Some((_, rest)) => rest.to_owned(),
        None => text,
    }
}

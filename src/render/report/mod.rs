//! A review for other places than a terminal: comments, pages, summaries of jobs, and reports that other programs show.

mod annotations;
mod declared;
mod gitlab;
mod html;
mod junit;
mod markdown;
mod markup;
mod money;
mod outputs;
mod review_json;
mod sarif;
mod summary;
#[cfg(test)]
mod tests;

pub use annotations::{AnnotatedLine, Annotations, annotations};
pub use declared::Declared;
pub use gitlab::gitlab_report;
pub use html::review_html;
pub use junit::junit_report;
pub use markdown::{CommentKey, comment_digest, review_markdown};
pub use outputs::review_outputs;
pub use review_json::{read_approval, review_json};
pub use sarif::sarif_report;
pub use summary::review_summary;

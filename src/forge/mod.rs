//! GitHub, GitLab and Forgejo: a review stands as a comment in its pull request, a verdict at its commit, and what was
//! reviewed is read from there.

mod calls;
mod forgejo;
mod github;
mod gitlab;
mod issues;
mod place;
mod post;
mod wire;

pub use place::{Asked, Job, Kind, Place, place};
pub use post::{Forge, Mode, Posted, Refusal};
pub use wire::{Annotation, Check, Comment, Verdict};

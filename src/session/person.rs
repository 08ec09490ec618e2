//! Who uses a session: it asks and tells through this, and prints nothing itself.

use super::failure::Failure;
use crate::config::Variable;
use crate::live::ObjectId;
use futures::future::LocalBoxFuture;

/// Something is told of as long as this lives.
pub trait Telling {}

/// Nothing is.
impl Telling for () {}

/// Whoever is asked, and told of what happens on the way.
pub trait Person {
    /// The text of a value for a root variable that nobody gives; `None` where there is no answer, and nothing more is
    /// asked. It fails where the person ends it.
    fn value_of<'a>(&'a self, variable: &'a Variable) -> LocalBoxFuture<'a, Result<Option<String>, Failure>>;

    /// So many operations of an earlier run are looked for, which may take minutes: told while the answer lives.
    fn settling(&self, open: usize) -> Box<dyn Telling>;

    /// An object of the account is recorded now, at an address.
    fn adopted(&self, id: ObjectId, place: &str);
}

//! Who uses a session: it asks and tells through this, and prints nothing itself.

use crate::config::Variable;
use crate::live::ObjectId;

/// Whoever is asked, and told of what happens on the way.
pub trait Person {
    /// The text of a value for a root variable that nobody gives; `None` where there is no answer, and nothing more is asked.
    fn value_of(&self, variable: &Variable) -> Option<String>;

    /// So many operations of an earlier run are looked for, which may take minutes.
    fn settling(&self, open: usize);

    /// An object of the account is recorded now, at an address.
    fn adopted(&self, id: ObjectId, place: &str);
}

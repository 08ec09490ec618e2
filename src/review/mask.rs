//! Which parts of a value have a property.

/// The parts of a value that have it, in the shape of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mask<'p> {
    /// No part, and there are none inside.
    None,
    /// The whole.
    Whole,
    /// Each element of a list, set or tuple.
    Elements(Vec<Mask<'p>>),
    /// The entries of a map or object of which anything has it.
    Entries(Vec<(&'p str, Mask<'p>)>),
}

//! What is a block and what an argument, for configuration in JSON, which does not show it.

use crate::lang::parse::Meaning::{Code, Literal};
use crate::lang::parse::Shape;

/// Nothing but rules and arguments.
const PLAIN: &Shape = &Shape::ARGUMENTS;

const LIFECYCLE: &Shape = &Shape {
    blocks: &[("precondition", 0, PLAIN), ("postcondition", 0, PLAIN)],
    texts: &[("ignore_changes", Code), ("replace_triggered_by", Code)],
    ..Shape::ARGUMENTS
};

const DYNAMIC: &Shape = &Shape { blocks: &[("content", 0, PLAIN)], texts: &[("iterator", Code)], ..Shape::ARGUMENTS };

/// The blocks of every kind of object, for no kind has an argument of such a name.
const OBJECT: &Shape = &Shape {
    blocks: &[
        ("lifecycle", 0, LIFECYCLE),
        ("dynamic", 1, DYNAMIC),
        ("registry", 0, PLAIN),
        ("offer", 0, PLAIN),
        ("schedule", 0, PLAIN),
        ("timeouts", 0, PLAIN),
    ],
    texts: &[("depends_on", Code), ("provider", Code)],
    ..Shape::ARGUMENTS
};

const BUDGET: &Shape = &Shape { texts: &[("for", Code)], may_be_named: true, ..Shape::ARGUMENTS };

const FALLBACK: &Shape = &Shape { blocks: &[("fallback", 0, LAST)], ..Shape::ARGUMENTS };

/// As deep as anybody rotates keys at once.
const LAST: &Shape = &Shape {
    blocks: &[("fallback", 0, &Shape { blocks: &[("fallback", 0, PLAIN)], ..Shape::ARGUMENTS })],
    ..Shape::ARGUMENTS
};

/// The inside of an `encryption` block.
pub const ENCRYPTION: &Shape = &Shape {
    blocks: &[("key_provider", 2, PLAIN), ("method", 2, PLAIN), ("state", 0, FALLBACK), ("plan", 0, FALLBACK)],
    ..Shape::ARGUMENTS
};

const SETTINGS: &Shape = &Shape {
    blocks: &[("backend", 1, PLAIN), ("budget", 0, BUDGET), ("encryption", 0, ENCRYPTION)],
    ..Shape::ARGUMENTS
};

const VARIABLE: &Shape = &Shape {
    blocks: &[("validation", 0, PLAIN)],
    texts: &[("type", Code), ("default", Literal), ("description", Literal)],
    ..Shape::ARGUMENTS
};

const OUTPUT: &Shape = &Shape {
    blocks: &[("precondition", 0, PLAIN)],
    texts: &[("depends_on", Code), ("description", Literal)],
    ..Shape::ARGUMENTS
};

const MODULE: &Shape = &Shape {
    texts: &[("depends_on", Code), ("providers", Code), ("source", Literal), ("version", Literal)],
    ..Shape::ARGUMENTS
};

const MOVED: &Shape = &Shape { texts: &[("from", Code), ("to", Code)], ..Shape::ARGUMENTS };

const REMOVED: &Shape = &Shape { blocks: &[("lifecycle", 0, PLAIN)], texts: &[("from", Code)], ..Shape::ARGUMENTS };

const IMPORT: &Shape = &Shape { texts: &[("to", Code), ("provider", Code)], ..Shape::ARGUMENTS };

const CHECK: &Shape = &Shape { blocks: &[("data", 2, OBJECT), ("assert", 0, PLAIN)], ..Shape::ARGUMENTS };

/// A file.
pub const FILE: Shape = Shape {
    blocks: &[
        ("podform", 0, SETTINGS),
        ("provider", 1, PLAIN),
        ("variable", 1, VARIABLE),
        ("locals", 0, PLAIN),
        ("output", 1, OUTPUT),
        ("resource", 2, OBJECT),
        ("data", 2, OBJECT),
        ("module", 1, MODULE),
        ("moved", 0, MOVED),
        ("removed", 0, REMOVED),
        ("import", 0, IMPORT),
        ("check", 1, CHECK),
        ("ephemeral", 2, OBJECT),
    ],
    blocks_alone: true,
    ..Shape::ARGUMENTS
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    #[test]
    fn every_block_of_an_object_is_one() {
        for schema in schema::ALL.iter().chain(&schema::data::ALL) {
            for block in schema.blocks {
                assert!(OBJECT.blocks.iter().any(|(name, ..)| *name == block.name), "{}", block.name);
            }
            for (name, ..) in OBJECT.blocks {
                assert!(schema.attribute(name).is_none(), "{name}");
            }
        }
    }
}

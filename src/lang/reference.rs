//! What an expression refers to: found without evaluating it, for the graph; resolved by a scope, for evaluation.

use super::budget::Budget;
use super::value::Value;
use crate::address::Mode;
use crate::diag::{Diagnostics, Span};
use crate::path::ValuePath;
use std::sync::Arc;

/// The object that a root traversal names, as far as it can be told from the syntax.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// `var.name`.
    Variable(Arc<str>),
    /// `local.name`.
    Local(Arc<str>),
    /// `module.name`: the object of its outputs, or a collection of such objects.
    Module(Arc<str>),
    /// `type.name` or `data.type.name`: the object of one resource, or a collection of such objects.
    Resource(Mode, Arc<str>, Arc<str>),
    /// `count.index`.
    CountIndex,
    /// `each.key`.
    EachKey,
    /// `each.value`.
    EachValue,
    /// `self`.
    SelfObject,
    /// `path.module`, `path.root`, `path.cwd`.
    Path(Arc<str>),
    /// `podform.workspace`, `podform.applying`, `podform.fleet` (the first two are accepted as `terraform.` too).
    Podform(Arc<str>),
}

/// A reference and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What is named.
    pub subject: Subject,
    /// The names and literal keys that were written after the subject: for "does this resource have that attribute".
    pub path: ValuePath,
    /// The subject, as it is written.
    pub span: Span,
}

/// What names mean where an expression is evaluated. `for` variables are the evaluator's own affair.
pub trait Scope {
    /// The value of a subject. A subject that does not exist pushes a diagnostic at `span` (with "did you mean") and
    /// gives an unknown value of unknown type, so that evaluation goes on.
    fn value(&self, subject: &Subject, span: Span, diags: &mut Diagnostics) -> Value;

    /// Where functions get what is not pure.
    fn effects(&self) -> &dyn Effects;

    /// False where no function may be called.
    fn has_functions(&self) -> bool {
        true
    }

    /// `count` or `for_each`, where a resource is a collection of its instances; `None` where it is one, or not known.
    fn repetition(&self, _: &Subject) -> Option<Repetition> {
        None
    }

    /// What the whole evaluation shares, beyond the limits of one expression.
    fn budget(&self) -> Option<&Budget> {
        None
    }
}

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repetition {
    /// One object.
    Single,
    /// A tuple of objects.
    Count,
    /// An object of objects, by key.
    ForEach,
}

/// Effects that functions need: files, clock, randomness. The shell gives the real ones, tests give fixed ones.
pub trait Effects {
    /// The bytes of a file, with relative paths taken from the directory the command works in.
    ///
    /// # Errors
    /// The operating system's words.
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String>;

    /// True where a regular file stands.
    ///
    /// # Errors
    /// The operating system's words, or that it is not a regular file.
    fn file_exists(&self, path: &str) -> Result<bool, String>;

    /// Files below `path` that match a glob, relative to it, sorted.
    ///
    /// # Errors
    /// A malformed pattern, or the operating system's words.
    fn fileset(&self, path: &str, pattern: &str) -> Result<Vec<String>, String>;

    /// The absolute path, with links left as they are.
    ///
    /// # Errors
    /// The operating system's words.
    fn absolute(&self, path: &str) -> Result<String, String>;

    /// The directory where the command was started: another one than the current one under `-chdir`.
    ///
    /// # Errors
    /// As [`Effects::absolute`].
    fn started_in(&self) -> Result<String, String> {
        self.absolute(".")
    }

    /// The home directory, for `pathexpand`.
    fn home(&self) -> Option<String>;

    /// Now, RFC 3339 in UTC; `None` while planning, when the time of the apply is not known.
    fn now(&self) -> Option<String>;

    /// The time at which the plan was made, RFC 3339 in UTC.
    fn plan_time(&self) -> Option<String>;

    /// Sixteen random bytes; `None` while planning.
    fn random(&self) -> Option<[u8; 16]>;

    /// True inside a template that a function renders: such templates do not nest.
    fn in_template(&self) -> bool {
        false
    }

    /// True where whoever wrote the configuration may learn nothing from it: nothing sensitive is disclosed, and an
    /// evaluation gets less.
    fn is_untrusted(&self) -> bool {
        false
    }
}

pub(crate) use super::resolve::is_alike;
pub use super::resolve::{body_references, references};
pub(super) use super::resolve::{resolve, roots, up_to};

/// A scope in which nothing is defined: for constants.
pub struct NoScope;

impl Scope for NoScope {
    fn value(&self, _: &Subject, span: Span, diags: &mut Diagnostics) -> Value {
        let detail = "Variables may not be used here: this value must be constant, so it refers to nothing.";
        diags.push(crate::diag::Diagnostic::error("Variables not allowed", detail).at(span));
        Value::unknown(super::types::Type::Dynamic)
    }

    fn has_functions(&self) -> bool {
        false
    }

    fn effects(&self) -> &dyn Effects {
        self
    }
}

impl Effects for NoScope {
    fn read_file(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("files cannot be read in a constant".into())
    }
    fn file_exists(&self, _: &str) -> Result<bool, String> {
        Err("files cannot be read in a constant".into())
    }
    fn fileset(&self, _: &str, _: &str) -> Result<Vec<String>, String> {
        Err("files cannot be read in a constant".into())
    }
    fn absolute(&self, _: &str) -> Result<String, String> {
        Err("paths cannot be resolved in a constant".into())
    }
    fn home(&self) -> Option<String> {
        None
    }
    fn now(&self) -> Option<String> {
        None
    }
    fn plan_time(&self) -> Option<String> {
        None
    }
    fn random(&self) -> Option<[u8; 16]> {
        None
    }
}

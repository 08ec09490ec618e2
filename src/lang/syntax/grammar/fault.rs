//! Why a token cannot stand where it stands.

use super::super::token::Kind;
use std::ops::Range;

/// What is refused, and why; ranges count bytes of the text.
pub(in crate::lang) struct Refused {
    /// What cannot stand where it stands.
    pub(in crate::lang) at: Range<usize>,
    /// What that is.
    pub(in crate::lang) kind: Kind,
    /// Why.
    pub(in crate::lang) fault: Fault,
    /// What it stands inside of, and what opens that.
    pub(in crate::lang) within: Option<(Within, Range<usize>)>,
}

/// What the grammar looked for, and did not find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lang) enum Fault {
    /// It is in order, but nests too deep.
    TooDeep,
    /// The name of an argument that stands in the same body already.
    Repeated,
    /// A key such as `a.b`, which may be meant as a reference or as a text.
    AmbiguousKey,
    /// The name of an argument or block.
    Item,
    /// What follows the name at fault: `=`, labels or `{`.
    Definition,
    /// The `{` behind the labels of a block.
    Header,
    /// The end of the line behind an argument.
    AfterArgument,
    /// The end of the line behind a block.
    AfterBlock,
    /// The one argument of a block in one line.
    OneLineItem,
    /// The `}` behind the one argument of a block in one line.
    OneLineEnd,
    /// A label that stands for itself.
    Label,
    /// The start of an expression.
    Operand,
    /// `:` of a conditional.
    Otherwise,
    /// A name or whole number behind a dot.
    Step,
    /// A name behind `::`.
    FunctionName,
    /// `(` behind the name of a function.
    Arguments,
    /// `,` or `)`.
    Argument,
    /// `)` behind `...`.
    Expanded,
    /// `,` or `]`.
    Element,
    /// `]` of an index.
    Index,
    /// `)`.
    Parenthesis,
    /// `=` or `:` behind a key.
    AttributeValue,
    /// `,`, a line end or `}`.
    Attribute,
    /// A name of `for`.
    ForName,
    /// `in`.
    ForIn,
    /// `:` of `for`.
    ForColon,
    /// `=>` in the `for` of an object.
    ForKey,
    /// No `=>` in the `for` of a list.
    NoForKey,
    /// No `...` in the `for` of a list.
    NoGrouping,
    /// The end of a `for`.
    ForEnd,
    /// `}` of an interpolation.
    Interpolation,
    /// `}` of a directive.
    Directive,
    /// `if`, `else`, `endif`, `for` or `endfor`.
    Keyword,
    /// A directive that fits the one that is open.
    Unbalanced,
    /// The end of the directive that is open.
    OpenDirective,
    /// Text of a template.
    Template,
    /// The end of the one expression.
    End,
}

/// What a token stands inside of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lang) enum Within {
    Block,
    Object,
    Tuple,
    Index,
    Parentheses,
    Call,
    Conditional,
    Interpolation,
    Directive,
    Quotes,
    Heredoc,
}

//! The syntax tree that evaluation walks, with a span on every node. What follows each other without end (operators of
//! one level, the steps of a traversal) is a list, so that only nesting makes a tree deep.

use super::number::Number;
use crate::diag::Span;
use std::sync::Arc;

/// The content of a file or block.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// `name = expression`, in source order. A name given twice is reported by the parser and kept once.
    pub attributes: Vec<Attribute>,
    /// Nested blocks, in source order.
    pub blocks: Vec<Block>,
    /// A part of it could not be read: more may be declared than stands here.
    pub incomplete: bool,
}

/// `name = expression`.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Left of `=`.
    pub name: Arc<str>,
    /// Where the name stands.
    pub name_span: Span,
    /// Right of `=`. Shared: one expression serves every instance of a resource.
    pub expr: Arc<Expr>,
}

/// `kind "label" ... { body }`.
#[derive(Clone, Debug)]
pub struct Block {
    /// `resource`, `variable`, `lifecycle`, ...
    pub kind: Arc<str>,
    /// Where the kind stands.
    pub kind_span: Span,
    /// The labels.
    pub labels: Vec<Label>,
    /// What stands between the braces.
    pub body: Arc<Body>,
    /// The header: from the kind to the last label.
    pub span: Span,
}

/// A label of a block.
#[derive(Clone, Debug)]
pub struct Label {
    /// Its text, without quotes.
    pub text: Arc<str>,
    /// Where it stands, with quotes.
    pub span: Span,
}

/// An expression and its place.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number literal.
    Number(Arc<Literal>),
    /// A string without interpolation, unescaped and NFC.
    String(Arc<str>),
    /// A quoted template or heredoc with interpolations or directives; strip markers and `<<-` are already applied.
    Template(Box<[TemplatePart]>),
    /// `[a, b]`.
    Tuple(Box<[Expr]>),
    /// `{ k = v }`.
    Object(Box<[(ObjectKey, Expr)]>),
    /// `(a)`.
    Paren(Box<Expr>),
    /// A root name: `var`, `local`, `simplepod_instance`, a `for` variable.
    Variable(Arc<str>),
    /// `root.name[key]`, `root[*].name`, ...
    Traversal(Box<Traversal>),
    /// `name(args)`; `expand` for a final `...`.
    Call(Box<Call>),
    /// `!a`, `-a`.
    Unary(UnaryOp, Box<Expr>),
    /// `a + b - c`.
    Operation(Box<Operation>),
    /// `c ? t : f`.
    Conditional(Box<Conditional>),
    /// `[for ...]`, `{for ...}`.
    For(Box<ForExpr>),
}

/// A number as it is written.
#[derive(Clone, Debug)]
pub struct Literal {
    /// At full precision.
    pub number: Arc<Number>,
    /// In the source: 12.10 and 12.1 are one number, and two versions.
    pub text: Box<str>,
}

impl Literal {
    /// `None` for what is no number, or too large a one.
    pub fn parse(text: &str) -> Option<Literal> {
        Some(Literal { number: Number::parse(text)?.into(), text: text.into() })
    }
}

/// A key of an object constructor.
#[derive(Clone, Debug)]
pub enum ObjectKey {
    /// `name =`: the name itself.
    Name(Arc<str>, Span),
    /// `"text" =`, `(expr) =`, or any other expression.
    Expr(Box<Expr>),
}

/// A root and the steps from it.
#[derive(Clone, Debug)]
pub struct Traversal {
    /// A name, or any other operand.
    pub root: Expr,
    /// At least one.
    pub steps: Box<[Step]>,
}

/// One step of a traversal.
#[derive(Clone, Debug)]
pub enum Step {
    /// `.name`, and where the name stands.
    Attr(Arc<str>, Span),
    /// `[key]`, and where the brackets stand; `.0` is written with a number key.
    Index(Box<Expr>, Span),
    /// `[*]`: all steps behind it apply to each element.
    Splat(Span),
    /// `.*`: as many of the steps behind it, names or `.0`, apply to each element, the others to the result.
    AttrSplat(usize, Span),
}

impl Step {
    /// Where it stands; of `.name` the name alone.
    pub fn span(&self) -> Span {
        match self {
            Self::Attr(_, span) | Self::Index(_, span) | Self::Splat(span) | Self::AttrSplat(_, span) => *span,
        }
    }

    /// The name of `.name`.
    pub fn name(&self) -> Option<&Arc<str>> {
        match self {
            Self::Attr(name, _) => Some(name),
            Self::Index(..) | Self::Splat(_) | Self::AttrSplat(..) => None,
        }
    }
}

impl Expr {
    /// The root and the steps of a traversal; any other expression is its own root.
    pub fn traversal(&self) -> (&Expr, &[Step]) {
        match &self.kind {
            ExprKind::Traversal(traversal) => (&traversal.root, &traversal.steps),
            _ => (self, &[]),
        }
    }
}

/// Operators of one level, from left to right.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The first operand.
    pub first: Expr,
    /// Each operator with the operand behind it: at least one.
    pub rest: Box<[(BinaryOp, Expr)]>,
}

/// `condition ? yes : no`.
#[derive(Clone, Debug)]
pub struct Conditional {
    /// Left of `?`.
    pub condition: Expr,
    /// The value where it is true.
    pub yes: Expr,
    /// The value where it is false.
    pub no: Expr,
}

/// A function call.
#[derive(Clone, Debug)]
pub struct Call {
    /// As written, with its namespace: `upper`, `core::upper`.
    pub name: Arc<str>,
    /// Where the name stands.
    pub name_span: Span,
    /// The arguments.
    pub args: Box<[Expr]>,
    /// The last argument is expanded (`...`).
    pub expand: bool,
}

/// `[for k, v in coll : value if cond]` and `{for k, v in coll : key => value... if cond}`.
#[derive(Clone, Debug)]
pub struct ForExpr {
    /// The first of two names.
    pub key_name: Option<Arc<str>>,
    /// The only or second name.
    pub value_name: Arc<str>,
    /// What is iterated.
    pub collection: Expr,
    /// Left of `=>`; `Some` makes an object.
    pub key: Option<Expr>,
    /// The element.
    pub value: Expr,
    /// `...` after the value: group by key.
    pub group: bool,
    /// `if`.
    pub condition: Option<Expr>,
}

/// A part of a template.
#[derive(Clone, Debug)]
pub enum TemplatePart {
    /// Literal text.
    Text(Arc<str>),
    /// `${expr}`.
    Interpolation(Expr),
    /// `%{if c}...%{else}...%{endif}`.
    If(Expr, Box<[TemplatePart]>, Box<[TemplatePart]>),
    /// `%{for k, v in coll}...%{endfor}`.
    For {
        /// The first of two names.
        key_name: Option<Arc<str>>,
        /// The only or second name.
        value_name: Arc<str>,
        /// What is iterated.
        collection: Expr,
        /// The repeated parts.
        body: Box<[TemplatePart]>,
    },
}

/// Unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `!`
    Not,
    /// `-`
    Neg,
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `==`
    Eq,
    /// `!=`
    NotEq,
    /// `<`
    Less,
    /// `<=`
    LessEq,
    /// `>`
    Greater,
    /// `>=`
    GreaterEq,
    /// `&&`
    And,
    /// `||`
    Or,
}

//! The syntax tree that evaluation walks: lowered from the parser's, with a span on every node.

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
    /// The whole attribute.
    pub span: Span,
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
    /// A number literal, at full precision.
    Number(Number),
    /// A string without interpolation, unescaped and NFC.
    String(Arc<str>),
    /// A quoted template or heredoc with interpolations or directives; strip markers and `<<-` are already applied.
    Template(Vec<TemplatePart>),
    /// `[a, b]`.
    Tuple(Vec<Expr>),
    /// `{ k = v }`.
    Object(Vec<(ObjectKey, Expr)>),
    /// `(a)`.
    Paren(Box<Expr>),
    /// A root name: `var`, `local`, `simplepod_instance`, a `for` variable.
    Variable(Arc<str>),
    /// `base.name`.
    GetAttr(Box<Expr>, Arc<str>, Span),
    /// `base[key]`; `base.0` is written with a number key.
    Index(Box<Expr>, Box<Expr>),
    /// `base[*].tail`; the tail steps apply to each element.
    Splat(Box<Expr>, Vec<Step>),
    /// `base.*.tail`: as `Splat`, but the tail takes attributes only and later indexes apply to the result.
    AttrSplat(Box<Expr>, Vec<Step>),
    /// `name(args)`; `expand` for a final `...`.
    Call(Call),
    /// `!a`, `-a`.
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`.
    Binary(Box<Expr>, BinaryOp, Box<Expr>),
    /// `c ? t : f`.
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `[for ...]`, `{for ...}`.
    For(Box<ForExpr>),
}

/// A key of an object constructor.
#[derive(Clone, Debug)]
pub enum ObjectKey {
    /// `name =`: the name itself.
    Name(Arc<str>, Span),
    /// `"text" =`, `(expr) =`, or any other expression.
    Expr(Expr),
}

/// One step of a traversal inside a splat.
#[derive(Clone, Debug)]
pub enum Step {
    /// `.name`.
    Attr(Arc<str>, Span),
    /// `[key]`.
    Index(Expr),
    /// `[*].tail`: a splat inside a splat, with its own tail and the place of the star.
    Splat(Vec<Step>, Span),
}

/// A function call.
#[derive(Clone, Debug)]
pub struct Call {
    /// As written, with its namespace: `upper`, `core::upper`.
    pub name: Arc<str>,
    /// Where the name stands.
    pub name_span: Span,
    /// The arguments.
    pub args: Vec<Expr>,
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
    If(Expr, Vec<TemplatePart>, Vec<TemplatePart>),
    /// `%{for k, v in coll}...%{endfor}`.
    For {
        /// The first of two names.
        key_name: Option<Arc<str>>,
        /// The only or second name.
        value_name: Arc<str>,
        /// What is iterated.
        collection: Expr,
        /// The repeated parts.
        body: Vec<TemplatePart>,
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

//! Expressions: operators by their precedence, conditionals, operands and calls.

use super::super::super::ast::{BinaryOp, Call, Conditional, Expr, ExprKind, Operation, UnaryOp};
use super::super::token::Kind;
use super::{Fault, Parsed, Reader, Within};

/// How tight an operator binds.
fn level(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => 1,
        BinaryOp::And => 2,
        BinaryOp::Eq | BinaryOp::NotEq => 3,
        BinaryOp::Less | BinaryOp::LessEq | BinaryOp::Greater | BinaryOp::GreaterEq => 4,
        BinaryOp::Add | BinaryOp::Sub => 5,
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod => 6,
    }
}

impl Reader<'_> {
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        let first = self.operand()?;
        let condition = self.operations(first, 0)?;
        if !self.read_if(Kind::Question) {
            return Ok(condition);
        }
        let newlines = self.newlines;
        let yes = self.inside(Within::Conditional, newlines, Self::expression)?;
        self.expect(Kind::Colon, Fault::Otherwise)?;
        let no = self.deeper(Self::expression)?;
        let span = condition.span.to(no.span);
        Ok(Expr { kind: ExprKind::Conditional(Box::new(Conditional { condition, yes, no })), span })
    }

    /// The operators of a level or tighter ones, behind their first operand. Those of one level are a list.
    fn operations(&mut self, mut left: Expr, least: u8) -> Parsed<Expr> {
        while let Some(mut op) = self.operator().filter(|op| level(*op) >= least) {
            let level_here = level(op);
            let mut rest = Vec::new();
            let mut span = left.span;
            loop {
                self.read();
                let right = self.operand()?;
                let right = self.operations(right, level_here + 1)?;
                span = span.to(right.span);
                rest.push((op, right));
                match self.operator() {
                    Some(next) if level(next) == level_here => op = next,
                    _ => break,
                }
            }
            let operation = Operation { first: left, rest: rest.into() };
            left = Expr { kind: ExprKind::Operation(Box::new(operation)), span };
        }
        Ok(left)
    }

    /// The operator that stands next, if one does.
    fn operator(&self) -> Option<BinaryOp> {
        let (kind, token) = self.next();
        Some(match (kind, self.text(token)) {
            (Kind::Minus, _) => BinaryOp::Sub,
            (Kind::Star, _) => BinaryOp::Mul,
            (Kind::Arithmetic, "+") => BinaryOp::Add,
            (Kind::Arithmetic, "/") => BinaryOp::Div,
            (Kind::Arithmetic, _) => BinaryOp::Mod,
            (Kind::Comparison, "==") => BinaryOp::Eq,
            (Kind::Comparison, "!=") => BinaryOp::NotEq,
            (Kind::Comparison, "<") => BinaryOp::Less,
            (Kind::Comparison, "<=") => BinaryOp::LessEq,
            (Kind::Comparison, ">") => BinaryOp::Greater,
            (Kind::Comparison, _) => BinaryOp::GreaterEq,
            (Kind::Logical, "&&") => BinaryOp::And,
            (Kind::Logical, _) => BinaryOp::Or,
            _ => return None,
        })
    }

    /// One operand with its signs and with what follows it: a sign binds tighter than every operator.
    fn operand(&mut self) -> Parsed<Expr> {
        let (kind, first) = self.next();
        let sign = match kind {
            Kind::Minus => UnaryOp::Neg,
            Kind::Bang => UnaryOp::Not,
            _ => {
                let root = self.term()?;
                return self.traversal(root);
            }
        };
        self.read();
        let operand = self.deeper(Self::operand)?;
        Ok(Expr { kind: ExprKind::Unary(sign, Box::new(operand)), span: self.since(first) })
    }

    fn term(&mut self) -> Parsed<Expr> {
        let (kind, first) = self.next();
        let kind = match kind {
            Kind::OParen => {
                self.read();
                let inner = self.inside(Within::Parentheses, false, |reader| {
                    let inner = reader.expression()?;
                    reader.expect(Kind::CParen, Fault::Parenthesis)?;
                    Ok(inner)
                })?;
                ExprKind::Paren(Box::new(inner))
            }
            Kind::NumberLit if let Some(number) = self.number(first) => {
                self.read();
                ExprKind::Number(number)
            }
            Kind::Ident => {
                self.read();
                match (self.peek(), self.text(first)) {
                    (Kind::OParen | Kind::DoubleColon, _) => ExprKind::Call(Box::new(self.call(first)?)),
                    (_, "true") => ExprKind::Bool(true),
                    (_, "false") => ExprKind::Bool(false),
                    (_, "null") => ExprKind::Null,
                    _ => ExprKind::Variable(self.name(first)),
                }
            }
            Kind::OQuote => {
                self.read();
                self.quoted(Within::Quotes, Kind::CQuote)?
            }
            Kind::OHeredoc => {
                self.read();
                self.quoted(Within::Heredoc, Kind::CHeredoc)?
            }
            Kind::OBrack => {
                self.read();
                self.inside(Within::Tuple, false, Self::tuple)?
            }
            Kind::OBrace => {
                self.read();
                let around = std::mem::replace(&mut self.newlines, false);
                let is_for = self.word() == Some("for");
                self.newlines = around;
                match is_for {
                    true => self.inside(Within::Object, false, |reader| reader.for_expression(Kind::CBrace))?,
                    false => self.inside(Within::Object, true, Self::object)?,
                }
            }
            _ => return self.fail(Fault::Operand),
        };
        Ok(Expr { kind, span: self.since(first) })
    }

    /// A call behind the first part of its name.
    fn call(&mut self, first: usize) -> Parsed<Call> {
        let mut name = self.name(first);
        while self.read_if(Kind::DoubleColon) {
            let part = self.expect(Kind::Ident, Fault::FunctionName)?;
            name = format!("{name}::{}", self.text(part)).into();
        }
        let name_span = self.since(first);
        self.expect(Kind::OParen, Fault::Arguments)?;
        let (args, expand) = self.inside(Within::Call, false, Self::arguments)?;
        Ok(Call { name, name_span, args, expand })
    }

    fn arguments(&mut self) -> Parsed<(Box<[Expr]>, bool)> {
        let mut args = Vec::new();
        let mut expand = false;
        while self.peek() != Kind::CParen {
            args.push(self.expression()?);
            match self.next() {
                (Kind::Comma, _) => {
                    self.read();
                }
                (Kind::Ellipsis, dots) => {
                    self.read();
                    if self.peek() != Kind::CParen {
                        return self.fail_at(dots, Fault::Expanded);
                    }
                    expand = true;
                    break;
                }
                _ => break,
            }
        }
        self.expect(Kind::CParen, Fault::Argument)?;
        Ok((args.into(), expand))
    }
}

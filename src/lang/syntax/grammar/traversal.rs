//! What follows an operand: names, indices and splats, in a list.

use super::super::super::ast::{Expr, ExprKind, Step, Traversal};
use super::super::token::Kind;
use super::{Fault, Parsed, Reader, Within};

impl Reader<'_> {
    pub(super) fn traversal(&mut self, root: Expr) -> Parsed<Expr> {
        let mut steps = Vec::new();
        let around = self.depth;
        loop {
            match self.next() {
                (Kind::Dot, dot) => {
                    self.read();
                    if !self.read_if(Kind::Star) {
                        steps.push(self.step(dot)?);
                        continue;
                    }
                    self.splat()?;
                    let at = steps.len();
                    let star = self.since(dot);
                    while let (Kind::Dot, dot) = self.next() {
                        self.read();
                        steps.push(self.step(dot)?);
                    }
                    steps.insert(at, Step::AttrSplat(steps.len() - at, star));
                }
                (Kind::OBrack, bracket) => {
                    self.read();
                    if self.read_if(Kind::Star) {
                        self.expect(Kind::CBrack, Fault::Index)?;
                        self.splat()?;
                        steps.push(Step::Splat(self.since(bracket)));
                        continue;
                    }
                    let key = self.inside(Within::Index, false, |reader| {
                        let key = reader.expression()?;
                        reader.expect(Kind::CBrack, Fault::Index)?;
                        Ok(key)
                    })?;
                    steps.push(Step::Index(Box::new(key), self.since(bracket)));
                }
                _ => break,
            }
        }
        self.depth = around;
        let Some(last) = steps.last() else { return Ok(root) };
        let span = root.span.to(last.span());
        Ok(Expr { kind: ExprKind::Traversal(Box::new(Traversal { root, steps: steps.into() })), span })
    }

    /// What follows a splat is gone through for each element, so splats nest.
    fn splat(&mut self) -> Parsed {
        self.deeper(|_| Ok(()))?;
        self.depth += 1;
        Ok(())
    }

    /// What follows a dot: a name, or a number as Terraform's first versions had it.
    fn step(&mut self, dot: usize) -> Parsed<Step> {
        let (kind, token) = self.next();
        match kind {
            Kind::Ident => {
                self.read();
                Ok(Step::Attr(self.name(token), self.span(token)))
            }
            Kind::NumberLit
                if !self.text(token).contains('.')
                    && let Some(number) = self.number(token) =>
            {
                self.read();
                let key = Expr { kind: ExprKind::Number(number), span: self.since(dot) };
                Ok(Step::Index(Box::new(key), self.since(dot)))
            }
            _ => self.fail(Fault::Step),
        }
    }
}

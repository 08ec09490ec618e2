//! The neutral form of a configuration: one text, made of our tree and of the other parser's. What one of them folds is
//! folded here for both: signs before numbers, texts that stand beside each other, strip markers.

use hcl::edit::expr as edit;
use hcl::edit::structure;
use hcl::edit::template::{Directive, Element, Strip, Template};
use podform::lang::ast::{BinaryOp, Body, Expr, ExprKind, ObjectKey, Step, TemplatePart, UnaryOp};
use unicode_normalization::UnicodeNormalization;

/// Of our tree.
pub fn ours(body: &Body) -> String {
    let attributes = body.attributes.iter().map(|a| format!("{} = {}\n", a.name, expression(&a.expr)));
    let blocks = body.blocks.iter().map(|block| {
        let labels: String = block.labels.iter().map(|label| format!("{} ", quoted(&label.text))).collect();
        format!("{} {labels}{{\n{}}}\n", block.kind, ours(&block.body))
    });
    attributes.chain(blocks).collect()
}

/// Of hcl-rs's tree.
pub fn theirs(body: &structure::Body) -> String {
    let attributes = body.attributes().map(|a| format!("{} = {}\n", &*a.key, their_expression(&a.value)));
    let blocks = body.blocks().map(|block| {
        let labels: String = block.labels.iter().map(|label| format!("{} ", quoted(label.as_str()))).collect();
        format!("{} {labels}{{\n{}}}\n", &*block.ident, theirs(&block.body))
    });
    attributes.chain(blocks).collect()
}

fn quoted(text: &str) -> String {
    format!("{:?}", text.nfc().collect::<String>())
}

fn number(number: f64) -> String {
    // A zero has no sign.
    format!("{:?}", number + 0.0)
}

fn list<T>(of: impl IntoIterator<Item = T>, form: impl Fn(T) -> String) -> String {
    of.into_iter().map(form).collect::<Vec<_>>().join(", ")
}

fn call(name: &str, arguments: String, expand: bool) -> String {
    format!("{name}({arguments}{})", if expand { "..." } else { "" })
}

/// `for`, with what is not there left out.
fn repeated(names: [Option<String>; 2], parts: [Option<String>; 4], group: bool) -> String {
    format!("for({names:?} {parts:?} {group})")
}

fn expression(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Null => "null".into(),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Number(value) => number(value.number.as_f64()),
        ExprKind::String(text) => quoted(text),
        ExprKind::Template(parts) => {
            let mut pieces = Vec::new();
            parts.iter().for_each(|part| flat(part, &mut pieces));
            template(pieces)
        }
        ExprKind::Tuple(elements) => format!("[{}]", list(elements, expression)),
        ExprKind::Object(items) => {
            let key = |key: &ObjectKey| match key {
                ObjectKey::Name(name, _) => name.to_string(),
                ObjectKey::Expr(expr) => format!("<{}>", expression(expr)),
            };
            format!("{{{}}}", list(items, |(name, value)| format!("{} = {}", key(name), expression(value))))
        }
        ExprKind::Paren(inner) => format!("({})", expression(inner)),
        ExprKind::Variable(name) => name.to_string(),
        ExprKind::Traversal(traversal) => {
            let step = |step: &Step| match step {
                Step::Attr(name, _) => format!(".{name}"),
                Step::Index(key, _) => format!("[{}]", expression(key)),
                Step::Splat(_) => "[*]".into(),
                Step::AttrSplat(count, _) => format!(".*{count}"),
            };
            format!("{}{}", expression(&traversal.root), traversal.steps.iter().map(step).collect::<String>())
        }
        ExprKind::Call(given) => call(&given.name, list(&given.args, expression), given.expand),
        ExprKind::Unary(UnaryOp::Neg, operand) if let ExprKind::Number(value) = &operand.kind => {
            number(-value.number.as_f64())
        }
        ExprKind::Unary(op, operand) => {
            format!("{}<{}>", if *op == UnaryOp::Neg { "-" } else { "!" }, expression(operand))
        }
        ExprKind::Operation(operation) => {
            operation.rest.iter().fold(expression(&operation.first), |left, (operator, right)| {
                format!("<{left} {} {}>", sign(*operator), expression(right))
            })
        }
        ExprKind::Conditional(given) => {
            let [condition, yes, no] = [&given.condition, &given.yes, &given.no].map(expression);
            format!("<{condition} ? {yes} : {no}>")
        }
        ExprKind::For(given) => repeated(
            [given.key_name.as_deref().map(str::to_owned), Some(given.value_name.to_string())],
            [Some(&given.collection), given.key.as_ref(), Some(&given.value), given.condition.as_ref()]
                .map(|part| part.map(expression)),
            given.group,
        ),
    }
}

fn sign(operator: BinaryOp) -> &'static str {
    match operator {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Mod => "%",
        BinaryOp::Eq => "==",
        BinaryOp::NotEq => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEq => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEq => ">=",
        BinaryOp::And => "&&",
        BinaryOp::Or => "||",
    }
}

fn their_expression(expr: &edit::Expression) -> String {
    match expr {
        edit::Expression::Null(_) => "null".into(),
        edit::Expression::Bool(value) => value.to_string(),
        edit::Expression::Number(value) => number(value.as_f64().unwrap()),
        edit::Expression::String(text) => quoted(text),
        edit::Expression::StringTemplate(parts) => template(their_pieces(parts, false)),
        edit::Expression::HeredocTemplate(heredoc) => template(their_pieces(&heredoc.template, true)),
        edit::Expression::Array(elements) => format!("[{}]", list(elements, their_expression)),
        edit::Expression::Object(items) => {
            let key = |key: &edit::ObjectKey| match key {
                edit::ObjectKey::Ident(name) => name.to_string(),
                edit::ObjectKey::Expression(expr @ (edit::Expression::Null(_) | edit::Expression::Bool(_))) => {
                    their_expression(expr)
                }
                edit::ObjectKey::Expression(expr) => format!("<{}>", their_expression(expr)),
            };
            format!(
                "{{{}}}",
                list(items, |(name, value)| format!("{} = {}", key(name), their_expression(value.expr())))
            )
        }
        edit::Expression::Parenthesis(inner) => format!("({})", their_expression(inner.inner())),
        edit::Expression::Variable(name) => name.to_string(),
        edit::Expression::Traversal(traversal) => {
            let steps: Vec<&edit::TraversalOperator> = traversal.operators.iter().map(|step| &**step).collect();
            let named = |step: &&&edit::TraversalOperator| {
                matches!(step, edit::TraversalOperator::GetAttr(_) | edit::TraversalOperator::LegacyIndex(_))
            };
            let step = |(at, step): (usize, &&edit::TraversalOperator)| match step {
                edit::TraversalOperator::GetAttr(name) => format!(".{}", &**name),
                edit::TraversalOperator::Index(key) => format!("[{}]", their_expression(key)),
                edit::TraversalOperator::LegacyIndex(key) => format!("[{}]", number(**key as f64)),
                edit::TraversalOperator::FullSplat(_) => "[*]".into(),
                edit::TraversalOperator::AttrSplat(_) => {
                    format!(".*{}", steps[at + 1..].iter().take_while(named).count())
                }
            };
            format!("{}{}", their_expression(&traversal.expr), steps.iter().enumerate().map(step).collect::<String>())
        }
        edit::Expression::FuncCall(given) => {
            let name = given.name.namespace.iter().chain([&given.name.name]).map(|part| part.as_str());
            let name = name.collect::<Vec<_>>().join("::");
            call(&name, list(given.args.iter(), their_expression), given.args.expand_final())
        }
        edit::Expression::UnaryOp(given) => format!("{}<{}>", given.operator.as_str(), their_expression(&given.expr)),
        edit::Expression::BinaryOp(given) => {
            let [left, right] = [&given.lhs_expr, &given.rhs_expr].map(their_expression);
            format!("<{left} {} {right}>", given.operator.as_str())
        }
        edit::Expression::Conditional(given) => {
            let [condition, yes, no] = [&given.cond_expr, &given.true_expr, &given.false_expr].map(their_expression);
            format!("<{condition} ? {yes} : {no}>")
        }
        edit::Expression::ForExpr(given) => {
            let condition = given.cond.as_ref().map(|condition| &condition.expr);
            repeated(
                [given.intro.key_var.as_ref().map(|name| name.to_string()), Some(given.intro.value_var.to_string())],
                [Some(&given.intro.collection_expr), given.key_expr.as_ref(), Some(&given.value_expr), condition]
                    .map(|part| part.map(their_expression)),
                given.grouping,
            )
        }
    }
}

/// A piece of a template, in the order of the source.
enum Piece {
    Text(String),
    /// An interpolation, or a word of a directive.
    Mark(String, Strip),
}

fn mark(text: String) -> Piece {
    Piece::Mark(text, Strip::None)
}

/// `%{for}` up to its end.
fn opened(key: Option<&str>, value: &str, collection: String) -> String {
    format!("%for({key:?} {value:?} {collection})")
}

fn flat(part: &TemplatePart, pieces: &mut Vec<Piece>) {
    match part {
        TemplatePart::Text(text) => pieces.push(Piece::Text(text.to_string())),
        TemplatePart::Interpolation(expr) => pieces.push(mark(format!("${{{}}}", expression(expr)))),
        TemplatePart::If(condition, yes, no) => {
            pieces.push(mark(format!("%if({})", expression(condition))));
            yes.iter().for_each(|part| flat(part, pieces));
            pieces.push(mark("%else".into()));
            no.iter().for_each(|part| flat(part, pieces));
            pieces.push(mark("%end".into()));
        }
        TemplatePart::For { key_name, value_name, collection, body } => {
            pieces.push(mark(opened(key_name.as_deref(), value_name, expression(collection))));
            body.iter().for_each(|part| flat(part, pieces));
            pieces.push(mark("%end".into()));
        }
    }
}

fn their_pieces(template: &Template, lines: bool) -> Vec<Piece> {
    let mut pieces = Vec::new();
    template.iter().for_each(|element| their_flat(element, &mut pieces));
    strip(&mut pieces, lines);
    pieces
}

fn their_flat(element: &Element, pieces: &mut Vec<Piece>) {
    match element {
        Element::Literal(text) => pieces.push(Piece::Text(text.to_string())),
        Element::Interpolation(given) => {
            pieces.push(Piece::Mark(format!("${{{}}}", their_expression(&given.expr)), given.strip));
        }
        Element::Directive(directive) => match &**directive {
            Directive::If(given) => {
                let condition = their_expression(&given.if_expr.cond_expr);
                pieces.push(Piece::Mark(format!("%if({condition})"), given.if_expr.strip));
                given.if_expr.template.iter().for_each(|element| their_flat(element, pieces));
                if let Some(otherwise) = &given.else_expr {
                    pieces.push(Piece::Mark("%else".into(), otherwise.strip));
                    otherwise.template.iter().for_each(|element| their_flat(element, pieces));
                }
                pieces.push(Piece::Mark("%end".into(), given.endif_expr.strip));
            }
            Directive::For(given) => {
                let collection = their_expression(&given.for_expr.collection_expr);
                let key = given.for_expr.key_var.as_ref().map(|name| name.as_str());
                pieces.push(Piece::Mark(opened(key, &given.for_expr.value_var, collection), given.for_expr.strip));
                given.for_expr.template.iter().for_each(|element| their_flat(element, pieces));
                pieces.push(Piece::Mark("%end".into(), given.endfor_expr.strip));
            }
        },
    }
}

/// A strip marker takes white space from the text beside it; of a heredoc, from its nearest line.
fn strip(pieces: &mut [Piece], lines: bool) {
    for at in 0..pieces.len() {
        let Piece::Mark(_, strip) = pieces[at] else { continue };
        if strip.strip_start()
            && let Some(Piece::Text(text)) = at.checked_sub(1).map(|before| &mut pieces[before])
        {
            let open = text.strip_suffix('\n').unwrap_or(text);
            let line = open.rfind('\n').filter(|_| lines).map_or(0, |end| end + 1);
            let kept = line + text[line..].trim_end().len();
            text.truncate(kept);
        }
        if strip.strip_end()
            && let Some(Piece::Text(text)) = pieces.get_mut(at + 1)
        {
            let line = text.find('\n').filter(|_| lines).map_or(text.len(), |end| end + 1);
            *text = format!("{}{}", text[..line].trim_start(), &text[line..]);
        }
    }
}

/// With texts beside each other joined; a template of nothing but text is that text.
fn template(pieces: Vec<Piece>) -> String {
    let (mut parts, mut text, mut marked) = (String::new(), String::new(), false);
    for piece in pieces.into_iter().chain([mark(String::new())]) {
        match piece {
            Piece::Text(more) => text.push_str(&more),
            Piece::Mark(mark, _) => {
                if !text.is_empty() {
                    parts.push_str(&quoted(&std::mem::take(&mut text)));
                }
                marked |= !mark.is_empty();
                parts.push_str(&mark);
            }
        }
    }
    match (marked, parts.is_empty()) {
        // An `else` without anything is none.
        (true, _) => format!("`{}`", parts.replace("%else%end", "%end")),
        (false, true) => quoted(""),
        (false, false) => parts,
    }
}

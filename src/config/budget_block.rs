//! `budget` blocks of the podform block: read, and evaluated.

use super::block::{allow, attribute, labels};
use super::budget::{Budget, BudgetBlock, Limit};
use super::expand::Repetition;
use super::model::Configuration;
use super::moved_block::target;
use super::needs::undeclared_in;
use super::node::Node;
use super::walk::Walk;
use crate::address::{ObjectKind, Target};
use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::lang::ast::{Attribute, Block, Expr, ExprKind};
use crate::lang::convert::convert;
use crate::lang::reference::references;
use crate::lang::{Subject, Type, Value, eval};
use crate::schema::decimal;
use crate::schema::instance::duration;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Reads the `budget` blocks of a podform block.
pub(super) fn budgets<'b>(blocks: impl Iterator<Item = &'b Block>, diags: &mut Diagnostics) -> Vec<BudgetBlock> {
    let mut all: Vec<BudgetBlock> = Vec::new();
    for block in blocks {
        let Some(read) = budget(block, diags) else { continue };
        match all.iter().find(|other| read.name.is_some() && other.name == read.name) {
            Some(first) => {
                let detail = format!(
                    "A budget named \"{}\" was already declared. Names must be unique.",
                    read.name.as_deref().unwrap_or_default()
                );
                diags.push(Diagnostic::error("Duplicate budget", detail).at(block.span).against(first.span));
            }
            None => all.push(read),
        }
    }
    all
}

fn budget(block: &Block, diags: &mut Diagnostics) -> Option<BudgetBlock> {
    let name = match block.labels.as_slice() {
        [] => None,
        _ => {
            let [name] = labels(block, ["name"], diags)?;
            Some(name)
        }
    };
    let mut known = vec!["for"];
    known.extend(Limit::ALL.map(Limit::name));
    allow(&block.body, "a budget block", &known, &[], diags);
    let is_limit = |given: &&Attribute| Limit::ALL.iter().any(|limit| limit.name() == &*given.name);
    let limits: Vec<Attribute> = block.body.attributes.iter().filter(is_limit).cloned().collect();
    let covered = attribute(&block.body, "for");
    let targets = covered.map(|given| targets(&given.expr, diags)).unwrap_or_default();
    if let Some(runway) = limits.iter().find(|given| *given.name == *Limit::MinRunway.name())
        && covered.is_some()
    {
        let detail = "The balance pays for everything in the account, so \"min_runway\" cannot stand beside \"for\". Give it in a budget of its own.";
        diags.push(Diagnostic::error("Invalid budget", detail).at(runway.name_span));
    }
    if limits.is_empty() {
        let names = Limit::ALL.map(Limit::name).join(", ");
        let detail = format!("This budget limits nothing. Give at least one of {names}.");
        diags.push(Diagnostic::error("Invalid budget", detail).at(block.span));
    }
    Some(BudgetBlock { name, targets, limits, span: block.span })
}

/// `for = [simplepod_instance.w, module.x]`, or the same as texts.
fn targets(expr: &Expr, diags: &mut Diagnostics) -> Vec<(Target, Span)> {
    let elements = match &expr.kind {
        ExprKind::Tuple(elements) if !elements.is_empty() => elements,
        _ => {
            let detail = "\"for\" is a list of instances and modules: for = [simplepod_instance.worker, module.farm]. Leave it out for everything.";
            diags.push(Diagnostic::error("Invalid budget", detail).at(expr.span));
            return Vec::new();
        }
    };
    let read = |element: &Expr, diags: &mut Diagnostics| match &element.kind {
        ExprKind::String(text) => match text.parse::<Target>() {
            Ok(target) => Some(target),
            Err(error) => {
                diags.push(Diagnostic::error("Invalid address", error.to_string()).at(element.span));
                None
            }
        },
        _ => target(element, diags),
    };
    elements.iter().filter_map(|element| Some((read(element, diags)?, element.span))).collect()
}

impl Walk<'_> {
    pub(super) fn budgets(&self, diags: &mut Diagnostics) -> Vec<Budget> {
        let settings = self.program.configuration.root().settings.as_ref();
        let blocks = settings.map(|settings| settings.budgets.as_slice()).unwrap_or_default();
        blocks.iter().map(|block| self.budget(block, diags)).collect()
    }

    fn budget(&self, block: &BudgetBlock, diags: &mut Diagnostics) -> Budget {
        for (target, span) in &block.targets {
            if let Some(detail) = self.uncovered(target) {
                diags.push(Diagnostic::error("Invalid budget", detail).at(*span));
            }
        }
        let mut limits = BTreeMap::new();
        for given in &block.limits {
            match self.limit(given, diags) {
                Ok(limit) => limits.extend(limit),
                Err(detail) => diags.push(Diagnostic::error("Invalid budget", detail).at(given.expr.span)),
            }
        }
        let targets = block.targets.iter().map(|(target, _)| target.clone()).collect();
        Budget { name: block.name.as_deref().map(str::to_owned), targets, limits }
    }

    /// Why a budget cannot cover this.
    fn uncovered(&self, target: &Target) -> Option<String> {
        let configuration = &self.program.configuration;
        match target {
            Target::Module(path) if configuration.called(path).is_some() => None,
            Target::Resource(address) if configuration.declaration(&address.resource).is_some() => {
                let bills = address.resource.object_kind().is_some_and(ObjectKind::is_rented);
                (!bills).then(|| {
                    format!(
                        "{target} is never rented: a budget covers instances, and modules with all their instances."
                    )
                })
            }
            Target::Module(_) | Target::Resource(_) => {
                Some(format!("{target} is not declared in this configuration, so this budget would not cover it."))
            }
        }
    }

    /// What an argument limits; `None` where it is null. An `Err` says what is wrong.
    fn limit(&self, given: &Attribute, diags: &mut Diagnostics) -> Result<Option<(Limit, Decimal)>, String> {
        let name = &given.name;
        let Some(limit) = Limit::ALL.into_iter().find(|limit| limit.name() == &**name) else { return Ok(None) };
        if self.reaches_objects(&given.expr) {
            return Err(format!(
                "\"{name}\" must stand before anything is made: it may use variables and locals, but no resource, data source or module."
            ));
        }
        let value = eval::evaluate(&given.expr, &self.scope(0, Repetition::default()), diags);
        if value.deep_marks().sensitive {
            return Err(format!(
                "\"{name}\" is shown in every plan, so its value cannot be sensitive. Use a variable that is not, or nonsensitive()."
            ));
        }
        let wanted = if limit == Limit::MinRunway { Type::String } else { Type::Number };
        let value =
            convert(&value, &wanted).map_err(|error| format!("Inappropriate value for \"{name}\": {error}."))?;
        match (value.is_known(), value.is_null()) {
            (false, _) => {
                let said = diags.len();
                undeclared_in(&self.program.configuration, &given.expr, diags);
                match diags.len() > said {
                    true => Ok(None),
                    false => Err(format!("\"{name}\" must be known before anything is planned.")),
                }
            }
            // As everywhere: null is as good as not given.
            (true, true) => Ok(None),
            (true, false) => Ok(Some((limit, amount(limit, &value)?))),
        }
    }

    /// Whether an expression refers to what an apply makes or a plan reads, also behind locals.
    fn reaches_objects(&self, expr: &Expr) -> bool {
        let mut told = Diagnostics::new();
        references(expr, &mut told).iter().any(|reference| match &reference.subject {
            Subject::Resource(..) | Subject::Module(_) => true,
            Subject::Local(name) => {
                let local = Node::Local(Configuration::ROOT, name.clone());
                let behind = self.program.graph.dependencies([&local]);
                behind.iter().any(|node| matches!(node, Node::Resource(..) | Node::Data(..) | Node::Output(..)))
            }
            _ => false,
        })
    }
}

/// A value in the unit of its limit; an `Err` says what is wrong with it.
fn amount(limit: Limit, value: &Value) -> Result<Decimal, String> {
    let name = limit.name();
    if limit == Limit::MinRunway {
        let span = value.as_str().and_then(duration).filter(|span| !span.is_zero());
        let hours = span.map(|span| Decimal::from(span.as_secs()) / Decimal::from(3600));
        return hours.ok_or_else(|| format!("\"{name}\" is a duration above zero, like \"48h\"."));
    }
    let number = decimal(value).ok_or_else(|| format!("\"{name}\" is too large."))?;
    let whole = matches!(limit, Limit::MaxInstances | Limit::MaxGpus);
    match number {
        number if number.is_sign_negative() && !number.is_zero() => Err(format!("\"{name}\" cannot be below zero.")),
        number if whole && !number.fract().is_zero() => Err(format!("\"{name}\" is a whole number.")),
        number => Ok(number.normalize()),
    }
}

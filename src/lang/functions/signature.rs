//! What an entry of the table says, and the one way a call goes.

use super::{CallError, Fault};
use crate::lang::Entries;
use crate::lang::convert::convert;
use crate::lang::number::Number;
use crate::lang::reference::Effects;
use crate::lang::types::Type;
use crate::lang::value::{Kind, Marks, Value};
use std::sync::Arc;

/// What a function gives.
pub(super) type Outcome = Result<Value, CallError>;

/// The type of a parameter or result: arguments are converted to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Taken as it is.
    Any,
    Bool,
    Number,
    String,
    Bools,
    Numbers,
    Strings,
    /// A list of one element type, whichever.
    List,
    ListOfLists,
    /// A set of one element type, whichever.
    Set,
    StringSet,
    /// A map of one element type, whichever.
    Map,
    MapOfStrings,
}

impl Shape {
    fn ty(self) -> Type {
        match self {
            Shape::Any => Type::Dynamic,
            Shape::Bool => Type::Bool,
            Shape::Number => Type::Number,
            Shape::String => Type::String,
            Shape::Bools => Type::list(Type::Bool),
            Shape::Numbers => Type::list(Type::Number),
            Shape::Strings => Type::list(Type::String),
            Shape::List => Type::list(Type::Dynamic),
            Shape::ListOfLists => Type::list(Type::list(Type::Dynamic)),
            Shape::Set => Type::set(Type::Dynamic),
            Shape::StringSet => Type::set(Type::String),
            Shape::Map => Type::map(Type::Dynamic),
            Shape::MapOfStrings => Type::map(Type::list(Type::String)),
        }
    }
}

/// What an unknown argument means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknown {
    /// The result is unknown when the argument itself is.
    Itself,
    /// The result is unknown when anything in the argument is.
    Anywhere,
    /// The function sees to it.
    Seen,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Param {
    /// Terraform's name of it, for messages.
    pub name: &'static str,
    shape: Shape,
    null: bool,
    unknown: Unknown,
    marked: bool,
    untyped: bool,
}

/// A parameter that must be known and not null; its marks go to the result.
pub(super) const fn param(name: &'static str, shape: Shape) -> Param {
    Param { name, shape, null: false, unknown: Unknown::Itself, marked: false, untyped: false }
}

impl Param {
    fn told(&self) -> Parameter {
        Parameter { name: self.name, ty: self.shape.ty(), nullable: self.null }
    }

    /// Null is handed to the function.
    pub(super) const fn nullable(self) -> Self {
        Self { null: true, ..self }
    }

    /// Anything unknown inside makes the result unknown.
    pub(super) const fn wholly(self) -> Self {
        Self { unknown: Unknown::Anywhere, ..self }
    }

    /// Unknown is handed to the function.
    pub(super) const fn unknown(self) -> Self {
        Self { unknown: Unknown::Seen, ..self }
    }

    /// Something unknown of unknown type does not make the type of the result unknown too.
    pub(super) const fn untyped(self) -> Self {
        Self { untyped: true, ..self }
    }

    /// Marks are handed to the function, which puts them where they belong.
    pub(super) const fn marked(self) -> Self {
        Self { marked: true, ..self }
    }
}

/// The type of a result in view of the arguments.
type TypeOf = fn(&[Value]) -> Result<Type, CallError>;

/// What is told of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Its name, without `core::`.
    pub name: &'static str,
    /// What it does: whole sentences.
    pub description: &'static str,
    /// The type of the result; `Dynamic` where it depends on the arguments.
    pub returns: Type,
    /// In order.
    pub parameters: Vec<Parameter>,
    /// The parameter of all further arguments.
    pub variadic: Option<Parameter>,
}

/// What is told of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is converted to; `Dynamic` where it is taken as it is.
    pub ty: Type,
    /// It may be null.
    pub nullable: bool,
}

/// One entry of the table.
#[derive(Clone, Copy)]
pub(super) struct Function {
    /// Its name.
    pub name: &'static str,
    params: &'static [Param],
    variadic: Option<Param>,
    returns: Shape,
    /// Where the type of the result depends on the arguments, which may be unknown.
    typed: Option<TypeOf>,
    may_be_null: bool,
    run: fn(&Args<'_>) -> Outcome,
}

/// An entry whose result has always the same type and is never null.
pub(super) const fn function(
    name: &'static str,
    params: &'static [Param],
    returns: Shape,
    run: fn(&Args<'_>) -> Outcome,
) -> Function {
    Function { name, params, variadic: None, returns, typed: None, may_be_null: false, run }
}

impl Function {
    /// Further arguments go to this parameter.
    pub(super) const fn variadic(self, param: Param) -> Self {
        Self { variadic: Some(param), ..self }
    }

    /// The type of the result depends on the arguments, which may be unknown: those of a wrong type are refused already.
    pub(super) const fn typed(self, of: TypeOf) -> Self {
        Self { typed: Some(of), ..self }
    }

    /// The result can be null.
    pub(super) const fn may_be_null(self) -> Self {
        Self { may_be_null: true, ..self }
    }

    /// The parameter of an argument.
    pub(super) fn parameter(&self, index: usize) -> Option<&Param> {
        self.params.get(index).or(self.variadic.as_ref())
    }

    /// For `metadata functions`.
    pub(super) fn signature(&self, description: &'static str) -> Signature {
        Signature {
            name: self.name,
            description,
            returns: self.returns.ty(),
            parameters: self.params.iter().map(Param::told).collect(),
            variadic: self.variadic.as_ref().map(Param::told),
        }
    }

    /// One call: arity, then for each argument conversion, null, marks and unknown; then the function itself.
    pub(super) fn call(&self, args: &[Value], effects: &dyn Effects) -> Outcome {
        self.check_count(args.len())?;
        let mut values = Vec::with_capacity(args.len());
        let mut marks = Marks::NONE;
        let mut unknown = false;
        let mut untyped = false;
        for (index, arg) in args.iter().enumerate() {
            let Some(param) = self.parameter(index) else { break };
            let mut value = match param.shape {
                Shape::Any => arg.clone(),
                shape => convert(arg, &shape.ty()).map_err(|e| CallError::argument(index, e.to_string()))?,
            };
            if value.is_null() && !param.null {
                return Err(CallError::argument(index, "argument must not be null"));
            }
            if !param.marked {
                marks = marks.and(value.deep_marks());
                value = value.without_marks();
            }
            untyped |= !param.untyped && !value.is_known() && value.ty() == Type::Dynamic;
            unknown |= match param.unknown {
                Unknown::Itself => !value.is_known(),
                Unknown::Anywhere => !value.is_wholly_known(),
                Unknown::Seen => false,
            };
            values.push(value);
        }
        if unknown || untyped {
            let seen = values.iter().fold(marks, |marks, value| marks.and(value.marks));
            let result = if untyped { Value::unknown(Type::Dynamic) } else { self.unknown_result(&values)? };
            return Ok(result.marked(seen));
        }
        (self.run)(&Args { values: &values, effects }).map(|value| value.marked(marks))
    }

    fn unknown_result(&self, values: &[Value]) -> Outcome {
        let ty = match self.typed {
            None => self.returns.ty(),
            Some(of) => of(values)?,
        };
        Ok(match self.may_be_null || ty == Type::Dynamic {
            true => Value::unknown(ty),
            false => Value::unknown_not_null(ty),
        })
    }

    fn check_count(&self, count: usize) -> Result<(), CallError> {
        let expected = self.params.len();
        if let Some(missing) = self.params.get(count) {
            let least = if self.variadic.is_some() { "at least " } else { "" };
            let message = format!("expects {least}{expected} argument(s). Missing value for \"{}\"", missing.name);
            return Err(CallError { argument: None, message, fault: Fault::TooFewArguments });
        }
        if count > expected && self.variadic.is_none() {
            let message = format!("expects only {expected} argument(s)");
            return Err(CallError { argument: Some(expected), message, fault: Fault::TooManyArguments });
        }
        Ok(())
    }
}

/// The value with every element or entry replaced; a value without children as it is.
pub(super) fn map_children(value: &Value, change: impl Fn(&Value) -> Value) -> Value {
    let list = |elements: &[Value]| Arc::new(elements.iter().map(&change).collect::<Vec<_>>());
    let map = |entries: &Entries| Arc::new(entries.map(|_, value| change(value)));
    let kind = match &value.kind {
        Kind::List(ty, elements) => Kind::List(ty.clone(), list(elements)),
        Kind::Set(ty, elements) => Kind::Set(ty.clone(), list(elements)),
        Kind::Tuple(elements) => Kind::Tuple(list(elements)),
        Kind::Map(ty, entries) => Kind::Map(ty.clone(), map(entries)),
        Kind::Object(entries) => Kind::Object(map(entries)),
        other => other.clone(),
    };
    Value { kind, marks: value.marks }
}

/// The arguments of a call, already converted and checked.
pub(super) struct Args<'a> {
    /// In order; those of the variadic parameter last.
    pub values: &'a [Value],
    /// What is not pure.
    pub effects: &'a dyn Effects,
}

impl<'a> Args<'a> {
    /// An argument. Only parameters that exist are asked for.
    pub(super) fn at(&self, index: usize) -> &'a Value {
        &self.values[index]
    }

    /// A string argument.
    pub(super) fn text(&self, index: usize) -> &'a str {
        self.at(index).as_str().unwrap_or_default()
    }

    /// A number argument.
    pub(super) fn number(&self, index: usize) -> Number {
        self.at(index).as_number().cloned().unwrap_or_else(|| Number::from(0i64))
    }

    /// A number argument that must be whole.
    pub(super) fn int(&self, index: usize) -> Result<i64, CallError> {
        let whole = self.at(index).as_number().and_then(Number::as_i64);
        whole.ok_or_else(|| {
            CallError::call(format!("value must be a whole number, between {} and {}", i64::MIN, i64::MAX))
        })
    }

    /// The elements of a list, set or tuple argument.
    pub(super) fn elements(&self, index: usize) -> &'a [Value] {
        self.at(index).as_elements().unwrap_or_default()
    }

    /// The arguments from an index on.
    pub(super) fn from(&self, index: usize) -> &'a [Value] {
        self.values.get(index..).unwrap_or_default()
    }
}

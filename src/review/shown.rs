//! A value as far as it may be shown. What is secret ends here: no drawing gets at it.

use super::mask::Mask;
use crate::address::InstanceAddr;
use crate::lang::{Entries, Kind, Marks, Number, Type, Value};
use crate::schema::{self, Attribute, BlockType, Schema};
use std::fmt;

/// A look at a value of a plan or a state. Only what is not hidden can be read out of it, and its `Debug` shows no more.
#[derive(Clone, Copy)]
pub struct Shown<'p> {
    value: &'p Value,
    /// What hides it.
    hides: Marks,
    /// What hides all that is in it.
    inside: Marks,
    table: Table,
}

/// What tells which attributes are secret.
#[derive(Clone, Copy)]
enum Table {
    Nothing,
    Object(&'static Schema),
    Block(&'static [Attribute]),
}

/// What can be seen of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Face<'p> {
    /// It is sensitive.
    Sensitive,
    /// It is never stored.
    Ephemeral,
    /// Only the apply will tell it.
    Unknown,
    /// Null.
    Null,
    /// true or false.
    Bool(bool),
    /// A number.
    Number(&'p Number),
    /// A text.
    Text(&'p str),
    /// A list, a set or a tuple: see [`Shown::elements`].
    List,
    /// A map: see [`Shown::entries`].
    Map,
    /// An object: see [`Shown::entries`].
    Object,
}

impl<'p> Shown<'p> {
    /// A value that stands for itself.
    pub fn of(value: &'p Value) -> Self {
        Self { value, hides: value.marks, inside: Marks::NONE, table: Table::Nothing }
    }

    /// A value that nobody may see.
    pub fn secret(value: &'p Value) -> Self {
        Self { hides: value.marks.and(Marks::SENSITIVE), ..Self::of(value) }
    }

    /// The object at an address: what hides the whole hides each of its attributes, and the table hides some.
    pub fn object(address: &InstanceAddr, value: &'p Value) -> Self {
        let table = schema::table(address.resource.mode, &address.resource.kind).map_or(Table::Nothing, Table::Object);
        Self { value, hides: Marks::NONE, inside: value.marks, table }
    }

    /// What can be seen of it.
    pub fn face(self) -> Face<'p> {
        match &self.value.kind {
            _ if self.hides.sensitive => Face::Sensitive,
            _ if self.hides.ephemeral => Face::Ephemeral,
            Kind::Unknown(..) => Face::Unknown,
            Kind::Null(_) => Face::Null,
            Kind::Bool(b) => Face::Bool(*b),
            Kind::Number(n) => Face::Number(n),
            Kind::String(text) => Face::Text(text),
            Kind::List(..) | Kind::Set(..) | Kind::Tuple(_) => Face::List,
            Kind::Map(..) => Face::Map,
            Kind::Object(_) => Face::Object,
        }
    }

    /// Its type, hidden or not.
    pub fn ty(self) -> Type {
        self.value.ty()
    }

    /// True where a mark hides it.
    pub fn is_hidden(self) -> bool {
        !self.hides.is_none()
    }

    /// True where it is sensitive.
    pub fn is_sensitive(self) -> bool {
        self.hides.sensitive
    }

    /// True for null, hidden or not: a secret that is absent is seen to be absent.
    pub fn is_null(self) -> bool {
        self.value.is_null()
    }

    /// True unless only the apply will tell it, hidden or not.
    pub fn is_known(self) -> bool {
        self.value.is_known()
    }

    /// True where only the apply will tell nothing of it, hidden or not.
    pub fn is_wholly_known(self) -> bool {
        self.value.is_wholly_known()
    }

    /// True for a map that may be looked into.
    pub(super) fn is_map(self) -> bool {
        matches!(self.face(), Face::Map)
    }

    /// True where it may be seen, and is this value.
    pub(super) fn is(self, value: &Value) -> bool {
        !self.is_hidden() && self.value.kind == value.kind
    }

    /// True for a set.
    pub(super) fn is_set(self) -> bool {
        matches!(self.value.kind, Kind::Set(..))
    }

    /// The elements of a list, set or tuple; none of a hidden one.
    pub fn elements(self) -> impl ExactSizeIterator<Item = Shown<'p>> + Clone {
        let elements = if self.is_hidden() { None } else { self.value.as_elements() };
        elements.unwrap_or_default().iter().map(move |value| self.child(value, false))
    }

    /// The entries of a map or object by name; none of a hidden one. Null attributes of an object are among them.
    pub fn entries(self) -> impl Iterator<Item = (&'p str, Shown<'p>)> {
        let entries = if self.is_hidden() { None } else { self.value.as_entries() };
        entries.into_iter().flatten().map(move |(name, value)| (&**name, self.named(name, value)))
    }

    /// One entry; none of a hidden map or object.
    pub fn entry(self, name: &str) -> Option<Shown<'p>> {
        if self.is_hidden() { None } else { Some(self.named(name, self.value.get(name)?)) }
    }

    /// How many entries there are; 0 for what is hidden.
    pub(super) fn size(self) -> usize {
        if self.is_hidden() { 0 } else { self.value.as_entries().map_or(0, Entries::len) }
    }

    /// Which parts only the apply will tell. Told of hidden values too.
    pub fn unknown_parts(self) -> Mask<'p> {
        self.mask(&|shown| !shown.is_known())
    }

    /// Which parts are sensitive.
    pub fn sensitive_parts(self) -> Mask<'p> {
        self.mask(&|shown| shown.hides.sensitive)
    }

    fn mask(self, hit: &dyn Fn(Shown<'p>) -> bool) -> Mask<'p> {
        if hit(self) {
            return Mask::Whole;
        }
        match (self.value.as_elements(), self.value.as_entries()) {
            (Some(elements), _) => Mask::Elements(elements.iter().map(|e| self.child(e, false).mask(hit)).collect()),
            (_, Some(entries)) => {
                let parts = entries.iter().map(|(name, value)| (&**name, self.named(name, value).mask(hit)));
                Mask::Entries(parts.filter(|(_, mask)| *mask != Mask::None).collect())
            }
            _ => Mask::None,
        }
    }

    fn named(self, name: &str, value: &'p Value) -> Shown<'p> {
        let attributes = match self.table {
            Table::Nothing => return self.child(value, false),
            Table::Block(attributes) => attributes,
            Table::Object(schema) => match schema.block(name) {
                Some(block) => return self.as_block(block, value),
                None => schema.attributes,
            },
        };
        self.child(value, attributes.iter().any(|attribute| attribute.name == name && attribute.sensitive))
    }

    /// A part of it, which the table calls secret or not.
    pub(super) fn child(self, value: &'p Value, secret: bool) -> Shown<'p> {
        let table = if secret { Marks::SENSITIVE } else { Marks::NONE };
        // Nothing is no secret.
        let around = if value.is_null() { Marks::NONE } else { self.inside.and(table) };
        Shown { value, hides: value.marks.and(around), inside: Marks::NONE, table: Table::Nothing }
    }

    /// An attribute of the table, in an object or a block.
    pub(super) fn attribute(self, attribute: &Attribute) -> Option<Shown<'p>> {
        Some(self.child(self.value.get(attribute.name)?, attribute.sensitive))
    }

    /// A nested block. What hides the whole hides each of its attributes.
    pub(super) fn block(self, block: &BlockType) -> Option<Shown<'p>> {
        Some(self.as_block(block, self.value.get(block.name)?))
    }

    fn as_block(self, block: &BlockType, value: &'p Value) -> Shown<'p> {
        Shown { value, hides: Marks::NONE, inside: value.marks.and(self.inside), table: Table::Block(block.attributes) }
    }
}

/// The same data, hidden alike. Two secrets are compared, and not told.
impl PartialEq for Shown<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.hides == other.hides && self.inside == other.inside && self.value.kind == other.value.kind
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.face() {
            Face::List => f.debug_list().entries(self.elements()).finish(),
            Face::Map | Face::Object => f.debug_map().entries(self.entries()).finish(),
            face => face.fmt(f),
        }
    }
}

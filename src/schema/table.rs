//! The form of a table.

use super::field::{Field, Wire};
use crate::address::ObjectKind;
use crate::lang::{Entries, Marks, Type, Value};
use crate::live::Seen;
use std::sync::{Arc, OnceLock};

/// The types that attributes have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ty {
    /// `string`
    String,
    /// `bool`
    Bool,
    /// `number`
    Number,
    /// `list(string)`
    StringList,
    /// `list(number)`
    NumberList,
    /// `map(string)`
    StringMap,
    /// `list(object)`: the rows of `simplepod_offers`, the ports of an instance. Name, type, and one line of documentation.
    Rows(&'static [(&'static str, Ty, &'static str)]),
}

impl Ty {
    /// As a type of the language.
    pub fn to_type(self) -> Type {
        match self {
            Ty::String => Type::String,
            Ty::Bool => Type::Bool,
            Ty::Number => Type::Number,
            Ty::StringList => Type::list(Type::String),
            Ty::NumberList => Type::list(Type::Number),
            Ty::StringMap => Type::map(Type::String),
            Ty::Rows(columns) => Type::list(Type::object(columns.iter().map(|(name, ty, _)| (*name, ty.to_type())))),
        }
    }
}

/// Who gives the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The configuration must.
    Required,
    /// The configuration may.
    Optional,
    /// The configuration may; otherwise the API does, and what it gave stays.
    OptionalComputed,
    /// The API does.
    Computed,
}

/// What stands where the configuration is silent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unset {
    /// Null.
    Null,
    /// A text.
    Text(&'static str),
    /// A whole number.
    Int(i64),
    /// A bool.
    Bool(bool),
}

/// What a change of the desired value does to a machine that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// One PUT.
    InPlace,
    /// Only our own behaviour changes: nothing is called.
    Local,
    /// The machine is released and another is rented.
    Rerent,
    /// As `template_change` says.
    ByTemplateChange,
    /// As `env_change` says.
    ByEnvChange,
    /// The recorded facts of the offer are judged anew; re-rent when they fail.
    Judged,
    /// Computed: never desired.
    Fact,
}

/// One attribute.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Ty,
    /// Who gives it.
    pub presence: Presence,
    /// What stands where nobody does.
    pub unset: Unset,
    /// Hidden whatever the configuration says.
    pub sensitive: bool,
    /// The configuration may hide it. Of everything else a reviewer must see what is rented.
    pub may_be_secret: bool,
    /// What a change does.
    pub change: Effect,
    /// Where it stands in calls and answers, where nothing else decides that.
    pub field: Option<Field>,
    /// One line of documentation, with its unit.
    pub doc: &'static str,
}

impl Attribute {
    /// Whether its text reads like a number and is none: in versions and tags 12.10 is not 12.1.
    pub fn is_version(&self) -> bool {
        self.ty == Ty::String && (self.name.ends_with("_version") || self.name == "default_tag")
    }

    /// Given by the configuration, always.
    pub const fn required(name: &'static str, ty: Ty, change: Effect, doc: &'static str) -> Self {
        Self {
            name,
            ty,
            presence: Presence::Required,
            unset: Unset::Null,
            sensitive: false,
            may_be_secret: false,
            change,
            field: None,
            doc,
        }
    }

    /// Given by the configuration, or null.
    pub const fn optional(name: &'static str, ty: Ty, change: Effect, doc: &'static str) -> Self {
        Self { presence: Presence::Optional, ..Self::required(name, ty, change, doc) }
    }

    /// Given by the configuration or the API.
    pub const fn either(name: &'static str, ty: Ty, change: Effect, doc: &'static str) -> Self {
        Self { presence: Presence::OptionalComputed, ..Self::required(name, ty, change, doc) }
    }

    /// Given by the API.
    pub const fn computed(name: &'static str, ty: Ty, doc: &'static str) -> Self {
        Self { presence: Presence::Computed, ..Self::required(name, ty, Effect::Fact, doc) }
    }

    /// With a default.
    #[must_use]
    pub const fn or(mut self, unset: Unset) -> Self {
        self.unset = unset;
        self
    }

    /// As it stands in calls and answers.
    #[must_use]
    pub const fn field(mut self, api: &'static str, wire: Wire) -> Self {
        self.field = Some(Field { api, wire, always: false });
        self
    }

    /// As it stands in calls and answers, and in no body that makes an object it may be left out.
    #[must_use]
    pub const fn field_always(mut self, api: &'static str, wire: Wire) -> Self {
        self.field = Some(Field { api, wire, always: true });
        self
    }

    /// Hidden where the configuration wants it so.
    #[must_use]
    pub const fn may_be_secret(mut self) -> Self {
        self.may_be_secret = true;
        self
    }

    /// Never shown.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.sensitive = true;
        self
    }
}

/// A nested block that may stand at most once; its value is an object, or null where it is absent.
#[derive(Clone, Copy, Debug)]
pub struct BlockType {
    /// Its name.
    pub name: &'static str,
    /// Its attributes.
    pub attributes: &'static [Attribute],
    /// What a change of anything in it does.
    pub change: Effect,
    /// One line of documentation.
    pub doc: &'static str,
}

/// What a data source reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataKind {
    /// The market's offers.
    Offers,
    /// One of the vendor's templates.
    GlobalTemplate,
    /// A template group of the account.
    TemplateGroup,
    /// A machine of the account.
    Instance,
    /// The account.
    Account,
}

impl DataKind {
    /// The first label of its blocks.
    pub const fn source_type(self) -> &'static str {
        match self {
            DataKind::Offers => "simplepod_offers",
            DataKind::GlobalTemplate => "simplepod_global_template",
            DataKind::TemplateGroup => ObjectKind::TemplateGroup.resource_type(),
            DataKind::Instance => ObjectKind::Instance.resource_type(),
            DataKind::Account => "simplepod_account",
        }
    }
}

/// What a table is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// A managed resource.
    Managed(ObjectKind),
    /// A data source.
    Data(DataKind),
}

/// The table of one resource or data source.
#[derive(Debug)]
pub struct Schema {
    /// What it is of.
    pub kind: TableKind,
    /// Attributes in the order in which they are shown.
    pub attributes: &'static [Attribute],
    /// Nested blocks, shown after the attributes.
    pub blocks: &'static [BlockType],
    /// One line of documentation.
    pub doc: &'static str,
    /// What is the same for every object of the table.
    pub(super) shape: OnceLock<Shape>,
}

/// What is the same for every object of a table.
#[derive(Debug)]
pub(super) struct Shape {
    absent: Entries,
    /// In the order of names, as entries are.
    given_by_api: Vec<&'static str>,
    /// Where each attribute stands among the names.
    places: Vec<usize>,
}

impl Schema {
    /// The first label of its blocks: `simplepod_instance`.
    pub const fn block_type(&self) -> &'static str {
        match self.kind {
            TableKind::Managed(kind) => kind.resource_type(),
            TableKind::Data(kind) => kind.source_type(),
        }
    }

    /// What stands where a configuration is silent: defaults, and nulls of the attribute's type.
    pub fn absent(&self) -> &Entries {
        &self.shape().absent
    }

    /// The attributes, each with where it stands among the names of an object.
    pub fn placed(&self) -> impl Iterator<Item = (usize, &'static Attribute)> {
        self.shape().places.iter().copied().zip(self.attributes)
    }

    /// What an object leaves open of what the API gives, by name.
    pub fn left_open<'e>(&self, object: &'e mut Entries) -> impl Iterator<Item = (&'e Arc<str>, &'e mut Value)> {
        let mut given = self.shape().given_by_api.iter();
        let mut next = given.next();
        object.iter_mut().filter(move |(name, value)| {
            while next.is_some_and(|given| **given < ***name) {
                next = given.next();
            }
            next.is_some_and(|given| **given == ***name) && value.is_null()
        })
    }

    fn shape(&self) -> &Shape {
        self.shape.get_or_init(|| {
            let attributes = self.attributes.iter().map(|known| (known.name, known.absent()));
            let blocks = self.blocks.iter().map(|block| (block.name, Value::null(block.ty())));
            let given = |known: &&Attribute| matches!(known.presence, Presence::Computed | Presence::OptionalComputed);
            let mut given_by_api: Vec<&str> = self.attributes.iter().filter(given).map(|known| known.name).collect();
            given_by_api.sort_unstable();
            let absent: Entries = attributes.chain(blocks).collect();
            let place = |known: &Attribute| absent.keys().position(|name| **name == *known.name).unwrap_or_default();
            let places = self.attributes.iter().map(place).collect();
            Shape { absent, given_by_api, places }
        })
    }

    /// The attributes that stand in calls and answers as their fields say.
    fn fields(&self) -> impl Iterator<Item = (&'static Attribute, Field)> {
        self.attributes.iter().filter_map(|attribute| Some((attribute, attribute.field?)))
    }

    /// Those that go out with a rent.
    pub fn ordered(&self) -> impl Iterator<Item = (&'static Attribute, Field)> {
        self.fields().filter(|(attribute, _)| attribute.change == Effect::Rerent)
    }

    /// Those that a PUT changes. What a rent cannot set (API sheet §3.10) is set by such a PUT right after it.
    pub fn settings(&self) -> impl Iterator<Item = (&'static Attribute, Field)> {
        self.fields().filter(|(attribute, _)| attribute.change == Effect::InPlace)
    }

    /// Those that are read from answers; of what was ordered, the record holds the order and not the delivery.
    pub fn shown(&self) -> impl Iterator<Item = (&'static Attribute, Field)> {
        self.fields().filter(|(attribute, _)| attribute.change != Effect::Rerent)
    }

    /// What is sent of the settings of a known object: those that are given, or that `changed` takes back.
    pub fn sent(&self, object: &Value, changed: Option<&[&str]>) -> Seen {
        let sent = |(attribute, field): (&'static Attribute, Field)| {
            let empty = match changed {
                Some(names) if !names.contains(&attribute.name) => return None,
                Some(_) => attribute.presence == Presence::Optional,
                None => field.always,
            };
            let given = field.wire.json(object.get(attribute.name)?);
            Some((attribute.name, given.or_else(|| field.wire.empty().filter(|_| empty))?))
        };
        self.settings().filter_map(sent).collect()
    }

    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The nested block of that name.
    pub fn block(&self, name: &str) -> Option<&'static BlockType> {
        self.blocks.iter().find(|block| block.name == name)
    }

    /// The object type of the whole.
    pub fn ty(&self) -> Type {
        let block = |block: &BlockType| (block.name, block.ty());
        Type::object(self.attributes.iter().map(|a| (a.name, a.ty.to_type())).chain(self.blocks.iter().map(block)))
    }
}

impl BlockType {
    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The object type of the block.
    pub fn ty(&self) -> Type {
        Type::object(self.attributes.iter().map(|a| (a.name, a.ty.to_type())))
    }

    /// As [`Schema::absent`].
    pub fn absent(&self) -> Entries {
        self.attributes.iter().map(|known| (known.name, known.absent())).collect()
    }
}

impl Attribute {
    /// What stands where nobody gives a value.
    pub fn absent(&self) -> Value {
        let value = match self.unset {
            Unset::Null => Value::null(self.ty.to_type()),
            Unset::Text(text) => Value::string(text),
            Unset::Int(n) => Value::int(n),
            Unset::Bool(b) => Value::bool(b),
        };
        value.marked(self.marks())
    }

    /// Whether null is a value of it: nothing stands for what the configuration leaves out.
    pub fn may_be_null(&self) -> bool {
        self.presence == Presence::Optional && self.unset == Unset::Null
    }

    /// The marks that its value has whatever the configuration says.
    pub fn marks(&self) -> Marks {
        if self.sensitive { Marks::SENSITIVE } else { Marks::NONE }
    }
}

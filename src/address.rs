//! Addresses of resources and their instances, as Terraform writes them.

mod kind;
mod target;

pub use kind::ObjectKind;
pub use target::Target;

use crate::printable::{escaped_text, unescaped};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The key of one instance of a resource or module: `[0]` or `["a"]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceKey {
    /// From `count`.
    Int(u64),
    /// From `for_each`.
    Str(String),
}

/// A managed resource or a data source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// `resource`.
    Managed,
    /// `data`.
    Data,
}

/// The path from the root module to a module instance; empty for the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModulePath(pub Vec<(String, Option<InstanceKey>)>);

impl ModulePath {
    /// The root module.
    pub fn root() -> Self {
        Self::default()
    }

    /// One level deeper.
    #[must_use]
    pub fn child(&self, name: impl Into<String>, key: Option<InstanceKey>) -> Self {
        let mut path = self.0.clone();
        path.push((name.into(), key));
        Self(path)
    }

    /// True for an instance of the same module, with whatever keys.
    pub fn is_alike(&self, other: &ModulePath) -> bool {
        self.0.iter().map(|(name, _)| name).eq(other.0.iter().map(|(name, _)| name))
    }

    /// True for the root module.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

/// A resource before expansion by `count` and `for_each`, inside one module instance. Those of its instances share the texts:
/// a plan copies and compares each of thousands of addresses many times.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceAddr {
    /// The module instance that declares it.
    pub module: ModulePath,
    /// Managed or data.
    pub mode: Mode,
    /// `simplepod_instance`.
    pub kind: Arc<str>,
    /// The second label of the block.
    pub name: Arc<str>,
}

impl PartialOrd for ResourceAddr {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResourceAddr {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_text = |one: &Arc<str>, other: &Arc<str>| match Arc::ptr_eq(one, other) {
            true => Ordering::Equal,
            false => one.cmp(other),
        };
        let place = (&self.module, self.mode).cmp(&(&other.module, other.mode));
        place.then_with(|| by_text(&self.kind, &other.kind)).then_with(|| by_text(&self.name, &other.name))
    }
}

impl ResourceAddr {
    /// The instance with this key.
    #[must_use]
    pub fn instance(&self, key: Option<InstanceKey>) -> InstanceAddr {
        InstanceAddr { resource: self.clone(), key }
    }

    /// The kind of its objects; `None` for a data source, and for a type that podform does not know.
    pub fn object_kind(&self) -> Option<ObjectKind> {
        match self.mode {
            Mode::Managed => ObjectKind::of_type(&self.kind),
            Mode::Data => None,
        }
    }
}

/// One instance of a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceAddr {
    /// The resource.
    pub resource: ResourceAddr,
    /// `None` where the resource has neither `count` nor `for_each`.
    pub key: Option<InstanceKey>,
}

impl fmt::Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(n) => write!(f, "[{n}]"),
            Self::Str(s) => write!(f, "[\"{}\"]", escaped_text(s)),
        }
    }
}

impl fmt::Display for ModulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, key)) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            write!(f, "module.{name}")?;
            if let Some(key) = key {
                write!(f, "{key}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for ResourceAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_root() {
            write!(f, "{}.", self.module)?;
        }
        if self.mode == Mode::Data {
            f.write_str("data.")?;
        }
        write!(f, "{}.{}", self.kind, self.name)
    }
}

impl fmt::Display for InstanceAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.resource)?;
        if let Some(key) = &self.key {
            write!(f, "{key}")?;
        }
        Ok(())
    }
}

/// Why a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError(pub String);

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AddressError {}

/// A part of an address as it stands in the text: a name, or a key in brackets.
enum Part {
    Name(String),
    Key(InstanceKey),
}

fn parts(text: &str) -> Result<Vec<Part>, AddressError> {
    let fail = |what: &str| AddressError(format!("\"{text}\" is not an address: {what}."));
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        let name = &rest[..end];
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            return Err(fail("a name is expected"));
        }
        parts.push(Part::Name(name.to_owned()));
        rest = &rest[end..];
        if let Some(inner) = rest.strip_prefix('[') {
            let (key, after) = key(inner).ok_or_else(|| fail("a key is a whole number or a quoted string"))?;
            parts.push(Part::Key(key));
            rest = after;
        }
        if rest.is_empty() {
            return Ok(parts);
        }
        rest = rest.strip_prefix('.').ok_or_else(|| fail("a dot is expected between names"))?;
    }
}

/// Reads a key and its closing bracket; returns it with what follows.
fn key(inner: &str) -> Option<(InstanceKey, &str)> {
    let Some(quoted) = inner.strip_prefix('"') else {
        let (digits, after) = inner.split_once(']')?;
        return Some((InstanceKey::Int(digits.parse().ok()?), after));
    };
    let mut text = String::new();
    let mut rest = quoted.chars();
    loop {
        match rest.next()? {
            '"' => return Some((InstanceKey::Str(text), rest.as_str().strip_prefix(']')?)),
            '\\' => text.push(unescaped(&mut rest)?),
            c @ ('$' | '%') => {
                text.push(c);
                // Doubled before a brace it stands for itself.
                let doubled = rest.as_str().strip_prefix(c).filter(|after| after.starts_with('{'));
                rest = doubled.map_or(rest, str::chars);
            }
            c => text.push(c),
        }
    }
}

impl FromStr for InstanceAddr {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let fail = |what: &str| AddressError(format!("\"{text}\" is not the address of a resource: {what}."));
        let mut parts = parts(text)?.into_iter().peekable();
        let name = |parts: &mut std::iter::Peekable<std::vec::IntoIter<Part>>| match parts.next() {
            Some(Part::Name(name)) => Ok(name),
            _ => Err(fail("it has the form type.name, with module.NAME before it for a module")),
        };
        let mut module = ModulePath::root();
        let mut first = name(&mut parts)?;
        while first == "module" {
            let called = name(&mut parts)?;
            let key = match parts.next_if(|part| matches!(part, Part::Key(_))) {
                Some(Part::Key(key)) => Some(key),
                _ => None,
            };
            module = module.child(called, key);
            first = name(&mut parts)?;
        }
        let mode = if first == "data" { Mode::Data } else { Mode::Managed };
        let kind = if mode == Mode::Data { name(&mut parts)? } else { first };
        let own = name(&mut parts)?;
        let key = match parts.next() {
            None => None,
            Some(Part::Key(key)) => Some(key),
            Some(Part::Name(_)) => return Err(fail("nothing may follow the name but a key in brackets")),
        };
        match parts.next() {
            None => {
                let resource = ResourceAddr { module, mode, kind: kind.into(), name: own.into() };
                Ok(InstanceAddr { resource, key })
            }
            Some(_) => Err(fail("nothing may follow the key")),
        }
    }
}

impl Serialize for InstanceAddr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for InstanceAddr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for ResourceAddr {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.parse::<InstanceAddr>()? {
            InstanceAddr { resource, key: None } => Ok(resource),
            InstanceAddr { .. } => Err(AddressError(format!("\"{text}\" names one instance, not a resource."))),
        }
    }
}

impl Serialize for ResourceAddr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ResourceAddr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_round_trip() {
        for text in [
            "simplepod_instance.a",
            "simplepod_instance.a[0]",
            "data.simplepod_offers.cheap",
            "module.east.simplepod_instance.trainer[0]",
            "module.east[\"x.y\"].module.b[3].simplepod_instance.w[\"a\\\"b\"]",
            "simplepod_instance.w[\"$${x}\"]",
        ] {
            let address: InstanceAddr = text.parse().expect(text);
            assert_eq!(address.to_string(), text);
        }
        let dollar: InstanceAddr = "simplepod_instance.w[\"$${x}\"]".parse().expect("an address");
        assert_eq!(dollar.key, Some(InstanceKey::Str("${x}".into())));
    }

    /// As Terraform 1.11 spells it.
    #[test]
    fn keys_show_what_cannot_be_seen() {
        let key = "\u{202e}ab\u{7}\t\u{200b}\u{e9}c\u{e0001}";
        let text = r#"simplepod_instance.w["\u202eab\u0007\t\u200béc\U000e0001"]"#;
        let raw = format!("simplepod_instance.w[\"{key}\"]");
        for spelling in [text, &raw] {
            let address: InstanceAddr = spelling.parse().expect("an address");
            assert_eq!(address.key, Some(InstanceKey::Str(key.into())));
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "a", "a.", "a.b.c", "a.b[", "a.b[-1]", "a.b[\"x]", "module.x", "a.b[0][1]", "1.b", "a.b[0]c"] {
            assert!(text.parse::<InstanceAddr>().is_err(), "{text}");
        }
    }
}

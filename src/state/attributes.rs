//! Attributes by name, as records and data sources hold them.

use crate::lang::Named;
use crate::schema;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Recorded attributes, in the order of their names. Those of one kind share the names of its table: thousands of records
/// are held at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes(Named<Json>);

impl Attributes {
    /// Sets one of them.
    pub fn set(&mut self, name: &str, value: Json) {
        match self.0.get_mut(name) {
            Some(place) => *place = value,
            None => self.0.insert(name.into(), value),
        }
    }
}

impl From<Named<Json>> for Attributes {
    fn from(all: Named<Json>) -> Self {
        Self(all)
    }
}

impl Deref for Attributes {
    type Target = Named<Json>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Attributes {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Of equal names the last counts.
impl<N: AsRef<str> + Into<Arc<str>>> FromIterator<(N, Json)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (N, Json)>>(all: I) -> Self {
        let mut all: Vec<(N, Json)> = all.into_iter().collect();
        all.sort_by(|(left, _), (right, _)| left.as_ref().cmp(right.as_ref()));
        let mut tables = schema::ALL.into_iter().chain(schema::data::ALL).map(schema::Schema::absent);
        let alike = tables.find(|table| table.keys().map(|name| &**name).eq(all.iter().map(|(name, _)| name.as_ref())));
        let mut values = all.into_iter();
        match alike {
            Some(table) => Self(table.map(|_, _| values.next().map(|(_, value)| value).unwrap_or_default())),
            None => Self(values.collect()),
        }
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (&**name, value)))
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        /// Part of the text, unless it holds escapes.
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

        impl<'de> Visitor<'de> for Entries {
            type Value = Attributes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
                // Most are a machine's; JSON does not say how many there are.
                let mut all = Vec::with_capacity(schema::instance::SCHEMA.absent().len());
                while let Some((Name(name), value)) = map.next_entry()? {
                    all.push((name, value));
                }
                Ok(all.into_iter().collect())
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_as_they_were_written_and_the_last_of_equal_names_counts() {
        let table = &schema::instance::SCHEMA;
        let own: Attributes = table.absent().map(|_, _| Json::Null).into();
        let text = serde_json::to_string(&own).expect("JSON");
        assert_eq!(serde_json::from_str::<Attributes>(&text).expect("attributes"), own);
        let odd: Attributes = serde_json::from_str(r#"{"b": 1, "a": 2, "b": 3}"#).expect("attributes");
        assert_eq!(serde_json::to_string(&odd).expect("JSON"), r#"{"a":2,"b":3}"#);
    }
}

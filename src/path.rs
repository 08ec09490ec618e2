//! A place inside a value, with one spelling: `registry.password`, `env_variables["TOKEN"]`, `expose_ports[0]`.

use crate::printable::{escaped, unescaped};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathStep {
    /// An attribute of an object: `.name`, always an identifier.
    Attribute(Arc<str>),
    /// An element of a list: `[0]`.
    Index(usize),
    /// An element of a map: `["a"]`.
    Key(Arc<str>),
}

impl PathStep {
    /// To an attribute. One whose name is no identifier is spelled as a key, as the language does.
    pub fn attribute(name: &str) -> Self {
        let is_identifier = !name.is_empty() && identifier(name) == name.len();
        if is_identifier { PathStep::Attribute(name.into()) } else { PathStep::Key(name.into()) }
    }

    /// The name of an attribute, or the key.
    pub fn name(&self) -> Option<&Arc<str>> {
        match self {
            PathStep::Attribute(name) | PathStep::Key(name) => Some(name),
            PathStep::Index(_) => None,
        }
    }
}

/// The steps from a value, often the object of a resource, to a place inside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValuePath(Vec<PathStep>);

impl ValuePath {
    /// The value itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// An attribute of the object itself.
    pub fn of(name: &str) -> Self {
        Self::root().attribute(name)
    }

    /// An attribute inside.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Self {
        self.then(PathStep::attribute(name))
    }

    /// An element of the list there.
    #[must_use]
    pub fn index(&self, at: usize) -> Self {
        self.then(PathStep::Index(at))
    }

    /// An element of the map there.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.then(PathStep::Key(key.into()))
    }

    fn then(&self, step: PathStep) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// The same place, seen from around the value.
    #[must_use]
    pub fn inside(&self, step: PathStep) -> Self {
        std::iter::once(step).chain(self.0.iter().cloned()).collect()
    }

    /// The steps, the outermost first.
    pub fn steps(&self) -> &[PathStep] {
        &self.0
    }

    /// Whether it is this attribute of the object itself, as a whole.
    pub fn is(&self, name: &str) -> bool {
        self.0.len() == 1 && self.is_in(name)
    }

    /// Whether it is this attribute of the object itself, or something inside of it.
    pub fn is_in(&self, name: &str) -> bool {
        matches!(self.0.first(), Some(PathStep::Attribute(first)) if **first == *name)
    }
}

impl FromIterator<PathStep> for ValuePath {
    fn from_iter<I: IntoIterator<Item = PathStep>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

/// The length of the identifier that a text begins with.
fn identifier(text: &str) -> usize {
    match text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        true => 0,
        false => text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(text.len()),
    }
}

impl fmt::Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Attribute(name) if at == 0 => f.write_str(name)?,
                PathStep::Attribute(name) => write!(f, ".{name}")?,
                PathStep::Index(index) => write!(f, "[{index}]")?,
                PathStep::Key(key) => write!(f, "[\"{}\"]", escaped(key))?,
            }
        }
        Ok(())
    }
}

/// Several places: `gpu_model, offer.min_memory`.
pub fn listed(paths: &[ValuePath]) -> String {
    paths.iter().map(ValuePath::to_string).collect::<Vec<_>>().join(", ")
}

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathError(String);

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no place inside a value: it has the form name.name[\"key\"][0]", self.0)
    }
}

impl std::error::Error for PathError {}

impl FromStr for ValuePath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (step, after) = next(rest, steps.is_empty()).ok_or_else(|| PathError(text.to_owned()))?;
            steps.push(step);
            rest = after;
        }
        Ok(Self(steps))
    }
}

/// The step that a text begins with, and what follows.
fn next(text: &str, first: bool) -> Option<(PathStep, &str)> {
    if let Some(quoted) = text.strip_prefix("[\"") {
        let (key, after) = unquoted(quoted)?;
        return Some((PathStep::Key(key.into()), after.strip_prefix(']')?));
    }
    if let Some(inner) = text.strip_prefix('[') {
        let (digits, after) = inner.split_once(']')?;
        let index = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
        return Some((PathStep::Index(index), after));
    }
    let name = if first { text } else { text.strip_prefix('.')? };
    let (name, after) = name.split_at(identifier(name));
    (!name.is_empty()).then(|| (PathStep::Attribute(name.into()), after))
}

/// The text up to a closing quote, and what follows the quote.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut rest = text.chars();
    loop {
        match rest.next()? {
            '"' => return Some((out, rest.as_str())),
            '\\' => out.push(unescaped(&mut rest)?),
            c => out.push(c),
        }
    }
}

impl Serialize for ValuePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ValuePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Keys that break quoting: quotes, backslashes, controls, templates, brackets, what Rust would escape.
    fn hostile() -> impl Strategy<Value = String> {
        let odd =
            ["\"", "\\", "\n", "\r", "\t", "\0", "\u{1b}", "\u{85}", "${", "%{", "$${", "]", "[", "u{1}", "\u{301}"];
        let part = prop_oneof![prop::sample::select(odd.to_vec()).prop_map(str::to_owned), any::<String>()];
        prop::collection::vec(part, 0..5).prop_map(|parts| parts.concat())
    }

    fn path() -> impl Strategy<Value = ValuePath> {
        let step = prop_oneof![
            hostile().prop_map(|key| PathStep::Key(key.into())),
            any::<usize>().prop_map(PathStep::Index),
            "[a-zäß_][a-z0-9_-]{0,4}".prop_map(|name| PathStep::Attribute(name.into())),
        ];
        prop::collection::vec(step, 0..5).prop_map(ValuePath)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(path in path()) {
            let text = path.to_string();
            prop_assert!(!text.chars().any(char::is_control), "{text:?}");
            prop_assert_eq!(text.parse(), Ok(path));
        }

        #[test]
        fn any_name_of_an_attribute_is_read_again(name in hostile()) {
            let path = ValuePath::of("a").attribute(&name);
            prop_assert_eq!(path.to_string().parse(), Ok(path));
        }

        #[test]
        fn the_spelling_of_older_states_is_read(key in hostile()) {
            prop_assert_eq!(format!("a[{key:?}]").parse(), Ok(ValuePath::of("a").key(&key)));
        }

        #[test]
        fn no_text_panics(text in hostile()) {
            let _ = text.parse::<ValuePath>();
        }
    }

    #[test]
    fn the_spelling_is_that_of_the_language() {
        let env = ValuePath::of("env_variables");
        assert_eq!(env.key("A\"B").to_string(), r#"env_variables["A\"B"]"#);
        assert_eq!(ValuePath::of("registry").attribute("password").to_string(), "registry.password");
        assert_eq!(ValuePath::of("list").index(0).to_string(), "list[0]");
        assert_eq!(ValuePath::of("o").attribute("two words").to_string(), "o[\"two words\"]");
        assert_eq!(env.key("\u{1b}\u{202e}").to_string(), r#"env_variables["\u001b\u202e"]"#);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in
            [".a", "a.", "a..b", "a b", "a[", "a[]", "a[+1]", "a[x]", "a[\"x]", "a[\"x\"", "a[\"\\x\"]", "1a", "a[0]b"]
        {
            assert!(text.parse::<ValuePath>().is_err(), "{text}");
        }
    }
}

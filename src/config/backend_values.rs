//! What the arguments of a backend are: constants. Secrets among them have a type that nothing prints.

use super::backend_table::{Argument, BackendKind, Secrecy, Sort};
use crate::diag::Span;
use crate::lang::hex;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Where the states of a fleet are kept, as the configuration says it. Parts of it may be said elsewhere.
#[derive(Clone, Debug)]
pub struct BackendBlock {
    /// Which kind of place.
    pub kind: BackendKind,
    /// What is said of it.
    pub arguments: Arguments,
    /// The header of the block.
    pub span: Span,
}

/// The value of one argument.
#[derive(Clone, Debug)]
pub enum BackendValue {
    /// A string.
    Text(String),
    /// A string that nobody may see, or not all of it.
    Secret(SecretString),
    /// A bool.
    Flag(bool),
    /// A number.
    Number(u64),
    /// A list or set of strings.
    Texts(Vec<String>),
    /// A map of strings.
    Map(BTreeMap<String, String>),
    /// An object.
    Object(Arguments),
}

impl BackendValue {
    /// A text, as the argument says who may see it.
    pub fn text(argument: &Argument, text: impl Into<String>) -> BackendValue {
        let text = text.into();
        match argument.secrecy {
            Secrecy::None if without_password(&text) == text => BackendValue::Text(text),
            Secrecy::None | Secrecy::Password | Secrecy::Whole => BackendValue::Secret(text.into()),
        }
    }
}

/// Arguments by their names; those that are not given, or null, are not among them.
#[derive(Clone, Debug, Default)]
pub struct Arguments(BTreeMap<&'static str, BackendValue>);

impl Arguments {
    /// Sets one.
    pub fn set(&mut self, argument: &Argument, value: BackendValue) {
        self.0.insert(argument.name, value);
    }

    /// Lays others over these.
    pub fn lay_over(&mut self, others: Arguments) {
        self.0.extend(others.0);
    }

    /// The value of an argument.
    pub fn get(&self, name: &str) -> Option<&BackendValue> {
        self.0.get(name)
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// A text, secret or not: for whoever sends it to where it belongs, never for words.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            BackendValue::Text(text) => Some(text),
            BackendValue::Secret(secret) => Some(secret.expose_secret()),
            _ => None,
        }
    }

    /// A text that is a secret.
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    /// A bool.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            BackendValue::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            BackendValue::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A list of texts.
    pub fn texts(&self, name: &str) -> Option<&[String]> {
        match self.get(name)? {
            BackendValue::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    /// A map of texts.
    pub fn map(&self, name: &str) -> Option<&BTreeMap<String, String>> {
        match self.get(name)? {
            BackendValue::Map(map) => Some(map),
            _ => None,
        }
    }

    /// An object.
    pub fn object(&self, name: &str) -> Option<&Arguments> {
        match self.get(name)? {
            BackendValue::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Those of which nobody may see anything, each by its way: `assume_role.external_id`.
    pub fn secrets(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (name, value) in &self.0 {
            match value {
                BackendValue::Secret(_) => found.push((*name).to_owned()),
                BackendValue::Object(object) => {
                    found.extend(object.secrets().into_iter().map(|inner| format!("{name}.{inner}")));
                }
                _ => {}
            }
        }
        found
    }

    /// As JSON, without what is secret.
    pub fn shown(&self) -> Json {
        let shown = |value: &BackendValue| match value {
            BackendValue::Text(text) => Some(text.as_str().into()),
            BackendValue::Secret(_) => None,
            BackendValue::Flag(flag) => Some((*flag).into()),
            BackendValue::Number(number) => Some((*number).into()),
            BackendValue::Texts(texts) => Some(texts.as_slice().into()),
            BackendValue::Map(map) => {
                Some(map.iter().map(|(key, text)| (key.clone(), text.as_str().into())).collect::<Map<_, _>>().into())
            }
            BackendValue::Object(object) => Some(object.shown()),
        };
        self.0.iter().filter_map(|(name, value)| Some(((*name).to_owned(), shown(value)?))).collect()
    }

    /// Read back. What the kind does not take any more, or takes otherwise, is left out.
    pub fn read(shown: &Json, known: &'static [Argument]) -> Arguments {
        let mut read = Arguments::default();
        for (name, json) in shown.as_object().into_iter().flatten() {
            let Some(argument) = known.iter().find(|argument| argument.name == name) else { continue };
            if let Some(value) = value(argument, json) {
                read.set(argument, value);
            }
        }
        read
    }

    /// A digest of where these lead, of a backend of this kind. Passwords are not in it: a new one leads to the same place, and
    /// whoever reads the digest could try them.
    pub fn digest(&self, kind: BackendKind) -> String {
        let mut all = self.shown();
        for argument in kind.arguments().iter().filter(|argument| argument.secrecy == Secrecy::Password) {
            if let (Some(text), Json::Object(all)) = (self.text(argument.name), &mut all) {
                all.insert(argument.name.to_owned(), without_password(text).into());
            }
        }
        hex(&Sha256::digest(format!("{}\n{all}", kind.name())))
    }
}

fn value(argument: &Argument, json: &Json) -> Option<BackendValue> {
    let text = |json: &Json| json.as_str().map(str::to_owned);
    Some(match argument.sort {
        Sort::Text => BackendValue::text(argument, text(json)?),
        Sort::Flag => BackendValue::Flag(json.as_bool()?),
        Sort::Number => BackendValue::Number(json.as_u64()?),
        Sort::Texts => BackendValue::Texts(json.as_array()?.iter().map(text).collect::<Option<_>>()?),
        Sort::Map => {
            let entries = json.as_object()?.iter().map(|(key, json)| Some((key.clone(), text(json)?)));
            BackendValue::Map(entries.collect::<Option<_>>()?)
        }
        Sort::Object(known) => BackendValue::Object(Arguments::read(json, known)),
    })
}

/// An address, or the words by which PostgreSQL's programs connect, without the passwords in it.
pub fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return without_words(text) };
    let (authority, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => format!("{}@{host}", user.split_once(':').map_or(user, |(user, _)| user)),
        None => authority.to_owned(),
    };
    let (path, query) = after.split_once('?').map_or((after, None), |(path, query)| (path, Some(query)));
    let query = query.map(|query| {
        let kept: Vec<&str> =
            query.split('&').filter(|pair| !is_password(pair.split('=').next().unwrap_or(pair))).collect();
        kept.join("&")
    });
    let query = query.filter(|query| !query.is_empty()).map_or_else(String::new, |query| format!("?{query}"));
    format!("{scheme}://{authority}{path}{query}")
}

fn is_password(name: &str) -> bool {
    matches!(name.trim(), "password" | "sslpassword" | "passfile" | "private_token" | "access_token" | "token")
}

/// `host=db password='a b' user=u`: pairs, whose values may be quoted.
fn without_words(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, next) = after.split_at(end_of_value(after));
        if !is_password(name) {
            kept.extend([name, "=", value]);
        }
        rest = next;
    }
    kept + rest
}

fn end_of_value(text: &str) -> usize {
    let start = text.len() - text.trim_start().len();
    let is_quoted = text[start..].starts_with('\'');
    let mut escaped = false;
    for (at, letter) in text.char_indices().filter(|(at, _)| *at >= start + usize::from(is_quoted)) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' if is_quoted => return at + 1,
            letter if !is_quoted && letter.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argument(kind: BackendKind, name: &str) -> &'static Argument {
        kind.arguments().iter().find(|argument| argument.name == name).expect("an argument")
    }

    fn with(kind: BackendKind, given: &[(&str, &str)]) -> Arguments {
        let mut all = Arguments::default();
        for (name, text) in given {
            let argument = argument(kind, name);
            all.set(argument, BackendValue::text(argument, *text));
        }
        all
    }

    #[test]
    fn passwords_are_taken_out_of_addresses_and_words() {
        for (text, kept) in [
            ("postgres://u:p%40ss@db:5432/tf?sslmode=require", "postgres://u@db:5432/tf?sslmode=require"),
            ("postgres://u@db/tf?password=x&sslmode=require&sslpassword=y", "postgres://u@db/tf?sslmode=require"),
            ("postgres:///tf?password=x", "postgres:///tf"),
            ("https://gitlab.example/api/v4/state/x", "https://gitlab.example/api/v4/state/x"),
            ("https://u:a:b@c@host/x#f", "https://u@host/x#f"),
            ("host=db password='a \\' b' user=u", "host=db user=u"),
            ("host=db user=u password=geheim", "host=db user=u"),
            ("password=a", ""),
            ("just words", "just words"),
        ] {
            assert_eq!(without_password(text), kept);
        }
    }

    #[test]
    fn secrets_are_neither_printed_nor_kept_nor_digested() {
        let kind = BackendKind::Http;
        let all = with(kind, &[("address", "https://h/s"), ("username", "u"), ("password", "canary")]);
        assert!(!format!("{all:?} {}", all.shown()).contains("canary"));
        assert_eq!(all.secrets(), ["password"]);
        let other = with(kind, &[("address", "https://h/s"), ("username", "u"), ("password", "new")]);
        assert_eq!(all.digest(kind), other.digest(kind), "a new password leads to the same place");
        let elsewhere = with(kind, &[("address", "https://h/t"), ("username", "u")]);
        assert_ne!(all.digest(kind), elsewhere.digest(kind));
        let address = with(kind, &[("address", "https://u:canary@h/s")]);
        assert!(!format!("{address:?} {}", address.shown()).contains("canary"));
        let pg = |text| with(BackendKind::Pg, &[("conn_str", text)]).digest(BackendKind::Pg);
        assert_eq!(pg("postgres://u:a@h/d"), pg("postgres://u:b@h/d"));
        assert_ne!(pg("postgres://u:a@h/d"), pg("postgres://u:a@h/e"));
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let kind = BackendKind::S3;
        let mut all = with(kind, &[("bucket", "b"), ("key", "k"), ("secret_key", "canary")]);
        all.set(argument(kind, "encrypt"), BackendValue::Flag(true));
        all.set(argument(kind, "max_retries"), BackendValue::Number(3));
        all.set(argument(kind, "allowed_account_ids"), BackendValue::Texts(vec!["1".into()]));
        let role = argument(kind, "assume_role");
        let Sort::Object(inner) = role.sort else { panic!("an object") };
        let mut object = Arguments::default();
        object.set(&inner[0], BackendValue::text(&inner[0], "arn"));
        all.set(role, BackendValue::Object(object));
        let back = Arguments::read(&all.shown(), kind.arguments());
        assert_eq!(back.shown(), all.shown());
        assert_eq!(back.digest(kind), all.digest(kind));
        assert_eq!(back.object("assume_role").and_then(|role| role.text("role_arn")), Some("arn"));
        assert_eq!((back.flag("encrypt"), back.number("max_retries")), (Some(true), Some(3)));
        assert!(back.secret("secret_key").is_none());
    }

    #[test]
    fn every_name_stands_once() {
        for kind in BackendKind::ALL {
            let names: Vec<&str> = kind.arguments().iter().map(|argument| argument.name).collect();
            let mut unique = names.clone();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(names.len(), unique.len(), "{}", kind.name());
            assert_eq!(BackendKind::named(kind.name()), Some(kind));
        }
    }
}

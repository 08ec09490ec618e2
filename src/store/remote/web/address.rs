//! The address of a state, and those of the states beside it.

use percent_encoding::percent_decode_str;
use secrecy::SecretString;

/// An address, in its parts. They are as they were written.
#[derive(Clone, Debug)]
pub(super) struct Address {
    /// Scheme, host and port.
    pub origin: String,
    /// From `/`.
    path: String,
    query: Option<String>,
    /// Who asks, where the address says it.
    pub login: Option<(String, SecretString)>,
}

impl Address {
    /// Reads one.
    ///
    /// # Errors
    /// After "it": why it cannot be used.
    pub fn parse(text: &str) -> Result<Address, String> {
        let text = text.trim();
        let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| is_http(scheme)) else {
            return Err("must begin with http:// or https://".to_owned());
        };
        if rest.contains('#') {
            return Err("has a fragment".to_owned());
        }
        let (authority, after) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (login, host) = match authority.rsplit_once('@') {
            Some((login, host)) => (Some(login), host),
            None => (None, authority),
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let login = login.map(|login| {
            let (name, password) = login.split_once(':').unwrap_or((login, ""));
            (decoded(name), SecretString::from(decoded(password)))
        });
        let (path, query) = match after.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned()).filter(|query| !query.is_empty())),
            None => (after, None),
        };
        let path = if path.is_empty() { "/" } else { path }.to_owned();
        Ok(Address { origin: format!("{scheme}://{host}"), path, query, login })
    }

    /// The last part of the path; empty where there is none.
    pub fn name(&self) -> &str {
        self.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }

    /// That of the state beside this one whose name has this ending. An empty ending is this one.
    pub fn beside(&self, ending: &str) -> Address {
        let path = self.path.trim_end_matches('/');
        let after = &self.path[path.len()..];
        Address { path: format!("{path}{ending}{after}"), ..self.clone() }
    }

    /// This is where `state` is locked: where is the state beside it? The name of the state stands in it in most of them.
    pub fn lock_beside(&self, state: &Address, ending: &str) -> Address {
        let below = state.path.trim_end_matches('/');
        if self.origin == state.origin
            && let Some(rest) = self.path.strip_prefix(below)
            && (rest.is_empty() || rest.starts_with('/'))
        {
            return Address { path: format!("{below}{ending}{rest}"), ..self.clone() };
        }
        let mut parts: Vec<String> = self.path.split('/').map(str::to_owned).collect();
        match parts.iter_mut().rev().find(|part| *part == state.name()) {
            Some(part) => part.push_str(ending),
            None => return self.beside(ending),
        }
        Address { path: parts.join("/"), ..self.clone() }
    }

    /// What a request asks for, by the holder of a lock where there is one.
    pub fn target(&self, id: Option<&str>) -> String {
        let id = id.map(|id| format!("ID={id}"));
        let query: Vec<&str> = [self.query.as_deref(), id.as_deref()].into_iter().flatten().collect();
        match query.is_empty() {
            true => self.path.clone(),
            false => format!("{}?{}", self.path, query.join("&")),
        }
    }

    /// For words: without login and query.
    pub fn shown(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }
}

fn is_http(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn address(text: &str) -> Address {
        Address::parse(text).expect("an address")
    }

    #[test]
    fn states_beside_one_have_its_name_with_an_ending() {
        for (state, lock, beside, locked) in [
            ("https://g/s/lab", "https://g/s/lab/lock", "/s/lab-journal", "/s/lab-journal/lock"),
            ("https://g/s/lab", "https://g/s/lab", "/s/lab-journal", "/s/lab-journal"),
            ("https://g/s/lab/", "https://g/s/lab/lock", "/s/lab-journal/", "/s/lab-journal/lock"),
            ("https://g/s/lab", "https://g/locks/lab", "/s/lab-journal", "/locks/lab-journal"),
            ("https://g/s/lab", "https://other/lab/x/lab", "/s/lab-journal", "/lab/x/lab-journal"),
            ("https://g/s/lab", "https://g/s/labs/x", "/s/lab-journal", "/s/labs/x-journal"),
            ("http://g:1/lab?a=b", "http://g:1/lab?a=b", "/lab-journal?a=b", "/lab-journal?a=b"),
        ] {
            let (state, lock) = (address(state), address(lock));
            assert_eq!(state.beside("-journal").target(None), beside);
            assert_eq!(lock.lock_beside(&state, "-journal").target(None), locked);
            assert_eq!(lock.lock_beside(&state, "").target(None), lock.target(None));
        }
    }

    #[test]
    fn a_login_and_a_query_are_not_for_words() {
        let told = address("https://u%40x:p%3Aw@host:8443/a/b?private_token=t");
        let (name, password) = told.login.as_ref().expect("a login");
        assert_eq!((name.as_str(), password.expose_secret()), ("u@x", "p:w"));
        assert_eq!((told.shown().as_str(), told.name()), ("https://host:8443/a/b", "b"));
        assert_eq!(told.target(Some("i")), "/a/b?private_token=t&ID=i");
        assert!(!format!("{told:?}").contains("p:w"));
        for wrong in ["", "host/a", "ftp://h/a", "https://h/a#b"] {
            assert!(Address::parse(wrong).is_err(), "{wrong}");
        }
    }
}

//! The proxy that the environment puts between us and the API.

use super::endpoint::{Endpoint, SetupError};
use reqwest::{NoProxy, Url};
use std::ffi::OsString;

/// The variables that may name one, the strongest first. The API speaks https; to this machine no proxy is used.
const NAMES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// A proxy. No `Debug`: its URL may hold a password.
pub(super) struct Proxy {
    /// For reqwest.
    pub(super) rule: reqwest::Proxy,
    /// `the proxy http://proxy.example:3128 (HTTPS_PROXY)`, where NO_PROXY does not except the API.
    pub(super) name: Option<String>,
}

impl Proxy {
    /// That of the environment. What is set and cannot be used is an error: without the proxy, calls would go where nobody
    /// meant them to go.
    pub(super) fn of_environment(endpoint: &Endpoint) -> Result<Option<Proxy>, SetupError> {
        if endpoint.is_loopback() {
            return Ok(None);
        }
        named(endpoint, |name| std::env::var_os(name))
    }
}

fn named(endpoint: &Endpoint, variable: impl Fn(&str) -> Option<OsString>) -> Result<Option<Proxy>, SetupError> {
    let set = |name: &&str| variable(name).is_some_and(|value| !value.is_empty());
    let Some(name) = NAMES.into_iter().find(set) else { return Ok(None) };
    let refuse = |why: &str| SetupError::Setting(format!("the environment variable {name} names no proxy: {why}"));
    let text = variable(name).and_then(|value| value.into_string().ok());
    let text = text.ok_or_else(|| refuse("it is not valid UTF-8"))?;
    let text = if text.contains("://") { text } else { format!("http://{text}") };
    let expected = "expected something like http://proxy.example:3128";
    let url = Url::parse(text.trim()).map_err(|error| refuse(&format!("{error}; {expected}")))?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| refuse(expected))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse(&format!("\"{}\" is not supported, only http and https are", url.scheme())));
    }
    let port = url.port_or_known_default().unwrap_or_default();
    let shown = format!("the proxy {}://{host}:{port} ({name})", url.scheme());
    let list = ["NO_PROXY", "no_proxy"].into_iter().find_map(&variable).unwrap_or_default();
    let list = list
        .into_string()
        .map_err(|_| SetupError::Setting("the environment variable NO_PROXY is not valid UTF-8".into()))?;
    let name = (!excepts(&list, endpoint.host())).then_some(shown);
    let rule = reqwest::Proxy::https(url).map_err(|_| refuse(expected))?;
    Ok(Some(Proxy { rule: rule.no_proxy(NoProxy::from_string(&list)), name }))
}

/// Whether a list of NO_PROXY names a host, as far as an error has to know it: networks are left to reqwest.
fn excepts(list: &str, host: &str) -> bool {
    list.split(',').map(|entry| entry.trim().trim_start_matches('.')).filter(|entry| !entry.is_empty()).any(|entry| {
        let below =
            host.len() > entry.len() && host.ends_with(entry) && host[..host.len() - entry.len()].ends_with('.');
        entry == "*" || host.eq_ignore_ascii_case(entry) || below
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        let endpoint = Endpoint::parse("https://api.example.org").expect("a URL");
        let variable = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into());
        let named = named(&endpoint, variable);
        named.map(|proxy| proxy.and_then(|proxy| proxy.name)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_proxy_is_named_without_its_login() {
        let of = |variables: &[(&str, &str)]| told(variables).expect("a proxy");
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("HTTPS_PROXY", ""), ("HTTP_PROXY", "http://no:1")]), None);
        let shown = "the proxy http://p.example:3128 (HTTPS_PROXY)".to_owned();
        assert_eq!(of(&[("HTTPS_PROXY", "http://me:canary@p.example:3128/x")]), Some(shown.clone()));
        assert_eq!(of(&[("HTTPS_PROXY", "p.example:3128"), ("ALL_PROXY", "q")]), Some(shown));
        assert_eq!(of(&[("all_proxy", "https://q")]), Some("the proxy https://q:443 (all_proxy)".to_owned()));
        for list in ["*", "api.example.org", "x, .example.org", "example.org"] {
            assert_eq!(of(&[("HTTPS_PROXY", "p"), ("NO_PROXY", list)]), None, "{list}");
        }
        assert!(of(&[("HTTPS_PROXY", "p"), ("NO_PROXY", "pi.example.org,xexample.org")]).is_some());
    }

    #[test]
    fn what_names_no_proxy_is_refused_and_not_shown() {
        for (value, word) in [
            ("http://me:canary@", "names no proxy"),
            ("socks5://canary@p:1080", "socks5"),
            ("http://p:canary", "expected something like"),
            ("http://", "names no proxy"),
            ("http://a b/", "names no proxy"),
        ] {
            let error = told(&[("HTTPS_PROXY", value)]).expect_err(value);
            assert!(error.contains("HTTPS_PROXY") && error.contains(word) && !error.contains("canary"), "{error}");
        }
    }
}

//! Keys of objects as parts of an address. Signatures are made of exactly these bytes.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands for itself in a query, and in one part of a path (RFC 3986).
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The same in a path: its parts stay apart.
#[cfg(any(feature = "s3", feature = "azurerm"))]
const PATH: &AsciiSet = &PART.remove(b'/');

/// A key as a path.
#[cfg(any(feature = "s3", feature = "azurerm"))]
pub fn path(key: &str) -> String {
    utf8_percent_encode(key, PATH).to_string()
}

/// A key as one part of a path.
pub fn part(key: &str) -> String {
    utf8_percent_encode(key, PART).to_string()
}

/// `?name=value&...`.
pub fn query(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", part(value))).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lead_nowhere_else() {
        #[cfg(any(feature = "s3", feature = "azurerm"))]
        assert_eq!(path("env:/a b/ü?#%.tfstate"), "env%3A/a%20b/%C3%BC%3F%23%25.tfstate");
        assert_eq!(part("a/b.c-d_e~f"), "a%2Fb.c-d_e~f");
        assert_eq!(query(&[("prefix", "env:/"), ("x", "")]), "?prefix=env%3A%2F&x=");
        assert_eq!(query(&[]), "");
    }
}

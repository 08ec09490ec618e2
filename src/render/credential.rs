//! Which environment variables look like credentials: those are not written into files that people commit.

/// Words of names.
const WORDS: [&str; 14] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PASS",
    "PWD",
    "KEY",
    "APIKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "AUTH",
    "PAT",
    "DSN",
];

/// What well-known credentials begin with.
const PREFIXES: [&str; 13] = [
    "sk-",
    "hf_",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "eyJ",
    "-----BEGIN",
];

/// So many characters without a pattern are no word and no version.
const LONG: usize = 20;

/// Whether a variable looks like a credential, by its name or its value. In doubt it does.
pub(super) fn is_credential(name: &str, value: &str) -> bool {
    if value.is_empty() {
        return false;
    }
    let mut words = name.split(|c: char| !c.is_alphanumeric()).map(str::to_ascii_uppercase);
    let by_name = words.any(|word| {
        let glued = ["TOKEN", "SECRET", "PASSWORD", "APIKEY"].iter().any(|part| word.contains(part));
        glued || WORDS.contains(&&*word) || word.ends_with("KEY")
    });
    by_name || PREFIXES.iter().any(|prefix| value.starts_with(prefix)) || has_login(value) || is_random(value)
}

/// `scheme://user:password@host`.
fn has_login(value: &str) -> bool {
    let authority = value.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next());
    authority.and_then(|authority| authority.rsplit_once('@')).is_some_and(|(login, _)| login.contains(':'))
}

/// Long, and of letters of both cases with digits, or of hexadecimal digits.
fn is_random(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+/=_-".contains(c);
    let has = |is: fn(&char) -> bool| value.chars().any(|c| is(&c));
    let mixed = has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase) && has(char::is_ascii_digit);
    let hex = value.chars().all(|c| c.is_ascii_hexdigit()) && has(char::is_ascii_digit);
    value.len() >= LONG && value.chars().all(plain) && (mixed || hex)
}

#[cfg(test)]
mod tests {
    use super::is_credential;

    #[test]
    fn credentials_are_told_from_settings() {
        for (name, value) in [
            ("HF_TOKEN", "x"),
            ("wandb_api_key", "x"),
            ("DBPASSWORD", "x"),
            ("accessToken", "x"),
            ("DATABASE_URL", "postgres://me:hidden@db/x"),
            ("WHO", "hf_abcdef"),
            ("BLOB", "aB3dE5gH7jK9mN1pQ3sT"),
            ("BLOB", "0123456789abcdef0123456789abcdef"),
            ("PEM", "-----BEGIN PRIVATE KEY-----\nx"),
        ] {
            assert!(is_credential(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("MODE", "train"),
            ("MONKEYS", "3"),
            ("PATH", "/usr/local/bin:/usr/bin"),
            ("IMAGE", "pytorch-2.1.0-cuda12.1-devel"),
            ("URL", "https://example.com/a@b"),
            ("HF_TOKEN", ""),
            ("COMPASS", "north"),
        ] {
            assert!(!is_credential(name, value), "{name}={value}");
        }
    }
}

//! What is built in: licences, sources, and crates that must not be there. Advisories need a network, and are not looked up.

use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// Licences that ask for no more than to be named.
const ALLOWED: [&str; 11] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "Unlicense",
    "0BSD",
    "CC0-1.0",
];

/// TLS is rustls with ring: nothing else shall verify certificates, and no library of the system is linked for it.
const BANNED: [&str; 6] = ["openssl", "openssl-sys", "native-tls", "aws-lc-sys", "hyper-tls", "serde_yaml"];

/// What is not Rust, and is built in: the allocator, the arithmetic of TLS, and what packs journals. A crate that
/// brings another such library, or links one of the system, must be named here first.
const NATIVE: [&str; 3] = ["libmimalloc-sys", "ring", "zstd-sys"];

fn packages() -> Vec<Value> {
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", host];
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// An expression of SPDX identifiers: every part that is joined by AND needs an alternative that is allowed.
fn is_allowed(licence: &str) -> bool {
    let plain = licence.replace(['(', ')'], "").replace('/', " OR ");
    plain.split(" AND ").all(|part| part.split(" OR ").any(|one| ALLOWED.contains(&one.trim())))
}

#[test]
fn licences_sources_and_bans() {
    let packages = packages();
    assert!(packages.len() > 50);
    let name = |package: &Value| package["name"].as_str().unwrap().to_owned();
    let licence = |package: &Value| package["license"].as_str().unwrap_or("none").to_owned();
    let bad: Vec<String> = packages.iter().filter(|package| !is_allowed(&licence(package))).map(name).collect();
    assert_eq!(bad, [""; 0], "licences");
    let sources: BTreeSet<&str> = packages.iter().filter_map(|package| package["source"].as_str()).collect();
    assert!(sources.len() == 1 && sources.iter().all(|source| source.starts_with("registry+")), "{sources:?}");
    let banned: Vec<String> = packages.iter().map(name).filter(|name| BANNED.contains(&name.as_str())).collect();
    assert_eq!(banned, [""; 0], "banned");
    let native: Vec<String> = packages.iter().filter(|package| !package["links"].is_null()).map(name).collect();
    let unnamed: Vec<&String> = native.iter().filter(|name| !NATIVE.contains(&name.as_str())).collect();
    assert!(unnamed.is_empty(), "not Rust: {unnamed:?}");
    let own: Vec<String> = packages.iter().filter(|package| package["source"].is_null()).map(name).collect();
    assert_eq!(own, ["podform"], "from a path");
}

#[test]
fn alternatives_and_conjunctions() {
    assert!(
        is_allowed("MIT OR GPL-3.0")
            && is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0")
            && is_allowed("MIT/Apache-2.0")
    );
    assert!(!is_allowed("GPL-3.0") && !is_allowed("MIT AND GPL-3.0") && !is_allowed("none"));
}

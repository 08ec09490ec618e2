//! What Terraform would read here, and podform does not: files and variables of its names.

use super::text::names;
use crate::config::{Given, Module};
use crate::diag::{Diagnostic, Diagnostics};
use std::path::Path;

/// A sentence about the files of a directory that Terraform would read, with podform's names for them; none where there
/// are none. Values of variables stand in the root module alone.
pub(super) fn files(directory: &Path, is_root: bool) -> Option<String> {
    // What cannot be read or named is no matter here.
    let names = names(directory, |name| ours(name, is_root).is_some(), &mut Diagnostics::new()).ok()?;
    let found: Vec<String> = names.iter().filter_map(|name| Some((name, ours(name, is_root)?))).map(told).collect();
    (!found.is_empty()).then(|| format!("podform does not read {}.", found.join(", ")))
}

fn told((theirs, ours): (&String, String)) -> String {
    format!("{theirs} (here its name is {ours})")
}

fn ours(name: &str, is_root: bool) -> Option<String> {
    let (stem, json) = name.strip_suffix(".json").map_or((name, ""), |stem| (stem, ".json"));
    let values = if json.is_empty() { ".hcl" } else { json };
    match stem.rsplit_once('.')? {
        ("", _) => None,
        (stem, "tf") => Some(format!("{stem}.hcl{json}")),
        ("terraform", "tfvars") if is_root => Some(format!("podform.vars{values}")),
        (stem, "tfvars") if is_root && stem.ends_with(".auto") => Some(format!("{stem}.vars{values}")),
        _ => None,
    }
}

/// Tells of values for declared variables that stand in the environment under Terraform's name alone.
pub(super) fn variables(root: &Module, given: &[Given], diags: &mut Diagnostics) {
    for (key, _) in std::env::vars_os() {
        let Some(name) = key.to_str().and_then(|key| key.strip_prefix("TF_VAR_")) else { continue };
        let ours = format!("PODFORM_VAR_{name}");
        if root.variables.contains_key(name) && !given.iter().any(|given| given.origin.ends_with(&ours)) {
            let detail = format!(
                "The environment variable TF_VAR_{name} is set, and podform does not read it: its name here is {ours}."
            );
            diags.push(Diagnostic::warning("Variables of Terraform are not read", detail));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_terraform_have_names_here() {
        for (theirs, name) in [
            ("main.tf", "main.hcl"),
            ("main.tf.json", "main.hcl.json"),
            ("x_override.tf", "x_override.hcl"),
            ("terraform.tfvars", "podform.vars.hcl"),
            ("terraform.tfvars.json", "podform.vars.json"),
            ("a.auto.tfvars", "a.auto.vars.hcl"),
            ("a.auto.tfvars.json", "a.auto.vars.json"),
        ] {
            assert_eq!(ours(theirs, true).as_deref(), Some(name), "{theirs}");
        }
        for name in ["main.hcl", "lab.tfvars", ".terraform.lock.hcl", "a.tftest.hcl", ".tf", "tf", "x.json"] {
            assert_eq!(ours(name, true), None, "{name}");
        }
        assert_eq!(ours("terraform.tfvars", false), None);
    }
}

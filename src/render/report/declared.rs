//! Where what is told stands in the configuration.

use crate::render::words::finding::Finding;
use std::collections::BTreeMap;

/// Where resources and checks stand: by the address without keys, the file and the line.
pub type Declared = BTreeMap<String, (String, usize)>;

/// Where a finding stands.
pub fn place<'d>(finding: &Finding<'_>, declared: &'d Declared) -> Option<&'d (String, usize)> {
    if let Some(check) = finding.check {
        return declared.get(check);
    }
    let mut resource = finding.address?.resource.clone();
    resource.module.0.iter_mut().for_each(|(_, key)| *key = None);
    declared.get(&resource.to_string())
}

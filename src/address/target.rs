//! What a command or a block of the configuration names: everything in a module, a resource, or one instance.

use super::{AddressError, InstanceAddr, InstanceKey, ModulePath};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// A module, a resource, or one instance of either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `module.east`: everything in it.
    Module(ModulePath),
    /// `simplepod_instance.a`, with or without a key.
    Resource(InstanceAddr),
}

impl FromStr for Target {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.parse::<InstanceAddr>() {
            Ok(address) => Ok(Target::Resource(address)),
            // A module's address is that of a resource in it, without the resource.
            Err(error) => match format!("{text}.x.x").parse::<InstanceAddr>() {
                Ok(inside) if text.starts_with("module.") && inside.key.is_none() => {
                    Ok(Target::Module(inside.resource.module))
                }
                _ => Err(error),
            },
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Module(path) => path.fmt(f),
            Target::Resource(address) => address.fmt(f),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Target {
    /// True for an instance that this names.
    pub fn matches(&self, address: &InstanceAddr) -> bool {
        match self {
            Target::Module(path) => inside(path, &address.resource.module),
            Target::Resource(target) => {
                target.resource.mode == address.resource.mode
                    && target.resource.kind == address.resource.kind
                    && target.resource.name == address.resource.name
                    && target.resource.module.0.len() == address.resource.module.0.len()
                    && inside(&target.resource.module, &address.resource.module)
                    && fits(target.key.as_ref(), address.key.as_ref())
            }
        }
    }
}

/// A path without a key stands for every instance of the module.
fn inside(outer: &ModulePath, inner: &ModulePath) -> bool {
    outer.0.len() <= inner.0.len()
        && outer.0.iter().zip(&inner.0).all(|((a, a_key), (b, b_key))| a == b && fits(a_key.as_ref(), b_key.as_ref()))
}

fn fits(wanted: Option<&InstanceKey>, key: Option<&InstanceKey>) -> bool {
    wanted.is_none() || wanted == key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_name_modules_resources_and_instances() {
        let address: InstanceAddr = "module.m[0].simplepod_instance.a[\"x\"]".parse().expect("an address");
        for text in
            ["module.m", "module.m[0]", "module.m.simplepod_instance.a", "module.m[0].simplepod_instance.a[\"x\"]"]
        {
            let target = text.parse::<Target>().expect(text);
            assert!(target.matches(&address), "{text}");
            assert_eq!(target.to_string(), text);
        }
        for text in ["module.m[1]", "module.n", "simplepod_instance.a", "module.m.simplepod_instance.a[\"y\"]"] {
            assert!(!text.parse::<Target>().expect(text).matches(&address), "{text}");
        }
        assert!("module".parse::<Target>().is_err());
    }
}

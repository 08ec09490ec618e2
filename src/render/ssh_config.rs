//! Configuration of ssh, in which machines are known by their addresses.

use crate::address::InstanceAddr;
use crate::live::{MachineId, SshPlace};
use crate::state::State;
use std::fmt::Write as _;

/// A machine that ssh reaches.
#[derive(Clone, Debug)]
struct SshHost<'a> {
    address: &'a InstanceAddr,
    machine: MachineId,
    place: SshPlace,
}

/// The name under which ssh keeps the key of a machine. Hosts give a port to one machine after the other: by place it would
/// warn of an attack, or trust the wrong one.
pub fn host_key_alias(machine: MachineId) -> String {
    format!("podform-{machine}")
}

/// For `Include` in `~/.ssh/config`: what the state records, without secrets.
pub fn ssh_config(state: &State) -> String {
    let recorded = state.resources.iter();
    let hosts = recorded.filter_map(|(address, record)| {
        let machine = record.object_id(address)?.machine()?;
        Some(SshHost { address, machine, place: record.ssh()? })
    });
    let mut text = "# Written by podform ssh-config.\n".to_owned();
    for SshHost { address, machine, place } in hosts {
        let (host, port, key) = (place.host(), place.port(), host_key_alias(machine));
        let names: Vec<String> = names(address).into_iter().chain([key.clone()]).collect();
        let _ = write!(
            text,
            "\nHost {}\n  HostName {host}\n  Port {port}\n  User root\n  HostKeyAlias {key}\n  StrictHostKeyChecking accept-new\n",
            names.join(" ")
        );
    }
    text
}

/// The names of an address that ssh takes: it refuses quotation marks in the name of a host, and shells take brackets for
/// a pattern. None where a key holds what ssh does not take for a name.
fn names(address: &InstanceAddr) -> Vec<String> {
    let bare = address.to_string().replace('"', "");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '[' | ']');
    if !bare.chars().all(is_plain) {
        return Vec::new();
    }
    let dotted = bare.replace('[', ".").replace(']', "");
    if dotted == bare { vec![bare] } else { vec![bare, dotted] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_names() {
        let names = |address: &str| names(&address.parse().expect("an address")).join(" ");
        assert_eq!(names("simplepod_instance.one"), "simplepod_instance.one");
        assert_eq!(names("simplepod_instance.w[0]"), "simplepod_instance.w[0] simplepod_instance.w.0");
        assert_eq!(
            names(r#"module.a["eu-1"].simplepod_instance.w["x"]"#),
            "module.a[eu-1].simplepod_instance.w[x] module.a.eu-1.simplepod_instance.w.x"
        );
        assert_eq!(names(r#"simplepod_instance.w["*"]"#), "");
        assert_eq!(names(r#"simplepod_instance.w["a\nProxyCommand id"]"#), "");
    }
}

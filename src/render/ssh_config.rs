//! Configuration of ssh, in which machines are known by their addresses.

use crate::address::InstanceAddr;
use crate::live::{MachineId, SshPlace};
use crate::state::{AccountIdentity, State};
use std::fmt::Write as _;

/// A machine that ssh reaches.
#[derive(Clone, Debug)]
struct SshHost<'a> {
    address: &'a InstanceAddr,
    machine: MachineId,
    place: SshPlace,
}

/// The name under which ssh keeps the key of a machine. Hosts give a port to one machine after the other: by place it would
/// warn of an attack, or trust the wrong one. Two accounts, or one and the simulator, may count alike.
pub fn host_key_alias(account: &AccountIdentity, machine: MachineId) -> String {
    format!("podform-{}-{machine}", account.word())
}

/// For `Include` in `~/.ssh/config`: what the state records, without secrets.
pub fn ssh_config(state: &State) -> String {
    let mut text = "# Written by podform ssh-config.\n".to_owned();
    // Whatever is recorded was made with an account.
    let Some(account) = &state.account else { return text };
    let recorded = state.resources.iter();
    let hosts = recorded.filter_map(|(address, record)| {
        let machine = record.object_id(address)?.machine()?;
        Some(SshHost { address, machine, place: record.ssh()? })
    });
    for SshHost { address, machine, place } in hosts {
        let (host, port, key) = (place.host(), place.port(), host_key_alias(account, machine));
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
    fn accounts_that_count_alike_share_no_name() {
        let alias = |base_url: &str, key: &str| {
            let account = AccountIdentity { base_url: base_url.to_owned(), key_fingerprint: key.to_owned() };
            host_key_alias(&account, MachineId(7))
        };
        assert_eq!(alias("https://api.simplepod.ai", "9f86d081884c7d65"), "podform-9f86d081-7");
        assert_eq!(alias("sandbox", "9f86d081884c7d65"), "podform-sandbox-7");
        assert_eq!(alias("https://api.simplepod.ai", "a\nHost *"), "podform-aHost-7");
    }

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

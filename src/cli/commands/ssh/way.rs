//! How a machine is reached, and the words that ssh is given.

use crate::cli::commands::instances;
use crate::cli::exit::Failure;
use crate::diag::Diagnostic;
use crate::live::{Machine, MachineId, SshPlace, Status};
use crate::render::{host_key_alias, quoted};
use crate::session::AtHand;
use crate::simplepod::Client;
use crate::state::AccountIdentity;
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

/// As whom, and with which key.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "SSH")]
pub struct LoginArgs {
    /// Who logs in there.
    #[arg(long, value_name = "NAME", default_value = "root")]
    pub user: String,
    /// The private key (otherwise as ssh finds one).
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// An option of ssh, as of its -o; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub option: Vec<String>,
}

impl LoginArgs {
    /// The words up to the host. What is chosen here comes first, for ssh takes the first of two.
    pub fn words(&self, Way { alias, place }: &Way) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        let mut option = |text: String| words.extend(["-o".into(), text.into()]);
        self.option.iter().cloned().for_each(&mut option);
        option(format!("HostKeyAlias={alias}"));
        // A machine is new: nobody has seen its key, and afterwards it has no other.
        option("StrictHostKeyChecking=accept-new".to_owned());
        if let Some(identity) = &self.identity {
            words.extend(["-i".into(), identity.into()]);
        }
        words.extend(["-p".into(), place.port().to_string().into()]);
        words.extend(["-l".into(), (&self.user).into(), "--".into(), place.host().into()]);
        words
    }
}

/// A machine that SSH reaches.
#[derive(Clone, Debug)]
pub struct Way {
    /// The name under which ssh keeps its key.
    pub alias: String,
    /// Where.
    pub place: SshPlace,
}

/// Whose machines they are: as the state says, for `ssh-config` goes by it; else as the key does.
pub fn account_of(at_hand: &AtHand, sandbox: bool, client: &Client) -> AccountIdentity {
    at_hand.state.account.clone().unwrap_or_else(|| AccountIdentity {
        base_url: if sandbox { AccountIdentity::SANDBOX } else { client.base_url() }.to_owned(),
        key_fingerprint: client.account_fingerprint(),
    })
}

/// Where SSH of a machine is now.
///
/// # Errors
/// It cannot be read, does not run, or has no SSH.
pub async fn way(client: &Client, account: &AccountIdentity, id: MachineId, name: &str) -> Result<Way, Failure> {
    let machine = instances::read(client, id).await?;
    match machine.ssh() {
        Some(place) => Ok(Way { alias: host_key_alias(account, id), place }),
        None => Err(no_way(&machine, name).into()),
    }
}

fn no_way(machine: &Machine, name: &str) -> Diagnostic {
    let hosts: Vec<String> = machine.ports_of_ssh().filter_map(|port| Some(quoted(port.ip.as_deref()?))).collect();
    let runs = machine.status.as_ref().is_none_or(Status::is_running);
    let (detail, hint) = match (&machine.status, runs) {
        (Some(status), false) => (
            format!("{name} is {status}, and the API tells no way in."),
            format!("podform instances wait {} waits until it runs.", machine.id),
        ),
        _ if !hosts.is_empty() => (
            format!("{name} exposes port 22 without a usable host: the API tells {}.", hosts.join(", ")),
            format!("podform instances ports {} -json shows all of what it tells.", machine.id),
        ),
        _ => (
            format!("{name} exposes no port 22."),
            "Set ssh_server = true in its template group; what is rented from then on has it.".to_owned(),
        ),
    };
    Diagnostic::error("No way in", detail).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Port;

    #[test]
    fn a_host_that_is_none_is_told_as_that() {
        let port = |ip: Option<&str>| Port {
            container_port: "22".to_owned(),
            host_port: Some(40900),
            ip: ip.map(str::to_owned),
            protocol: "tcp".to_owned(),
            url: None,
        };
        let told = |ports| no_way(&Machine { ports: Some(ports), ..Machine::default() }, "machine 1").text();
        let refused = told(vec![port(Some("-oProxyCommand=id\u{1b}"))]);
        assert!(refused.contains(r#"without a usable host: the API tells "-oProxyCommand=id\x1b"."#), "{refused}");
        assert!(!refused.contains("ssh_server"), "{refused}");
        assert!(told(Vec::new()).contains("exposes no port 22"));
    }
}

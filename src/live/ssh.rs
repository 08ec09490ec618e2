//! Where a shell on a machine is opened.

use super::{Machine, Port};
use std::fmt;

/// Where SSH of a machine is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshPlace {
    host: String,
    port: u16,
}

impl SshPlace {
    /// `None` where the host is no name and no address: it comes from the API, and goes into command lines and files that
    /// ssh reads.
    pub fn new(host: &str, port: u16) -> Option<SshPlace> {
        let is_harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-');
        let sound = host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == ':') && host.chars().all(is_harmless);
        sound.then(|| SshPlace { host: host.to_owned(), port })
    }

    /// A name or an address of letters, digits, `.`, `:` and `-`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port on the host.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for SshPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl Machine {
    /// Where its SSH is reached: the direct entry of port 22 (API sheet §3.10).
    pub fn ssh(&self) -> Option<SshPlace> {
        self.ports_of_ssh().find_map(Port::place)
    }

    /// What the API tells of its port 22, whether somebody can be sent there or not.
    pub fn ports_of_ssh(&self) -> impl Iterator<Item = &Port> {
        self.ports.iter().flatten().filter(|port| port.container_port == "22")
    }
}

impl Port {
    /// Where it is reached from outside; `None` of one that is not, or whose host is none.
    pub fn place(&self) -> Option<SshPlace> {
        SshPlace::new(self.ip.as_deref()?, self.host_port?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_nothing_else() {
        for host in ["198.51.100.7", "2001:db8::7", "::1", "gpu-7.example"] {
            assert_eq!(SshPlace::new(host, 22).map(|place| place.host), Some(host.to_owned()));
        }
        for host in ["", "-oProxyCommand=id", "a b", "a\nHost *", "$(id)", "%h", "a;b", "é"] {
            assert_eq!(SshPlace::new(host, 22), None, "{host:?}");
        }
    }

    #[test]
    fn it_is_the_first_direct_entry_of_port_22() {
        let port = |container: &str, ip: Option<&str>, host_port| super::super::Port {
            container_port: container.to_owned(),
            host_port,
            ip: ip.map(str::to_owned),
            protocol: "unknown".to_owned(),
            url: None,
        };
        let ports = vec![
            port("8888", Some("198.51.100.7"), Some(40900)),
            port("22", None, None),
            port("22", Some("198.51.100.7"), Some(40901)),
        ];
        let machine = Machine { ports: Some(ports), ..Machine::default() };
        assert_eq!(machine.ssh().map(|place| place.to_string()).as_deref(), Some("198.51.100.7:40901"));
        assert_eq!(Machine::default().ssh(), None);
    }
}

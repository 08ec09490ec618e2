//! `podform instances ports`: where a machine is reached.

use crate::live::{Machine, Port};
use crate::render::table::{Cell, Column, Table};

/// One row a port as the API tells it; the addresses that a browser opens and the command line for SSH below, whole.
pub fn ports_table(machine: &Machine) -> Table {
    let columns = vec![
        Column::new("container_port", "Port"),
        Column::new("address", "Reached at"),
        Column::data("ip"),
        Column::data("host_port"),
        Column::new("protocol", "Protocol"),
        Column::data("url"),
    ];
    let ports = machine.ports.as_deref().unwrap_or_default();
    let row = |port: &Port| -> Vec<Cell> {
        vec![
            port.container_port.as_str().into(),
            port.place().map(|place| place.to_string()).into(),
            port.ip.clone().into(),
            port.host_port.map(u32::from).into(),
            port.protocol.as_str().into(),
            port.url.clone().into(),
        ]
    };
    let urls: Vec<String> =
        ports.iter().filter_map(|port| Some(format!("  {}: {}", port.container_port, port.url.as_ref()?))).collect();
    let ssh = ssh_line(machine);
    let notes = (!urls.is_empty()).then(|| urls.join("\n")).into_iter();
    Table {
        rows_name: "ports",
        columns,
        rows: ports.iter().map(row).collect(),
        total: None,
        facts: vec![("ssh", ssh.clone().into())],
        notes: notes.chain(ssh.map(|ssh| format!("  {ssh}"))).collect(),
        empty: match &machine.ports {
            Some(_) => "The machine exposes no port.".to_owned(),
            None => "The API tells no ports of this machine.".to_owned(),
        },
    }
}

/// The command line that opens a shell there.
pub(super) fn ssh_line(machine: &Machine) -> Option<String> {
    let ssh = machine.ssh()?;
    Some(format!("ssh -p {} root@{}", ssh.port(), ssh.host()))
}

//! The one machine that a command line names.

use crate::cli::exit::Failure;
use crate::cloud::Cloud as _;
use crate::cloud::fault::fault;
use crate::diag::Diagnostic;
use crate::live::{Machine, MachineId};
use crate::session::AtHand;
use crate::simplepod::Client;

/// Its id.
pub fn id(at_hand: &AtHand, named: &str) -> Result<MachineId, Failure> {
    match at_hand.machines(named)?.as_slice() {
        [one] => Ok(*one),
        several => {
            let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
            let detail =
                format!("{named} names {} machines ({}), and this command shows one.", ids.len(), ids.join(", "));
            Err(Diagnostic::error("Several machines", detail).into())
        }
    }
}

/// Its details.
pub async fn read(client: &Client, id: MachineId) -> Result<Machine, Failure> {
    let read = client.machine(id).await;
    let read = read.map_err(|error| fault(&format!("Reading machine {id}"), &error))?;
    read.ok_or_else(|| unknown(id).into())
}

/// What is told where the API knows no machine of this id.
pub fn unknown(id: MachineId) -> Diagnostic {
    let detail = format!("The API knows no machine {id}: it is gone, or never was.");
    Diagnostic::error("No such machine", detail).with_hint("podform instances lists what the account holds.")
}

/// A machine in words: with its address, where it is recorded.
pub fn name(at_hand: &AtHand, id: MachineId) -> String {
    match at_hand.address_of(id) {
        Some(address) => format!("{address} (machine {id})"),
        None => format!("machine {id}"),
    }
}

//! Ctrl-C during an apply.

use super::terminal::Terminal;
use crate::apply::Cancel;
use tokio::sync::watch;

/// Ctrl-C once finishes what is running, twice stops at once.
pub async fn interrupts(cancel: watch::Sender<Cancel>, terminal: Terminal) {
    let stages = [
        (
            Cancel::Gently,
            "\nInterrupted: what runs is finished, nothing more is started. Ctrl-C again stops at once.\n\n",
        ),
        (
            Cancel::AtOnce,
            "\nStopped. Calls under way are in the journal; the next apply looks what became of them.\n\n",
        ),
    ];
    for (stage, text) in stages {
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        terminal.tell(text);
        let _ = cancel.send(stage);
    }
    // Kept alive until the apply has seen it.
    std::future::pending::<()>().await;
}

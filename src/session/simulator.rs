//! The simulator: this process serves its world, or uses it where another one serves it already.

use super::failure::Failure;
use super::stored;
use crate::diag::{Diagnostic, Topic};
use crate::sandbox::{self, OpenError, Switches, World};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// So long somebody who begins or ends to serve may say nothing: both take milliseconds.
const SILENT: Duration = Duration::from_secs(5);
/// Between two looks. Shorter than what a client waits before it calls again.
const GLANCE: Duration = Duration::from_millis(20);

/// A world that can be called.
pub(super) enum Simulator {
    /// Served by this process.
    Own(sandbox::Handle),
    /// Served by another one, and by this process at the same place once that one ends.
    Other(SocketAddr, JoinHandle<sandbox::Handle>),
}

impl Simulator {
    /// Of the fleet in this directory, with switches and faults, and the seed of a new world.
    pub(super) async fn begin(faults: &[String], seed: Option<u64>) -> Result<Simulator, Failure> {
        let mut switches = Switches::default();
        apply_specs(&mut switches, faults)?;
        let dir = stored::directory(true);
        std::fs::create_dir_all(&dir).map_err(|error| cannot(format!("{} cannot be made: {error}.", dir.display())))?;
        let path = dir.join("world.json");
        let began = Instant::now();
        let world = loop {
            match World::open(&path, seed, switches.clone()) {
                Ok(world) => break world,
                // Its switches and its seed are those of who serves it.
                Err(error @ OpenError::Locked { .. }) if !faults.is_empty() || seed.is_some() => {
                    let hint = "Its faults and its seed are given where it is served: wait until that process ends, or leave -fault and -seed out.";
                    return Err(Diagnostic::error("Sandbox cannot start", error.to_string())
                        .with_hint(hint)
                        .about(Topic::Locked)
                        .into());
                }
                Err(OpenError::Locked { at: Some(at), .. }) => {
                    return Ok(Simulator::Other(at, tokio::spawn(follow(path, at, switches))));
                }
                Err(OpenError::Locked { .. }) if began.elapsed() < SILENT => sleep(GLANCE).await,
                Err(error @ OpenError::Locked { .. }) => {
                    let hint = "Wait until it ends, or end it.";
                    let told = Diagnostic::error("Sandbox cannot start", error.to_string());
                    return Err(told.with_hint(hint).about(Topic::Locked).into());
                }
                Err(error) => return Err(cannot(error.to_string())),
            }
        };
        let listener = listener(world.last_place())
            .await
            .map_err(|error| cannot(format!("No loopback port is to be had: {error}.")))?;
        let handle = sandbox::serve(world, listener).await.map_err(|error| cannot(error.to_string()))?;
        Ok(Simulator::Own(handle))
    }

    /// The base URL for clients.
    pub(super) fn url(&self) -> String {
        match self {
            Simulator::Own(handle) => handle.url(),
            Simulator::Other(at, _) => format!("http://{at}"),
        }
    }

    /// Stops what this process serves, so that the world is on disk.
    pub(super) async fn end(self) {
        let handle = match self {
            Simulator::Own(handle) => Some(handle),
            Simulator::Other(_, following) => {
                following.abort();
                following.await.ok()
            }
        };
        if let Some(handle) = handle {
            let _ = handle.stop().await;
        }
    }
}

/// Where it was last, so that those who were sent there find it; elsewhere where that port is taken.
async fn listener(last: Option<SocketAddr>) -> io::Result<TcpListener> {
    if let Some(last) = last
        && let Ok(listener) = TcpListener::bind(last).await
    {
        return Ok(listener);
    }
    TcpListener::bind(("127.0.0.1", 0)).await
}

/// Serves the world where it was served, from when nobody does any more.
async fn follow(path: PathBuf, at: SocketAddr, switches: Switches) -> sandbox::Handle {
    loop {
        sleep(GLANCE).await;
        if let Some(handle) = take_over(&path, at, switches.clone()).await {
            return handle;
        }
    }
}

async fn take_over(path: &Path, at: SocketAddr, switches: Switches) -> Option<sandbox::Handle> {
    let world = World::open(path, None, switches).ok()?;
    let listener = TcpListener::bind(at).await.ok()?;
    sandbox::serve(world, listener).await.ok()
}

fn cannot(error: String) -> Failure {
    Diagnostic::error("Sandbox cannot start", error).into()
}

/// Applies `--fault` specs.
pub fn apply_specs(switches: &mut Switches, specs: &[String]) -> Result<(), Failure> {
    for spec in specs {
        switches.apply_spec(spec).map_err(|error| {
            Failure::from(Diagnostic::error("Invalid --fault", format!("--fault \"{spec}\": {error}")))
        })?;
    }
    Ok(())
}

//! What waits for a person, beside what can be interrupted.

use tokio::sync::oneshot;

/// Does on a thread of its own what waits for a person; `None` where there is no thread to be had. Whoever is interrupted
/// waits no longer, and the thread ends with the process.
pub async fn beside<T: Send + 'static>(waiting: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (send, receive) = oneshot::channel();
    let wait = move || {
        let _ = send.send(waiting());
    };
    std::thread::Builder::new().spawn(wait).ok()?;
    receive.await.ok()
}

//! The sandbox on a socket: latency, faults, closed connections.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, Response, header};
use axum::serve::{IncomingStream, Listener};
use axum::{Router, serve as axum_serve};
use rust_decimal::Decimal;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::calls::CallRecord;
use super::clock::http_date;
use super::faults::{Fault, Kind};
use super::pause::Pauses;
use super::routes::template_of;
use super::switches::Switches;
use super::wire::{Answer, Call, Refusal};
use super::world::World;

/// Larger bodies close the connection, in bytes: far above the largest script that anybody sends, and one call must not
/// take all memory.
const BODY_LIMIT: usize = 16 << 20;

/// Milliseconds: no call is held back for longer. A day is beyond every time-out, and can be added to any instant.
const LONGEST_PAUSE: u64 = 24 * 3_600_000;

/// How long running calls may take once the sandbox stops: those that no fault holds back end within milliseconds, and
/// nobody waits at Ctrl-C for the others.
const GRACE: Duration = Duration::from_millis(500);

struct Shared {
    /// `None` once the sandbox has stopped: late calls get no answer.
    world: Mutex<Option<World>>,
    pauses: Pauses,
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, Option<World>> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) -> io::Result<()> {
        match self.world().take() {
            Some(mut world) => world.close(),
            None => Ok(()),
        }
    }
}

/// A sandbox that serves. Dropping it stops it too, without waiting for running calls.
pub struct Handle {
    addr: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<io::Result<()>>,
    ticker: JoinHandle<()>,
}

/// Serves a world on a listener. Its clock runs from now on.
pub async fn serve(mut world: World, listener: TcpListener) -> io::Result<Handle> {
    let addr = listener.local_addr()?;
    world.port = addr.port();
    world.announce(addr)?;
    world.clock.start();
    let shared = Arc::new(Shared { world: Mutex::new(Some(world)), pauses: Pauses::default() });
    let (stop, stopped) = oneshot::channel();
    let app = Router::new().fallback(handle).with_state(Arc::clone(&shared));
    let wires = Wires(listener);
    let server = tokio::spawn(async move {
        axum_serve(wires, app.into_make_service_with_connect_info::<Cut>())
            .with_graceful_shutdown(async move {
                let _ = stopped.await;
            })
            .await
    });
    let ticking = Arc::clone(&shared);
    let ticker = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            // A disk that is full shows at the next call that changes something.
            let _ = ticking.world().as_mut().map(World::save_clock);
        }
    });
    Ok(Handle { addr, shared, stop: Some(stop), server, ticker })
}

impl Handle {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base URL for clients, without a final `/`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The calls so far, oldest first.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.shared.world().as_ref().map(|world| world.calls.records().cloned().collect()).unwrap_or_default()
    }

    /// Forgets the calls.
    pub fn clear_calls(&self) {
        if let Some(world) = self.shared.world().as_mut() {
            world.calls.clear();
        }
    }

    /// Pushes the world clock on, ten years at most, and lets everything due happen.
    pub fn advance(&self, seconds: u64) -> io::Result<()> {
        match self.shared.world().as_mut() {
            Some(world) => {
                world.advance(seconds);
                world.save()
            }
            None => Ok(()),
        }
    }

    /// Turns switches while it serves. Adding a fault starts its count of calls at this moment.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        if let Some(world) = self.shared.world().as_mut() {
            change(&mut world.switches);
            world.clock.set_speed(world.switches.speed);
            world.touch();
        }
    }

    /// Ends it: running calls get a moment, the clock stops, the world is saved and its file is free.
    pub async fn stop(mut self) -> io::Result<()> {
        self.ticker.abort();
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if tokio::time::timeout(GRACE, &mut self.server).await.is_err() {
            self.server.abort();
        }
        self.shared.close()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.ticker.abort();
        // Everything is in the log already; a snapshot that cannot be written loses nothing.
        let _ = self.shared.close();
    }
}

async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response<Body> {
    let arrival = Instant::now();
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else { return cut.close() };
    // On a task of its own: a client that gives up early does not stop what it asked for.
    let answering = tokio::spawn(answering(shared, cut.clone(), arrival, (parts, body)));
    answering.await.unwrap_or_else(|_| cut.close())
}

async fn answering(shared: Arc<Shared>, cut: Cut, arrival: Instant, (parts, body): (Parts, Bytes)) -> Response<Body> {
    let path = parts.uri.path().to_owned();
    if path.starts_with("/sandbox/") {
        let mut guard = shared.world();
        let Some(world) = guard.as_mut() else { return cut.close() };
        let answer = world.answer_admin(&call(&parts, &path, &body, Decimal::ONE));
        return respond(answer, world);
    }
    let (latency, faults) = {
        let mut guard = shared.world();
        let Some(world) = guard.as_mut() else { return cut.close() };
        let seed = world.book.seed;
        let (method, route) = (parts.method.as_str(), template_of(&path));
        let mut firing = Vec::new();
        for fault in &mut world.switches.faults {
            if fault.fires(method, route, &path, seed) {
                firing.push(fault.clone());
            }
        }
        (world.switches.latency, firing)
    };
    // Half on the way here, half on the way back: what the API computes is part of it.
    let all = |kind| faults.iter().filter(move |fault| fault.kind == kind).map(|fault| fault.number(60_000));
    let stall = all(Kind::Stall).fold(0, u64::saturating_add);
    let half = stall.saturating_add(latency / 2);
    if half > 0 {
        tokio::time::sleep(Duration::from_millis(half)).await;
    }
    let response = {
        let mut guard = shared.world();
        let Some(world) = guard.as_mut() else { return cut.close() };
        decide(world, &parts, &path, &body, &faults).map(|answer| respond(answer, world))
    };
    let whole = all(Kind::Slow).fold(latency.saturating_add(stall), u64::saturating_add);
    shared.pauses.until(arrival + Duration::from_millis(whole.min(LONGEST_PAUSE))).await;
    match response {
        None => cut.close(),
        Some(response) if faults.iter().any(|fault| fault.kind == Kind::Truncate) => truncated(response).await,
        Some(response) => response,
    }
}

/// What is answered; nothing where the connection shall close.
fn decide(world: &mut World, parts: &Parts, path: &str, body: &Bytes, faults: &[Fault]) -> Option<Answer> {
    let before = faults.iter().find_map(|fault| match fault.kind {
        Kind::Drop => Some(None),
        Kind::Status(status) => Some(Some(failure(world, status, fault))),
        Kind::HtmlForbidden => Some(Some(Answer::html(403))),
        Kind::Refuse => Some(Some(Refusal::offer_gone().answer(world.switches.problems))),
        _ => None,
    });
    let mut decided = None;
    let answer = match before {
        Some(answer) => answer,
        None => {
            let price = faults.iter().find(|fault| fault.kind == Kind::Price);
            let price = price.map_or(Decimal::ONE, Fault::factor);
            let mut answer = world.answer(&call(parts, path, body, price));
            decided = Some(answer.status);
            if faults.iter().any(|fault| fault.kind == Kind::Twice) {
                world.answer(&call(parts, path, body, price));
            }
            let mut dropped = false;
            for fault in faults {
                match fault.kind {
                    Kind::DropAfterCommit => dropped = true,
                    Kind::StatusAfterCommit(status) => answer = failure(world, status, fault),
                    Kind::Garbage => {
                        answer.body = Bytes::from_static(b"<br />\nWarning: Unexpected character in input")
                    }
                    Kind::EmptyList if path.ends_with("/list") => answer.body = Bytes::from_static(b"[]"),
                    _ => {}
                }
            }
            (!dropped).then_some(answer)
        }
    };
    let text = || Value::String(String::from_utf8_lossy(body).into_owned());
    world.calls.add(CallRecord {
        number: 0,
        at_ms: world.clock.now(),
        method: parts.method.to_string(),
        path: path.to_owned(),
        route: template_of(path).to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        body: if body.is_empty() { Value::Null } else { serde_json::from_slice(body).unwrap_or_else(|_| text()) },
        status: decided,
        faults: faults.iter().map(|fault| fault.spec.clone()).collect(),
    });
    answer
}

/// A failure that nobody asked for: gateways answer 502, 503 and 504 with a page.
fn failure(world: &World, status: u16, fault: &Fault) -> Answer {
    let detail = match status {
        401 => return Refusal::Credentials.answer(world.switches.problems),
        502..=504 => {
            let mut answer = Answer::html(status);
            answer.retry_after = fault.arg.as_deref().and_then(|arg| arg.parse().ok());
            return answer;
        }
        403 => "Access Denied.",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        _ => "Simulated failure",
    };
    let mut answer = Refusal::Problem(status, detail.to_owned()).answer(world.switches.problems);
    if status == 429 {
        answer.retry_after = Some(fault.number(1));
    }
    answer
}

fn call<'a>(parts: &'a Parts, path: &'a str, body: &'a Bytes, price: Decimal) -> Call<'a> {
    let text = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    Call {
        method: parts.method.as_str(),
        path,
        query: Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|query| query.0).unwrap_or_default(),
        content_type: text(header::CONTENT_TYPE),
        key: text(HeaderName::from_static("x-auth-token")),
        body,
        price,
    }
}

fn respond(answer: Answer, world: &World) -> Response<Body> {
    let mut response = Response::builder()
        .status(answer.status)
        .header(header::DATE, http_date(world.clock.now()))
        .header(header::SERVER, "podform-sandbox");
    if answer.status != 204 {
        response = response.header(header::CONTENT_TYPE, answer.content_type);
    }
    if let Some(seconds) = answer.retry_after {
        response = response.header(header::RETRY_AFTER, seconds);
    }
    response.body(Body::from(answer.body)).unwrap_or_default()
}

/// Announces the whole body, sends half of it, and closes.
async fn truncated(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.insert(header::CONTENT_LENGTH, whole.len().into());
    let half = whole.slice(..whole.len() / 2);
    let pieces = [Ok(half), Err(io::Error::from(io::ErrorKind::ConnectionReset))];
    Response::from_parts(parts, Body::from_stream(futures::stream::iter(pieces)))
}

/// Lets a call close its connection without a byte of an answer.
#[derive(Debug, Clone, Default)]
struct Cut(Arc<AtomicBool>);

impl Cut {
    fn close(&self) -> Response<Body> {
        self.0.store(true, Ordering::Release);
        Response::default()
    }
}

impl Connected<IncomingStream<'_, Wires>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Wires>) -> Cut {
        stream.remote_addr().clone()
    }
}

/// A listener whose connections can be cut.
struct Wires(TcpListener);

impl Listener for Wires {
    type Io = Wire;
    type Addr = Cut;

    async fn accept(&mut self) -> (Wire, Cut) {
        loop {
            match self.0.accept().await {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    let cut = Cut::default();
                    return (Wire { stream, cut: cut.clone() }, cut);
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Cut> {
        Ok(Cut::default())
    }
}

/// A connection that fails to write once it is cut.
struct Wire {
    stream: TcpStream,
    cut: Cut,
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.cut.0.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

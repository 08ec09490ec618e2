//! The transport against a scripted server.

use super::scripted::{Reply, Server, answer};
use super::*;
use secrecy::SecretString;
use std::time::{Duration, Instant};

const KEY: &str = "canary-key-7f3a";

fn transport(url: &str, options: Options) -> Transport {
    Transport::new(Endpoint::parse(url).expect("a URL"), &SecretString::from(KEY), options).expect("a transport")
}

fn get(path: &str) -> Request {
    Request { path: path.into(), ..Request::default() }
}

fn impatient() -> Options {
    Options { timeout: Duration::from_millis(150), max_body: 1 << 10, ..Options::default() }
}

#[test]
fn only_safe_endpoints_are_taken() {
    let base = |url: &str| Endpoint::parse(url).map(|endpoint| endpoint.as_str().to_owned());
    assert_eq!(base("https://api.simplepod.ai/").as_deref(), Ok("https://api.simplepod.ai"));
    assert_eq!(base(" https://proxy.example/pod// ").as_deref(), Ok("https://proxy.example/pod"));
    for local in ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9"] {
        assert_eq!(base(local).as_deref(), Ok(local));
    }
    for (url, word) in [
        ("http://api.simplepod.ai", "unencrypted"),
        ("http://localhost.evil.example", "unencrypted"),
        ("http://127.0.0.1.evil.example", "unencrypted"),
        ("http://10.0.0.1", "unencrypted"),
        ("https://user:pass@host", "login"),
        ("https://host?x=1", "query"),
        ("ftp://host", "scheme"),
        ("host", "expected something like"),
        ("", "expected something like"),
    ] {
        let error = base(url).expect_err(url).to_string();
        assert!(error.contains(word) && !error.contains("pass@"), "{url}: {error}");
    }
}

#[test]
fn bad_keys_and_rates_are_told_without_the_key() {
    let build = |key: &str, rate| {
        let options = Options { requests_per_second: rate, ..Options::default() };
        Transport::new(Endpoint::parse("http://localhost").expect("a URL"), &SecretString::from(key), options)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert_eq!(build(" k\n", Some(0.5)), Ok(()));
    for (key, rate) in [("", None), ("  ", None), ("ca\nnary", None), ("ключ-canary", None)] {
        let error = build(key, rate).expect_err(key);
        assert!(error.contains("API key") && !error.contains("nary"), "{error}");
    }
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300] {
        let told = build("k", Some(rate));
        assert!(told.is_err() || rate.is_infinite(), "{rate}");
    }
}

#[tokio::test]
async fn a_request_carries_what_it_should() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT".to_owned();
    let server = Server::start(move |_, _| {
        Reply::Answer(200, vec![("Date", date.clone()), ("Retry-After", "7".into())], b"[]".to_vec())
    })
    .await;
    let transport = transport(&format!("{}/base/", server.url), Options::default());
    let query = vec![("sla[gte]".to_owned(), "99".to_owned()), ("region".to_owned(), "North America&x".to_owned())];
    let request = Request { query, body: Some(("application/json", b"{}".to_vec())), ..get("/instances") };
    let answer = transport.send(request).await.unwrap_or_else(|failure| panic!("{failure:?}"));
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"[]".as_slice()));
    assert_eq!(answer.date.map(|date| date.to_string()).as_deref(), Some("1994-11-06T08:49:37Z"));
    assert_eq!(answer.retry_after, Some(Duration::from_secs(7)));
    let seen = &server.seen()[0];
    assert_eq!(seen.target, "/base/instances?sla%5Bgte%5D=99&region=North+America%26x");
    assert_eq!(seen.header("x-auth-token"), Some(KEY));
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("accept-encoding"), Some("gzip"));
    assert!(seen.header("user-agent").is_some_and(|agent| agent.starts_with("podform/")));
    assert_eq!(seen.body, "{}");
    assert!(!format!("{transport:?}").contains(KEY));
}

#[tokio::test]
async fn redirects_are_answers_and_are_not_followed() {
    let elsewhere = Server::start(|_, _| answer(200, "[]")).await;
    let target = elsewhere.url.clone();
    let server = Server::start(move |_, _| Reply::Answer(307, vec![("Location", target.clone())], Vec::new())).await;
    let answer = transport(&server.url, Options::default()).send(get("/x")).await.expect("an answer");
    assert_eq!((answer.status, answer.location_host.as_deref()), (307, Some("127.0.0.1")));
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn failures_tell_whether_anything_was_sent() {
    let send = async |server: &Server| transport(&server.url, impatient()).send(get("/x")).await.err();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let refused = transport(&closed, impatient()).send(get("/x")).await.err();
    assert!(matches!(&refused, Some(Failure::NotSent(why)) if why.contains("refused")), "{refused:?}");

    let dropped = send(&Server::start(|_, _| Reply::Drop).await).await;
    assert!(matches!(&dropped, Some(Failure::NoAnswer(_))), "{dropped:?}");
    let silent = send(&Server::start(|_, _| Reply::Silence).await).await;
    assert_eq!(silent, Some(Failure::NoAnswer("no answer in time".into())));
    let garbage = send(&Server::start(|_, _| Reply::Raw(b"hello\r\n\r\n".to_vec())).await).await;
    assert!(matches!(&garbage, Some(Failure::NoAnswer(_))), "{garbage:?}");

    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{".to_vec();
    let cut = send(&Server::start(move |_, _| Reply::Raw(cut.clone())).await).await;
    assert!(matches!(&cut, Some(Failure::CutOff { status: 200, .. })), "{cut:?}");
    let large = send(&Server::start(|_, _| answer(200, vec![b' '; 1025])).await).await;
    assert_eq!(large, Some(Failure::TooLarge { status: 200, message: "the answer is longer than 1024 bytes".into() }));
    assert_eq!(send(&Server::start(|_, _| answer(200, vec![b' '; 1024])).await).await, None);
}

#[tokio::test]
async fn the_status_of_an_error_survives_its_body() {
    let cut = b"HTTP/1.1 422 No\r\ncontent-length: 100\r\n\r\n{\"detail\"".to_vec();
    let server = Server::start(move |_, _| Reply::Raw(cut.clone())).await;
    let answer = transport(&server.url, impatient()).send(get("/x")).await.expect("an answer");
    assert_eq!(answer.status, 422);
}

#[tokio::test]
async fn pauses_and_rates_hold_requests_back() {
    let server = Server::start(|_, _| answer(200, "[]")).await;
    let options = Options { requests_per_second: Some(20.0), ..Options::default() };
    let transport = transport(&server.url, options);
    transport.pause(Duration::from_millis(100));
    let start = Instant::now();
    let sent = futures::future::join_all((0..4).map(|_| transport.send(get("/x")))).await;
    assert!(sent.iter().all(Result::is_ok));
    assert!(start.elapsed() >= Duration::from_millis(240), "{:?}", start.elapsed());
}

#[tokio::test]
async fn compressed_answers_are_read_and_bounded_by_their_real_size() {
    const SMALL: &[u8] =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x8b\x36\xd4\x31\x8a\x05\x00\xbf\x50\x8b\x08\x05\x00\x00\x00";
    /// 5000 blanks.
    const LARGE: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\x2a\xeb\x9f\xd2\x14\x7e\x40\x01\x00\x00\x00\x00\x6f\x03\x60\x2c\x0b\x87\x88\x13\x00\x00";
    let server = Server::start(|_, seen| {
        let body = if seen.target == "/small" { SMALL } else { LARGE };
        Reply::Answer(200, vec![("Content-Encoding", "gzip".into())], body.to_vec())
    })
    .await;
    let transport = transport(&server.url, impatient());
    assert_eq!(transport.send(get("/small")).await.expect("an answer").body, b"[1,2]");
    let large = transport.send(get("/large")).await.err();
    assert_eq!(large, Some(Failure::TooLarge { status: 200, message: "the answer is longer than 1024 bytes".into() }));
}

#[tokio::test]
async fn a_failed_handshake_means_that_nothing_was_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let failure = transport(&url, impatient()).send(get("/x")).await.err();
    assert!(matches!(&failure, Some(Failure::NotSent(_))), "{failure:?}");
}

#[tokio::test]
async fn a_wait_may_be_told_as_a_date() {
    let server = Server::start(|number, _| {
        let date = match number {
            0 => "Sun, 06 Nov 1994 08:49:37 GMT".to_owned(),
            1 => "soon".to_owned(),
            _ => {
                let later = jiff::Timestamp::now() + Duration::from_secs(100);
                jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&later).expect("a date")
            }
        };
        Reply::Answer(503, vec![("Retry-After", date)], Vec::new())
    })
    .await;
    let transport = transport(&server.url, Options::default());
    let mut waits = Vec::new();
    for _ in 0..3 {
        waits.push(transport.send(get("/x")).await.expect("an answer").retry_after);
    }
    assert_eq!((waits[0], waits[1]), (Some(Duration::ZERO), None));
    assert!(waits[2].is_some_and(|wait| (90..=100).contains(&wait.as_secs())), "{waits:?}");
}

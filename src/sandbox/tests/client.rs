//! A raw HTTP/1.1 client, and the calls that many tests make.

use std::io;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::sandbox::{Handle, Switches, World, serve};

/// What came back.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}

/// A sandbox in memory whose clock moves by `advance` alone.
pub(super) struct Sim(pub Handle);

/// Switches from specs; the clock stands.
pub(super) fn switches(specs: &[&str]) -> Switches {
    let mut switches = Switches { speed: 0.0, ..Switches::default() };
    for spec in specs {
        switches.apply_spec(spec).unwrap();
    }
    switches
}

pub(super) async fn sim(specs: &[&str]) -> Sim {
    serve_world(World::in_memory(7, switches(specs))).await
}

pub(super) async fn serve_world(world: World) -> Sim {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Sim(serve(world, listener).await.unwrap())
}

impl Sim {
    /// One request on a connection of its own; the error is what a client sees of a broken connection.
    pub(super) async fn raw(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Reply> {
        let mut stream = TcpStream::connect(self.0.addr()).await?;
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        let split = bytes.windows(4).position(|window| window == b"\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        let head = String::from_utf8(bytes[..split].to_vec()).unwrap();
        let body = bytes[split + 4..].to_vec();
        let reply = Reply { status: head[9..12].parse().unwrap(), head, body };
        let announced = reply.header("content-length").and_then(|length| length.parse::<usize>().ok());
        if announced.is_some_and(|length| length != reply.body.len()) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(reply)
    }

    pub(super) async fn try_call(&self, method: &str, target: &str, body: Option<&Value>) -> io::Result<Reply> {
        let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let text = body.map(Value::to_string).unwrap_or_default();
        let headers = [("x-auth-token", "key"), ("content-type", kind)];
        self.raw(method, target, &headers[..if body.is_some() { 2 } else { 1 }], text.as_bytes()).await
    }

    pub(super) async fn call(&self, method: &str, target: &str, body: Value) -> Reply {
        self.try_call(method, target, Some(&body)).await.unwrap()
    }

    pub(super) async fn get(&self, target: &str) -> Reply {
        self.try_call("GET", target, None).await.unwrap()
    }

    pub(super) async fn delete(&self, target: &str) -> Reply {
        self.try_call("DELETE", target, None).await.unwrap()
    }

    /// The rows of a list.
    pub(super) async fn rows(&self, target: &str) -> Vec<Value> {
        let reply = self.get(target).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json().as_array().unwrap_or_else(|| panic!("{target}: no array")).clone()
    }

    /// The free offers.
    pub(super) async fn free(&self) -> Vec<Value> {
        self.rows("/instances/market/list?rentalStatus=active").await
    }

    /// The body that rents an offer with the global template 29.
    pub(super) fn rent_body(offer: &Value) -> Value {
        json!({
            "gpuCount": offer["gpuCount"],
            "instanceMarket": offer["instanceMarket"],
            "instanceTemplate": "/instances/templates/29",
        })
    }

    /// Rents the first free offer; returns its id.
    pub(super) async fn rent(&self) -> u64 {
        let offer = self.free().await[0].clone();
        self.rent_offer(&offer).await
    }

    pub(super) async fn rent_offer(&self, offer: &Value) -> u64 {
        let reply = self.call("POST", "/instances", Sim::rent_body(offer)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["id"].as_u64().unwrap()
    }

    pub(super) async fn machine(&self, id: u64) -> Value {
        let reply = self.get(&format!("/instances/{id}")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    pub(super) fn advance(&self, seconds: u64) {
        self.0.advance(seconds).unwrap();
    }
}

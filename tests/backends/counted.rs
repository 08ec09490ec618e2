//! A way to a server on which requests are counted: those of HTTP, and the statements of PostgreSQL.

use super::proxy::Wire;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::spawn;

/// One round trip.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method or the first word of a statement.
    pub verb: String,
    /// The path, or what stands for `$1`.
    pub what: String,
    /// Of what was sent with it: the body, or what a statement was given.
    pub bytes: usize,
}

type All = Arc<Mutex<Vec<Asked>>>;

/// A way to a server, which goes on for as long as the process does.
pub struct Counted {
    pub port: u16,
    asked: All,
}

impl Counted {
    /// To the server on a port of this machine.
    pub fn to(port: u16, wire: Wire) -> Counted {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let counted = Counted { port: listener.local_addr().unwrap().port(), asked: All::default() };
        let asked = counted.asked.clone();
        spawn(move || {
            for client in listener.incoming().flatten() {
                let asked = asked.clone();
                spawn(move || drop(pass(&client, port, wire, &asked)));
            }
        });
        counted
    }

    /// What was asked since the last time.
    pub fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn pass(client: &TcpStream, port: u16, wire: Wire, asked: &All) -> Result<()> {
    let server = TcpStream::connect(("127.0.0.1", port))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut answers, mut back) = (server.try_clone()?, client.try_clone()?);
    spawn(move || {
        let _ = copy(&mut answers, &mut back);
        back.shutdown(Shutdown::Both)
    });
    let mut from = BufReader::with_capacity(1 << 16, client);
    let passed = match wire {
        Wire::Http => requests(&mut from, &server, asked),
        Wire::Postgres => statements(&mut from, &server, asked),
    };
    server.shutdown(Shutdown::Both)?;
    passed
}

fn requests(from: &mut impl BufRead, mut to: &TcpStream, asked: &All) -> Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if from.read_until(b'\n', &mut head)? == 0 {
                return Ok(());
            }
        }
        let text = String::from_utf8_lossy(&head).to_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let mut words = String::from_utf8_lossy(&head).split(' ').map(str::to_owned).collect::<Vec<_>>().into_iter();
        let (verb, what) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let bytes: u64 = length.unwrap_or(0);
        asked.lock().unwrap().push(Asked { verb, what, bytes: bytes.try_into().unwrap() });
        to.write_all(&head)?;
        copy(&mut from.by_ref().take(bytes), &mut to)?;
    }
}

fn statements(from: &mut impl BufRead, mut to: &TcpStream, asked: &All) -> Result<()> {
    // A request for TLS may come first; neither has a kind.
    loop {
        let first = message(from, 0)?;
        to.write_all(&first)?;
        if first.get(4..8).is_none_or(|code| code != [4, 210, 22, 47]) {
            break;
        }
    }
    let mut now = Asked { verb: String::new(), what: String::new(), bytes: 0 };
    loop {
        let next = message(from, 1)?;
        let body = next.get(5..).unwrap_or_default();
        match next.first() {
            Some(b'P') => now.verb = first_word(body.splitn(3, |byte| *byte == 0).nth(1).unwrap_or_default()),
            Some(b'Q') => now.verb = first_word(body),
            Some(b'B') => {
                now.what = first_given(body).unwrap_or_default();
                now.bytes += body.len();
            }
            _ => {}
        }
        if matches!(next.first(), Some(b'S' | b'Q')) {
            let empty = Asked { verb: now.verb.clone(), what: String::new(), bytes: 0 };
            asked.lock().unwrap().push(std::mem::replace(&mut now, empty));
        }
        to.write_all(&next)?;
    }
}

/// A message of PostgreSQL: so many bytes say its kind, four its length, which counts them too.
fn message(from: &mut impl Read, kind: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; kind + 4];
    from.read_exact(&mut bytes)?;
    let length = bytes.last_chunk::<4>().map(|length| u32::from_be_bytes(*length)).unwrap_or_default();
    let rest = u64::from(length).checked_sub(4).ok_or(Error::from(ErrorKind::InvalidData))?;
    from.take(rest).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn first_word(statement: &[u8]) -> String {
    String::from_utf8_lossy(statement).split_whitespace().next().unwrap_or_default().to_owned()
}

/// What stands for `$1` in a message that binds: behind two names and the forms of all.
fn first_given(body: &[u8]) -> Option<String> {
    let names = body.splitn(3, |byte| *byte == 0).nth(2)?;
    let number = |at: usize| Some(usize::from(u16::from_be_bytes(names.get(at..at + 2)?.try_into().ok()?)));
    let at = 2 + 2 * number(0)?;
    let length = u32::from_be_bytes(names.get(at + 2..at + 6)?.try_into().ok()?);
    let given = names.get(at + 6..)?.get(..usize::try_from(length).ok()?)?;
    Some(String::from_utf8_lossy(given).into_owned())
}

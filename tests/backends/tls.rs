//! TLS to the places of states: what a block says of certificates holds, and nothing goes in clear for all that.

use super::over_tls::{file, over_tls};
use super::places::{Place, sandbox};
use super::servers::{Server, begin_postgres_with, postgres};
use super::web::server as web;
use crate::fleet::{Fleet, text};
use std::fs;
use std::time::{Duration, Instant};
use uuid::Uuid;

fn pem(name: &str) -> String {
    fs::read_to_string(file(name)).unwrap()
}

fn sentences(told: &str) -> String {
    told.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What `init` says in a checkout of a place, and after which time.
fn init(place: &Place, code: i32) -> (String, Duration) {
    let (sandbox, fleet) = (sandbox(), place.checkout(1));
    let began = Instant::now();
    (sentences(&place.run(&fleet, &sandbox, &["init", "-input=false"], code)), began.elapsed())
}

/// A state goes there and comes back.
fn works(place: &Place) {
    let sandbox = sandbox();
    let fleet = place.checkout(1);
    place.run(&fleet, &sandbox, &["init", "-input=false"], 0);
    place.run(&fleet, &sandbox, &["apply", "-auto-approve"], 0);
    place.run(&fleet, &sandbox, &["plan", "-detailed-exitcode"], 0);
}

/// A refusal names all of this, and comes before anybody thinks that it hangs.
#[track_caller]
fn refused(place: &Place, why: &[&str]) {
    let (told, time) = init(place, 1);
    println!("{} after {time:?}: {told}", place.name);
    assert!(why.iter().all(|why| told.contains(why)), "{why:?}: {told}");
    assert!(time < Duration::from_secs(7), "{time:?}: {told}");
}

/// Terraform's variables of these arguments.
fn web_place(port: u16, scheme: &str, more: &str, said: &[(&'static str, String)]) -> Place {
    let own = Uuid::new_v4();
    let address = format!("{scheme}://127.0.0.1:{port}/api/v4/projects/7/terraform/state/{own}");
    let block = format!(
        "backend \"http\" {{\n    address        = \"{address}\"\n    lock_address   = \"{address}/lock\"\n    unlock_address = \"{address}/lock\"\n    lock_method    = \"POST\"\n    unlock_method  = \"DELETE\"\n    {more}\n  }}"
    );
    Place { name: "http", own, block, variables: said.to_vec() }
}

const AUTHORITY: &str = "TF_HTTP_CLIENT_CA_CERTIFICATE_PEM";
const CERTIFICATE: &str = "TF_HTTP_CLIENT_CERTIFICATE_PEM";
const KEY: &str = "TF_HTTP_CLIENT_PRIVATE_KEY_PEM";

#[test]
fn a_state_behind_https_is_reached_by_whom_the_block_trusts() {
    let server = web::Server::start(web::GITLAB);
    let port = over_tls(server.port(), "server", None);
    refused(&web_place(port, "https", "", &[]), &["UnknownIssuer", "client_ca_certificate_pem"]);
    let others = [(AUTHORITY, pem("elsewhere.pem"))];
    refused(&web_place(port, "https", "", &others), &["UnknownIssuer", "client_ca_certificate_pem"]);
    for (words, why) in [("nonsense", "certificate"), ("-----BEGIN CERTIFICATE-----\nnonsense", "certificate")] {
        refused(&web_place(port, "https", "", &[(AUTHORITY, words.to_owned())]), &[why, "authorities"]);
    }
    // A certificate of another server.
    let elsewhere = over_tls(server.port(), "elsewhere", None);
    refused(&web_place(elsewhere, "https", "", &others), &["not valid for name", "elsewhere.example.com"]);
    assert!(server.take_calls().is_empty(), "nothing came through");
    works(&web_place(port, "https", "", &[(AUTHORITY, pem("authority.pem"))]));
    works(&web_place(elsewhere, "https", "skip_cert_verification = true", &[]));
    assert!(!server.take_calls().is_empty());
}

#[test]
fn a_server_that_asks_for_a_certificate_gets_the_one_of_the_block() {
    let server = web::Server::start(web::GITLAB);
    let port = over_tls(server.port(), "server", Some("client.pem"));
    let said = |certificate: &str, key: &str| {
        let all = [(AUTHORITY, pem("authority.pem")), (CERTIFICATE, pem(certificate)), (KEY, pem(key))];
        web_place(port, "https", "", &all)
    };
    refused(&web_place(port, "https", "", &[(AUTHORITY, pem("authority.pem"))]), &["client_certificate_pem"]);
    refused(&said("elsewhere.pem", "elsewhere.key"), &["client_certificate_pem"]);
    refused(&said("client.pem", "elsewhere.key"), &["client_private_key_pem"]);
    refused(&said("client.pem", "client.pem"), &["client_private_key_pem"]);
    let half = [(AUTHORITY, pem("authority.pem")), (CERTIFICATE, pem("client.pem"))];
    refused(&web_place(port, "https", "", &half), &["client_certificate_pem needs client_private_key_pem"]);
    assert!(server.take_calls().is_empty(), "nothing came through");
    works(&said("client.pem", "client.key"));
}

/// Who names a certificate counts on it.
#[test]
fn certificates_mean_nothing_over_http_and_that_is_said() {
    let server = web::Server::start(web::GITLAB);
    let authority = [(AUTHORITY, pem("authority.pem"))];
    refused(&web_place(server.port(), "http", "", &authority), &["client_ca_certificate_pem", "https"]);
    assert!(server.take_calls().is_empty(), "nothing was sent");
}

fn pg_place(port: u16, host: &str, said: &str) -> Place {
    let own = Uuid::new_v4();
    let connection = format!("postgres://podform@{host}:{port}/postgres{said}");
    let block = format!("backend \"pg\" {{\n    schema_name = \"{own}\"\n  }}");
    Place { name: "pg", own, block, variables: vec![("PG_CONN_STR", connection)] }
}

/// PostgreSQL that speaks with nobody without TLS.
fn postgres_over_tls() -> Option<Server> {
    let certificates = ["server.pem", "server.key"].map(|name| (name, pem(name)));
    let hba = ("pg_hba.conf", "hostssl all all 127.0.0.1/32 trust\nhostssl all all ::1/128 trust\n".to_owned());
    let settings = ["ssl=on", "ssl_cert_file=server.pem", "ssl_key_file=server.key"];
    let files = [&certificates[..], &[hba]].concat();
    begin_postgres_with(&files, &settings)
}

#[test]
fn postgresql_is_told_apart_by_its_certificate() {
    let (Some(server), Some(clear)) = (postgres_over_tls(), postgres()) else {
        println!("skipped: PostgreSQL is not installed; tests/backends/servers.sh does it");
        return;
    };
    let of = |name: &str| file(name).display().to_string();
    let root = |mode: &str, name: &str| format!("?sslmode={mode}&sslrootcert={}", of(name));
    let at = |host: &str, said: &str| pg_place(server.port, host, said);
    refused(&at("127.0.0.1", ""), &["UnknownIssuer", "sslrootcert"]);
    refused(&at("127.0.0.1", "?sslmode=verify-ca"), &["UnknownIssuer", "sslrootcert"]);
    refused(&at("127.0.0.1", &root("verify-full", "elsewhere.pem")), &["UnknownIssuer", "sslrootcert"]);
    refused(&at("127.0.0.1", &root("verify-full", "nothing.pem")), &["sslrootcert", "nothing.pem"]);
    refused(&at("127.0.0.1", &root("verify-full", "server.key")), &["sslrootcert", "it holds no certificate"]);
    refused(&at("localhost", &root("verify-full", "authority.pem")), &["not valid for name", "verify-ca"]);
    refused(&at("127.0.0.1", "?sslmode=disable"), &["no encryption"]);
    refused(&at("127.0.0.1", "?sslmode=prefer"), &["sslmode is one of"]);
    // One that has no TLS is not asked in clear.
    for said in ["", "?sslmode=require", "?sslmode=verify-ca"] {
        refused(&pg_place(clear.port, "127.0.0.1", said), &["TLS", "sslmode=disable"]);
    }
    works(&at("127.0.0.1", &root("verify-full", "authority.pem")));
    works(&at("localhost", &root("verify-ca", "authority.pem")));
    works(&at("127.0.0.1", "?sslmode=require"));
    // Its own certificate in the file does, too.
    works(&at("127.0.0.1", &root("verify-full", "server.pem")));
}

#[test]
fn an_address_in_clear_that_answers_https_is_an_error() {
    let server = web::Server::start(web::GITLAB);
    let port = over_tls(server.port(), "server", None);
    let place = web_place(port, "http", "retry_wait_min = 1\n    retry_max = 1", &[]);
    let fleet: Fleet = place.checkout(1);
    let output = place.command(&fleet, &sandbox(), &["init", "-input=false"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
}

//! Data keys of a transit engine: OpenBao's, and Vault's, which speaks the same.

use super::unanswered::unanswered;
use crate::config::Openbao;
use crate::http::{Endpoint, Login, Method, Options, Request, Transport};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::env;

/// What stands beside what is encrypted.
#[derive(Serialize, Deserialize)]
struct Notes {
    ciphertext: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    associated_data: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    plaintext: String,
    #[serde(default)]
    ciphertext: String,
}

/// In bytes: keys and words are small.
const MOST: usize = 1 << 20;
/// Of what it says of a failure, in letters.
const WORDS: usize = 500;

/// A new key, and its notes.
///
/// # Errors
/// Why there is none: whole sentences.
pub(super) async fn new_key(declared: &Openbao) -> Result<(Vec<u8>, Vec<u8>), String> {
    let bits = declared.key_length.saturating_mul(8);
    let data = call(declared, "datakey/plaintext", json!({ "bits": bits })).await?;
    // OpenTofu holds the text as bytes, which JSON writes in base64.
    let notes = Notes { ciphertext: STANDARD.encode(data.ciphertext), associated_data: None };
    Ok((plain(&data.plaintext)?, serde_json::to_vec(&notes).expect("notes are texts")))
}

/// The key of these notes.
///
/// # Errors
/// As [`new_key`]; the notes are none.
pub(super) async fn key(declared: &Openbao, notes: &[u8]) -> Result<Vec<u8>, String> {
    let not_understood = || "Its notes on the key are not understood.".to_owned();
    let notes: Notes = serde_json::from_slice(notes).map_err(|_| not_understood())?;
    let ciphertext = STANDARD.decode(notes.ciphertext).map_err(|_| not_understood())?;
    let ciphertext = String::from_utf8(ciphertext).map_err(|_| not_understood())?;
    let mut body = json!({ "ciphertext": ciphertext });
    if let Some(data) = notes.associated_data {
        body["associated_data"] = data.into();
    }
    plain(&call(declared, "decrypt", body).await?.plaintext)
}

fn plain(text: &str) -> Result<Vec<u8>, String> {
    let key = STANDARD.decode(text).ok().filter(|key| !key.is_empty());
    key.ok_or_else(|| "The key that OpenBao answers is no base64.".to_owned())
}

async fn call(declared: &Openbao, verb: &str, body: Json) -> Result<Data, String> {
    let address = declared.address.clone().or_else(|| of_environment(["BAO_ADDR", "VAULT_ADDR"]));
    let address = address.ok_or("Nothing says where OpenBao is: give address, or BAO_ADDR.")?;
    let token = of_environment(["BAO_TOKEN", "VAULT_TOKEN"]).map(SecretString::from);
    let token = declared.token.clone().or(token).ok_or("OpenBao wants a token: give token, or BAO_TOKEN.")?;
    let wrong = |why: String| format!("The address of OpenBao cannot be used: {why}.");
    let endpoint = Endpoint::of_place(&address).map_err(|error| wrong(error.to_string()))?;
    let is_near = ["localhost", "127.0.0.1", "::1"].contains(&endpoint.host());
    if endpoint.as_str().starts_with("http:") && !is_near {
        return Err(wrong(format!("http would send token and key to {} unencrypted", endpoint.host())));
    }
    let options = Options { login: Login::Own, max_body: MOST, ..Options::default() };
    let transport = Transport::new(endpoint, &SecretString::from(""), options);
    let transport = transport.map_err(|error| wrong(error.to_string()))?;
    let name = utf8_percent_encode(&declared.key_name, NON_ALPHANUMERIC);
    let path = format!("/v1/{}/{verb}/{name}", declared.path);
    let mut headers = vec![("x-vault-token".to_owned(), token.expose_secret().to_owned())];
    headers.extend(
        of_environment(["BAO_NAMESPACE", "VAULT_NAMESPACE"]).map(|name| ("x-vault-namespace".to_owned(), name)),
    );
    let body = Some(("application/json", body.to_string().into_bytes()));
    let request = Request { method: Method::Post, path: path.clone(), headers, body, ..Request::default() };
    let failed = |why: String| format!("POST {}{path}: {why}.", transport.endpoint().as_str());
    let answer = transport.send(request).await.map_err(|failure| failed(unanswered(&failure)))?;
    if !answer.is_success() {
        #[derive(Deserialize)]
        struct Words {
            errors: Vec<String>,
        }
        let words = serde_json::from_slice::<Words>(&answer.body).map(|words| words.errors.join(", "));
        let words: String = words.unwrap_or_default().replace(token.expose_secret(), "***");
        let words: String = words.chars().filter(|c| !c.is_control()).take(WORDS).collect();
        return Err(failed(format!("{} {words}", answer.status).trim_end().to_owned()));
    }
    let answer: Answer = serde_json::from_slice(&answer.body).map_err(|_| failed("its answer is no key".to_owned()))?;
    Ok(answer.data)
}

fn of_environment(names: [&str; 2]) -> Option<String> {
    names.into_iter().find_map(|name| env::var(name).ok().filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::scripted::{Server, answer};

    fn declared(address: &str) -> Openbao {
        Openbao {
            key_name: "team key".into(),
            address: Some(address.to_owned()),
            token: Some("canary-token".into()),
            path: "transit".into(),
            key_length: 32,
        }
    }

    #[tokio::test]
    async fn data_keys_are_made_and_decrypted_as_opentofu_notes_them() {
        let key = STANDARD.encode([7; 32]);
        let both = format!(r#"{{"data":{{"plaintext":"{key}","ciphertext":"vault:v1:abc"}}}}"#);
        let server = Server::start(move |_, _| answer(200, both.clone())).await;
        let (made, notes) = new_key(&declared(&server.url)).await.expect("a key");
        let noted: Json = serde_json::from_slice(&notes).expect("notes");
        assert_eq!(noted, json!({ "ciphertext": STANDARD.encode("vault:v1:abc") }));
        assert_eq!(super::key(&declared(&server.url), &notes).await.expect("a key"), made);
        let seen = server.seen();
        assert_eq!(
            server.lines(),
            ["POST /v1/transit/datakey/plaintext/team%20key", "POST /v1/transit/decrypt/team%20key"]
        );
        assert_eq!((&*seen[0].body, seen[0].header("x-vault-token")), (r#"{"bits":256}"#, Some("canary-token")));
        assert_eq!(seen[1].body, r#"{"ciphertext":"vault:v1:abc"}"#);
    }

    #[tokio::test]
    async fn what_fails_says_why_without_the_token() {
        let server = Server::start(|_, _| answer(403, r#"{"errors":["canary-token may not"]}"#)).await;
        let told = new_key(&declared(&server.url)).await.expect_err("refused");
        assert!(told.contains("403 *** may not") && !told.contains("canary"), "{told}");
        let told = new_key(&declared("http://bao.example.com")).await.expect_err("in clear");
        assert!(told.contains("unencrypted"), "{told}");
        let told = super::key(&declared(&server.url), b"{}").await.expect_err("no notes");
        assert!(told.contains("not understood"), "{told}");
    }
}

//! No secret in anything that is shown, whatever the server says.

use super::{KEY, client, rent_request, settings};
use crate::cloud::Cloud;
use crate::http::scripted::{Reply, Server, answer};
use crate::live::{Env, GroupFields, GroupId, MachineFields, MachineId, Registry};
use crate::state::fingerprint;

const SECRETS: [&str; 4] = [KEY, "canary-value-91", "canary-password", "canary-script"];

fn assert_clean(shown: &str) {
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}

#[tokio::test]
async fn echoed_secrets_are_hidden_in_every_error() {
    let echo = |status: u16| {
        Server::start(move |_, seen| {
            let key = seen.header("x-auth-token").unwrap_or_default().to_owned();
            let body = serde_json::json!({"detail": format!("\u{1b}[2J{key} sent {}", seen.body)});
            let plain = format!("{key} {}", seen.body);
            match status {
                200 => answer(200, format!("<html><title>{plain}</title></html>")),
                302 => Reply::Answer(302, vec![("Location", format!("https://{key}.example/{key}"))], plain.into()),
                415 => answer(415, plain),
                status => answer(status, body.to_string()),
            }
        })
    };
    let env = Env::from_iter([("TOKEN".to_owned(), "canary-value-91".to_owned())]);
    let registry =
        Registry { host: "ghcr.io".into(), username: "u".into(), password: Some("canary-password".to_owned().into()) };
    let group = GroupFields {
        env: Some(env.clone()),
        settings: [("start_script", "canary-script".into())].into(),
        registry: Some(Some(registry)),
        ..GroupFields::default()
    };
    let machine = MachineFields { env: Some(env), ..MachineFields::default() };
    for status in [200, 302, 400, 401, 403, 404, 409, 415, 422, 500] {
        let server = echo(status).await;
        let client = client(&server.url);
        let shown = [
            format!("{:?}", client.rent(&rent_request()).await),
            format!("{:?}", client.create_group(&group).await),
            format!("{:?}", client.update_group(GroupId(1), &group).await),
            format!("{:?}", client.update_machine(MachineId(1), &machine).await),
            format!("{:?}", client.delete_machine(MachineId(1)).await),
            format!("{:?}", client.account().await.map(|_| ())),
            format!("{:?}", client.machine(MachineId(1)).await),
            client.machines().await.err().map(|error| error.to_string()).unwrap_or_default(),
        ];
        shown.iter().for_each(|shown| assert_clean(shown));
    }
}

#[test]
fn debug_hides_the_key() {
    let settings = settings("http://localhost:1");
    assert_clean(&format!("{settings:?}"));
    assert_clean(&format!("{:?}", crate::simplepod::Client::new(settings)));
}

#[test]
fn the_fingerprint_knows_the_key_and_does_not_tell_it() {
    let of = |key: &str| fingerprint(&key.to_owned().into());
    assert_eq!(of(KEY).len(), 16);
    assert!(of(KEY).bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(of(KEY), of(&format!("{KEY}\n")));
    assert_ne!(of(KEY), of("another"));
    assert_eq!(of(KEY), client("http://localhost:1").account_fingerprint());
}

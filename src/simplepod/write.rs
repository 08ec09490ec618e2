//! Bodies of requests, with exactly the types that the API is known to take (API sheet §3.5, §3.10, §3.11): it checks
//! scalar types strictly.

use crate::live::{Env, GroupFields, MachineFields, MachineId, Mark, Registry, RentRequest};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::Number;

/// A body, and what in it may be secret and must not come back in a message.
pub(super) struct Body {
    /// JSON.
    pub(super) bytes: Vec<u8>,
    /// Texts to hide.
    pub(super) secrets: Vec<String>,
}

#[derive(Serialize)]
struct Variable<'a> {
    name: &'a str,
    value: &'a str,
}

fn variables(env: &Env) -> Vec<Variable<'_>> {
    env.0.iter().map(|(name, value)| Variable { name, value }).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rent<'a> {
    gpu_count: u32,
    instance_market: &'a str,
    instance_template: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_script: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    env_variables: Vec<Variable<'a>>,
}

/// The body of a rent.
pub(super) fn rent(request: &RentRequest) -> Body {
    let body = Rent {
        gpu_count: request.gpu_count,
        instance_market: &request.offer_iri,
        instance_template: request.group.iri(),
        start_script: request.start_script.as_deref(),
        env_variables: variables(&request.env),
    };
    body_of(&body, secrets(Some(&request.env), [request.start_script.clone()], None))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MachineBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_auto_renew_on: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_auto_renew_max: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    env_variables: Option<Vec<Variable<'a>>>,
}

/// The body of a PUT of a machine.
pub(super) fn machine(fields: &MachineFields) -> Body {
    let body = MachineBody {
        name: fields.name.as_deref(),
        notes: fields.notes.as_deref(),
        is_auto_renew_on: fields.auto_renew,
        // A decimal prints as a JSON number, digit for digit.
        price_auto_renew_max: fields.max_auto_renew_price.and_then(|usd| usd.0.normalize().to_string().parse().ok()),
        instance_template: fields.group.map(|group| group.iri()),
        env_variables: fields.env.as_ref().map(variables),
    };
    body_of(&body, secrets(fields.env.as_ref(), [fields.name.clone(), own(fields.notes.as_deref())], None))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_tag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disk_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expose_ports: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_script: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arg_options: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    env_variables: Option<Vec<Variable<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_password_protected: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_run_ssh_server_on: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_run_jupyter_on: Option<bool>,
}

/// The body of a POST or PUT of a template group.
pub(super) fn group(fields: &GroupFields) -> Body {
    let registry = fields.registry.as_ref().and_then(Option::as_ref);
    let body = GroupBody {
        name: fields.name.as_deref(),
        image_name: fields.image_name.as_deref(),
        default_tag: fields.default_tag.as_deref(),
        category_name: fields.category_name.as_deref(),
        disk_size: fields.disk_size,
        expose_ports: fields.expose_ports.as_ref().map(|ports| {
            let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
            ports.join(",")
        }),
        start_script: fields.start_script.as_deref(),
        arg_options: fields.arg_options.as_deref(),
        env_variables: fields.env.as_ref().map(variables),
        notes: fields.notes.as_deref(),
        is_password_protected: fields.registry.as_ref().map(Option::is_some),
        host: registry.map(|registry| registry.host.as_str()),
        username: registry.map(|registry| registry.username.as_str()),
        password: registry.and_then(|registry| registry.password.as_ref()).map(|password| password.expose_secret()),
        is_run_ssh_server_on: fields.ssh_server,
        is_run_jupyter_on: fields.jupyter,
    };
    let texts = [fields.start_script.clone(), own(fields.notes.as_deref())];
    body_of(&body, secrets(fields.env.as_ref(), texts, registry))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reboot {
    instance_ids: Vec<MachineId>,
}

/// The body of a reboot.
pub(super) fn reboot(ids: &[MachineId]) -> Body {
    body_of(&Reboot { instance_ids: ids.to_vec() }, Vec::new())
}

/// The user's part of notes.
fn own(notes: Option<&str>) -> Option<String> {
    notes.map(|notes| Mark::read(notes).0)
}

/// What may be secret in a body: whatever the configuration may mark sensitive.
fn secrets(
    env: Option<&Env>,
    texts: impl IntoIterator<Item = Option<String>>,
    registry: Option<&Registry>,
) -> Vec<String> {
    let values = env.into_iter().flat_map(|env| env.0.values().cloned());
    let password = registry.and_then(|registry| registry.password.as_ref());
    values
        .chain(texts.into_iter().flatten())
        .chain(password.map(|password| password.expose_secret().to_owned()))
        .collect()
}

fn body_of(body: &impl Serialize, secrets: Vec<String>) -> Body {
    Body { bytes: serde_json::to_vec(body).expect("texts, numbers and lists always serialize"), secrets }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::GroupId;
    use crate::money::Usd;

    fn json(body: &Body) -> &str {
        std::str::from_utf8(&body.bytes).expect("UTF-8")
    }

    #[test]
    fn bodies_have_the_types_of_the_sheet() {
        let env = Env::from_iter([("A".to_owned(), "1".to_owned()), ("B".to_owned(), "s3cret!".to_owned())]);
        let request = RentRequest {
            offer_iri: "/instances/market/4711".into(),
            gpu_count: 1,
            group: GroupId(25114),
            start_script: Some("echo hi".into()),
            env: env.clone(),
        };
        assert_eq!(
            json(&rent(&request)),
            r#"{"gpuCount":1,"instanceMarket":"/instances/market/4711","instanceTemplate":"/instances/templates/25114","startScript":"echo hi","envVariables":[{"name":"A","value":"1"},{"name":"B","value":"s3cret!"}]}"#
        );
        let fields = MachineFields {
            max_auto_renew_price: Some(Usd("0.3000".parse().expect("a decimal"))),
            auto_renew: Some(true),
            group: Some(GroupId(29)),
            env: Some(Env::default()),
            ..MachineFields::default()
        };
        assert_eq!(
            json(&machine(&fields)),
            r#"{"isAutoRenewOn":true,"priceAutoRenewMax":0.3,"instanceTemplate":"/instances/templates/29","envVariables":[]}"#
        );
        assert_eq!(json(&machine(&MachineFields::default())), "{}");
        assert_eq!(json(&reboot(&[MachineId(108208)])), r#"{"instanceIds":[108208]}"#);
        let fields = GroupFields {
            name: Some("g".into()),
            disk_size: Some(32),
            expose_ports: Some(vec![22, 80]),
            registry: Some(Some(Registry {
                host: "ghcr.io".into(),
                username: "u".into(),
                password: Some("hunter2".to_owned().into()),
            })),
            env: Some(env),
            ..GroupFields::default()
        };
        let body = group(&fields);
        assert_eq!(
            json(&body),
            r#"{"name":"g","diskSize":32,"exposePorts":"22,80","envVariables":[{"name":"A","value":"1"},{"name":"B","value":"s3cret!"}],"isPasswordProtected":true,"host":"ghcr.io","username":"u","password":"hunter2"}"#
        );
        assert_eq!(body.secrets, ["1", "s3cret!", "hunter2"]);
        let off = GroupFields { registry: Some(None), ..GroupFields::default() };
        assert_eq!(json(&group(&off)), r#"{"isPasswordProtected":false}"#);
    }
}

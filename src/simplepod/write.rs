//! Bodies of requests, with exactly the types that the API is known to take (API sheet §3.5, §3.10, §3.11): it checks
//! scalar types strictly.

use crate::live::{Env, GroupFields, MachineFields, MachineId, Mark, Registry, RentRequest};
use crate::schema::Wire;
use crate::schema::instance::SCHEMA;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

/// A body, and what in it may be secret and must not come back in a message.
pub(super) struct Body {
    /// JSON.
    pub(super) bytes: Vec<u8>,
    /// Texts to hide.
    pub(super) secrets: Vec<String>,
}

/// The members of a body, in the order in which they are put.
#[derive(Default, Serialize)]
#[serde(transparent)]
struct Members(Map<String, Json>);

impl Members {
    fn put(&mut self, api: &str, value: Option<impl Into<Json>>) {
        if let Some(value) = value {
            self.0.insert(api.to_owned(), value.into());
        }
    }
}

fn variables(env: &Env) -> Json {
    env.0.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// The body of a rent.
pub(super) fn rent(request: &RentRequest) -> Body {
    let mut body = Members::default();
    body.put("gpuCount", Some(request.gpu_count));
    body.put("instanceMarket", Some(request.offer_iri.as_str()));
    body.put("instanceTemplate", Some(request.group.iri()));
    body.put("startScript", request.start_script.as_deref());
    body.put("envVariables", Some(&request.env).filter(|env| !env.0.is_empty()).map(variables));
    body_of(&body, secrets(Some(&request.env), [request.start_script.clone()], None))
}

/// The body of a PUT of a machine.
pub(super) fn machine(fields: &MachineFields) -> Body {
    let mut body = Members::default();
    let mut texts = Vec::new();
    for (attribute, field) in SCHEMA.settings() {
        match field.wire {
            Wire::Marked => {
                texts.push(own(fields.notes.as_deref()));
                body.put(field.api, fields.notes.as_deref());
            }
            Wire::Text | Wire::Line | Wire::HostLine | Wire::Bool | Wire::Decimal => {
                let value = fields.settings.get(attribute.name);
                texts.push(value.and_then(Json::as_str).map(str::to_owned));
                body.put(field.api, value.cloned());
            }
        }
    }
    body.put("instanceTemplate", fields.group.map(|group| group.iri()));
    body.put("envVariables", fields.env.as_ref().map(variables));
    body_of(&body, secrets(fields.env.as_ref(), texts, None))
}

/// The body of a POST or PUT of a template group.
pub(super) fn group(fields: &GroupFields) -> Body {
    let registry = fields.registry.as_ref().and_then(Option::as_ref);
    let ports = |ports: &Vec<u16>| ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
    let password = registry.and_then(|registry| registry.password.as_ref()).map(|password| password.expose_secret());
    let mut body = Members::default();
    body.put("name", fields.name.as_deref());
    body.put("imageName", fields.image_name.as_deref());
    body.put("defaultTag", fields.default_tag.as_deref());
    body.put("categoryName", fields.category_name.as_deref());
    body.put("diskSize", fields.disk_size);
    body.put("exposePorts", fields.expose_ports.as_ref().map(ports));
    body.put("startScript", fields.start_script.as_deref());
    body.put("argOptions", fields.arg_options.as_deref());
    body.put("envVariables", fields.env.as_ref().map(variables));
    body.put("notes", fields.notes.as_deref());
    body.put("isPasswordProtected", fields.registry.as_ref().map(Option::is_some));
    body.put("host", registry.map(|registry| registry.host.as_str()));
    body.put("username", registry.map(|registry| registry.username.as_str()));
    body.put("password", password);
    body.put("isRunSshServerOn", fields.ssh_server);
    body.put("isRunJupyterOn", fields.jupyter);
    let texts = [fields.start_script.clone(), own(fields.notes.as_deref())];
    body_of(&body, secrets(fields.env.as_ref(), texts, registry))
}

/// The body of a reboot.
pub(super) fn reboot(ids: &[MachineId]) -> Body {
    body_of(&json!({ "instanceIds": ids }), Vec::new())
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
    use crate::schema::dollars;

    fn text(body: &Body) -> &str {
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
            text(&rent(&request)),
            r#"{"gpuCount":1,"instanceMarket":"/instances/market/4711","instanceTemplate":"/instances/templates/25114","startScript":"echo hi","envVariables":[{"name":"A","value":"1"},{"name":"B","value":"s3cret!"}]}"#
        );
        let price = Usd("0.3000".parse().expect("a decimal"));
        let fields = MachineFields {
            settings: [("max_auto_renew_price", dollars(price)), ("auto_renew", json!(true))].into(),
            group: Some(GroupId(29)),
            env: Some(Env::default()),
            ..MachineFields::default()
        };
        assert_eq!(
            text(&machine(&fields)),
            r#"{"isAutoRenewOn":true,"priceAutoRenewMax":0.3,"instanceTemplate":"/instances/templates/29","envVariables":[]}"#
        );
        assert_eq!(text(&machine(&MachineFields::default())), "{}");
        assert_eq!(text(&reboot(&[MachineId(108208)])), r#"{"instanceIds":[108208]}"#);
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
            text(&body),
            r#"{"name":"g","diskSize":32,"exposePorts":"22,80","envVariables":[{"name":"A","value":"1"},{"name":"B","value":"s3cret!"}],"isPasswordProtected":true,"host":"ghcr.io","username":"u","password":"hunter2"}"#
        );
        assert_eq!(body.secrets, ["1", "s3cret!", "hunter2"]);
        let off = GroupFields { registry: Some(None), ..GroupFields::default() };
        assert_eq!(text(&group(&off)), r#"{"isPasswordProtected":false}"#);
    }
}

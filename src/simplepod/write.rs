//! Bodies of requests, with exactly the types that the API is known to take (API sheet §3.5, §3.10, §3.11): it checks
//! scalar types strictly.

use crate::live::{Env, GroupFields, MachineFields, MachineId, Mark, RentRequest, Seen};
use crate::schema::{Attribute, Field, Wire, group, instance};
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

/// The members of a body, in the order in which they are put, and what in them may be secret: whatever the configuration
/// may mark sensitive.
#[derive(Default)]
struct Members {
    members: Map<String, Json>,
    secrets: Vec<String>,
}

impl Members {
    fn put(&mut self, api: &str, value: Option<impl Into<Json>>) {
        if let Some(value) = value {
            self.members.insert(api.to_owned(), value.into());
        }
    }

    fn environment(&mut self, api: &str, env: Option<&Env>) {
        let Some(Env(env)) = env else { return };
        self.secrets.extend(env.values().cloned());
        self.put(api, Some(env.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect::<Json>()));
    }

    /// What a table says how to write.
    fn fields(
        &mut self,
        fields: impl Iterator<Item = (&'static Attribute, Field)>,
        values: &Seen,
        (notes, env): (Option<&str>, Option<&Env>),
    ) {
        for (attribute, Field { api, wire, .. }) in fields {
            let (value, own) = match wire {
                Wire::Variables => {
                    self.environment(api, env);
                    continue;
                }
                Wire::Marked => (notes.map(Json::from), notes.map(|notes| Mark::read(notes).0)),
                wire => {
                    let value = values.get(attribute.name).map(|value| wire.sent(value));
                    let text = value.as_ref().and_then(Json::as_str).map(str::to_owned);
                    (value, text)
                }
            };
            self.secrets.extend(own.filter(|_| attribute.may_be_secret));
            self.put(api, value);
        }
    }

    fn done(self) -> Body {
        body_of(&self.members, self.secrets)
    }
}

/// The body of a rent.
pub(super) fn rent(request: &RentRequest) -> Body {
    let mut body = Members::default();
    body.fields(instance::SCHEMA.ordered(), &request.ordered, (None, None));
    body.put("instanceMarket", Some(request.offer_iri.as_str()));
    body.put("instanceTemplate", Some(request.group.iri()));
    body.environment("envVariables", Some(&request.env).filter(|env| !env.0.is_empty()));
    body.done()
}

/// The body of a PUT of a machine.
pub(super) fn machine(fields: &MachineFields) -> Body {
    let mut body = Members::default();
    body.fields(instance::SCHEMA.settings(), &fields.settings, (fields.notes.as_deref(), None));
    body.put("instanceTemplate", fields.group.map(|group| group.iri()));
    body.environment("envVariables", fields.env.as_ref());
    body.done()
}

/// The body of a POST or PUT of a template group. The login stands where real clients have it: before the other flags.
pub(super) fn group(fields: &GroupFields) -> Body {
    let registry = fields.registry.as_ref().and_then(Option::as_ref);
    let password = registry.and_then(|registry| registry.password.as_ref()).map(|password| password.expose_secret());
    let is_flag = |(_, field): &(&Attribute, Field)| field.wire == Wire::Bool;
    let own = (fields.notes.as_deref(), fields.env.as_ref());
    let mut body = Members::default();
    body.fields(group::SCHEMA.settings().filter(|field| !is_flag(field)), &fields.settings, own);
    body.put("isPasswordProtected", fields.registry.as_ref().map(Option::is_some));
    body.put("host", registry.map(|registry| registry.host.as_str()));
    body.put("username", registry.map(|registry| registry.username.as_str()));
    body.put("password", password);
    body.secrets.extend(password.map(str::to_owned));
    body.fields(group::SCHEMA.settings().filter(is_flag), &fields.settings, own);
    body.done()
}

/// The body of a reboot.
pub(super) fn reboot(ids: &[MachineId]) -> Body {
    body_of(&json!({ "instanceIds": ids }), Vec::new())
}

fn body_of(body: &impl Serialize, secrets: Vec<String>) -> Body {
    Body { bytes: serde_json::to_vec(body).expect("texts, numbers and lists always serialize"), secrets }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{GroupId, Registry};
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
            ordered: [("gpu_count", json!(1)), ("start_script", json!("echo hi"))].into(),
            group: GroupId(25114),
            env: env.clone(),
        };
        assert_eq!(
            text(&rent(&request)),
            r#"{"gpuCount":1,"startScript":"echo hi","instanceMarket":"/instances/market/4711","instanceTemplate":"/instances/templates/25114","envVariables":[{"name":"A","value":"1"},{"name":"B","value":"s3cret!"}]}"#
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
            settings: [("name", json!("g")), ("disk_size", json!(32)), ("expose_ports", json!([22, 80]))].into(),
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

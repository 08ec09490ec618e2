//! Which call is which: routes, key, permissions, content types, and templates (API sheet §2).

use serde_json::json;

use super::choices::{BodyShape, RebootPath};
use super::faults::target_fits;
use super::fields::parse;
use super::switches::Switches;
use super::templates::Template;
use super::wire::{Answer, Call, NOT_UNIQUE, Refusal, dressed};
use super::world::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Market,
    Globals,
    Global,
    Templates,
    Template,
    CreateTemplate,
    EditTemplate,
    DeleteTemplate,
    Machines,
    Machine,
    Rent,
    EditMachine,
    DeleteMachine,
    Reboot,
    Summary,
    Billing,
    Deposits,
}

/// The path that the reference does not print (C5).
const REBOOT: &str = "/instances/execute-reboot";

const ROUTES: &[(&str, &str, Endpoint)] = &[
    ("GET", "/instances/market/list", Endpoint::Market),
    ("GET", "/instances/global-templates/list", Endpoint::Globals),
    ("GET", "/instances/global-templates/{id}", Endpoint::Global),
    ("GET", "/instances/templates/list", Endpoint::Templates),
    ("POST", "/instances/templates", Endpoint::CreateTemplate),
    ("GET", "/instances/templates/{id}", Endpoint::Template),
    ("PUT", "/instances/templates/{id}", Endpoint::EditTemplate),
    ("DELETE", "/instances/templates/{id}", Endpoint::DeleteTemplate),
    ("GET", "/instances/list", Endpoint::Machines),
    ("GET", "/instances/summary", Endpoint::Summary),
    ("GET", "/instances/billing/list", Endpoint::Billing),
    ("GET", "/instances/deposit/list", Endpoint::Deposits),
    ("PATCH", REBOOT, Endpoint::Reboot),
    ("POST", "/instances", Endpoint::Rent),
    ("GET", "/instances/{id}", Endpoint::Machine),
    ("PUT", "/instances/{id}", Endpoint::EditMachine),
    ("DELETE", "/instances/{id}", Endpoint::DeleteMachine),
];

/// The template of the route a path belongs to (`/instances/{id}`), or the path itself.
pub(super) fn template_of(path: &str) -> &str {
    ROUTES.iter().find(|(_, template, _)| captured(template, path).is_some()).map_or(path, |(_, template, _)| template)
}

/// What stands in the place of `{id}`: a number, or a hash id. `Some("")` where the template has none.
fn captured<'a>(template: &str, path: &'a str) -> Option<&'a str> {
    let Some(prefix) = template.strip_suffix("{id}") else { return (template == path).then_some("") };
    let id = path.strip_prefix(prefix)?;
    let number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    let hash = id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (number || hash).then_some(id)
}

fn find<'a>(call: &Call<'a>, switches: &Switches) -> Result<(Endpoint, &'static str, &'a str), Refusal> {
    let path = call.path;
    let mut allowed = Vec::new();
    for (method, template, endpoint) in ROUTES {
        let template = match (*endpoint, switches.reboot_path) {
            (Endpoint::Reboot, RebootPath::Reboot) => "/instances/reboot",
            _ => template,
        };
        let Some(id) = captured(template, path) else { continue };
        if *method == call.method {
            return Ok((*endpoint, template, id));
        }
        allowed.push(*method);
    }
    if allowed.is_empty() {
        return Err(Refusal::not_found());
    }
    let allowed = allowed.join(", ");
    let detail = format!("No route found for \"{} {path}\": Method Not Allowed (Allow: {allowed})", call.method);
    Err(Refusal::Problem(405, detail))
}

impl World {
    /// Answers one call, and keeps what it changed, before anybody hears of it.
    pub(super) fn answer(&mut self, call: &Call<'_>) -> Answer {
        let now = self.settle();
        let answer = self.dispatch(call, now).unwrap_or_else(|refusal| refusal.answer(self.switches.problems));
        match self.save() {
            Ok(()) => answer,
            Err(why) => {
                let refusal = Refusal::Problem(500, format!("The sandbox cannot write its world: {why}"));
                refusal.answer(self.switches.problems)
            }
        }
    }

    fn dispatch(&mut self, call: &Call<'_>, now: i64) -> Result<Answer, Refusal> {
        let (endpoint, route, id) = find(call, &self.switches)?;
        let key = call.key.unwrap_or_default();
        if key.is_empty() || self.switches.api_key.as_deref().is_some_and(|wanted| wanted != key) {
            return Err(Refusal::Credentials);
        }
        if self.switches.forbidden.iter().any(|target| target_fits(target, call.method, route, call.path)) {
            return Err(Refusal::Problem(403, "Access Denied.".to_owned()));
        }
        match call.method {
            "POST" | "PUT" => content_type(call, "application/json")?,
            "PATCH" => content_type(call, "application/merge-patch+json")?,
            _ => {}
        }
        match endpoint {
            Endpoint::Market => self.market_list(call, now),
            Endpoint::Globals => self.template_list(call, true),
            Endpoint::Templates => self.template_list(call, false),
            Endpoint::Global => self.template_details(id, true),
            Endpoint::Template => self.template_details(id, false),
            Endpoint::CreateTemplate => self.create_template(call),
            Endpoint::EditTemplate => self.edit_template(id, call),
            Endpoint::DeleteTemplate => self.delete_template(id),
            Endpoint::Machines => self.machine_list(call, now),
            Endpoint::Machine => {
                let machine = self.machine_id(id, now)?;
                let machine = self.book.machines.get(&machine).ok_or_else(Refusal::not_found)?;
                Ok(Answer::json(200, &self.machine_document(machine, now)))
            }
            Endpoint::Rent => self.rent(call, now),
            Endpoint::EditMachine => {
                let machine = self.machine_id(id, now)?;
                self.edit_machine(machine, call, now)
            }
            Endpoint::DeleteMachine => {
                let machine = self.machine_id(id, now)?;
                self.delete_machine(machine, now)
            }
            Endpoint::Reboot => self.reboot(call, now),
            Endpoint::Summary => Ok(Answer::json(200, &dressed(self.summary(), &self.switches))),
            Endpoint::Billing => self.billing_list(call, now),
            Endpoint::Deposits => self.deposit_list(call),
        }
    }

    /// The machine a path names, if it still answers.
    fn machine_id(&self, id: &str, now: i64) -> Result<u64, Refusal> {
        let machine = match id.parse::<u64>().ok().and_then(|id| self.book.machines.get(&id)) {
            None if self.switches.hash_id_paths => self.book.machines.values().find(|machine| machine.hash_id == id),
            found => found,
        };
        let machine = machine.filter(|machine| !machine.gone(now, &self.switches));
        machine.map(|machine| machine.id).ok_or_else(Refusal::not_found)
    }

    fn template_list(&mut self, call: &Call<'_>, global: bool) -> Result<Answer, Refusal> {
        self.lists += 1;
        let phrase = call.query.iter().find(|(key, _)| key == "search").map_or("", |(_, value)| value);
        let all: Vec<&Template> =
            if global { self.globals.iter().collect() } else { self.book.templates.values().collect() };
        let found = all.into_iter().filter(|template| template.found_by(phrase)).collect();
        let is_whole = global || self.switches.template_detail;
        let row = |template: &Template| match is_whole {
            true => template.document(&self.switches),
            false => template.row(),
        };
        self.list(call, found, |template| template.id, row)
    }

    fn template_details(&self, id: &str, global: bool) -> Result<Answer, Refusal> {
        let template = id.parse().ok().and_then(|id| self.template(id));
        let template = template.filter(|template| !global || template.is_public).ok_or_else(Refusal::not_found)?;
        Ok(Answer::json(200, &dressed(template.document(&self.switches), &self.switches)))
    }

    fn create_template(&mut self, call: &Call<'_>) -> Result<Answer, Refusal> {
        let mut template = Template {
            id: self.book.head.next_template,
            default_tag: "latest".to_owned(),
            disk_size: 32,
            ..Template::default()
        };
        template.write(&parse(call.body)?, &self.switches)?;
        self.check_unique(&template)?;
        let id = template.id;
        let document = template.document(&self.switches);
        self.put_template(template);
        self.book.head.next_template = id + 1;
        let status = self.switches.create_status;
        Ok(match self.switches.template_body {
            BodyShape::Id => Answer::json(status, &dressed(document, &self.switches)),
            BodyShape::Object => Answer::json(status, &json!({})),
            BodyShape::Empty => Answer::empty(status),
        })
    }

    fn edit_template(&mut self, id: &str, call: &Call<'_>) -> Result<Answer, Refusal> {
        let mut template = self.own_template(id)?;
        template.write(&parse(call.body)?, &self.switches)?;
        self.check_unique(&template)?;
        self.put_template(template);
        Ok(Answer::json(200, &json!({})))
    }

    fn delete_template(&mut self, id: &str) -> Result<Answer, Refusal> {
        let template = self.own_template(id)?;
        let used =
            self.book.machines.values().any(|machine| machine.end.is_none() && machine.template.id == template.id);
        if used && self.switches.used_templates_stay {
            return Err(Refusal::Problem(409, "Template is used by instances.".to_owned()));
        }
        self.remove_template(template.id);
        Ok(Answer::empty(204))
    }

    /// A private template; global ones are nobody's to change.
    fn own_template(&self, id: &str) -> Result<Template, Refusal> {
        let template = id.parse().ok().and_then(|id| self.template(id)).ok_or_else(Refusal::not_found)?;
        if template.is_public {
            return Err(Refusal::Problem(403, "Access Denied.".to_owned()));
        }
        Ok(template.clone())
    }

    fn check_unique(&self, template: &Template) -> Result<(), Refusal> {
        let mut others = self.book.templates.values();
        let taken = others.any(|other| other.id != template.id && other.name == template.name);
        if taken && self.switches.unique_template_names {
            return Err(Refusal::violation("name", "This value is already used.", NOT_UNIQUE));
        }
        Ok(())
    }
}

fn content_type(call: &Call<'_>, wanted: &str) -> Result<(), Refusal> {
    let Some(given) = call.content_type else {
        return Err(Refusal::Problem(415, "The \"Content-Type\" header must exist.".to_owned()));
    };
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let mut supported = vec![wanted];
    if wanted == "application/json" {
        supported.push("application/ld+json");
    }
    let supported = supported.join("\", \"");
    let detail = format!("The content-type \"{given}\" is not supported. Supported MIME types are \"{supported}\".");
    Err(Refusal::Problem(415, detail))
}

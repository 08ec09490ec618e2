//! What a type cannot say: ranges, words and relations between attributes. Unknown values pass; they are checked again
//! when they are known, before anything is called.

use super::field::decimal;
use super::instance::duration;
use super::rest::{Expiry, zone_in};
use super::schedule::{window, zone};
use super::{Schema, TableKind};
use crate::address::ObjectKind;
use crate::lang::Value;
use crate::live::CLAIM_VARIABLE;
use crate::path::ValuePath;
use rust_decimal::Decimal;

/// One finding: the place (`offer.min_memory`) and what is wrong with it, whole sentences without values that may be
/// secret.
pub type Finding = (ValuePath, String);

/// Every fault of an object of a managed resource.
pub fn validate(schema: &Schema, object: &Value) -> Vec<Finding> {
    let kind = match schema.kind {
        TableKind::Managed(kind) => kind,
        TableKind::Data(_) => return Vec::new(),
    };
    let mut found = revealed(schema, object);
    if !found.is_empty() {
        // Other findings name values.
        return found;
    }
    let object = &Given::of(object);
    match kind {
        ObjectKind::TemplateGroup => group(object, &mut found),
        ObjectKind::Instance => instance(object, &mut found),
    }
    found
}

/// The attributes that are given: few of those that there are, and each is asked for more than once.
struct Given<'a>(Vec<(&'a str, &'a Value)>);

impl<'a> Given<'a> {
    fn of(object: &'a Value) -> Given<'a> {
        let all = object.as_entries().into_iter().flatten();
        Given(all.filter(|(_, value)| !value.is_null()).map(|(name, value)| (&**name, value)).collect())
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.iter().find(|(given, _)| *given == name).map(|(_, value)| *value)
    }
}

fn revealed(schema: &Schema, object: &Value) -> Vec<Finding> {
    let may = |name: &str| match (schema.attribute(name), schema.block(name)) {
        (Some(attribute), _) => attribute.may_be_secret,
        // What stands beside a secret may be part of it.
        (None, Some(block)) => block.attributes.iter().any(|attribute| attribute.sensitive),
        (None, None) => false,
    };
    let finding = |name: &str| {
        let text = format!(
            "The value is sensitive, but {name} must be seen by whoever reviews a plan: it says what is rented. Give a value that is not sensitive; nonsensitive() shows one on purpose."
        );
        (ValuePath::of(name), text)
    };
    let entries = object.as_entries().into_iter().flatten();
    entries.filter(|(name, value)| value.deep_marks().sensitive && !may(name)).map(|(name, _)| finding(name)).collect()
}

fn group(object: &Given<'_>, found: &mut Vec<Finding>) {
    not_blank(object, "name", found);
    not_blank(object, "image_name", found);
    whole(object, "disk_size", 32, 65536, found);
    if let Some(ports) = object.get("expose_ports").and_then(Value::as_elements) {
        let bad = |port: &&Value| {
            port.is_known() && !port.as_number().and_then(|n| n.as_u64()).is_some_and(|n| (1..=65535).contains(&n))
        };
        if ports.iter().any(|port| bad(&port)) {
            found.push((ValuePath::of("expose_ports"), "A port is a whole number from 1 to 65535.".into()));
        }
    }
    if let Some(image) = object.get("image_name").and_then(Value::as_str)
        && let Some((_, tag)) = image.rsplit_once(':')
        && !tag.contains('/')
    {
        found.push((
            ValuePath::of("image_name"),
            format!("The image is given without its tag. Set default_tag = \"{tag}\"."),
        ));
    }
    env(object, found);
}

fn instance(object: &Given<'_>, found: &mut Vec<Finding>) {
    not_blank(object, "gpu_model", found);
    if object.get("gpu_model").and_then(Value::as_str).is_some_and(|model| model.eq_ignore_ascii_case("any")) {
        let text = "\"Any\" is a word of the market's filter, and no model. Name the model that is wanted most, and others in fallback_gpu_models.";
        found.push((ValuePath::of("gpu_model"), text.into()));
    }
    whole(object, "gpu_count", 1, 16, found);
    whole(object, "max_per_host", 1, 1000, found);
    whole(object, "priority", -1000, 1000, found);
    word(object, "template_change", &["keep", "update", "rent"], found);
    word(object, "env_change", &["rent", "update"], found);
    word(object, "wait_for", &["none", "listed", "running", "ready"], found);
    env(object, found);
    let price = |name: &str| object.get(name).and_then(decimal);
    let cap = price("max_price_per_gpu");
    if cap.is_some_and(|cap| cap <= Decimal::ZERO) {
        found.push((
            ValuePath::of("max_price_per_gpu"),
            "The price cap must be above zero, in USD per GPU-hour.".into(),
        ));
    }
    if price("max_hourly_cost").is_some_and(|cap| cap <= Decimal::ZERO) {
        found.push((ValuePath::of("max_hourly_cost"), "The price cap must be above zero, in USD per hour.".into()));
    }
    if let (Some(renew), Some(cap)) = (price("max_auto_renew_price"), cap)
        && renew > cap
    {
        let text = format!(
            "The highest price at renewal ({renew}) is above max_price_per_gpu ({cap}). Lower it, or raise the cap."
        );
        found.push((ValuePath::of("max_auto_renew_price"), text));
    }
    if price("max_auto_renew_price").is_some_and(|price| price < Decimal::ZERO) {
        found.push((ValuePath::of("max_auto_renew_price"), "A price cannot be negative.".into()));
    }
    if let Some(group) = object.get("template_group").and_then(Value::as_str)
        && crate::live::GroupId::parse(group).is_none()
    {
        let text = format!(
            "\"{group}\" is no template group. Write simplepod_template_group.NAME.id, or the number of a global template."
        );
        found.push((ValuePath::of("template_group"), text));
    }
    if let Some(timeouts) = object.get("timeouts") {
        for name in ["create", "delete"] {
            if let Some(text) = timeouts.get(name).and_then(Value::as_str)
                && duration(text).is_none()
            {
                found.push((
                    ValuePath::of("timeouts").attribute(name),
                    format!("\"{text}\" is no duration. Write it like \"90s\", \"20m\" or \"1h30m\"."),
                ));
            }
        }
    }
    if let Some(offer) = object.get("offer") {
        requirements(offer, found);
    }
    times(object, found);
}

/// `schedule` and `expires`.
fn times(object: &Given<'_>, found: &mut Vec<Finding>) {
    let schedule = object.get("schedule");
    let at = |name: &str| ValuePath::of("schedule").attribute(name);
    if let Some(on) = schedule.and_then(|block| block.get("on")?.as_elements()) {
        if on.is_empty() {
            let text = "A schedule without a window is never on. Leave instances out with count or for_each instead.";
            found.push((at("on"), text.into()));
        }
        let errors = on.iter().enumerate().filter_map(|(n, text)| Some((n, window(text.as_str()?).err()?)));
        found.extend(errors.map(|(n, error)| (at("on").index(n), error)));
    }
    let name = schedule.and_then(|block| block.get("time_zone")?.as_str()).filter(|name| zone(name).is_none());
    if let Some(name) = name {
        let text = format!("\"{name}\" is no time zone. Write its IANA name, like \"Europe/Warsaw\" or \"UTC\".");
        found.push((at("time_zone"), text));
        return;
    }
    let Some(text) = object.get("expires").and_then(Value::as_str) else { return };
    let wrong = match Expiry::read(text, zone_in(schedule)) {
        None => format!(
            "\"{text}\" is no end. Write a duration like \"72h\", a date like \"2026-12-01\", or a time like \"2026-12-01T18:00:00+01:00\"."
        ),
        Some(Expiry::After(_)) if schedule.is_some() => format!(
            "\"{text}\" counts from when the machine is created, and a schedule rents another one each time. Give a date."
        ),
        Some(Expiry::After(_) | Expiry::At(_)) => return,
    };
    found.push((ValuePath::of("expires"), wrong));
}

fn requirements(offer: &Value, found: &mut Vec<Finding>) {
    let Some(entries) = offer.as_entries() else { return };
    for (name, value) in entries {
        if let Some(number) = decimal(value) {
            if number < Decimal::ZERO {
                found.push((ValuePath::of("offer").attribute(name), "A requirement cannot be negative.".into()));
            }
            let most = name.strip_prefix("min_").and_then(|what| offer.get(&format!("max_{what}"))).and_then(decimal);
            if let Some(most) = most
                && number > most
            {
                let what = &name[4..];
                found.push((
                    ValuePath::of("offer").attribute(name),
                    format!("No offer can have at least {number} and at most {most}: min_{what} is above max_{what}."),
                ));
            }
        }
        if &**name == "country"
            && let Some(text) = value.as_str()
            && !(text.len() == 2 && text.bytes().all(|letter| letter.is_ascii_alphabetic()))
        {
            let text = format!("\"{text}\" is no country. Write its two letters, like \"DE\".");
            found.push((ValuePath::of("offer").attribute(name), text));
        }
        if name.ends_with("_version")
            && let Some(text) = value.as_str()
            && (text.is_empty() || text.split('.').any(|part| part.is_empty() || part.parse::<u64>().is_err()))
        {
            found.push((
                ValuePath::of("offer").attribute(name),
                format!("\"{text}\" is no version. Write numbers with dots, like \"12.8\"."),
            ));
        }
    }
}

fn env(object: &Given<'_>, found: &mut Vec<Finding>) {
    let Some(variables) = object.get("env_variables") else { return };
    for (name, value) in variables.as_entries().into_iter().flatten() {
        let well_formed = !name.is_empty() && !name.contains(['=', '\0']) && !name.contains(char::is_whitespace);
        if !well_formed {
            let shown = if variables.marks.sensitive { "(sensitive value)".to_owned() } else { format!("{name:?}") };
            found.push((
                ValuePath::of("env_variables"),
                format!("{shown} cannot be the name of an environment variable."),
            ));
        }
        if &**name == CLAIM_VARIABLE {
            let text =
                format!("{CLAIM_VARIABLE} is podform's own: it proves which machine a rent made. Choose another name.");
            found.push((ValuePath::of("env_variables"), text));
        }
        if value.is_null() {
            let shown = if variables.marks.sensitive { "(sensitive value)".to_owned() } else { format!("{name:?}") };
            found.push((
                ValuePath::of("env_variables"),
                format!("The value of {shown} is null. Leave the variable out instead."),
            ));
        }
    }
}

fn not_blank(object: &Given<'_>, name: &str, found: &mut Vec<Finding>) {
    if object.get(name).and_then(Value::as_str).is_some_and(|text| text.trim().is_empty()) {
        found.push((ValuePath::of(name), "The value must not be blank.".into()));
    }
}

fn whole(object: &Given<'_>, name: &str, least: i64, most: i64, found: &mut Vec<Finding>) {
    if let Some(number) = object.get(name).and_then(Value::as_number)
        && !number.as_i64().is_some_and(|n| (least..=most).contains(&n))
    {
        found.push((
            ValuePath::of(name),
            format!("The value is {number}; it must be a whole number from {least} to {most}."),
        ));
    }
}

fn word(object: &Given<'_>, name: &str, words: &[&str], found: &mut Vec<Finding>) {
    if let Some(text) = object.get(name).and_then(Value::as_str)
        && !words.contains(&text)
    {
        let hint = crate::diag::did_you_mean(text, words.iter().copied());
        let list = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
        found.push((ValuePath::of(name), format!("\"{text}\" is not one of {list}.{hint}")));
    }
}

//! `simplepod_instance`.

use super::field::{Wire, decimal};
use super::group::env_of;
use super::table::{Attribute, BlockType, Effect, Schema, TableKind, Ty, Unset};
use crate::address::ObjectKind;
use crate::lang::Value;
use crate::live::{Env, GroupId, Seen};
use crate::money::Usd;
use std::sync::OnceLock;
use std::time::Duration;

use Effect::{ByEnvChange, ByTemplateChange, InPlace, Judged, Local, Rerent};

pub(super) const PORT: &[(&str, Ty, &str)] = &[
    ("container_port", Ty::String, "In the container, as text."),
    ("host_port", Ty::Number, "Of the host; null where only an address leads there."),
    ("ip", Ty::String, "Of the host."),
    ("protocol", Ty::String, "As the API says: direct, http or https."),
    ("url", Ty::String, "For a browser, where there is one."),
];

/// The table of docs/resources.md.
pub static SCHEMA: Schema = Schema {
    kind: TableKind::Managed(ObjectKind::Instance),
    attributes: &[
        Attribute::computed("id", Ty::String, "Numeric id, as text."),
        Attribute::computed("hash_id", Ty::String, "Opaque id, never reused."),
        Attribute::computed("support_id", Ty::String, "What the vendor's support asks for.")
            .field("supportId", Wire::Text),
        Attribute::either("name", Ty::String, InPlace, "Name; the API gives a random one.")
            .may_be_secret()
            .field("name", Wire::Text),
        Attribute::required("gpu_model", Ty::String, Rerent, "GPU model, matched exactly but for case."),
        Attribute::optional(
            "fallback_gpu_models",
            Ty::StringList,
            Local,
            "Acceptable where the first is not to be had.",
        ),
        Attribute::optional("gpu_count", Ty::Number, Rerent, "GPUs, 1 to 16.")
            .or(Unset::Int(1))
            .field("gpuCount", Wire::Whole),
        Attribute::required("max_price_per_gpu", Ty::Number, Local, "Price cap, USD per GPU-hour."),
        Attribute::optional(
            "max_hourly_cost",
            Ty::Number,
            Local,
            "Price cap of the whole machine when it is rented, USD per hour: GPUs and disk.",
        ),
        Attribute::optional(
            "larger_offers",
            Ty::Bool,
            Local,
            "Where no offer of so many GPUs fits, a part of one of more is rented; whether hosts sell parts is not known.",
        ),
        Attribute::optional("max_per_host", Ty::Number, Local, "So many machines of the block may share a host."),
        Attribute::optional("priority", Ty::Number, Local, "Where offers are scarce, the higher is filled first."),
        Attribute::required(
            "template_group",
            Ty::String,
            ByTemplateChange,
            "Id of a template group, or of a global template.",
        ),
        Attribute::optional(
            "template_change",
            Ty::String,
            Local,
            "What an edit of the group means: keep, update or rent.",
        )
        .or(Unset::Text("keep")),
        Attribute::optional("env_variables", Ty::StringMap, ByEnvChange, "Environment, on top of the group's.")
            .may_be_secret(),
        Attribute::optional("env_change", Ty::String, Local, "What a change of env_variables means: rent or update.")
            .or(Unset::Text("rent")),
        Attribute::optional("start_script", Ty::String, Rerent, "Bash script of this machine alone.")
            .may_be_secret()
            .field("startScript", Wire::Script),
        Attribute::optional("notes", Ty::String, InPlace, "Free text; podform's mark stands after it.")
            .may_be_secret()
            .field("notes", Wire::Marked),
        Attribute::either("auto_renew", Ty::Bool, InPlace, "Renew at the end of the period.")
            .field("isAutoRenewOn", Wire::Bool),
        Attribute::either(
            "max_auto_renew_price",
            Ty::Number,
            InPlace,
            "Highest price at renewal, USD per GPU-hour; at most the cap.",
        )
        .field("priceAutoRenewMax", Wire::Decimal),
        Attribute::optional("wait_for", Ty::String, Local, "none, listed, running or ready.")
            .or(Unset::Text("running")),
        Attribute::optional(
            "replace_unhealthy",
            Ty::Bool,
            Local,
            "Rent another machine where this one died or never started.",
        ),
        Attribute::optional(
            "expires",
            Ty::String,
            Local,
            "When it is released for good: a duration after its creation, an RFC 3339 time or a date.",
        ),
        Attribute::computed("rented_gpu_model", Ty::String, "The GPU model that was rented."),
        Attribute::computed("template_digest", Ty::String, "Digest of the template it was rented from."),
        Attribute::computed("status", Ty::String, "As the API says."),
        Attribute::computed("offer_iri", Ty::String, "The offer it was rented from."),
        Attribute::computed("price_per_gpu", Ty::Number, "USD per GPU-hour."),
        Attribute::computed("price_per_disk", Ty::Number, "USD per GB-month."),
        Attribute::computed("hourly_cost", Ty::Number, "USD per hour, with disk."),
        Attribute::computed("created_at", Ty::String, "RFC 3339."),
        Attribute::computed("expires_at", Ty::String, "RFC 3339.").field("expiresAt", Wire::Line),
        Attribute::computed("auto_renew_at", Ty::String, "RFC 3339.").field("autoRenewAt", Wire::Line),
        Attribute::computed("host_ip", Ty::String, "Address of the host.").field("ip", Wire::HostLine),
        Attribute::computed("region", Ty::String, "Region of the host.").field("region", Wire::HostLine),
        Attribute::computed("ports", Ty::Rows(PORT), "Ports that are reachable from outside."),
        Attribute::computed("ssh_host", Ty::String, "Where SSH is, if the group runs it."),
        Attribute::computed("ssh_port", Ty::Number, "Where SSH is, if the group runs it."),
        Attribute::computed("urls", Ty::StringMap, "Addresses for a browser, by container port."),
    ],
    blocks: &[
        BlockType { name: "offer", attributes: OFFER, change: Judged, doc: "Requirements of the host." },
        BlockType {
            name: "schedule",
            attributes: &[
                Attribute::required("on", Ty::StringList, Local, "Windows in which it is rented: Mon-Fri 08:00-20:00."),
                Attribute::optional("time_zone", Ty::String, Local, "Whose clock tells them, by its IANA name.")
                    .or(Unset::Text("UTC")),
            ],
            change: Local,
            doc: "When it is rented, and when not.",
        },
        BlockType {
            name: "timeouts",
            attributes: &[
                Attribute::optional("create", Ty::String, Local, "How long to wait for wait_for.")
                    .or(Unset::Text("20m")),
                Attribute::optional("delete", Ty::String, Local, "How long to wait for the release.")
                    .or(Unset::Text("5m")),
            ],
            change: Local,
            doc: "How long to wait.",
        },
    ],
    doc: "One rented machine.",
    shape: OnceLock::new(),
};

macro_rules! range {
    ($min:literal, $max:literal, $unit:literal) => {
        [
            Attribute::optional($min, Ty::Number, Judged, concat!("At least so much, ", $unit, ".")),
            Attribute::optional($max, Ty::Number, Judged, concat!("At most so much, ", $unit, ".")),
        ]
    };
}

/// How long to wait for a release, where the configuration does not say. Nobody has recorded how long one takes (API sheet
/// §5); a machine that stays may bill, and somebody must hear of it.
pub const DELETE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

const RANGES: [[Attribute; 2]; 14] = [
    range!("min_gpu_memory", "max_gpu_memory", "GB per GPU"),
    range!("min_memory", "max_memory", "GB"),
    range!("min_disk", "max_disk", "GB"),
    range!("min_cpu_cores", "max_cpu_cores", "cores"),
    range!("min_disk_write", "max_disk_write", "MB/s"),
    range!("min_download", "max_download", "Mbit/s"),
    range!("min_upload", "max_upload", "Mbit/s"),
    range!("min_sla", "max_sla", "% uptime"),
    range!("min_tflops", "max_tflops", "TFLOPS in total"),
    range!("min_pcie_bandwidth", "max_pcie_bandwidth", "GBit/s"),
    range!("min_rental_time_min", "max_rental_time_min", "hours"),
    range!("min_price_per_tflops", "max_price_per_tflops", "TFLOPS per $/h"),
    range!("min_price_per_dlp", "max_price_per_dlp", "DLP per $/h"),
    [
        Attribute::optional(
            "min_cuda_version",
            Ty::String,
            Judged,
            "At least this CUDA version, compared number by number.",
        ),
        Attribute::optional("max_cuda_version", Ty::String, Judged, "At most this CUDA version."),
    ],
];

pub(super) const OFFER: &[Attribute] = &{
    let mut all = [Attribute::optional("region", Ty::String, Judged, "Continent, or a datacenter code."); 8 + 28];
    all[1] = Attribute::optional("country", Ty::String, Judged, "Two letters.");
    all[2] = Attribute::optional("min_driver_version", Ty::String, Judged, "At least this driver version.");
    all[3] = Attribute::optional("max_driver_version", Ty::String, Judged, "At most this driver version.");
    all[4] = Attribute::optional("regions", Ty::StringList, Judged, "One of these regions.");
    all[5] = Attribute::optional("countries", Ty::StringList, Judged, "One of these countries.");
    all[6] = Attribute::optional("not_countries", Ty::StringList, Judged, "None of these countries.");
    all[7] = Attribute::optional("not_hosts", Ty::StringList, Judged, "None of these hosts, by fingerprint.");
    let mut at = 0;
    while at < RANGES.len() {
        all[8 + 2 * at] = RANGES[at][0];
        all[9 + 2 * at] = RANGES[at][1];
        at += 1;
    }
    all
};

/// How far a rent waits before it counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaitFor {
    /// The id is known.
    None,
    /// It stands in the list.
    Listed,
    /// Its status is running.
    Running,
    /// Every direct port accepts a TCP connection from here.
    Ready,
}

/// What a wholly known object of the table asks for.
#[derive(Clone, Debug)]
pub struct Desired {
    /// What goes out with the rent.
    pub ordered: Seen,
    /// What a PUT sets. Where no highest price at renewal is given, the cap is: it may be known only by now.
    pub settings: Seen,
    /// The user's text, without our mark.
    pub notes: String,
    /// 1 to 16.
    pub gpu_count: u32,
    /// USD per GPU-hour.
    pub max_price_per_gpu: Usd,
    /// What it is rented from.
    pub group: GroupId,
    /// The instance's own variables.
    pub env: Env,
    /// How far to wait.
    pub wait_for: WaitFor,
    /// For `wait_for`.
    pub create_timeout: Duration,
    /// For the release.
    pub delete_timeout: Duration,
}

impl Desired {
    /// Reads an object that [`super::validate`] accepted.
    ///
    /// # Errors
    /// The attribute that is missing, unknown or out of range.
    pub fn read(object: &Value) -> Result<Desired, String> {
        let need = |name: &str| format!("{name} is not known");
        let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
        text("gpu_model").ok_or_else(|| need("gpu_model"))?;
        let max_price_per_gpu = dollars(object, "max_price_per_gpu").ok_or_else(|| need("max_price_per_gpu"))?;
        let group = text("template_group").ok_or_else(|| need("template_group"))?;
        let ordered = SCHEMA.ordered().filter_map(|(known, field)| {
            let value = field.wire.json(object.get(known.name)?);
            Some((known.name, value.filter(|value| Some(value) != field.wire.empty().as_ref())?))
        });
        let mut settings = SCHEMA.sent(object, None);
        if object.get("auto_renew").and_then(Value::as_bool) != Some(false) {
            settings.entry("max_auto_renew_price").or_insert_with(|| super::field::dollars(max_price_per_gpu));
        }
        Ok(Desired {
            ordered: ordered.collect(),
            settings,
            notes: text("notes").unwrap_or_default(),
            gpu_count: gpu_count(object).ok_or_else(|| need("gpu_count"))?,
            max_price_per_gpu,
            group: GroupId::parse(&group).ok_or_else(|| format!("template_group \"{group}\" is no id"))?,
            env: env_of(object, "env_variables"),
            wait_for: match text("wait_for").as_deref() {
                Some("none") => WaitFor::None,
                Some("listed") => WaitFor::Listed,
                Some("ready") => WaitFor::Ready,
                _ => WaitFor::Running,
            },
            create_timeout: create_timeout(object),
            delete_timeout: timeout(object, "delete", DELETE_TIMEOUT),
        })
    }
}

/// `gpu_count` of an object, where it is known.
pub fn gpu_count(object: &Value) -> Option<u32> {
    u32::try_from(object.get("gpu_count")?.as_number()?.as_u64()?).ok()
}

/// A price of an object, where it is known.
pub fn dollars(object: &Value, name: &str) -> Option<Usd> {
    decimal(object.get(name)?).map(Usd)
}

/// How long a machine may take to start where its block says nothing; others allow as long for large images (API sheet
/// §5).
pub const CREATE_TIMEOUT: Duration = Duration::from_secs(20 * 60);

/// How long a machine may take to start.
pub fn create_timeout(object: &Value) -> Duration {
    timeout(object, "create", CREATE_TIMEOUT)
}

fn timeout(object: &Value, name: &str, default: Duration) -> Duration {
    let text = object.get("timeouts").and_then(|block| block.get(name)).and_then(Value::as_str);
    text.and_then(duration).unwrap_or(default)
}

/// Reads a duration as Terraform's `timeouts` write it: `90s`, `20m`, `1h30m`. `None` for what is none, or longer than
/// a year.
pub fn duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|&at| at > 0)?;
        let number: u32 = rest[..digits].parse().ok()?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
        let unit = match &rest[digits..unit_end] {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(3600),
            _ => return None,
        };
        total = total.checked_add(unit.checked_mul(number)?)?;
        rest = &rest[unit_end..];
    }
    (!text.is_empty() && total <= Duration::from_secs(366 * 24 * 3600)).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_terraform_writes_them() {
        assert_eq!(duration("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        for text in ["", "5", "m", "5x", "-5m", "99999h", "99999999999999999999s", "5 m"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn no_attribute_stands_twice() {
        let mut names: Vec<_> = OFFER.iter().chain(SCHEMA.attributes).map(|a| a.name).collect();
        names.retain(|name| *name != "region");
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}

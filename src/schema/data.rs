//! The tables of data sources. What the configuration gives selects; everything else is read.

use super::instance::{OFFER, PORT};
use super::table::{Attribute, BlockType, DataKind, Effect, Schema, TableKind, Ty};
use std::sync::OnceLock;

const GIVEN: Effect = Effect::Local;

const OFFER_ROW: &[(&str, Ty, &str)] = &[
    ("iri", Ty::String, "How a rent names it; it lives as long as the offer."),
    ("gpu_model", Ty::String, "GPU model."),
    ("gpu_count", Ty::Number, "GPUs of the row."),
    ("price_per_gpu", Ty::Number, "USD per GPU-hour."),
    ("price_per_disk", Ty::Number, "USD per GB-month."),
    ("region", Ty::String, "Continent."),
    ("country", Ty::String, "Two letters."),
    ("gpu_memory", Ty::Number, "GB per GPU."),
    ("memory", Ty::Number, "GB."),
    ("disk", Ty::Number, "GB."),
    ("cuda_version", Ty::String, "CUDA version."),
    ("driver_version", Ty::String, "Driver version."),
    ("cpu_cores", Ty::Number, "Cores."),
    ("download", Ty::Number, "Mbit/s."),
    ("upload", Ty::Number, "Mbit/s."),
    ("sla", Ty::Number, "% uptime."),
    ("tflops", Ty::Number, "TFLOPS in total."),
];

/// `simplepod_offers`.
pub static OFFERS: Schema = Schema {
    kind: TableKind::Data(DataKind::Offers),
    attributes: &[
        Attribute::optional("gpu_model", Ty::String, GIVEN, "Exactly this model, in any case of letters."),
        Attribute::optional("gpu_count", Ty::Number, GIVEN, "Exactly so many GPUs."),
        Attribute::optional("max_price_per_gpu", Ty::Number, GIVEN, "USD per GPU-hour, at most."),
        Attribute::computed("offers", Ty::Rows(OFFER_ROW), "Free offers that fit, the cheapest first."),
    ],
    blocks: &[BlockType { name: "offer", attributes: OFFER, change: GIVEN, doc: "Requirements of the host." }],
    doc: "Offers of the market.",
    shape: OnceLock::new(),
};

/// `simplepod_global_template`.
pub static GLOBAL_TEMPLATE: Schema = Schema {
    kind: TableKind::Data(DataKind::GlobalTemplate),
    attributes: &[
        Attribute::either("id", Ty::String, GIVEN, "Numeric id, as text."),
        Attribute::either("name", Ty::String, GIVEN, "The exact name."),
        Attribute::computed("iri", Ty::String, "How other calls refer to it."),
        Attribute::computed("image_name", Ty::String, "Image, without tag."),
        Attribute::computed("default_tag", Ty::String, "Tag."),
        Attribute::computed("disk_size", Ty::Number, "GB."),
    ],
    blocks: &[],
    doc: "One of the vendor's templates, by id or name.",
    shape: OnceLock::new(),
};

/// `simplepod_template_group`.
pub static TEMPLATE_GROUP: Schema = Schema {
    kind: TableKind::Data(DataKind::TemplateGroup),
    attributes: &[
        Attribute::either("id", Ty::String, GIVEN, "Numeric id, as text."),
        Attribute::either("name", Ty::String, GIVEN, "The exact name."),
        Attribute::computed("iri", Ty::String, "How other calls refer to it."),
        Attribute::computed("image_name", Ty::String, "Image, without tag."),
        Attribute::computed("default_tag", Ty::String, "Tag."),
        Attribute::computed("category_name", Ty::String, "Free text."),
        Attribute::computed("disk_size", Ty::Number, "GB."),
        Attribute::computed("expose_ports", Ty::NumberList, "Container ports that are reachable from outside."),
        Attribute::computed("ssh_server", Ty::Bool, "SSH server."),
        Attribute::computed("jupyter", Ty::Bool, "Jupyter notebook."),
        Attribute::computed("notes", Ty::String, "Free text, without podform's mark."),
    ],
    blocks: &[],
    doc: "A template group of the account, by id or name. Its environment and script may hold secrets: they are not read.",
    shape: OnceLock::new(),
};

/// `simplepod_instance`.
pub static INSTANCE: Schema = Schema {
    kind: TableKind::Data(DataKind::Instance),
    attributes: &[
        Attribute::required("id", Ty::String, GIVEN, "Numeric id, as text."),
        Attribute::computed("hash_id", Ty::String, "Never reused."),
        Attribute::computed("support_id", Ty::String, "What the vendor's support asks for."),
        Attribute::computed("name", Ty::String, "Name."),
        Attribute::computed("notes", Ty::String, "Free text, without podform's mark."),
        Attribute::computed("status", Ty::String, "As the API says."),
        Attribute::computed("rented_gpu_model", Ty::String, "The GPU model."),
        Attribute::computed("gpu_count", Ty::Number, "How many GPUs."),
        Attribute::computed("template_group", Ty::String, "Id of its template group."),
        Attribute::computed("price_per_gpu", Ty::Number, "USD per GPU-hour."),
        Attribute::computed("price_per_disk", Ty::Number, "USD per GB-month."),
        Attribute::computed("hourly_cost", Ty::Number, "USD per hour, with disk."),
        Attribute::computed("created_at", Ty::String, "RFC 3339."),
        Attribute::computed("expires_at", Ty::String, "RFC 3339."),
        Attribute::computed("host_ip", Ty::String, "Address of the host."),
        Attribute::computed("region", Ty::String, "Region of the host."),
        Attribute::computed("ports", Ty::Rows(PORT), "Ports that are reachable from outside."),
        Attribute::computed("ssh_host", Ty::String, "Where SSH is."),
        Attribute::computed("ssh_port", Ty::Number, "Where SSH is."),
        Attribute::computed("urls", Ty::StringMap, "Addresses for a browser, by container port."),
    ],
    blocks: &[],
    doc: "A machine of the account. Its environment may hold secrets: it is not read.",
    shape: OnceLock::new(),
};

/// `simplepod_account`.
pub static ACCOUNT: Schema = Schema {
    kind: TableKind::Data(DataKind::Account),
    attributes: &[
        Attribute::computed("balance", Ty::Number, "USD that are left."),
        Attribute::computed("hourly_cost", Ty::Number, "USD per hour of all machines, whoever rented them."),
    ],
    blocks: &[],
    doc: "The account.",
    shape: OnceLock::new(),
};

/// Every data source.
pub static ALL: [&Schema; 5] = [&OFFERS, &GLOBAL_TEMPLATE, &TEMPLATE_GROUP, &INSTANCE, &ACCOUNT];

//! Everything about the real API that is not settled, and everything that can be turned.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::choices::{
    BillingShape, BodyShape, CudaFilter, Echo, EnvRule, Funds, Larger, ListOrder, MarketOf, NameRule, Numbers,
    PasswordEcho, PriceBasis, PriceFilter, ProblemStyle, RebootPath, RentedOffers, Wrapping,
};
use super::faults::{Fault, kinds};

/// Every switch of the sandbox. In specs `-` and `_` are the same: `page-clamp=50`. Cn: open points of API sheet §7.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// Milliseconds every call takes.
    pub latency: u64,
    /// Seconds of world time per second of ours while a sandbox serves. 0: the clock moves by `advance` alone.
    pub speed: f64,
    /// The one key that is accepted; none: any that is not empty.
    pub api_key: Option<String>,
    /// Targets (`POST /instances`) for which the key has no permission: 403.
    pub forbidden: Vec<String>,
    /// Hosts of a new world.
    pub hosts: u64,
    /// Which hosts those are.
    pub market: MarketOf,
    /// USD deposited in a new world.
    pub balance: Decimal,

    /// Rows of a page unless `itemsPerPage` says otherwise: 30, API Platform's default (API sheet §1).
    pub page_size: u64,
    /// The most rows a page may have, whatever was asked for; 0: no limit.
    pub page_clamp: u64,
    /// `page` is ignored: every page is the first.
    pub page_ignored: bool,
    /// How much later (or earlier) than it should every page after the first begins: -1 repeats a row, 1 skips one.
    pub page_shift: i64,
    /// Whether the market has pages too.
    pub market_paged: bool,
    /// Order of lists.
    pub list_order: ListOrder,
    /// What stands around lists.
    pub envelope: Wrapping,
    /// How numbers are written.
    pub numbers: Numbers,
    /// Unknown fields stand in every object.
    pub extra_fields: bool,
    /// Rows of `/instances/list` carry the fields of the details, the consoles apart (C17).
    pub list_detail: bool,
    /// Rows of `/instances/templates/list` carry the fields of the details; else id and name alone, which are all that anybody
    /// has told of (C17).
    pub template_detail: bool,
    /// Details carry `envVariables`.
    pub details_env: bool,
    /// Machines show what they bill.
    pub machine_prices: bool,
    /// Edition of the error documents.
    pub problems: ProblemStyle,

    /// Non-integers in integer filters of the market.
    pub price_filter: PriceFilter,
    /// `gpuCudaVerOperator`.
    pub cuda_filter: CudaFilter,
    /// Offers that cannot be rented now.
    pub rented_offers: RentedOffers,
    /// An offer is gone for good once it was rented, though its host has free GPUs (C18).
    pub offers_vanish: bool,
    /// What `pricePerGpu` of a row is (C19).
    pub price_basis: PriceBasis,
    /// A rent of fewer GPUs than the row shows (C21).
    pub larger: Larger,
    /// Rows name their host (`rig.id`). Without, hosts that are alike can be told apart by their numbers alone.
    pub rig_id: bool,
    /// Hosts sell no fewer GPUs at once than this, or all that they have (C18).
    pub least_gpus: u32,
    /// How far prices wander from the beginning's, as a share: 0.1 is ten percent. They move every ten minutes.
    pub drift: Decimal,
    /// The share of hosts that strangers rent completely; every ten minutes it is others.
    pub churn: Decimal,

    /// Body of the answer to a rent (C1).
    pub create_body: BodyShape,
    /// Body of the answer to a new template.
    pub template_body: BodyShape,
    /// Body of the answer to a PUT of a machine (not needed by anybody, API sheet §3.11; by convention the details).
    pub update_body: Echo,
    /// Status of the answers to creates (C3).
    pub create_status: u16,
    /// `hashId` stands for `id` in the paths of machines (C10).
    pub hash_id_paths: bool,
    /// Where a reboot is asked for (C5).
    pub reboot_path: RebootPath,
    /// `-` in names of machines (C4).
    pub names: NameRule,
    /// Environment of a machine (C15).
    pub env: EnvRule,
    /// A PUT of `instanceTemplate` or `envVariables` boots the machine again.
    pub update_reboots: bool,
    /// `argOptions` of templates is stored (C9: it is not).
    pub arg_options_stored: bool,
    /// Two templates may not have the same name: 422.
    pub unique_template_names: bool,
    /// A template that a machine uses cannot be deleted: 409.
    pub used_templates_stay: bool,
    /// Registry passwords.
    pub password_echo: PasswordEcho,
    /// A template whose disk is larger than the host's cannot be rented there: 422.
    pub disk_must_fit: bool,
    /// Rents that the balance hardly covers.
    pub funds: Funds,
    /// Seconds until a rented machine shows in the list.
    pub visibility_lag: u64,
    /// Seconds that a machine which ended still answers, with status `deleted`.
    pub delete_lag: u64,

    /// Seconds from rent to `running`.
    pub boot: u64,
    /// Seconds from `running` until ports answer.
    pub ports_open: u64,
    /// `ports` point at this sandbox once they are open, so that connecting succeeds.
    pub loopback_ports: bool,
    /// Images whose name contains one of these cannot be pulled.
    pub pull_fails: Vec<String>,
    /// Machines whose template or image name contains one of these end when their container exits.
    pub exit_delete: Vec<String>,
    /// Seconds from `running` until the container of such a machine exits.
    pub exit_after: u64,
    /// Hours of one rental period.
    pub period: u64,
    /// `isAutoRenewOn` of a new machine.
    pub auto_renew: bool,
    /// What machines bill, as a multiple of their offer.
    pub price_jump: Decimal,
    /// Shape of the billing list (C12).
    pub billing: BillingShape,

    /// What goes wrong with which calls.
    #[serde(skip)]
    pub faults: Vec<Fault>,
}

impl Default for Switches {
    fn default() -> Switches {
        Switches {
            latency: 0,
            speed: 1.0,
            api_key: None,
            forbidden: Vec::new(),
            hosts: 150,
            market: MarketOf::Chance,
            balance: Decimal::ONE_THOUSAND,
            page_size: 30,
            page_clamp: 0,
            page_ignored: false,
            page_shift: 0,
            market_paged: false,
            list_order: ListOrder::Newest,
            envelope: Wrapping::None,
            numbers: Numbers::Plain,
            extra_fields: false,
            list_detail: false,
            template_detail: true,
            details_env: true,
            machine_prices: true,
            problems: ProblemStyle::Modern,
            price_filter: PriceFilter::Ignore,
            cuda_filter: CudaFilter::Equality,
            rented_offers: RentedOffers::Flag,
            offers_vanish: false,
            price_basis: PriceBasis::Gpu,
            larger: Larger::Refuse,
            rig_id: true,
            least_gpus: 1,
            drift: Decimal::ZERO,
            churn: Decimal::ZERO,
            create_body: BodyShape::Id,
            template_body: BodyShape::Object,
            update_body: Echo::Details,
            create_status: 200,
            hash_id_paths: false,
            reboot_path: RebootPath::ExecuteReboot,
            names: NameRule::Accept,
            env: EnvRule::Merge,
            update_reboots: false,
            arg_options_stored: false,
            unique_template_names: false,
            used_templates_stay: false,
            password_echo: PasswordEcho::Null,
            disk_must_fit: false,
            funds: Funds::Accept,
            visibility_lag: 0,
            delete_lag: 0,
            boot: 3,
            ports_open: 1,
            loopback_ports: false,
            pull_fails: vec!["does-not-exist".to_owned()],
            exit_delete: Vec::new(),
            exit_after: 60,
            period: 168,
            auto_renew: true,
            price_jump: Decimal::ONE,
            billing: BillingShape::Array,
            faults: Vec::new(),
        }
    }
}

impl Switches {
    /// Applies one spec: `name=value` turns a switch, `kind:METHOD path[:calls[:arg]]` adds a fault (grammar in the
    /// room's documentation). The error says what is wrong and which names are known; nothing is changed then.
    pub fn apply_spec(&mut self, spec: &str) -> Result<(), String> {
        let equals = spec.find('=');
        match (equals, spec.find(':')) {
            (Some(equals), colon) if colon.is_none_or(|colon| equals < colon) => {
                let (name, value) = spec.split_at(equals);
                self.set(name.trim(), Value::String(value.trim_start_matches('=').trim().to_owned()))
            }
            (_, Some(_)) => {
                self.faults.push(spec.parse()?);
                Ok(())
            }
            _ => Err(format!(
                "{spec:?} is neither a switch (name=value) nor a fault (kind:METHOD path[:calls[:arg]]); switches: {}",
                self.names()
            )),
        }
    }

    /// The names of all switches with their values, and the kinds of faults, one a line: help for a command line.
    pub fn help(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.as_map() {
            let value = match value {
                Value::Null => String::new(),
                Value::String(text) => text,
                Value::Array(parts) => parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
                other => other.to_string(),
            };
            text.push_str(&format!("{}={value}\n", name.replace('_', "-")));
        }
        for kind in kinds() {
            text.push_str(&format!("{kind}:METHOD path[:calls[:arg]]\n"));
        }
        text
    }

    /// Turns the switches of a JSON object (names as in the struct, or with `-`); `faults`, an array of specs, replaces
    /// the faults. Nothing is changed when one of them is wrong.
    pub fn merge(&mut self, changes: &Map<String, Value>) -> Result<(), String> {
        let mut next = self.clone();
        for (name, value) in changes {
            if name == "faults" {
                let specs: Vec<String> =
                    serde_json::from_value(value.clone()).map_err(|why| format!("faults: {why}"))?;
                next.faults = specs.iter().map(|spec| spec.parse()).collect::<Result<_, _>>()?;
            } else {
                next.set(name, value.clone())?;
            }
        }
        *self = next;
        Ok(())
    }

    fn set(&mut self, name: &str, value: Value) -> Result<(), String> {
        let key = name.replace('-', "_");
        let mut all = self.as_map();
        let Some(slot) = all.get_mut(&key) else {
            return Err(format!("unknown switch {name:?}; known: {}", self.names()));
        };
        *slot = shaped(slot, value);
        let mut next: Switches =
            serde_json::from_value(Value::Object(all)).map_err(|why| format!("switch {name}: {why}"))?;
        next.check()?;
        next.faults = std::mem::take(&mut self.faults);
        *self = next;
        Ok(())
    }

    /// Numbers stay in bounds in which nothing overflows.
    fn check(&self) -> Result<(), String> {
        let amounts = [
            ("balance", self.balance, 1_000_000_000),
            ("drift", self.drift, 1),
            ("churn", self.churn, 1),
            ("price-jump", self.price_jump, 1_000),
        ];
        for (name, value, most) in amounts {
            if value < Decimal::ZERO || value > Decimal::from(most) {
                return Err(format!("switch {name}: {value} is not between 0 and {most}"));
            }
        }
        if !(0.0..=1e6).contains(&self.speed) {
            return Err(format!("switch speed: {} is not between 0 and 1000000", self.speed));
        }
        if !(1..=100_000).contains(&self.hosts) {
            return Err(format!("switch hosts: {} is not between 1 and 100000", self.hosts));
        }
        if !(200..300).contains(&self.create_status) {
            return Err(format!("switch create-status: {} is not a success", self.create_status));
        }
        Ok(())
    }

    fn as_map(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        }
    }

    fn names(&self) -> String {
        let names: Vec<String> = self.as_map().keys().map(|key| key.replace('_', "-")).collect();
        names.join(", ")
    }
}

/// The value in the JSON type that the switch has now: texts come from the command line.
fn shaped(now: &Value, value: Value) -> Value {
    match (now, value) {
        (Value::Array(_), Value::String(text)) => {
            Value::Array(text.split(',').filter(|part| !part.is_empty()).map(|part| part.trim().into()).collect())
        }
        (Value::Bool(_) | Value::Number(_), Value::String(text)) => {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        (Value::String(_), Value::Number(number)) => Value::String(number.to_string()),
        (_, value) => value,
    }
}

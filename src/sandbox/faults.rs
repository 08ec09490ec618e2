//! Which calls go wrong, and how.

use std::str::FromStr;

use rust_decimal::Decimal;

use super::chance::draw;

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `drop`: the connection closes; nothing was done.
    Drop,
    /// `drop-after-commit`: it was done, and the connection closes without an answer.
    DropAfterCommit,
    /// `500`, `502`, `429`, …: this status; nothing was done. ARG of 429 and 503: seconds of `Retry-After`.
    Status(u16),
    /// `502-after-commit`, …: it was done, and this status is answered.
    StatusAfterCommit(u16),
    /// `403-html`: the page of a firewall; nothing was done.
    HtmlForbidden,
    /// `refuse`: 422, the offer is gone; nothing was done.
    Refuse,
    /// `slow`: it is done at once, and answered ARG ms later (default 60000).
    Slow,
    /// `stall`: it is done, and answered, ARG ms later (default 60000).
    Stall,
    /// `truncate`: it was done, and half of the answer arrives before the connection closes.
    Truncate,
    /// `garbage`: it was done, and the answer is no JSON.
    Garbage,
    /// `empty-list`: a list answers `[]`.
    EmptyList,
    /// `twice`: the network delivers it twice; it is done twice, and the first answer arrives.
    Twice,
    /// `price`: a rent whose machine bills ARG times the price of its offer (default 1.5).
    Price,
}

const NAMED: &[(&str, Kind)] = &[
    ("drop", Kind::Drop),
    ("drop-after-commit", Kind::DropAfterCommit),
    ("403-html", Kind::HtmlForbidden),
    ("refuse", Kind::Refuse),
    ("slow", Kind::Slow),
    ("stall", Kind::Stall),
    ("truncate", Kind::Truncate),
    ("garbage", Kind::Garbage),
    ("empty-list", Kind::EmptyList),
    ("twice", Kind::Twice),
    ("price", Kind::Price),
];

/// The names of all kinds; `STATUS` stands for 400 to 599.
pub(super) fn kinds() -> Vec<&'static str> {
    NAMED.iter().map(|(name, _)| *name).chain(["STATUS", "STATUS-after-commit"]).collect()
}

/// Which of the matching calls, counted from 1.
#[derive(Debug, Clone, PartialEq)]
pub enum Calls {
    /// Every one.
    All,
    /// Those in one of these inclusive ranges.
    Ranges(Vec<(u64, u64)>),
    /// This share of them, decided by the seed.
    Share(f64),
}

/// One fault: what goes wrong with which calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// The text it was made from.
    pub spec: String,
    /// What goes wrong.
    pub kind: Kind,
    /// `None`: every method.
    method: Option<String>,
    /// `None`: every path.
    path: Option<String>,
    /// With which of the matching calls.
    pub calls: Calls,
    /// The last part of the text.
    pub arg: Option<String>,
    /// Matching calls seen so far.
    seen: u64,
}

impl Fault {
    /// Whether it fires for this call, which it counts when it matches. `route` is the route's template, such as
    /// `/instances/{id}`.
    pub fn fires(&mut self, method: &str, route: &str, path: &str, seed: u64) -> bool {
        let method_fits = self.method.as_deref().is_none_or(|wanted| wanted == method);
        let path_fits = self.path.as_deref().is_none_or(|wanted| wanted == route || wanted == path);
        if !(method_fits && path_fits) {
            return false;
        }
        self.seen += 1;
        match &self.calls {
            Calls::All => true,
            Calls::Ranges(ranges) => ranges.iter().any(|(from, to)| (*from..=*to).contains(&self.seen)),
            Calls::Share(share) => (draw(seed, &self.spec, self.seen) % 1_000_000) as f64 / 1e6 < *share,
        }
    }

    /// ARG of `price`.
    pub(super) fn factor(&self) -> Decimal {
        self.arg.as_deref().and_then(|arg| arg.parse().ok()).unwrap_or(Decimal::new(15, 1))
    }

    /// ARG as a number, or the default of the kind.
    pub fn number(&self, default: u64) -> u64 {
        self.arg.as_deref().and_then(|arg| arg.parse().ok()).unwrap_or(default)
    }
}

/// Whether a target such as `POST /instances` names this call.
pub(super) fn target_fits(target: &str, method: &str, route: &str, path: &str) -> bool {
    let (wanted, place) = target.split_once(' ').unwrap_or(("*", target));
    (wanted == "*" || wanted.eq_ignore_ascii_case(method)) && (place == "*" || place == route || place == path)
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(spec: &str) -> Result<Fault, String> {
        let mut parts = spec.splitn(4, ':');
        let kind = kind(parts.next().unwrap_or_default())?;
        let target = parts.next().ok_or_else(|| {
            format!("fault {spec:?} names no target: write kind:METHOD path[:calls[:arg]], or kind:*[:calls[:arg]]")
        })?;
        let (method, path) = target_of(spec, target.trim())?;
        let calls = parts.next().map_or(Ok(Calls::All), |text| calls(spec, text.trim()))?;
        let arg = parts.next().map(str::to_owned);
        if let Some(arg) = &arg
            && matches!(kind, Kind::Slow | Kind::Stall | Kind::Status(429 | 503))
            && arg.parse::<u64>().is_err()
        {
            return Err(format!("fault {spec:?}: {arg:?} is not a whole number"));
        }
        let most = Decimal::ONE_THOUSAND;
        if let (Kind::Price, Some(arg)) = (kind, &arg)
            && !arg.parse::<Decimal>().is_ok_and(|factor| factor > Decimal::ZERO && factor <= most)
        {
            return Err(format!("fault {spec:?}: {arg:?} is not a factor above 0 and up to {most}"));
        }
        Ok(Fault { spec: spec.to_owned(), kind, method, path, calls, arg, seen: 0 })
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    if let Some((_, kind)) = NAMED.iter().find(|(name, _)| *name == text) {
        return Ok(*kind);
    }
    let (number, after) = text.strip_suffix("-after-commit").map_or((text, false), |number| (number, true));
    match number.parse::<u16>() {
        Ok(status) if (400..600).contains(&status) && after => Ok(Kind::StatusAfterCommit(status)),
        Ok(status) if (400..600).contains(&status) => Ok(Kind::Status(status)),
        _ => {
            let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
            Err(format!(
                "unknown fault {text:?}; known: {}, a status from 400 to 599, a status followed by -after-commit",
                names.join(", ")
            ))
        }
    }
}

fn target_of(spec: &str, target: &str) -> Result<(Option<String>, Option<String>), String> {
    if target == "*" {
        return Ok((None, None));
    }
    let (method, path) = target
        .split_once(' ')
        .ok_or_else(|| format!("fault {spec:?}: the target {target:?} is neither * nor a method and a path"))?;
    let method = method.to_ascii_uppercase();
    if !["*", "GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str()) {
        return Err(format!("fault {spec:?}: {method:?} is not one of GET, POST, PUT, PATCH, DELETE, *"));
    }
    let path = path.trim();
    if path != "*" && !path.starts_with('/') {
        return Err(format!("fault {spec:?}: the path {path:?} does not start with /"));
    }
    Ok(((method != "*").then_some(method), (path != "*").then(|| path.to_owned())))
}

fn calls(spec: &str, text: &str) -> Result<Calls, String> {
    let wrong = || format!("fault {spec:?}: {text:?} is not calls: write 2, 1-3, 4-, 1,5-6, * or p0.05");
    if text == "*" {
        return Ok(Calls::All);
    }
    if let Some(share) = text.strip_prefix('p') {
        let share: f64 = share.parse().map_err(|_| wrong())?;
        return if (0.0..=1.0).contains(&share) { Ok(Calls::Share(share)) } else { Err(wrong()) };
    }
    let mut ranges = Vec::new();
    for part in text.split(',') {
        let (from, to) = match part.split_once('-') {
            None => (part, part),
            Some((from, "")) => (from, "18446744073709551615"),
            Some(range) => range,
        };
        let (from, to): (u64, u64) = (from.parse().map_err(|_| wrong())?, to.parse().map_err(|_| wrong())?);
        if from == 0 || to < from {
            return Err(wrong());
        }
        ranges.push((from, to));
    }
    Ok(Calls::Ranges(ranges))
}

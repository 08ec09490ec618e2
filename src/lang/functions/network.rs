//! Address ranges.

use super::CallError;
use super::signature::{Args, Function, Outcome, Param, Shape, function, param};
use crate::lang::number::Number;
use crate::lang::types::Type;
use crate::lang::value::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const PREFIX: Param = param("prefix", Shape::String);

pub(super) const FUNCTIONS: &[Function] = &[
    function("cidrhost", &[PREFIX, param("hostnum", Shape::Number)], Shape::String, host),
    function("cidrnetmask", &[PREFIX], Shape::String, netmask),
    function(
        "cidrsubnet",
        &[PREFIX, param("newbits", Shape::Number), param("netnum", Shape::Number)],
        Shape::String,
        subnet,
    ),
    function("cidrsubnets", &[PREFIX], Shape::Strings, subnets).variadic(param("newbits", Shape::Number)),
];

/// The first address of a range, and how many bits of it are fixed.
#[derive(Clone, Copy)]
struct Network {
    address: u128,
    length: u32,
    /// 32 or 128.
    width: u32,
}

impl Network {
    fn parse(text: &str) -> Result<Self, CallError> {
        let invalid = || CallError::call(format!("invalid CIDR expression: invalid CIDR address: {text}"));
        let (address, length) = text.split_once('/').ok_or_else(invalid)?;
        let (address, width) = match read_address(address).ok_or_else(invalid)? {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
        let length = length.parse().ok().filter(|&length: &u32| digits && length <= width).ok_or_else(invalid)?;
        let network = Self { address, length, width };
        Ok(Self { address: address & !network.host_mask(), ..network })
    }

    fn host_mask(self) -> u128 {
        low_bits(self.width - self.length)
    }

    fn address_text(self) -> String {
        match self.width {
            32 => Ipv4Addr::from(u32::try_from(self.address).unwrap_or_default()).to_string(),
            _ => Ipv6Addr::from(self.address).to_string(),
        }
    }

    fn text(self) -> String {
        format!("{}/{}", self.address_text(), self.length)
    }
}

/// An address; the parts of an IPv4 address may have leading zeros, which do not make them octal.
fn read_address(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let plain = text.split('.').map(|part| {
        let trimmed = part.trim_start_matches('0');
        if trimmed.is_empty() && !part.is_empty() { "0" } else { trimmed }
    });
    plain.collect::<Vec<_>>().join(".").parse::<Ipv4Addr>().ok().map(IpAddr::V4)
}

/// So many ones.
fn low_bits(count: u32) -> u128 {
    1u128.checked_shl(count).map_or(u128::MAX, |bit| bit - 1)
}

/// A whole number; `None` where it does not fit, which is more than any range has.
fn whole(args: &Args<'_>, index: usize) -> Result<Option<i128>, CallError> {
    let number = args.at(index).as_number().and_then(Number::to_integer);
    let number = number.ok_or_else(|| CallError::call("value must be a whole number"))?;
    Ok(i128::try_from(number).ok())
}

fn host(args: &Args<'_>) -> Outcome {
    let network = Network::parse(args.text(0))?;
    let number = whole(args, 1)?;
    let last = network.host_mask();
    let chosen = number.and_then(|number| match u128::try_from(number) {
        Ok(number) => Some(number).filter(|&number| number <= last),
        // Negative numbers count from the end.
        Err(_) => last.checked_sub(number.unsigned_abs() - 1),
    });
    let Some(chosen) = chosen else {
        let message = format!("prefix of {} does not accommodate a host numbered {}", network.length, args.number(1));
        return Err(CallError::call(message));
    };
    Ok(Value::string(Network { address: network.address | chosen, ..network }.address_text()))
}

fn netmask(args: &Args<'_>) -> Outcome {
    let network = Network::parse(args.text(0))?;
    if network.width != 32 {
        return Err(CallError::call(format!("IPv6 addresses cannot have a netmask: {}", args.text(0))));
    }
    let address = low_bits(32) & !network.host_mask();
    Ok(Value::string(Network { address, ..network }.address_text()))
}

fn subnet(args: &Args<'_>) -> Outcome {
    let network = Network::parse(args.text(0))?;
    let bits = args.int(1)?;
    let number = whole(args, 2)?;
    let length = i64::from(network.length).checked_add(bits).and_then(|n| u32::try_from(n).ok());
    let Some(length) = length.filter(|&length| length <= network.width) else {
        let message = format!("insufficient address space to extend prefix of {} by {bits}", network.length);
        return Err(CallError::call(message));
    };
    let room = low_bits(u32::try_from(bits).unwrap_or(0));
    let Some(number) = number.and_then(|n| u128::try_from(n).ok()).filter(|&number| number <= room) else {
        let message = format!("prefix extension of {bits} does not accommodate a subnet numbered {}", args.number(2));
        return Err(CallError::call(message));
    };
    let shifted = number.checked_shl(network.width - length).unwrap_or(0);
    let subnet = Network { address: network.address | shifted, length, ..network };
    Ok(Value::string(Network { address: subnet.address & !subnet.host_mask(), ..subnet }.text()))
}

/// Subnets one after the other, each at the next place that fits its size.
fn subnets(args: &Args<'_>) -> Outcome {
    let network = Network::parse(args.text(0)).map_err(|error| CallError::argument(0, error.message))?;
    let end = network.address | network.host_mask();
    let family = if network.width == 32 { "IPv4" } else { "IPv6" };
    let mut next = Some(network.address);
    let mut previous = network;
    let mut found = Vec::new();
    for index in 1..args.values.len() {
        let bits = args.int(index).map_err(|error| CallError::argument(index, error.message))?;
        if bits < 1 {
            return Err(CallError::argument(index, "must extend prefix by at least one bit"));
        }
        // Terraform's limit: more subnets than that are numbered by nobody.
        if bits > 32 {
            return Err(CallError::argument(index, "may not extend prefix by more than 32 bits"));
        }
        let length = i64::from(network.length).saturating_add(bits);
        let Some(length_bits) = u32::try_from(length).ok().filter(|&length| length <= network.width) else {
            let message = format!("would extend prefix to {length} bits, which is too long for an {family} address");
            return Err(CallError::argument(index, message));
        };
        let mask = low_bits(network.width - length_bits);
        let start = next.and_then(|next| next.checked_add(mask)).map(|at| at & !mask).filter(|&at| at <= end);
        let Some(address) = start else {
            let message = format!(
                "not enough remaining address space for a subnet with a prefix of {length} bits after {}",
                previous.text()
            );
            return Err(CallError::argument(index, message));
        };
        previous = Network { address, length: length_bits, ..network };
        next = (address | mask).checked_add(1);
        found.push(Value::string(previous.text()));
    }
    Ok(Value::list(Type::String, found))
}

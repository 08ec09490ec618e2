//! Moments and pauses on a command line.

use crate::cli::exit::Failure;
use crate::diag::Diagnostic;
use crate::schema::instance::duration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Nothing is looked at more often: lists of thousands of rows are read in seconds.
const SHORTEST: Duration = Duration::from_secs(1);

/// Reads how long is waited between two looks.
///
/// # Errors
/// It is no duration, or too short.
pub fn pause(text: &str) -> Result<Duration, String> {
    let pause = duration(text).filter(|pause| *pause >= SHORTEST);
    pause.ok_or_else(|| "write it like \"30s\" or \"5m\", at least one second".to_owned())
}

/// Reads `-since`: so long ago (`90m`, `12h`, `7d`, `4w`), a date (its beginning, UTC) or a time.
///
/// # Errors
/// It is neither.
pub fn since(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let date = || TimeZone::UTC.to_timestamp(text.parse::<Date>().ok()?.at(0, 0, 0, 0)).ok();
    let time = ago(text, now).or_else(|| text.parse().ok()).or_else(date);
    time.ok_or_else(|| {
        let detail = format!("\"{text}\" is no moment. Write how long ago (12h, 7d, 4w), a date (2026-11-01) or a time (2026-11-01T08:00:00Z).");
        Diagnostic::error("Invalid -since", detail).into()
    })
}

fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let number: i64 = number.parse().ok()?;
    let minutes = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        "w" => 7 * 24 * 60,
        _ => return None,
    };
    let span = SignedDuration::from_secs(number.checked_mul(minutes * 60)?);
    now.checked_sub(span).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        let now: Timestamp = "2026-11-29T12:00:00Z".parse().expect("a time");
        for (text, told) in [
            ("90m", "2026-11-29T10:30:00Z"),
            ("7d", "2026-11-22T12:00:00Z"),
            ("2w", "2026-11-15T12:00:00Z"),
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            ("2026-11-01T08:00:00+02:00", "2026-11-01T06:00:00Z"),
        ] {
            assert_eq!(since(text, now).map(|time| time.to_string()).ok().as_deref(), Some(told), "{text}");
        }
        for wrong in ["", "7", "d", "7y", "yesterday", "99999999999999999w", "2026-13-01"] {
            assert!(since(wrong, now).is_err(), "{wrong}");
        }
    }
}

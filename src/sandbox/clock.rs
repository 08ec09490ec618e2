//! The world clock: it runs only while a sandbox serves, `speed` times as fast as ours, and can be pushed on.

use std::sync::LazyLock;
use std::time::Instant;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// When a new world begins: 2026-06-01T10:00:00Z, in milliseconds since 1970. Always the same, so that the same seed
/// and the same calls make the same world.
pub(super) const DAWN_MS: i64 = 1_780_308_000_000;

/// Milliseconds of one hour.
pub(super) const HOUR_MS: i64 = 3_600_000;

/// A clock that stands still, or runs since an instant.
pub(super) struct Clock {
    base_ms: i64,
    running: Option<Instant>,
    speed: f64,
}

impl Clock {
    /// A clock that stands at `base_ms`.
    pub(super) fn standing(base_ms: i64, speed: f64) -> Clock {
        Clock { base_ms, running: None, speed }
    }

    /// World time, in milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        let Some(since) = self.running else { return self.base_ms };
        let elapsed = since.elapsed().as_secs_f64() * 1000.0 * self.speed;
        self.base_ms.saturating_add(elapsed.clamp(0.0, 1e15) as i64)
    }

    /// Lets it run.
    pub(super) fn start(&mut self) {
        self.base_ms = self.now();
        self.running = Some(Instant::now());
    }

    /// Stops it where it stands.
    pub(super) fn stop(&mut self) {
        self.base_ms = self.now();
        self.running = None;
    }

    /// Changes how fast it runs, from now on.
    pub(super) fn set_speed(&mut self, speed: f64) {
        self.base_ms = self.now();
        if self.running.is_some() {
            self.running = Some(Instant::now());
        }
        self.speed = speed;
    }

    /// Pushes it on.
    pub(super) fn advance(&mut self, milliseconds: i64) {
        self.base_ms = self.base_ms.saturating_add(milliseconds.max(0));
    }
}

/// Turns a count of seconds into milliseconds, without overflow.
pub(super) fn seconds(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(1000)
}

/// The API's time stamps: Polish time with a numeric offset (API sheet §1).
pub(super) fn stamp(ms: i64) -> String {
    static WARSAW: LazyLock<TimeZone> =
        LazyLock::new(|| TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap_or(TimeZone::UTC));
    instant(ms).to_zoned_datetime(WARSAW.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The `Date` header.
pub(super) fn http_date(ms: i64) -> String {
    instant(ms).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn instant(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

//! Windows of a week on the clock of a place: "Mon-Fri 08:00-20:00", Europe/Warsaw.

use crate::diag::did_you_mean;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const DAY: u32 = 24 * 60;
const WEEK: u32 = 7 * DAY;

/// A window that began so many days ago may stand open still: one ends on the day after it began.
const BEFORE: i64 = 2;
/// So many days are looked ahead, for when it opens or closes next: two weeks, for a clock may skip a window once a year.
const AHEAD: i64 = 15;

/// When something is wanted. It reads the database of time zones that is built in: the same schedule says the same on
/// every machine.
#[derive(Clone, Debug)]
pub struct Schedule {
    windows: Vec<Window>,
    zone: TimeZone,
}

/// One window of each of its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// From Monday.
    days: [bool; 7],
    /// Minutes since the midnight that its day began with.
    from: u32,
    /// The same; past 24 h on the next day.
    to: u32,
}

/// The time zone of that name.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// What a clock at a place shows: `Mon 08:00`, behind a date where that is asked for.
pub(super) fn clock(at: Timestamp, zone_name: &str, with_date: bool) -> String {
    let form = if with_date { "%Y-%m-%d %H:%M" } else { "%a %H:%M" };
    let local = at.to_zoned_datetime(zone(zone_name).unwrap_or(TimeZone::UTC));
    format!("{} {zone_name}", local.strftime(form))
}

impl Schedule {
    /// Of texts that [`window`] and [`zone`] accept; `None` for others.
    pub(super) fn read<'a>(on: impl Iterator<Item = &'a str>, zone_name: &str) -> Option<Schedule> {
        let windows = on.map(|text| window(text).ok()).collect::<Option<Vec<_>>>()?;
        Some(Schedule { windows, zone: zone(zone_name)? })
    }

    /// Whether something is wanted at an instant.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.spans(at).iter().any(|(from, to)| *from <= at && at < *to)
    }

    /// When that is another answer next; `None` for one that stays.
    pub fn changes(&self, at: Timestamp) -> Option<Timestamp> {
        let spans = self.spans(at);
        let horizon = self.date(at).checked_add(Span::new().days(AHEAD)).ok().and_then(|date| self.begin(date, 0))?;
        let next = match spans.iter().find(|(from, to)| *from <= at && at < *to) {
            Some((_, to)) => *to,
            None => spans.iter().map(|(from, _)| *from).find(|from| *from > at)?,
        };
        (next < horizon).then_some(next)
    }

    /// Minutes of a week in which nothing is wanted, and those of a week.
    pub fn closed(&self) -> (u32, u32) {
        let mut open = vec![false; WEEK as usize];
        for window in &self.windows {
            for day in (0..7).filter(|day| window.days[*day as usize]) {
                (window.from..window.to).for_each(|minute| open[((day * DAY + minute) % WEEK) as usize] = true);
            }
        }
        (open.iter().filter(|open| !**open).count() as u32, WEEK)
    }

    /// The windows around an instant, those that touch as one, in order.
    fn spans(&self, at: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let today = self.date(at);
        let mut spans = Vec::new();
        for ahead in -BEFORE..=AHEAD {
            let Ok(date) = today.checked_add(Span::new().days(ahead)) else { continue };
            let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
            for window in self.windows.iter().filter(|window| window.days[weekday]) {
                spans.extend(self.begin(date, window.from).zip(self.begin(date, window.to)));
            }
        }
        spans.sort_unstable();
        let mut joined: Vec<(Timestamp, Timestamp)> = Vec::new();
        for (from, to) in spans.into_iter().filter(|(from, to)| from < to) {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        joined
    }

    fn date(&self, at: Timestamp) -> Date {
        at.to_zoned_datetime(self.zone.clone()).date()
    }

    /// When a clock first shows so many minutes of a day, or more: what a clock skips is there when it skips it, and what
    /// it shows twice counts once, so that nothing closes to open again within the hour.
    fn begin(&self, date: Date, minutes: u32) -> Option<Timestamp> {
        let date = date.checked_add(Span::new().days(i64::from(minutes / DAY))).ok()?;
        let (hour, minute) = (minutes % DAY / 60, minutes % 60);
        let at: DateTime = date.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
        let shown = self.zone.to_ambiguous_timestamp(at);
        let earlier = shown.earlier().ok()?;
        match shown.offset() {
            AmbiguousOffset::Gap { .. } => Some(self.zone.following(earlier).next()?.timestamp()),
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => Some(earlier),
        }
    }
}

/// Reads a window: `Mon-Fri 08:00-20:00`, `Sat,Sun`, `daily 22:00-06:00`.
///
/// # Errors
/// What is wrong, whole sentences.
pub(super) fn window(text: &str) -> Result<Window, String> {
    let mut words = text.split_whitespace();
    let (Some(on), hours, None) = (words.next(), words.next(), words.next()) else {
        return Err(format!(
            "\"{text}\" is no window. Write days and hours, like \"Mon-Fri 08:00-20:00\", or days alone, like \"Sat,Sun\" or \"daily\"."
        ));
    };
    let days = days(on, text)?;
    let Some(hours) = hours else { return Ok(Window { days, from: 0, to: DAY }) };
    let Some((from, to)) = hours.split_once('-') else {
        return Err(format!("\"{hours}\" in \"{text}\" is no span of hours. Write it like \"08:00-20:00\"."));
    };
    let (from, to) = (time(from, text)?, time(to, text)?);
    if from == to {
        return Err(format!(
            "\"{hours}\" in \"{text}\" ends when it begins. For whole days write the days alone: \"{on}\"."
        ));
    }
    if from == DAY {
        return Err(format!("\"{hours}\" in \"{text}\" begins when its day ends. Write 00:00 of the next day."));
    }
    Ok(Window { days, from, to: if to < from { to + DAY } else { to } })
}

fn days(on: &str, text: &str) -> Result<[bool; 7], String> {
    let mut days = [false; 7];
    if on.eq_ignore_ascii_case("daily") {
        return Ok([true; 7]);
    }
    for part in on.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first, text)?, day(last, text)?);
        let length = (7 + last - first) % 7;
        (0..=length).for_each(|ahead| days[(first + ahead) % 7] = true);
    }
    Ok(days)
}

fn day(word: &str, text: &str) -> Result<usize, String> {
    DAYS.iter().position(|day| day.eq_ignore_ascii_case(word)).ok_or_else(|| {
        let hint = did_you_mean(word, DAYS);
        format!("\"{word}\" in \"{text}\" is no day.{hint} Days are {} and daily.", DAYS.join(", "))
    })
}

/// Minutes since midnight.
fn time(word: &str, text: &str) -> Result<u32, String> {
    let two = |digits: &str| match digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit()) {
        true => digits.parse::<u32>().ok(),
        false => None,
    };
    let read = word.split_once(':').and_then(|(hour, minute)| Some((two(hour)?, two(minute)?)));
    match read {
        Some((hour, minute)) if hour < 24 && minute < 60 || (hour, minute) == (24, 0) => Ok(hour * 60 + minute),
        _ => Err(format!("\"{word}\" in \"{text}\" is no time of day. Write 00:00 to 24:00, with two digits each.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(on: &[&str], zone: &str) -> Schedule {
        Schedule::read(on.iter().copied(), zone).expect("a schedule")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    /// Windows, zone, an instant, whether it is open, and when that changes.
    const TABLE: &[(&[&str], &str, &str, bool, &str)] = &[
        // An ordinary week; 2026-06-01 is a Monday.
        (&["Mon-Fri 08:00-20:00"], "Europe/Warsaw", "2026-06-01T10:00:00Z", true, "2026-06-01T18:00:00Z"),
        (&["Mon-Fri 08:00-20:00"], "Europe/Warsaw", "2026-06-01T05:59:59Z", false, "2026-06-01T06:00:00Z"),
        (&["Mon-Fri 08:00-20:00"], "Europe/Warsaw", "2026-06-01T06:00:00Z", true, "2026-06-01T18:00:00Z"),
        (&["Mon-Fri 08:00-20:00"], "Europe/Warsaw", "2026-06-01T18:00:00Z", false, "2026-06-02T06:00:00Z"),
        (&["Mon-Fri 08:00-20:00"], "Europe/Warsaw", "2026-06-05T18:00:00Z", false, "2026-06-08T06:00:00Z"),
        (&["Mon-Fri 08:00-20:00"], "UTC", "2026-06-01T07:59:00Z", false, "2026-06-01T08:00:00Z"),
        (&["Sat,Sun"], "America/New_York", "2026-06-06T03:59:59Z", false, "2026-06-06T04:00:00Z"),
        (&["Sat,Sun"], "America/New_York", "2026-06-06T04:00:00Z", true, "2026-06-08T04:00:00Z"),
        (&["daily"], "UTC", "2026-06-06T04:00:00Z", true, ""),
        (&["daily 00:00-24:00"], "Europe/Warsaw", "2026-03-29T01:00:00Z", true, ""),
        (&["Mon 20:00-24:00", "Tue 00:00-06:00"], "UTC", "2026-06-01T21:00:00Z", true, "2026-06-02T06:00:00Z"),
        (&["Sun-Tue 12:00-13:00"], "UTC", "2026-06-02T13:00:00Z", false, "2026-06-07T12:00:00Z"),
        (&[], "UTC", "2026-06-02T13:00:00Z", false, ""),
        // Across midnight, and across the week.
        (&["Fri 22:00-06:00"], "Europe/Warsaw", "2026-06-05T20:00:00Z", true, "2026-06-06T04:00:00Z"),
        (&["Fri 22:00-06:00"], "Europe/Warsaw", "2026-06-06T03:59:59Z", true, "2026-06-06T04:00:00Z"),
        (&["Fri 22:00-06:00"], "Europe/Warsaw", "2026-06-06T04:00:00Z", false, "2026-06-12T20:00:00Z"),
        (&["Sun 22:00-00:00"], "UTC", "2026-06-07T23:59:00Z", true, "2026-06-08T00:00:00Z"),
        (&["daily 23:59-23:58"], "UTC", "2026-06-07T23:58:30Z", false, "2026-06-07T23:59:00Z"),
        // Warsaw, 2026-03-29: 02:00 is 03:00. What begins or ends in between does so when the clock skips it.
        (&["Sun 02:30-04:00"], "Europe/Warsaw", "2026-03-29T00:59:59Z", false, "2026-03-29T01:00:00Z"),
        (&["Sun 02:30-04:00"], "Europe/Warsaw", "2026-03-29T01:00:00Z", true, "2026-03-29T02:00:00Z"),
        (&["Sun 02:00-04:00"], "Europe/Warsaw", "2026-03-29T00:30:00Z", false, "2026-03-29T01:00:00Z"),
        (&["Sun 01:00-02:30"], "Europe/Warsaw", "2026-03-29T00:59:59Z", true, "2026-03-29T01:00:00Z"),
        (&["Sun 02:10-02:50"], "Europe/Warsaw", "2026-03-29T01:00:00Z", false, "2026-04-05T00:10:00Z"),
        (&["Sat 22:00-06:00"], "Europe/Warsaw", "2026-03-28T21:00:00Z", true, "2026-03-29T04:00:00Z"),
        // Warsaw, 2026-10-25: 03:00 is 02:00 again. Each time of day counts once, the first time.
        (&["Sun 02:30-04:00"], "Europe/Warsaw", "2026-10-25T00:30:00Z", true, "2026-10-25T03:00:00Z"),
        (&["Sun 02:30-04:00"], "Europe/Warsaw", "2026-10-25T01:15:00Z", true, "2026-10-25T03:00:00Z"),
        (&["Sun 01:00-02:30"], "Europe/Warsaw", "2026-10-25T00:30:00Z", false, "2026-11-01T00:00:00Z"),
        (&["Sun 01:00-02:30"], "Europe/Warsaw", "2026-10-25T01:15:00Z", false, "2026-11-01T00:00:00Z"),
        (&["Sat 22:00-06:00"], "Europe/Warsaw", "2026-10-25T04:59:59Z", true, "2026-10-25T05:00:00Z"),
        // New York, 2026-03-08 and 2026-11-01.
        (&["Sun 02:30-04:00"], "America/New_York", "2026-03-08T06:59:59Z", false, "2026-03-08T07:00:00Z"),
        (&["Sun 02:30-04:00"], "America/New_York", "2026-03-08T07:00:00Z", true, "2026-03-08T08:00:00Z"),
        (&["Sun 00:00-01:30"], "America/New_York", "2026-11-01T05:29:59Z", true, "2026-11-01T05:30:00Z"),
        (&["Sun 00:00-01:30"], "America/New_York", "2026-11-01T06:15:00Z", false, "2026-11-08T05:00:00Z"),
        (&["Mon-Fri 09:00-17:00"], "America/New_York", "2026-03-06T22:00:00Z", false, "2026-03-09T13:00:00Z"),
        (&["Mon-Fri 09:00-17:00"], "America/New_York", "2026-10-30T21:00:00Z", false, "2026-11-02T14:00:00Z"),
    ];

    #[test]
    fn windows_open_and_close_by_the_clock_of_their_place() {
        for (on, zone, when, open, changes) in TABLE {
            let schedule = schedule(on, zone);
            let next = schedule.changes(at(when)).map_or(String::new(), |next| next.to_string());
            assert_eq!((schedule.is_open(at(when)), next.as_str()), (*open, *changes), "{on:?} {zone} {when}");
        }
    }

    #[test]
    fn what_is_told_to_change_next_changes_then_and_not_before() {
        let schedule = schedule(&["Mon-Fri 08:00-20:00", "Sat 22:00-02:30", "Sun 02:15-02:45"], "Europe/Warsaw");
        for hour in 0..24 * 400 {
            let now = at("2026-01-01T00:00:00Z") + jiff::SignedDuration::from_hours(hour);
            let next = schedule.changes(now).expect("it changes");
            let second = jiff::SignedDuration::from_secs(1);
            assert!(next > now && schedule.is_open(next) != schedule.is_open(now), "{now} {next}");
            assert_eq!(schedule.is_open(next - second), schedule.is_open(now), "{now} {next}");
        }
    }

    #[test]
    fn what_a_week_leaves_out() {
        assert_eq!(schedule(&["Mon-Fri 08:00-20:00"], "UTC").closed(), (WEEK - 5 * 720, WEEK));
        assert_eq!(schedule(&["daily", "Sun 22:00-06:00"], "UTC").closed().0, 0);
        assert_eq!(schedule(&["Sun 22:00-06:00", "Mon 05:00-07:00"], "UTC").closed().0, WEEK - 540);
    }

    #[test]
    fn what_is_no_window_is_told_in_its_words() {
        for (text, told) in [
            ("", "is no window"),
            ("Mon 08:00-20:00 UTC", "is no window"),
            ("Mom-Fri 08:00-20:00", "\"Mom\" in \"Mom-Fri 08:00-20:00\" is no day. Did you mean \"Mon\"?"),
            ("Mon- 08:00-20:00", "\"\" in \"Mon- 08:00-20:00\" is no day"),
            ("Mon, 08:00-20:00", "\"\" in \"Mon, 08:00-20:00\" is no day"),
            ("08:00-20:00", "is no day"),
            ("Mon 8:00-20:00", "\"8:00\" in \"Mon 8:00-20:00\" is no time of day"),
            ("Mon 08:00-24:01", "\"24:01\""),
            ("Mon 08:60-10:00", "\"08:60\""),
            ("Mon 08:00", "is no span of hours"),
            ("Mon 08:00-", "\"\" in"),
            ("Mon +8:00-10:00", "\"+8:00\""),
            ("daily 08:00-08:00", "ends when it begins. For whole days write the days alone: \"daily\"."),
            ("Mon 24:00-06:00", "begins when its day ends"),
        ] {
            let error = window(text).expect_err(text);
            assert!(error.contains(told), "{text}: {error}");
        }
        assert_eq!(window("  mon-fri   08:00-20:00 "), window("Mon-Fri 08:00-20:00"));
        assert!(zone("Europe/Warsaw").is_some() && zone("Warsaw").is_none() && zone("").is_none());
    }

    #[test]
    fn a_clock_is_read_at_its_place() {
        assert_eq!(clock(at("2026-11-30T07:00:00Z"), "Europe/Warsaw", false), "Mon 08:00 Europe/Warsaw");
        assert_eq!(clock(at("2026-11-28T10:00:00Z"), "UTC", true), "2026-11-28 10:00 UTC");
    }
}

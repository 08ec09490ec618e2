//! The mark we leave in `notes`: whose machine it is. There are no tags in this API (API sheet §8).

use super::MachineId;
use crate::address::InstanceAddr;

/// What starts a mark. The version of the form is part of it.
const START: &str = "podform:v1:";

/// The workspace of a fleet that chooses none.
pub const DEFAULT_WORKSPACE: &str = "default";

/// Whose objects are that a workspace of a fleet makes: the fleet's in the default one, and `FLEET/WORKSPACE` in every other, which
/// no fleet can be called. So two workspaces of a fleet are to each other what two fleets are: neither adopts, releases or
/// refuses what is the other's, and a podform that knows no workspaces leaves alone what it does not know.
pub fn owner(fleet: &str, workspace: &str) -> String {
    match workspace {
        DEFAULT_WORKSPACE => fleet.to_owned(),
        other => format!("{fleet}/{other}"),
    }
}

/// Ownership of a machine or template group: `podform:v1:FLEET:LINEAGE:CLAIM:MACHINE:SERIAL:ADDRESS`. Without a serial it is
/// `...:CLAIM:MACHINE:ADDRESS`, or `...:CLAIM:ADDRESS` where no machine was known: so are those that older versions wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The fleet's name, from `podform { fleet = ... }`; beside the default workspace that of the [`owner`].
    pub fleet: String,
    /// The lineage of the state that made it.
    pub lineage: String,
    /// The claim of the intent that made it.
    pub claim: String,
    /// The machine that it was written onto: whoever copies notes copies the mark, and a copy names another machine.
    /// A template group's goes out with the call that makes it, before there is a number.
    pub machine: Option<MachineId>,
    /// The serial of the state from which the run went on that wrote it: a state of this lineage with a lower one is an old
    /// one. 0 where there was none yet, and in marks of older versions.
    pub serial: u64,
    /// The address it was made for.
    pub address: InstanceAddr,
}

impl Mark {
    /// Notes with the user's text first, then this mark on a line of its own.
    pub fn write(&self, text: &str) -> String {
        let machine = self.machine.map_or_else(String::new, |machine| machine.to_string());
        let facts = match self.serial {
            0 if machine.is_empty() => String::new(),
            0 => format!("{machine}:"),
            serial => format!("{machine}:{serial}:"),
        };
        let mark = format!(
            "{START}{}:{}:{}:{facts}{}",
            escape(&self.fleet),
            escape(&self.lineage),
            escape(&self.claim),
            escape(&self.address.to_string())
        );
        if text.is_empty() { mark } else { format!("{text}\n{mark}") }
    }

    /// Whether it was written onto another machine than the one that carries it.
    pub fn is_copied_to(&self, carrier: MachineId) -> bool {
        self.machine.is_some_and(|machine| machine != carrier)
    }

    /// The user's text, and the mark where there is one; found wherever users moved it to. The last mark counts: ours
    /// goes out last.
    pub fn read(notes: &str) -> (String, Option<Mark>) {
        let mut text = String::new();
        let mut found = None;
        let mut rest = notes;
        while let Some(at) = rest.find(START) {
            let token = rest[at..].split(char::is_whitespace).next().unwrap_or_default();
            let (before, after) = (&rest[..at], &rest[at + token.len()..]);
            match parse(token) {
                Some(mark) => {
                    found = Some(mark);
                    // The line break that `write` put before the mark is not the user's.
                    text.push_str(before.strip_suffix('\n').unwrap_or(before));
                }
                None => {
                    text.push_str(before);
                    text.push_str(token);
                }
            }
            rest = after;
        }
        text.push_str(rest);
        (text, found)
    }

    /// Whether notes hold what is left of a mark of this fleet and lineage after its end was cut off.
    pub fn is_piece(notes: &str, fleet: &str, lineage: &str) -> bool {
        let start = format!("{START}{}:{}:", escape(fleet), escape(lineage));
        !lineage.is_empty() && notes.contains(&start)
    }
}

fn parse(token: &str) -> Option<Mark> {
    let fields: Vec<String> = token.strip_prefix(START)?.split(':').map(unescape).collect::<Option<_>>()?;
    let [fleet, lineage, claim, between @ .., address] = fields.as_slice() else { return None };
    let (machine, serial) = match between {
        [] => (None, 0),
        [machine] => (Some(machine), 0),
        [machine, serial] => (Some(machine).filter(|machine| !machine.is_empty()), serial.parse().ok()?),
        _ => return None,
    };
    let mark = Mark {
        fleet: fleet.clone(),
        lineage: lineage.clone(),
        claim: claim.clone(),
        machine: machine.map(|machine| machine.parse().map(MachineId)).transpose().ok()?,
        serial,
        address: address.parse().ok()?,
    };
    // Nobody's terminal is drawn on by what somebody wrote into notes.
    let clean = [&mark.fleet, &mark.lineage, &mark.claim, &mark.address.to_string()];
    let clean = clean.iter().all(|field| !field.chars().any(char::is_control));
    clean.then_some(mark)
}

/// Percent-escapes everything but letters, digits, `.`, `_` and `-`, so that a mark is one word.
fn escape(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(b) = rest.next() {
        bytes.push(match b {
            b'%' => {
                let digit = |b: Option<u8>| char::from(b?).to_digit(16).and_then(|d| u8::try_from(d).ok());
                digit(rest.next())? * 16 + digit(rest.next())?
            }
            b => b,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
impl Mark {
    /// That of the fleet "lab", for tests: lineage "l", claim "c".
    pub(crate) fn sample(address: &str) -> Mark {
        let (fleet, lineage, claim) = ("lab".into(), "l".into(), "c".into());
        Mark { fleet, lineage, claim, machine: None, serial: 0, address: address.parse().expect("an address") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        Mark {
            fleet: "render farm".into(),
            lineage: "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed".into(),
            claim: "c0ffee".into(),
            machine: Some(MachineId(108)),
            serial: 12,
            address: "module.m[\"a:b\"].simplepod_instance.w[0]".parse().expect("an address"),
        }
    }

    #[test]
    fn a_mark_round_trips_after_any_text() {
        for text in ["", "hello", "two\nlines\n", "ends with newline\n", "podform:v1:not-a-mark", "ünï 100% %zz"] {
            assert_eq!(Mark::read(&mark().write(text)), (text.to_owned(), Some(mark())), "{text:?}");
        }
    }

    #[test]
    fn a_mark_without_machine_or_serial_is_as_it_ever_was() {
        let start = "podform:v1:render%20farm:1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed:c0ffee:";
        let end = "module.m%5B%22a%3Ab%22%5D.simplepod_instance.w%5B0%5D";
        let (machine, none) = (Some(MachineId(108)), None);
        for (machine, serial, between) in
            [(none, 0, ""), (machine, 0, "108:"), (none, 7, ":7:"), (machine, 7, "108:7:")]
        {
            let (mark, line) = (Mark { machine, serial, ..mark() }, format!("{start}{between}{end}"));
            assert_eq!((mark.write(""), Mark::read(&line).1), (line, Some(mark)));
        }
        for between in [":", "108::", "x:7:", "108:x:", "108:-1:", "108:7:9:"] {
            assert_eq!(Mark::read(&format!("{start}{between}{end}")).1, None, "{between}");
        }
    }

    #[test]
    fn a_workspace_is_an_owner_of_its_own() {
        assert_eq!(owner("lab", DEFAULT_WORKSPACE), "lab", "marks of the default workspace are as they ever were");
        let staging = Mark { fleet: owner("lab", "staging"), ..mark() };
        let notes = staging.write("text");
        assert!(notes.contains("podform:v1:lab%2Fstaging:"), "{notes}");
        assert_eq!(Mark::read(&notes), ("text".to_owned(), Some(staging.clone())));
        assert!(
            Mark::is_piece(&notes, "lab/staging", &staging.lineage) && !Mark::is_piece(&notes, "lab", &staging.lineage)
        );
    }

    #[test]
    fn a_copy_names_another_machine() {
        let group = Mark { machine: None, ..mark() };
        assert_eq!(Mark::read(&group.write("")).1, Some(group.clone()));
        assert!(mark().is_copied_to(MachineId(109)));
        assert!(!mark().is_copied_to(MachineId(108)));
        assert!(!group.is_copied_to(MachineId(109)), "it names none");
    }

    #[test]
    fn a_mark_survives_editing() {
        let edited = format!("see ticket 7 {} thanks", mark().write(""));
        assert_eq!(Mark::read(&edited), ("see ticket 7  thanks".to_owned(), Some(mark())));
    }

    #[test]
    fn a_mark_is_found_in_hostile_notes() {
        let line = mark().write("");
        let found = |notes: &str| Mark::read(notes).1;
        for notes in [
            format!("{line}\ntext after it"),
            format!("text\r\n{line}\r\n"),
            format!("\u{feff}{line}\u{2028}"),
            format!("{line} {line}"),
            format!("podform:v1:x:y {line} podform:v1:"),
        ] {
            assert_eq!(found(&notes), Some(mark()), "{notes:?}");
        }
        let other = Mark { claim: "beef".into(), ..mark() };
        assert_eq!(found(&format!("{}\n{line}", other.write(""))), Some(mark()), "ours goes out last");
        let escape = Mark { claim: "\u{1b}[31m".into(), ..mark() };
        assert_eq!(found(&escape.write("")), None);
        for broken in [line.replace(':', " "), format!("{line}x:y"), line.to_uppercase(), format!("{line}</p>")] {
            assert_eq!(found(&broken), None, "{broken:?}");
        }
        for end in 0..line.len() {
            assert_ne!(found(&line[..end]).map(|cut| cut.claim), Some("beef".into()));
        }
    }

    #[test]
    fn what_is_no_mark_is_text() {
        for text in ["", "podform:v1:", "podform:v1:a:b", "podform:v1:a:b:c:%", "podform:v1:a:b:c:x.y:z"] {
            assert_eq!(Mark::read(text), (text.to_owned(), None));
        }
    }
}

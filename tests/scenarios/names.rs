//! What differs from run to run gets a name that does not.

use regex::{Captures, Regex};
use std::sync::LazyLock;

/// The names that were given so far. Identity shows: the same UUID, claim or key has the same number everywhere in a
/// story, another one has another. Numbers are given in the order in which things appear.
#[derive(Default)]
pub struct Names {
    uuids: Vec<String>,
    claims: Vec<String>,
    keys: Vec<String>,
}

impl Names {
    /// Replaces UUIDs, claims (whole, or the first eight letters as people see them), keys of deposed objects, times,
    /// durations, sums, process numbers, and spaces at the ends of lines.
    pub fn normalise(&mut self, text: &str) -> String {
        static IDENTITIES: LazyLock<Regex> = LazyLock::new(|| {
            let uuid = "(?<uuid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})";
            let claim = r"\b(?<claim>[0-9a-f]{32})\b|\(claim (?<start>[0-9a-f]{8})\)";
            Regex::new(&format!(r"{uuid}|{claim}|\(deposed object (?<key>[0-9a-f]{{8}})\)")).unwrap()
        });
        static REST: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
            let pattern = |text: &str, by: &'static str| (Regex::new(text).unwrap(), by);
            vec![
                // Of secrets it depends on the key, of deposed objects on theirs.
                pattern("sha256:[0-9a-f]{64}", "sha256:DIGEST"),
                pattern(r"\(deposed [0-9a-f]{8}\)", "(deposed KEY)"),
                pattern("\"sum\": \"[0-9a-f]{16}\"", "\"sum\": \"SUM\""),
                pattern(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", "TIME"),
                pattern(r"\bafter \d+(?:\.\d+)?(?:ms|s|m\d+s)", "after N s"),
                pattern(r"\b(pid|process) \d+", "$1 N"),
                pattern(r"(?m)[ \t]+$", ""),
            ]
        });
        let mut text = IDENTITIES.replace_all(text, |found: &Captures<'_>| self.named(found)).into_owned();
        for (pattern, by) in REST.iter() {
            text = pattern.replace_all(&text, *by).into_owned();
        }
        text
    }

    /// What a story says, with the UUIDs and claims that its names stand for.
    pub fn restore(&self, text: &str) -> String {
        let (uuids, claims) = (self.uuids.iter().enumerate(), self.claims.iter().enumerate());
        let named = uuids.map(|(at, uuid)| (format!("UUID{}", at + 1), uuid));
        let named = named.chain(claims.map(|(at, claim)| (format!("CLAIM{}", at + 1), claim)));
        // A longer number before the one that it begins with.
        named
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .fold(text.to_owned(), |text, (name, whole)| text.replace(&name, whole))
    }

    fn named(&mut self, found: &Captures<'_>) -> String {
        if let Some(uuid) = found.name("uuid") {
            format!("UUID{}", number(&mut self.uuids, uuid.as_str()))
        } else if let Some(claim) = found.name("claim") {
            format!("CLAIM{}", number(&mut self.claims, claim.as_str()))
        } else if let Some(start) = found.name("start") {
            format!("(claim CLAIM{})", number(&mut self.claims, start.as_str()))
        } else {
            format!("(deposed object KEY{})", number(&mut self.keys, &found["key"]))
        }
    }
}

/// The number of a name, from 1; of a shortened one the number of the whole.
fn number(known: &mut Vec<String>, name: &str) -> usize {
    let is_it = |other: &String| other.starts_with(name) || name.starts_with(other.as_str());
    match known.iter().position(is_it) {
        Some(at) => {
            if known[at].len() < name.len() {
                name.clone_into(&mut known[at]);
            }
            at + 1
        }
        None => {
            known.push(name.to_owned());
            known.len()
        }
    }
}

/// A text that stands alone.
pub fn normalise(text: &str) -> String {
    Names::default().normalise(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "387d2309afe9419d844dd8e7e0c01b4d";
    const TWO: &str = "0b129072481a4dd1ae21aaaf751c4968";

    #[test]
    fn a_swapped_claim_shows() {
        let told = |environment: &str, mark: &str| normalise(&format!("CLAIM={environment} notes=podform:v1:{mark}:x"));
        assert_eq!(told(ONE, ONE), told(TWO, TWO));
        assert_eq!(told(ONE, ONE), "CLAIM=CLAIM1 notes=podform:v1:CLAIM1:x");
        assert_ne!(told(ONE, ONE), told(ONE, TWO));
    }

    #[test]
    fn a_name_stays_from_text_to_text() {
        let mut names = Names::default();
        assert_eq!(names.normalise(TWO), "CLAIM1");
        assert_eq!(names.normalise(&format!("{ONE} {TWO}")), "CLAIM2 CLAIM1");
        assert_eq!(names.normalise("(claim 387d2309) (claim aaaaaaaa)"), "(claim CLAIM2) (claim CLAIM3)");
        assert_eq!(names.normalise("aaaaaaaa481a4dd1ae21aaaf751c4968"), "CLAIM3");
        let lineage = "e006b83f-7a43-4134-aff7-e9385f63185f";
        assert_eq!(names.normalise(&format!("{lineage} {lineage}")), "UUID1 UUID1");
        assert_eq!(names.normalise("e006b83f-7a43-4134-aff7-e9385f631850"), "UUID2");
        assert_eq!(names.normalise("(deposed object 01234567)"), "(deposed object KEY1)");
    }

    #[test]
    fn time_goes() {
        let text = "at 2026-06-08T12:00:00+02:00 after 1m2s by process 12  \n";
        assert_eq!(normalise(text), "at TIME after N s by process N\n");
    }
}

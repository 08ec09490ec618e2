//! Secrets in text from the network, however the other side wrote them down: as they are, in JSON (`\u00e9`), in a URL
//! (`%C3%A9`), in HTML (`&eacute;`), or one in the other.

/// What stands where a secret stood.
const HIDDEN: &str = "(hidden)";

/// Shorter secrets are left, in characters: they say nothing and would make every text unreadable.
const SHORTEST: usize = 4;

/// A line of a longer secret may be ordinary words ("fi", "done"): only what is so long counts, in characters.
const SHORTEST_LINE: usize = 8;

/// How many escapings may lie in each other: an error in JSON quotes a JSON, in an address or a page.
const DEPTH: usize = 3;

/// The letters from U+00A0 on as HTML names them.
const LATIN: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo", "not", "shy",
    "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot", "cedil", "sup1", "ordm",
    "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig",
    "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve",
    "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN",
    "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc",
    "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml",
    "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

/// `text` without any of `secrets`.
pub(super) fn hide(text: &str, secrets: &[String]) -> String {
    let lines = secrets.iter().filter(|secret| secret.contains(['\n', '\r'])).flat_map(|secret| secret.lines());
    let lines = lines.map(str::trim).filter(|line| line.chars().count() >= SHORTEST_LINE);
    let whole = secrets.iter().map(String::as_str).filter(|secret| secret.chars().count() >= SHORTEST);
    let needles: Vec<&str> = whole.chain(lines).collect();
    let mut found = Vec::new();
    let view = View { text: text.to_owned(), starts: (0..=text.len()).collect() };
    view.search(&needles, DEPTH, &mut found);
    found.sort_unstable();
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (start, end) in found {
        // Where two overlap, the part that is left of the later one goes too.
        if start >= at {
            out.push_str(&text[at..start]);
            out.push_str(HIDDEN);
        }
        at = at.max(end);
    }
    out.push_str(&text[at..]);
    out
}

/// A text as it reads with escapes undone, and where its bytes come from.
struct View {
    text: String,
    /// Of each byte, and of the end, the place in the original text.
    starts: Vec<usize>,
}

/// What the head of a text stands for, and how many of its bytes that takes.
type Undo = fn(&str) -> Option<(char, usize)>;

impl View {
    fn search(&self, needles: &[&str], depth: usize, found: &mut Vec<(usize, usize)>) {
        for needle in needles {
            let places = self.text.match_indices(needle);
            found.extend(places.map(|(at, _)| (self.starts[at], self.starts[at + needle.len()])));
        }
        let Some(deeper) = depth.checked_sub(1) else { return };
        for undo in [json as Undo, percent, entity] {
            if let Some(view) = self.undone(undo) {
                view.search(needles, deeper, found);
            }
        }
    }

    /// `None` where nothing is escaped so.
    fn undone(&self, undo: Undo) -> Option<View> {
        let (mut text, mut starts) = (String::with_capacity(self.text.len()), Vec::with_capacity(self.starts.len()));
        let (mut at, mut changed) = (0, false);
        while let Some(c) = self.text[at..].chars().next() {
            let undone = undo(&self.text[at..]);
            changed |= undone.is_some();
            let (c, length) = undone.unwrap_or((c, c.len_utf8()));
            text.push(c);
            starts.extend(std::iter::repeat_n(self.starts[at], c.len_utf8()));
            at += length;
        }
        starts.push(self.starts[at]);
        changed.then_some(View { text, starts })
    }
}

fn json(text: &str) -> Option<(char, usize)> {
    let rest = text.strip_prefix('\\')?;
    let c = match rest.chars().next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'u' => {
            let unit = |at: usize| u16::from_str_radix(text.get(at..at + 4)?, 16).ok();
            let first = unit(2)?;
            if let Some(c) = char::from_u32(first.into()) {
                return Some((c, 6));
            }
            text.get(6..8).filter(|next| *next == "\\u")?;
            let c = char::decode_utf16([first, unit(8)?]).next()?.ok()?;
            return Some((c, 12));
        }
        c @ ('"' | '\\' | '/' | '\'') => c,
        _ => return None,
    };
    Some((c, 2))
}

fn percent(text: &str) -> Option<(char, usize)> {
    if text.starts_with('+') {
        return Some((' ', 1));
    }
    let byte = |number: usize| {
        let hex = text.get(3 * number..)?.strip_prefix('%')?.get(..2)?;
        u8::from_str_radix(hex, 16).ok()
    };
    let bytes: Vec<u8> = (0..4).map_while(byte).collect();
    let c = match str::from_utf8(&bytes) {
        Ok(text) => text.chars().next()?,
        Err(error) => str::from_utf8(&bytes[..error.valid_up_to()]).ok()?.chars().next()?,
    };
    Some((c, 3 * c.len_utf8()))
}

fn entity(text: &str) -> Option<(char, usize)> {
    // The longest has eight letters.
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = text[..end].strip_prefix('&')?;
    let number = |text: &str, radix| u32::from_str_radix(text, radix).ok().and_then(char::from_u32);
    let c = match name {
        "quot" => '"',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "apos" => '\'',
        name => match name.strip_prefix('#') {
            Some(digits) => match digits.strip_prefix(['x', 'X']) {
                Some(digits) => number(digits, 16)?,
                None => number(digits, 10)?,
            },
            None => {
                let place = LATIN.iter().position(|latin| *latin == name)?;
                char::from_u32(0xa0 + u32::try_from(place).ok()?)?
            }
        },
    };
    Some((c, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// How servers write a text down.
    const FORMS: [fn(&str) -> String; 6] = [
        |text| text.to_owned(),
        |text| serde_json::to_string(text).expect("JSON").trim_matches('"').to_owned(),
        // As PHP does it.
        |text| {
            let text = serde_json::to_string(text).expect("JSON").trim_matches('"').replace('/', "\\/");
            let mut units = [0; 2];
            let escaped = |c: char| match c.is_ascii() {
                true => c.to_string(),
                false => c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
            };
            text.chars().map(escaped).collect()
        },
        |text| text.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        |text| text.chars().map(|c| format!("&#{};", u32::from(c))).collect(),
        |text| {
            let named = |c: char| match c {
                '"' => "&quot;".to_owned(),
                '&' => "&amp;".to_owned(),
                '<' => "&lt;".to_owned(),
                '>' => "&gt;".to_owned(),
                '\'' => "&#039;".to_owned(),
                '\u{a0}'..='\u{ff}' => format!("&{};", LATIN[c as usize - 0xa0]),
                c => c.to_string(),
            };
            text.chars().map(named).collect()
        },
    ];

    #[test]
    fn secrets_are_hidden_longest_first() {
        let secrets = ["hunter2".to_owned(), "hunter2000".to_owned(), "1".to_owned()];
        assert_eq!(hide("1 hunter2000 hunter2", &secrets), "1 (hidden) (hidden)");
        let secrets = ["two\nsecond-line\nfi".to_owned(), "quo\"te/x".to_owned()];
        assert_eq!(
            hide(r#"two\nsecond-line\nfi two second-line fi "quo\"te\/x" "quo\"te/x""#, &secrets),
            r#"(hidden) two (hidden) fi "(hidden)" "(hidden)""#
        );
    }

    #[test]
    fn every_form_of_a_secret_is_hidden() {
        let secret = ["caf\u{e9} \"100%\" & <b>/\u{1f600}".to_owned()];
        for outer in FORMS {
            for inner in FORMS {
                for middle in FORMS {
                    let told = format!("a {} b", outer(&middle(&inner(&secret[0]))));
                    assert_eq!(hide(&told, &secret), "a (hidden) b", "{told}");
                }
            }
        }
        assert_eq!(hide("x=caf%c3%a9+now", &["café now".to_owned()]), "x=(hidden)");
        assert_eq!(
            hide("&; &#; &#x; &x; %zz % \\ \\u12 \\ud800", &["none".to_owned()]),
            "&; &#; &#x; &x; %zz % \\ \\u12 \\ud800"
        );
    }

    proptest! {
        #[test]
        fn any_text_can_be_looked_through(text in "[\\\\u0-9a-f%&#;x+é\u{1f600}]{0,60}", secret in "\\PC{4,12}") {
            hide(&text, std::slice::from_ref(&secret));
            prop_assert_eq!(hide(&format!("[{secret}]"), std::slice::from_ref(&secret)), "[(hidden)]");
        }
    }
}

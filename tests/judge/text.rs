//! Random configurations. A text is made with marks where blanks may stand, and then dressed with some.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Blanks that stay in the line; in brackets, where lines do not count, any.
const BLANK: &str = "\u{e000}";
/// Blanks that stay in the line everywhere.
const INLINE: &str = "\u{e001}";
/// At least one blank, in the line.
const GAP: &str = "\u{e002}";
/// Blanks, line ends, comments.
const FREE: &str = "\u{e003}";
/// The end of a line, with a comment or with lines of nothing.
const LINE: &str = "\u{e004}";

const NAMES: [&str; 14] =
    ["a", "foo", "in", "if", "some-name", "_x", "ünïcode", "名前", "x1", "endif", "else", "format", "a-1", "string"];
const TEXTS: [&str; 20] = [
    "plain",
    " ",
    "a b",
    "\\n",
    " \\t ",
    "\\\"",
    "\\\\",
    "\\u00e9",
    "\\U0001F600",
    "$ ",
    "% ",
    "$$ ",
    "$${x}",
    "%%{y}",
    "日本",
    "e\u{301}",
    "# no",
    "/* no */",
    "<<E",
    "}",
];
/// What stands in a directive between quotation marks, where hcl-rs knows no escapes.
const PLAIN_TEXTS: [&str; 6] = ["x", " ", "a b ", "日本", "$ ", "%%{y}"];
const LINES: [&str; 14] =
    ["text", "  two", "\\n", "\"", "$ ", "% ", "$${a}", "日本", "# no", "a = 1", "}", "\t", "x EOT", "EOTx"];
const OPERATORS: [&str; 13] = ["+", " -", "*", "/ ", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||"];

/// The inside of brackets, where lines may end.
fn free(text: &str) -> String {
    format!("{FREE}{}{FREE}", text.replace(BLANK, FREE))
}

/// The same where hcl-rs wants one line.
fn inline(text: &str) -> String {
    text.replace(BLANK, INLINE)
}

fn name() -> impl Strategy<Value = String> {
    select(&NAMES[..]).prop_map(str::to_owned)
}

fn literal() -> impl Strategy<Value = String> {
    let number = select(vec!["1", "0", "42", "1.5", "1e5", "2.5E-3", "007", "18446744073709551615", "1E+2"]);
    let word = select(vec!["null", "true", "false"]);
    prop_oneof![
        number.prop_map(str::to_owned),
        word.prop_map(str::to_owned),
        name(),
        vec(select(&TEXTS[..]), 0..4).prop_map(|texts| format!("\"{}\"", texts.concat())),
    ]
}

/// `${`, with strip markers or without.
fn interpolation(inner: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (inner, select(vec!["${", "${", "${~"]), select(vec!["}", "}", "~}"]))
        .prop_map(|(inner, open, close)| format!("{open}{}{close}", free(&inner)))
}

fn directive(
    inner: impl Strategy<Value = String> + Clone,
    texts: &'static [&'static str],
) -> impl Strategy<Value = String> {
    let body = || vec(prop_oneof![3 => select(texts).prop_map(str::to_owned), 1 => interpolation(inner.clone())], 0..3);
    let marks = vec((any::<bool>(), any::<bool>()), 3);
    (inner.clone(), body(), prop::option::of(body()), marks, 0..3usize, name()).prop_map(
        |(inner, yes, no, marks, kind, name)| {
            let word = |at: usize, text: &str| {
                let (open, close): (bool, bool) = marks[at];
                format!("%{{{}{INLINE}{text}{FREE}{}}}", if open { "~" } else { "" }, if close { "~" } else { "" })
            };
            let (inner, yes) = (inline(&inner), yes.concat());
            if kind > 0 {
                let key = if kind == 1 { String::new() } else { format!("k{BLANK},{BLANK}") };
                let head = word(0, &format!("for{GAP}{key}{name}{GAP}in{GAP}{inner}"));
                return format!("{head}{yes}{}", word(1, "endfor"));
            }
            let otherwise = no.map(|no| format!("{}{}", word(1, "else"), no.concat())).unwrap_or_default();
            format!("{}{yes}{otherwise}{}", word(0, &format!("if{GAP}{inner}")), word(2, "endif"))
        },
    )
}

fn quoted(inner: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = String> {
    let text = select(&TEXTS[..]).prop_map(str::to_owned);
    let part = prop_oneof![3 => text, 2 => interpolation(inner.clone()), 1 => directive(inner, &PLAIN_TEXTS)];
    vec(part, 0..4).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

/// Up to its marker.
fn heredoc(inner: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = String> {
    let text = || select(&LINES[..]).prop_map(str::to_owned);
    let part = prop_oneof![3 => text(), 2 => interpolation(inner.clone()), 1 => directive(inner.clone(), &LINES)];
    let plain = vec(vec(part, 0..4).prop_map(|parts| parts.concat()), 1..4)
        .prop_map(|lines| lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    let interpolation = inner.prop_map(|inner| format!("${{{}}}", inline(&inner)));
    // hcl-rs measures the indentation of what stands in no directive, line by line, if every line has one.
    let line = (1..5usize, vec(prop_oneof![text(), interpolation], 1..3))
        .prop_map(|(indent, parts)| format!("{}x{}\n", " ".repeat(indent), parts.concat()));
    let flush = vec(prop_oneof![1 => Just("\n".to_owned()), 5 => line], 1..4).prop_map(|lines| lines.concat());
    let indent = || select(vec!["", "  ", "\t"]);
    prop_oneof![
        (plain, indent()).prop_map(|(lines, indent)| format!("<<EOT\n{lines}{indent}EOT")),
        (flush, indent()).prop_map(|(lines, indent)| format!("<<-EOT\n{lines}{indent}EOT")),
    ]
}

fn object(inner: impl Strategy<Value = String> + Clone) -> impl Strategy<Value = String> {
    let quoted =
        select(vec!["\"q\"", "\"e\u{301}\"", "\"a b\"", "\"${a}\"", "1", "null", "true"]).prop_map(str::to_owned);
    let key = prop_oneof![3 => name(), 1 => quoted, 1 => inner.clone().prop_map(|key| format!("({})", free(&key)))];
    let item = (key, select(vec!["=", "=", " :"]), inner);
    (vec(item, 0..4), 0..3usize, any::<bool>()).prop_map(|(items, form, last)| {
        let mut met = std::collections::HashSet::new();
        let items: Vec<String> = items
            .iter()
            .filter(|(key, ..)| met.insert(key.clone()))
            .map(|(key, sign, value)| format!("{INLINE}{key}{INLINE}{sign}{INLINE}{}{INLINE}", inline(value)))
            .collect();
        let (open, between) = match form {
            0 => ("", ","),
            1 => (LINE, LINE),
            _ => (LINE, ",\n"),
        };
        let end = if items.is_empty() || !last { "" } else { between };
        format!("{{{open}{}{end}}}", items.join(between))
    })
}

fn repeated(inner: impl Strategy<Value = String> + Clone) -> impl Strategy<Value = String> {
    let parts = (inner.clone(), inner.clone(), inner.clone(), prop::option::of(inner));
    (parts, name(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |((collection, key, value, condition), name, two, object, group)| {
            let two = if two { format!("k{FREE},{FREE}") } else { String::new() };
            let condition = |free: fn(&str) -> String| {
                condition.as_ref().map(|condition| format!("{GAP}if{GAP}{}", free(condition))).unwrap_or_default()
            };
            let head = format!("for{GAP}{two}{name}{GAP}in{GAP}{}{FREE} :{FREE}", inline(&collection));
            match object {
                false => format!("[{FREE}{head}{}{}]", free(&value), condition(free)),
                true => {
                    let dots = if group { "..." } else { "" };
                    let (key, value) = (inline(&key), inline(&value));
                    format!("{{{FREE}{head}{key}{FREE}=>{FREE}{value}{FREE}{dots}{}{FREE}}}", condition(inline))
                }
            }
        },
    )
}

fn expression() -> impl Strategy<Value = String> + Clone {
    let steps = |inner: BoxedStrategy<String>| {
        let step = prop_oneof![
            name().prop_map(|name| format!("{BLANK}.{INLINE}{name}")),
            Just("[*]".to_owned()),
            Just(".*".to_owned()),
            Just(".0".to_owned()),
            inner.prop_map(|key| format!("[{}]", free(&key))),
        ];
        vec(step, 1..4).prop_map(|mut steps| {
            // Terraform takes no `.0.0`, and no second `.*`.
            steps.dedup();
            let mut splats = 0;
            steps.retain(|step| {
                splats += usize::from(step == ".*");
                step != ".*" || splats == 1
            });
            steps.concat()
        })
    };
    literal().boxed().prop_recursive(4, 24, 4, move |inner| {
        let element = prop_oneof![
            5 => inner.clone(),
            1 => heredoc(inner.clone()).prop_map(|text| format!("{text}\n")),
        ];
        let root = prop_oneof![name(), inner.clone().prop_map(|root| format!("({})", free(&root)))];
        let several = (vec(element, 0..4), any::<bool>()).prop_map(|(elements, last)| {
            let comma = if elements.is_empty() || !last { "" } else { "," };
            let elements: Vec<String> = elements.iter().map(|element| free(element)).collect();
            format!("{}{comma}{FREE}", elements.join(","))
        });
        let call = (select(vec!["f", "core::f", "a::b::c", "in"]), vec(inner.clone(), 0..3), 0..3usize);
        prop_oneof![
            inner.clone().prop_map(|inner| format!("({})", free(&inner))),
            (select(vec!["-", "!", "--", "!!", "- "]), root.clone())
                .prop_map(|(sign, operand)| format!("{sign}{INLINE}{operand}")),
            (inner.clone(), vec((select(&OPERATORS[..]), inner.clone()), 1..4)).prop_map(|(first, rest)| {
                let rest = rest.iter().map(|(sign, operand)| format!("{BLANK}{sign}{BLANK}{operand}"));
                format!("{first}{}", rest.collect::<String>())
            }),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(c, yes, no)| format!("{c}{BLANK}?{BLANK}{yes}{BLANK} :{BLANK}{no}")),
            several.prop_map(|elements| format!("[{elements}]")),
            object(inner.clone()),
            repeated(inner.clone()),
            (root, steps(inner.clone().boxed())).prop_map(|(root, steps)| format!("{root}{steps}")),
            call.prop_map(|(name, given, end)| {
                let end = if given.is_empty() { "" } else { ["", ",", "..."][end] };
                let given: Vec<String> = given.iter().map(|argument| free(argument)).collect();
                format!("{name}({}{end}{FREE})", given.join(","))
            }),
            quoted(inner),
        ]
    })
}

fn attribute() -> impl Strategy<Value = (String, String)> {
    let value = prop_oneof![
        9 => expression().prop_map(|value| format!("{value}{BLANK}{LINE}")),
        1 => heredoc(expression()).prop_map(|value| format!("{value}\n")),
    ];
    let name = prop_oneof![name(), select(vec!["for", "null", "true"]).prop_map(str::to_owned)];
    (name, value).prop_map(|(name, value)| (name.clone(), format!("{name}{BLANK}={BLANK}{value}")))
}

/// Arguments, each name once, and blocks. A block has no name here.
fn body(items: Vec<(String, String)>) -> String {
    let mut met = std::collections::HashSet::new();
    let items = items.into_iter().filter(|(name, _)| name.is_empty() || met.insert(name.clone()));
    items.map(|(_, text)| format!("{BLANK}{text}")).collect()
}

fn item() -> impl Strategy<Value = (String, String)> {
    attribute().boxed().prop_recursive(2, 8, 3, |inner| {
        let label = prop_oneof![
            name().prop_map(|name| format!("{GAP}{name}")),
            select(vec!["\"a\"", "\"\"", "\"a b\"", "\"\\u00e9\\t\"", "\"ü\"", "\"e\u{301}\"", "\"$\""])
                .prop_map(|label| format!("{BLANK}{label}")),
        ];
        let one_line = expression().prop_map(|value| format!("{BLANK}a{BLANK}={BLANK}{value}{BLANK}"));
        let content = prop_oneof![
            3 => vec(inner.clone(), 0..4).prop_map(|items| format!("{LINE}{}{BLANK}", body(items))),
            1 => Just(BLANK.to_owned()),
            1 => one_line,
        ];
        let block = (name(), vec(label, 0..3), content).prop_map(|(kind, labels, content)| {
            (String::new(), format!("{kind}{}{BLANK}{{{content}}}{BLANK}{LINE}", labels.concat()))
        });
        prop_oneof![inner, block]
    })
}

/// What stands for each mark, by a choice. The first choices are the shortest: a failure shrinks to them.
fn dressed(text: &str, choices: &[u8], windows: bool) -> String {
    let mut choices = choices.iter().cycle();
    let mut out = String::new();
    for letter in text.chars() {
        let (from, before): (&[&str], &str) = match letter.to_string().as_str() {
            BLANK | INLINE => (&["", "", " ", "  ", "\t", "/* c */", " /* a\n b */ "], ""),
            GAP => (&["", "", "\t", "  ", "/* c */"], " "),
            FREE => (&["", "", " ", "\n", "\n\n  ", " # c\n", "// \"c\"\n", "/* c */", "\t"], ""),
            LINE => (&["\n", "\n", "\n\n", " # c\n", "// ${c\n", "\n# a = b {\n", "\n\t\n"], ""),
            _ => {
                out.push(letter);
                continue;
            }
        };
        out.push_str(before);
        out.push_str(from[usize::from(*choices.next().unwrap_or(&0)) % from.len()]);
    }
    // hcl-rs loses the carriage returns of a heredoc whose indentation it takes away.
    if windows && !out.contains("<<-") { out.replace('\n', "\r\n") } else { out }
}

/// Configurations in order.
pub fn configuration() -> impl Strategy<Value = String> {
    (vec(item(), 0..4), vec(any::<u8>(), 1..40), prop::bool::weighted(0.2))
        .prop_map(|(items, choices, windows)| dressed(&body(items), &choices, windows))
}

/// The words of a text.
fn words(text: &str) -> Vec<&str> {
    let word = regex::Regex::new(r"(?s)\r?\n|[ \t]+|[\p{L}\p{N}_-]+|&&|\|\||[=!<>]=|=>|<<-?|\.\.\.|[$%]\{|.").unwrap();
    word.find_iter(text).map(|word| word.as_str()).collect()
}

/// Configurations with a few words deleted, doubled or swapped.
pub fn broken() -> impl Strategy<Value = String> {
    (configuration(), vec((0..3u8, any::<Index>(), any::<Index>()), 1..3)).prop_map(|(text, faults)| {
        let mut words = words(&text);
        for (fault, at, other) in faults {
            if words.is_empty() {
                break;
            }
            let (at, other) = (at.index(words.len()), other.index(words.len()));
            match fault {
                0 => drop(words.remove(at)),
                1 => words.insert(at, words[at]),
                _ => words.swap(at, other),
            }
        }
        words.concat()
    })
}

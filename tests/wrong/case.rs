//! The cases as they are written, and the diagnostics of both programs in one form.

use serde_json::Value as Json;
use std::fmt::Write as _;
use std::path::Path;

/// One wrong configuration.
#[derive(Default)]
pub struct Case {
    pub name: String,
    /// `validate`, `init`, or `plan` with arguments.
    pub command: String,
    /// Path and text.
    pub files: Vec<(String, String)>,
    pub terraform: Option<Vec<Told>>,
    pub podform: Option<Vec<Told>>,
    /// Why the two differ.
    pub differs: String,
}

/// One diagnostic.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// `error main.hcl:3:7-3:14 Summary`; a dash where there is no place.
    pub head: String,
    pub detail: String,
    pub values: Vec<String>,
}

/// File, first position, last position.
type Place<'a> = (&'a str, (usize, usize), (usize, usize));

impl Told {
    fn parts(&self) -> (&str, &str, &str) {
        let mut parts = self.head.splitn(3, ' ');
        let mut next = || parts.next().unwrap_or_default();
        (next(), next(), next())
    }

    fn place(&self) -> Option<Place<'_>> {
        let mut parts = self.parts().1.rsplitn(4, [':', '-']).collect::<Vec<_>>();
        let [end_column, end_line, column, rest] = parts.as_mut_slice() else { return None };
        let (file, line) = rest.rsplit_once(':')?;
        let number = |text: &str| text.parse().ok();
        Some((file, (number(line)?, number(column)?), (number(end_line)?, number(end_column)?)))
    }

    /// Terraform's against ours: the same error at the same place, with the same values.
    pub fn agrees(&self, ours: &Told) -> bool {
        let (theirs, our) = (self.parts(), ours.parts());
        if (theirs.0, theirs.2) != (our.0, our.2) || !self.shows_as(ours) {
            return false;
        }
        let (Some(a), Some(b)) = (self.place(), ours.place()) else { return theirs.1 == our.1 };
        let within = |inner: Place<'_>, outer: Place<'_>| outer.1 <= inner.1 && inner.2 <= outer.2;
        let brace = theirs.2.starts_with("Missing ") && a.1 == (b.2.0, b.2.1 + 1);
        a.0 == b.0 && (within(a, b) || within(b, a) || brace)
    }
}

impl Told {
    /// Each value that Terraform shows is shown, and where it shows some, nothing else but what it passes by: what is not
    /// told or not known. What `terraform validate` knows only the type of may be known here.
    fn shows_as(&self, ours: &Told) -> bool {
        let passed_by = |value: &str| value.ends_with(" value") || value.ends_with(AFTER_APPLY);
        let same = |theirs: &str, ours: &str| match theirs.split_once(" is a ") {
            Some((name, _)) => ours.starts_with(&format!("{name} is ")),
            None => theirs == ours,
        };
        let are_shown = self.values.iter().all(|theirs| ours.values.iter().any(|ours| same(theirs, ours)));
        let is_more = |ours: &String| !passed_by(ours) && !self.values.iter().any(|theirs| same(theirs, ours));
        are_shown && (self.values.is_empty() || !ours.values.iter().any(is_more))
    }
}

/// Behind what Terraform tells as if it were known.
const AFTER_APPLY: &str = ", known only after apply";

/// The description and the cases of a file.
pub fn read(text: &str) -> (String, Vec<Case>) {
    let mut parts = format!("\n{text}").split("\n=== ").map(str::to_owned).collect::<Vec<_>>().into_iter();
    let head = parts.next().unwrap_or_default().trim().to_owned();
    (head, parts.map(|part| one(&part)).collect())
}

fn one(text: &str) -> Case {
    let mut case = Case { command: "validate".into(), ..Case::default() };
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let head = line.strip_prefix("-- ").and_then(|line| line.strip_suffix(" --"));
        match (head, sections.last_mut()) {
            (Some(head), _) => sections.push((head.to_owned(), String::new())),
            (None, Some((_, body))) => *body += &format!("{line}\n"),
            (None, None) => case.name += line,
        }
    }
    for (head, body) in sections {
        match head.as_str() {
            "terraform" => case.terraform = Some(answers(&body)),
            "podform" => case.podform = Some(answers(&body)),
            "differs" => case.differs = body.trim().to_owned(),
            command if command.starts_with("$ ") => case.command = command[2..].to_owned(),
            path => case.files.push((path.to_owned(), format!("{}\n", body.trim_end_matches('\n')))),
        }
    }
    case
}

fn answers(body: &str) -> Vec<Told> {
    let mut found: Vec<Told> = Vec::new();
    for line in body.trim_end().lines() {
        match (line.strip_prefix("  "), found.last_mut()) {
            (Some(line), Some(told)) => match line.strip_prefix("| ") {
                Some(value) => told.values.push(value.to_owned()),
                None if told.detail.is_empty() => told.detail = line.to_owned(),
                None => told.detail += &format!("\n{line}"),
            },
            (None, Some(told)) if line.is_empty() => told.detail.push('\n'),
            _ => found.push(Told { head: line.to_owned(), ..Told::default() }),
        }
    }
    found
}

/// Diagnostics as they stand in a file.
pub fn lines(told: &[Told]) -> String {
    let mut text = String::new();
    for told in told {
        let _ = writeln!(text, "{}", told.head);
        for line in told.detail.lines() {
            let _ = writeln!(text, "{}", if line.is_empty() { String::new() } else { format!("  {line}") });
        }
        for value in &told.values {
            let _ = writeln!(text, "  | {value}");
        }
    }
    text
}

/// A file of cases.
pub fn written(head: &str, cases: &[Case]) -> String {
    let mut text = format!("{head}\n");
    for case in cases {
        let _ = write!(text, "\n=== {}\n", case.name);
        if case.command != "validate" {
            let _ = writeln!(text, "-- $ {} --", case.command);
        }
        for (path, body) in &case.files {
            let _ = write!(text, "-- {path} --\n{body}");
        }
        for (who, answer) in [("terraform", &case.terraform), ("podform", &case.podform)] {
            if let Some(answer) = answer {
                let _ = write!(text, "-- {who} --\n{}", lines(answer));
            }
        }
        if !case.differs.is_empty() {
            let _ = write!(text, "-- differs --\n{}\n", case.differs);
        }
    }
    text
}

impl Case {
    /// Writes its files, each as `change` makes it.
    pub fn write(&self, folder: &Path, change: impl Fn(&str, &str) -> (String, String)) {
        for (path, text) in &self.files {
            let (path, text) = change(path, text);
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }
}

/// Line and column.
pub type Position = (u64, u64);
/// The position of a byte of a file, from the other program's; the bool is true where a range ends there.
pub type Positions<'a> = dyn Fn((&str, u64, bool), Position) -> Option<Position> + 'a;

/// The diagnostics in the output of either program, by place.
pub fn told(output: &str, position: &Positions<'_>, name: &dyn Fn(&str) -> String) -> Vec<Told> {
    let found: Vec<Json> = match serde_json::from_str::<Json>(output) {
        Ok(whole) if whole["diagnostics"].is_array() => whole["diagnostics"].as_array().unwrap().clone(),
        _ => {
            let lines = output.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
            lines.map(|mut line| line["diagnostic"].take()).filter(|found| !found.is_null()).collect()
        }
    };
    let mut all: Vec<((String, Position), Told)> = found
        .iter()
        .map(|json| {
            let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
            let range = &json["range"];
            let file = name(&text(&range["filename"]));
            let at = |end: &str| {
                let number = |key: &str| range[end][key].as_u64().unwrap_or_default();
                let plain = (number("line"), number("column"));
                position((&file, number("byte"), end == "end"), plain).unwrap_or(plain)
            };
            let (start, end) = (at("start"), at("end"));
            let place = match range.is_object() {
                true => format!("{file}:{}:{}-{}:{}", start.0, start.1, end.0, end.1),
                false => "-".to_owned(),
            };
            let values = json["snippet"]["values"].as_array().into_iter().flatten();
            let told = Told {
                head: format!("{} {place} {}", text(&json["severity"]), text(&json["summary"])),
                detail: text(&json["detail"]),
                values: values.map(|v| format!("{} {}", text(&v["traversal"]), text(&v["statement"]))).collect(),
            };
            // What has no place comes last.
            ((if range.is_object() { file } else { "~".into() }, start), told)
        })
        .collect();
    all.sort_by(|(a, x), (b, y)| (a, &x.head).cmp(&(b, &y.head)));
    all.into_iter().map(|(_, told)| told).collect()
}

//! The text of a story: sections, each below a head `-- HEAD --`.

use std::fmt::Write as _;

/// One section.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// What stands between the dashes.
    pub head: String,
    /// Everything up to the next head.
    pub body: String,
}

impl Section {
    pub fn new(head: impl Into<String>, body: impl Into<String>) -> Self {
        Self { head: head.into(), body: body.into() }
    }

    /// The command of the section, and whether its plan is to be seen as it is drawn.
    pub fn command(&self) -> Option<(&str, bool)> {
        match self.head.strip_prefix("full $ ") {
            Some(command) => Some((command, true)),
            None => self.head.strip_prefix("$ ").map(|command| (command, false)),
        }
    }

    /// True for what follows a command: the run tells it.
    pub fn is_result(&self) -> bool {
        matches!(self.head.as_str(), "stderr" | "stderr as before" | "calls" | "state")
            || self.head.starts_with("exit ")
    }
}

/// The description in front, and the sections.
pub fn parse(text: &str) -> (String, Vec<Section>) {
    let mut intro = String::new();
    let mut sections: Vec<Section> = Vec::new();
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches('\n');
        match bare.strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --")) {
            Some(head) => sections.push(Section::new(head, "")),
            None => match sections.last_mut() {
                Some(section) => section.body.push_str(line),
                None => intro.push_str(line),
            },
        }
    }
    (intro, sections)
}

/// The text of a story.
pub fn print(intro: &str, sections: &[Section]) -> String {
    let mut text = intro.to_owned();
    for section in sections {
        let _ = write!(text, "-- {} --\n{}", section.head, section.body);
        if !section.body.is_empty() && !section.body.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_survive_being_read_and_printed() {
        let text = "About this.\n\n-- world --\nseed 3\n-- main.hcl --\na = 1\n-- $ plan -x --\n-- exit 1 --\n";
        let (intro, sections) = parse(text);
        assert_eq!(sections.len(), 4);
        assert_eq!(print(&intro, &sections), text);
    }
}

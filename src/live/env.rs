//! Environment variables of a machine or template group. Their values may be secrets.

use std::collections::BTreeMap;
use std::fmt;

/// The variable that carries the claim of a rent.
pub const CLAIM_VARIABLE: &str = "PODFORM_CLAIM";

/// Names and values; the order on the wire does not matter. `Debug` shows names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Env(pub BTreeMap<String, String>);

impl Env {
    /// The claim, where there is one.
    pub fn claim(&self) -> Option<&str> {
        self.0.get(CLAIM_VARIABLE).map(String::as_str)
    }

    /// Everything but the claim: what is compared and shown.
    #[must_use]
    pub fn without_claim(mut self) -> Env {
        self.0.remove(CLAIM_VARIABLE);
        self
    }

    /// `self` with the variables of `over` laid on top.
    #[must_use]
    pub fn overlaid(mut self, over: &Env) -> Env {
        self.0.extend(over.0.iter().map(|(name, value)| (name.clone(), value.clone())));
        self
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl FromIterator<(String, String)> for Env {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

//! Under which keys the parts of a state stand: the state under its own, as Terraform has it, and everything else beside it.

use std::collections::BTreeSet;

/// The keys of one state.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    /// That of the state.
    pub state: String,
}

/// What stands beside a state.
#[derive(Clone, Debug, Default)]
pub(super) struct Listing {
    /// The numbers of the chain.
    pub numbers: BTreeSet<u64>,
    /// The runs that kept something.
    pub kept: Vec<String>,
    /// Copies of states, by last entry and serial.
    pub copies: BTreeSet<(u64, u64)>,
}

impl Keys {
    /// What all keys but the state's begin with.
    pub fn root(&self) -> String {
        format!("{}.podform/", self.state)
    }

    /// What all of the chain begins with.
    pub fn journal(&self) -> String {
        format!("{}journal/", self.root())
    }

    /// An object of the chain.
    pub fn link(&self, number: u64) -> String {
        format!("{}{number:08}", self.journal())
    }

    /// What a run kept.
    pub fn kept(&self, run: &str) -> String {
        format!("{}kept/{run}", self.root())
    }

    /// A copy of a state.
    pub fn copy(&self, serial: u64, seq: u64) -> String {
        format!("{}backups/{serial}-{seq}", self.root())
    }

    /// Where a mending run puts things aside.
    pub fn aside(&self, what: &str, id: &str) -> String {
        format!("{}damaged/{id}/{what}", self.root())
    }

    /// Where it is tried out which conditions hold.
    pub fn probe(&self, id: &str) -> String {
        format!("{}probe/{id}", self.root())
    }

    /// What these keys are. Others are nobody's.
    pub fn listing(&self, keys: &[String]) -> Listing {
        let mut found = Listing::default();
        let root = self.root();
        for name in keys.iter().filter_map(|key| key.strip_prefix(&root)) {
            match name.split_once('/') {
                Some(("journal", number)) => found.numbers.extend(number.parse::<u64>()),
                Some(("kept", run)) => found.kept.push(run.to_owned()),
                Some(("backups", name)) => found.copies.extend(
                    name.split_once('-').and_then(|(serial, seq)| Some((seq.parse().ok()?, serial.parse().ok()?))),
                ),
                _ => {}
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_under_a_key_is_listed_as_that() {
        let keys = Keys { state: "env:/prod/gpu.tfstate".into() };
        assert_eq!(keys.link(7), "env:/prod/gpu.tfstate.podform/journal/00000007");
        let all = [
            keys.link(7),
            keys.link(1_000_000_000),
            keys.kept("run"),
            keys.copy(3, 12),
            keys.aside("state", "x"),
            format!("{}journal/index.html", keys.root()),
            "env:/prod/gpu.tfstate.podform".to_owned(),
        ];
        let found = keys.listing(&all);
        assert_eq!(found.numbers.into_iter().collect::<Vec<_>>(), [7, 1_000_000_000]);
        assert_eq!((found.kept, found.copies.into_iter().collect::<Vec<_>>()), (vec!["run".into()], vec![(12, 3)]));
    }
}

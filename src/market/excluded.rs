//! What keeps offers out, counted.

use super::requirement::Unmet;
use std::collections::BTreeMap;

/// How many offers one requirement keeps out, of those of the right model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// Which.
    pub unmet: Unmet,
    /// How many offers fail it.
    pub offers: usize,
    /// How many fail it alone.
    pub alone: usize,
}

/// By requirement, most offers first.
pub fn exclusions<'j>(judged: impl IntoIterator<Item = &'j [Unmet]>) -> Vec<Exclusion> {
    let mut counts: BTreeMap<&Unmet, (usize, usize)> = BTreeMap::new();
    for unmet in judged {
        // What an offer of another model fails besides tells nobody anything.
        let unmet = if unmet.contains(&Unmet::Model) { &[Unmet::Model][..] } else { unmet };
        for fault in unmet {
            let (all, alone) = counts.entry(fault).or_default();
            *all += 1;
            *alone += usize::from(unmet.len() == 1);
        }
    }
    let each = counts.into_iter().map(|(unmet, (offers, alone))| Exclusion { unmet: unmet.clone(), offers, alone });
    let mut exclusions: Vec<Exclusion> = each.collect();
    exclusions.sort_by(|a, b| b.offers.cmp(&a.offers).then_with(|| a.unmet.cmp(&b.unmet)));
    exclusions
}

//! What somebody who looks at the market wants to see of it.

use super::requirement::{Requirement, Unmet};
use crate::live::Offer;
use crate::money::Usd;
use rust_decimal::Decimal;

/// The least and the most, both included.
pub type Bounds = (Option<Decimal>, Option<Decimal>);

/// Which offers are shown; the default one shows all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// One of these, in any case of letters; empty for any.
    pub gpu_models: Vec<String>,
    /// Free, or rented; `None` for both.
    pub available: Option<bool>,
    /// GPUs.
    pub gpu_count: Bounds,
    /// USD per GPU-hour.
    pub price_per_gpu: Bounds,
    /// Of the host, judged as those of an instance.
    pub requirement: Requirement,
}

impl Filter {
    /// Every offer, with what keeps it out.
    pub fn judged<'m>(&self, market: &'m [Offer]) -> Vec<(&'m Offer, Vec<Unmet>)> {
        let judge = self.requirement.judge_of_many();
        let unmet = |offer: &Offer| {
            let mut unmet = Vec::new();
            let is_model = |model: &String| model.eq_ignore_ascii_case(&offer.gpu_model);
            if !self.gpu_models.is_empty() && !self.gpu_models.iter().any(is_model) {
                unmet.push(Unmet::Model);
            }
            let (least, most) = self.gpu_count;
            let count = Decimal::from(offer.gpu_count);
            if least.is_some_and(|least| count < least) || most.is_some_and(|most| count > most) {
                unmet.push(Unmet::Count);
            }
            if self.available.is_some_and(|wanted| wanted != offer.available) {
                unmet.push(Unmet::Unavailable);
            }
            unmet.extend(judge.unmet(offer));
            let (least, most) = self.price_per_gpu;
            let price = offer.price_per_gpu;
            if least.is_some_and(|least| Usd(least).exceeds(price)) || most.is_some_and(|most| price.exceeds(Usd(most)))
            {
                unmet.push(Unmet::Price);
            }
            unmet
        };
        market.iter().map(|offer| (offer, unmet(offer))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::tests::row;

    #[test]
    fn everything_is_judged_and_what_is_not_known_is_not_met() {
        let mut market = vec![row("a", 1, "0.31"), row("b", 1, "0.2"), row("c", 1, "0.5")];
        market[0].facts.memory = Some(Decimal::from(64));
        market[1].gpu_model = "RTX 3090".into();
        market[2].available = false;
        let kept = |filter: &Filter| -> String {
            let judged = filter.judged(&market);
            judged.into_iter().filter(|(_, unmet)| unmet.is_empty()).map(|(offer, _)| offer.host.as_str()).collect()
        };
        let all = Filter::default();
        assert_eq!(kept(&all), "abc");
        assert_eq!(kept(&Filter { gpu_models: vec!["rtx 4090".into()], ..all.clone() }), "ac");
        assert_eq!(kept(&Filter { available: Some(false), ..all.clone() }), "c");
        let price = (Some(Decimal::new(31, 2)), Some(Decimal::new(4, 1)));
        assert_eq!(kept(&Filter { price_per_gpu: price, ..all.clone() }), "a");
        assert_eq!(kept(&Filter { gpu_count: (Some(Decimal::TWO), None), ..all.clone() }), "");
        let memory = Requirement([("min_memory".into(), "32".into())].into());
        assert_eq!(kept(&Filter { requirement: memory, ..all }), "a");
    }
}

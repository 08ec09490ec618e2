//! What any placement costs at least: every class offers a price for a machine that is placed, and each host takes what
//! leaves it most. Whatever the prices, that is a bound (a Lagrangian relaxation of "no more machines than wanted"); with
//! good ones it is nearly exact, for few classes share many hosts.

use super::problem::{Choice, Class, Problem};
use std::cmp::Ordering;

/// Who may come to each host: class and choice.
pub type Comers = Vec<Vec<(usize, Choice)>>;

/// Who may come where.
pub fn comers(problem: &Problem) -> Comers {
    let mut comers: Comers = vec![Vec::new(); problem.free.len()];
    for (class, all) in problem.classes.iter().enumerate() {
        for choice in &all.choices {
            comers[choice.host].push((class, *choice));
        }
    }
    comers
}

/// What a machine of each class may cost.
#[derive(Clone, Debug)]
pub struct Prices {
    /// Prices, and bounds made of them, are multiples of this: the price of one GPU is a whole number then.
    pub scale: i128,
    /// By class.
    pub of: Vec<i128>,
}

impl Prices {
    /// What a machine of a class leaves at a host.
    pub fn gain(&self, class: usize, choice: &Choice) -> i128 {
        self.of[class] - choice.cost * self.scale
    }

    /// The most that the comers from each on leave at a host, by the GPUs that are left for them: `best[comer][gpus]`.
    /// Of the limits of groups only what they allow of one class is looked at, which keeps it a bound.
    pub fn best(&self, problem: &Problem, comers: &[(usize, Choice)], free: u32) -> Vec<Vec<i128>> {
        let free = free as usize;
        let mut best = vec![vec![0; free + 1]];
        for (class, choice) in comers.iter().rev() {
            let behind = &best[best.len() - 1];
            let mut here = behind.clone();
            let (size, gain) = (problem.classes[*class].size as usize, self.gain(*class, choice));
            for gpus in (size..=free).filter(|_| gain > 0) {
                let mut gained = 0;
                for n in 1..=(gpus / size).min(choice.group_most as usize) {
                    gained += gain;
                    here[gpus] = here[gpus].max(behind[gpus - n * size] + gained);
                }
            }
            best.push(here);
        }
        best.reverse();
        best
    }

    /// The bound.
    pub fn bound(&self, problem: &Problem, comers: &Comers) -> i128 {
        let paid =
            |(class, price): (&Class, &i128)| i128::from(class.wanted) * (class.unfilled * self.scale).min(*price);
        let left = |(comers, free): (&Vec<_>, &u32)| self.best(problem, comers, *free)[0][*free as usize];
        problem.classes.iter().zip(&self.of).map(paid).sum::<i128>()
            - comers.iter().zip(&problem.free).map(left).sum::<i128>()
    }

    /// The best price of one class while the others keep theirs: at which as many are taken as are wanted.
    pub fn adjust(&mut self, problem: &Problem, comers: &Comers, class: usize) {
        let all = &problem.classes[class];
        let mut takers: Vec<(i128, u32)> =
            all.choices.iter().flat_map(|choice| self.thresholds(problem, comers, class, choice)).collect();
        takers.sort_unstable();
        let mut taken = 0;
        let enough = takers.iter().find(|(_, more)| {
            taken += more;
            taken >= all.wanted
        });
        let nowhere = all.unfilled * self.scale;
        self.of[class] = enough.map_or(nowhere, |(price, _)| nowhere.min(*price));
    }

    /// At which prices a host takes how many more of a class.
    fn thresholds(&self, problem: &Problem, comers: &Comers, class: usize, choice: &Choice) -> Vec<(i128, u32)> {
        let others = comers[choice.host].iter().filter(|(other, _)| *other != class).copied().collect::<Vec<_>>();
        let free = problem.free[choice.host];
        let best = &self.best(problem, &others, free)[0];
        let size = problem.classes[class].size;
        // What so many of this class cost the host, with what the others would have left it.
        let costs =
            |n: u32| best[free as usize] - best[(free - n * size) as usize] + choice.cost * self.scale * i128::from(n);
        let most = (free / size).min(choice.group_most);
        let (mut thresholds, mut n) = (Vec::new(), 0);
        while n < most {
            // Further by the way that costs least a machine; of equal ones by the longest.
            let way = |to: u32| (costs(to) - costs(n), to - n);
            let by_slope = |a: &u32, b: &u32| -> Ordering {
                let ((cost, more), (other_cost, other_more)) = (way(*a), way(*b));
                (cost * i128::from(other_more)).cmp(&(other_cost * i128::from(more))).then(b.cmp(a))
            };
            let Some(to) = (n + 1..=most).min_by(by_slope) else { break };
            let (cost, more) = way(to);
            thresholds.push((quotient_up(cost, i128::from(more)), more));
            n = to;
        }
        thresholds
    }
}

/// The least whole number that is no less than a quotient.
pub fn quotient_up(dividend: i128, divisor: i128) -> i128 {
    dividend.div_euclid(divisor) + i128::from(dividend.rem_euclid(divisor) != 0)
}

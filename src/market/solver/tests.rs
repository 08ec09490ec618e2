//! The solver against trying everything, on thousands of small problems.

use super::{Choice, Class, Problem, Solution, solve};
use std::collections::HashMap;

/// The same numbers for the same seed, everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % most
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).expect("small")]
    }
}

/// Whole and shared hosts, scarce and plentiful, classes that share a limit per host, prices that are often equal.
fn random(seed: u64, most_hosts: u64, most_classes: u64, most_wanted: u64) -> Problem {
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    for _ in 0..9 {
        chance.below(2);
    }
    let hosts = 1 + chance.below(most_hosts);
    let free: Vec<u32> = (0..hosts).map(|_| chance.of(&[1, 2, 3, 4, 6, 8])).collect();
    let (grid, together) = (chance.of(&[1, 100, 1000]), chance.below(2));
    let classes = (0..=chance.below(most_classes)).map(|class| {
        let size = chance.of(&[1, 1, 2, 2, 3, 4]);
        let group_most = chance.of(&[u32::MAX, u32::MAX, 1, 2]);
        let group = if together == 1 { 0 } else { usize::try_from(class).expect("small") };
        let choices = (0..free.len()).filter(|_| chance.below(4) > 0).collect::<Vec<_>>();
        let choices = choices.into_iter().filter(|host| free[*host] >= size).map(|host| {
            let cost = i128::from((100 + chance.below(2000)) / grid * grid);
            Choice { host, cost, group_most }
        });
        let choices = choices.collect();
        let unfilled = chance.of(&[100_000, 100_000, 5_000_000]);
        Class { size, wanted: 1 + u32::try_from(chance.below(most_wanted)).expect("small"), unfilled, group, choices }
    });
    let mut problem = Problem { classes: classes.collect(), free };
    // The limit is the group's.
    let mut limits: HashMap<(usize, usize), u32> = HashMap::new();
    for class in &mut problem.classes {
        for choice in &mut class.choices {
            choice.group_most = *limits.entry((class.group, choice.host)).or_insert(choice.group_most);
        }
    }
    problem
}

fn cheapest(
    problem: &Problem,
    class: usize,
    choice: usize,
    left: u32,
    free: &mut [u32],
    grouped: &mut HashMap<(usize, usize), u32>,
) -> i128 {
    let Some(all) = problem.classes.get(class) else { return 0 };
    let Some(to) = all.choices.get(choice) else {
        let next = problem.classes.get(class + 1).map_or(0, |next| next.wanted);
        return i128::from(left) * all.unfilled + cheapest(problem, class + 1, 0, next, free, grouped);
    };
    let beside = grouped.get(&(to.host, all.group)).copied().unwrap_or(0);
    let most = left.min(free[to.host] / all.size).min(to.group_most.saturating_sub(beside));
    let mut best = i128::MAX;
    for n in 0..=most {
        free[to.host] -= n * all.size;
        grouped.insert((to.host, all.group), beside + n);
        let rest = cheapest(problem, class, choice + 1, left - n, free, grouped);
        best = best.min(i128::from(n) * to.cost + rest);
        grouped.insert((to.host, all.group), beside);
        free[to.host] += n * all.size;
    }
    best
}

fn holds(problem: &Problem, Solution { placement, cost, bound }: &Solution) {
    let used = problem.used(placement);
    assert!(used.iter().zip(&problem.free).all(|(used, free)| used <= free), "too many GPUs: {placement:?}");
    let grouped = problem.grouped(placement);
    for (class, placed) in problem.classes.iter().zip(placement) {
        assert!(placed.iter().sum::<u32>() <= class.wanted);
        for (choice, n) in class.choices.iter().zip(placed) {
            assert!(*n == 0 || grouped[&(choice.host, class.group)] <= choice.group_most);
        }
    }
    assert_eq!(problem.cost(placement), *cost);
    assert!(bound <= cost);
}

#[test]
fn nothing_is_cheaper() {
    let mut proven = 0;
    for seed in 1..=3000 {
        let problem = random(seed, 4, 3, 3);
        let solution = solve(&problem, 10_000_000);
        holds(&problem, &solution);
        let first = problem.classes[0].wanted;
        let best = cheapest(&problem, 0, 0, first, &mut problem.free.clone(), &mut HashMap::new());
        assert_eq!(solution.cost, best, "seed {seed}: {problem:#?}");
        proven += usize::from(solution.bound == solution.cost);
    }
    assert_eq!(proven, 3000, "small problems are proven");
}

/// Without a search the answer holds still, and what is said of it is true.
#[test]
fn a_search_that_ends_early_says_so() {
    let (mut open, mut best) = (0, 0);
    for seed in 1..=3000 {
        let problem = random(seed, 4, 3, 3);
        let hasty = solve(&problem, 0);
        holds(&problem, &hasty);
        let whole = solve(&problem, 10_000_000);
        assert!(hasty.bound <= whole.cost && whole.cost <= hasty.cost, "seed {seed}: {problem:#?}");
        open += usize::from(hasty.bound < hasty.cost);
        best += usize::from(hasty.cost == whole.cost);
    }
    assert!(open > 0, "some of them need a search");
    assert!(best >= 2950, "{best} are the best without one");
}

/// What a limit per host keeps out is kept out of the bound too: it needs no search.
#[test]
fn limits_per_host_are_in_the_bound() {
    let choices = |most| (0..6).map(|host| Choice { host, cost: 100, group_most: most }).collect();
    let class = |size, group, most| Class { size, wanted: 40, unfilled: 1_000_000, group, choices: choices(most) };
    let problem = Problem { free: vec![8; 6], classes: vec![class(1, 0, 2), class(2, 1, 1), class(4, 2, 1)] };
    let solution = solve(&problem, 0);
    assert_eq!(solution.bound, solution.cost);
    assert_eq!(solution.placement, [[2; 6], [1; 6], [1; 6]]);
}

/// An independent solver for whole numbers agrees on problems that are too large to try everything.
#[test]
fn another_solver_finds_none_cheaper() {
    use microlp::{ComparisonOp, LinearExpr, OptimizationDirection};
    let mut proven = 0;
    for seed in 1..=300 {
        let problem = random(seed, 14, 5, 8);
        let solution = solve(&problem, 10_000_000);
        holds(&problem, &solution);
        let mut other = microlp::Problem::new(OptimizationDirection::Minimize);
        let mut costs = Vec::new();
        let mut hosts = vec![LinearExpr::empty(); problem.free.len()];
        let mut groups: HashMap<(usize, usize), (LinearExpr, u32)> = HashMap::new();
        for class in &problem.classes {
            let most = i32::try_from(class.wanted).expect("small");
            let nowhere = other.add_integer_var(class.unfilled as f64, (0, most));
            costs.push((nowhere, class.unfilled as f64));
            let mut all = LinearExpr::empty();
            all.add(nowhere, 1.0);
            for choice in &class.choices {
                let here = other.add_integer_var(choice.cost as f64, (0, most));
                costs.push((here, choice.cost as f64));
                all.add(here, 1.0);
                hosts[choice.host].add(here, f64::from(class.size));
                let limit =
                    groups.entry((choice.host, class.group)).or_insert((LinearExpr::empty(), choice.group_most));
                limit.0.add(here, 1.0);
            }
            other.add_constraint(all, ComparisonOp::Eq, f64::from(class.wanted));
        }
        for (host, free) in hosts.into_iter().zip(&problem.free) {
            other.add_constraint(host, ComparisonOp::Le, f64::from(*free));
        }
        for (machines, most) in groups.into_values().filter(|(_, most)| *most < u32::MAX) {
            other.add_constraint(machines, ComparisonOp::Le, f64::from(most));
        }
        // Of a solution in floats the whole numbers count.
        let best = other.solve().expect("a solution").into_solution().expect("the best one");
        let best: f64 = costs.iter().map(|(machines, cost)| best.var_value(*machines).round() * cost).sum();
        assert_eq!(solution.cost as f64, best, "seed {seed}: {problem:#?}");
        proven += usize::from(solution.bound == solution.cost);
    }
    assert!(proven >= 297, "{proven} of 300 are proven");
}

//! The placement of a fleet in whole numbers: how many machines of which class go to which host.

/// Machines that accept the same, and cost the same wherever they go.
#[derive(Clone, Debug)]
pub struct Class {
    /// GPUs of one.
    pub size: u32,
    /// How many are wanted.
    pub wanted: u32,
    /// What one costs that goes nowhere: above whatever all that is less important can cost.
    pub unfilled: i128,
    /// Which classes share a limit per host.
    pub group: usize,
    /// Where they may go; one a host.
    pub choices: Vec<Choice>,
}

/// A host that would do.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// Which, as an index.
    pub host: usize,
    /// What a machine costs there.
    pub cost: i128,
    /// At most so many of the class's group: the same for all its classes.
    pub group_most: u32,
}

/// What is to be solved.
#[derive(Clone, Debug, Default)]
pub struct Problem {
    /// Free GPUs by host.
    pub free: Vec<u32>,
    /// The classes.
    pub classes: Vec<Class>,
}

/// How many machines of each class go to which of its choices: `placement[class][choice]`.
pub type Placement = Vec<Vec<u32>>;

impl Problem {
    /// Nothing placed.
    pub fn nothing(&self) -> Placement {
        self.classes.iter().map(|class| vec![0; class.choices.len()]).collect()
    }

    /// What a placement costs, those that go nowhere among it.
    pub fn cost(&self, placement: &Placement) -> i128 {
        let of = |(class, placed): (&Class, &Vec<u32>)| {
            let put: u32 = placed.iter().sum();
            let costs = class.choices.iter().zip(placed).map(|(choice, n)| choice.cost * i128::from(*n));
            costs.sum::<i128>() + i128::from(class.wanted.saturating_sub(put)) * class.unfilled
        };
        self.classes.iter().zip(placement).map(of).sum()
    }

    /// GPUs taken by host.
    pub fn used(&self, placement: &Placement) -> Vec<u32> {
        let mut used = vec![0; self.free.len()];
        for (class, placed) in self.classes.iter().zip(placement) {
            for (choice, n) in class.choices.iter().zip(placed) {
                used[choice.host] += n * class.size;
            }
        }
        used
    }

    /// Machines of each group by host and group.
    pub fn grouped(&self, placement: &Placement) -> Grouped {
        let mut grouped = Grouped::new();
        for (class, placed) in self.classes.iter().zip(placement) {
            for (choice, n) in class.choices.iter().zip(placed) {
                *grouped.entry((choice.host, class.group)).or_insert(0) += n;
            }
        }
        grouped
    }
}

/// Machines by host and group.
pub type Grouped = std::collections::HashMap<(usize, usize), u32>;

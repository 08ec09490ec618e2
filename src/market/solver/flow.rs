//! The cheapest way to spread units over hosts: a flow of least cost, by shortest augmenting paths. Exact where every
//! machine takes one unit; where machines take several, a relaxation that may tear one apart.

use std::collections::HashMap;

/// Where units come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// How many.
    pub units: u64,
    /// What a unit costs that goes nowhere.
    pub unfilled: i128,
    /// Which sources share a limit per host.
    pub group: usize,
    /// Where units may go, one arc a host.
    pub arcs: Vec<Arc>,
}

/// A way from a source to a host.
#[derive(Clone, Copy, Debug)]
pub struct Arc {
    /// Which, as an index.
    pub host: usize,
    /// Of a unit.
    pub cost: i128,
    /// Units that may go this way.
    pub most: u64,
    /// Units that all sources of the group may have there together.
    pub group_most: u64,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Flow {
    /// By source and arc.
    pub units: Vec<Vec<u64>>,
    /// What one unit more of each source would cost.
    pub price: Vec<i128>,
}

/// How a unit more of a source finds its place.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// It goes nowhere.
    Nowhere,
    /// By this arc, where there is room.
    Room(usize),
    /// By this arc, pushing out a unit of another source that came by its arc.
    Push(usize, usize, usize),
}

/// Places all units at least cost; `room` is what each host takes.
pub fn flow(sources: &[Source], room: &[u64]) -> Flow {
    let mut state = State::of(sources, room);
    for (source, all) in sources.iter().enumerate() {
        let mut left = all.units;
        while left > 0 {
            let (_, steps) = state.paths();
            left -= state.send(source, &steps, left);
        }
    }
    let (price, _) = state.paths();
    Flow { units: state.units, price }
}

struct State<'p> {
    sources: &'p [Source],
    units: Vec<Vec<u64>>,
    /// By host. It never grows: who is pushed out leaves its place to who pushed.
    room: Vec<u64>,
    /// By host, who may come: source and arc.
    comers: Vec<Vec<(usize, usize)>>,
    /// By host and group.
    grouped: HashMap<(usize, usize), u64>,
    /// Hosts that hold anything, in the order in which they first did.
    held: Vec<usize>,
    /// By source, its arcs from the cheapest, and how many of the first lead to hosts that are full.
    order: Vec<(Vec<usize>, usize)>,
}

impl<'p> State<'p> {
    fn of(sources: &'p [Source], room: &[u64]) -> Self {
        let mut comers = vec![Vec::new(); room.len()];
        for (source, all) in sources.iter().enumerate() {
            for (arc, way) in all.arcs.iter().enumerate() {
                comers[way.host].push((source, arc));
            }
        }
        let by_cost = |source: &Source| {
            let mut order: Vec<usize> = (0..source.arcs.len()).collect();
            order.sort_by_key(|arc| source.arcs[*arc].cost);
            (order, 0)
        };
        State {
            sources,
            units: sources.iter().map(|source| vec![0; source.arcs.len()]).collect(),
            room: room.to_vec(),
            comers,
            grouped: HashMap::new(),
            held: Vec::new(),
            order: sources.iter().map(by_cost).collect(),
        }
    }

    fn group_room(&self, source: usize, arc: usize) -> u64 {
        let way = &self.sources[source].arcs[arc];
        let used = self.grouped.get(&(way.host, self.sources[source].group));
        way.group_most.saturating_sub(used.copied().unwrap_or(0))
    }

    fn arc_room(&self, source: usize, arc: usize) -> u64 {
        self.sources[source].arcs[arc].most.saturating_sub(self.units[source][arc])
    }

    /// The cheapest arc with room at its host.
    fn open(&mut self, source: usize) -> Option<usize> {
        let all = &self.sources[source].arcs;
        let (order, full) = &mut self.order[source];
        *full += order[*full..].iter().take_while(|arc| self.room[all[**arc].host] == 0).count();
        let (order, full) = &self.order[source];
        let open = |arc: &usize| {
            self.room[all[*arc].host] > 0 && self.arc_room(source, *arc) > 0 && self.group_room(source, *arc) > 0
        };
        order[*full..].iter().copied().find(open)
    }

    /// For each source, what a unit more costs and the first step of its cheapest path. A path ends in free room or nowhere,
    /// and pushes out others on its way, each of which goes on by its own cheapest path.
    fn paths(&mut self) -> (Vec<i128>, Vec<Step>) {
        let mut price: Vec<i128> = self.sources.iter().map(|source| source.unfilled).collect();
        let mut steps = vec![Step::Nowhere; self.sources.len()];
        for source in 0..self.sources.len() {
            if let Some(arc) = self.open(source)
                && self.sources[source].arcs[arc].cost < price[source]
            {
                price[source] = self.sources[source].arcs[arc].cost;
                steps[source] = Step::Room(arc);
            }
        }
        // Bellman and Ford: costs that come back are negative.
        let mut better = true;
        while std::mem::take(&mut better) {
            for &host in &self.held {
                let held = || self.comers[host].iter().copied().filter(|(source, arc)| self.units[*source][*arc] > 0);
                for &(source, arc) in &self.comers[host] {
                    if self.arc_room(source, arc) == 0 {
                        continue;
                    }
                    let (any, group) = (self.group_room(source, arc) > 0, self.sources[source].group);
                    let out = |(other, by): (usize, usize)| price[other] - self.sources[other].arcs[by].cost;
                    let others =
                        held().filter(|(other, _)| *other != source && (any || self.sources[*other].group == group));
                    let Some((other, by)) = others.min_by_key(|held| out(*held)) else { continue };
                    let cost = self.sources[source].arcs[arc].cost + out((other, by));
                    if cost < price[source] {
                        price[source] = cost;
                        steps[source] = Step::Push(arc, other, by);
                        better = true;
                    }
                }
            }
        }
        (price, steps)
    }

    /// Sends as many units as the path of a source takes, at most `most`.
    fn send(&mut self, source: usize, steps: &[Step], most: u64) -> u64 {
        let (mut amount, mut at) = (most, source);
        loop {
            match steps[at] {
                Step::Nowhere => break,
                Step::Room(arc) => {
                    let room = self.room[self.sources[at].arcs[arc].host];
                    amount = amount.min(room).min(self.arc_room(at, arc)).min(self.group_room(at, arc));
                    break;
                }
                Step::Push(arc, other, by) => {
                    amount = amount.min(self.arc_room(at, arc)).min(self.units[other][by]);
                    if self.sources[other].group != self.sources[at].group {
                        amount = amount.min(self.group_room(at, arc));
                    }
                    at = other;
                }
            }
        }
        at = source;
        loop {
            match steps[at] {
                Step::Nowhere => break,
                Step::Room(arc) => {
                    self.room[self.sources[at].arcs[arc].host] -= amount;
                    self.put(at, arc, amount);
                    break;
                }
                Step::Push(arc, other, by) => {
                    self.put(at, arc, amount);
                    self.take(other, by, amount);
                    at = other;
                }
            }
        }
        amount
    }

    fn put(&mut self, source: usize, arc: usize, amount: u64) {
        let host = self.sources[source].arcs[arc].host;
        // A host that was given something is never empty again.
        if self.comers[host].iter().all(|(source, arc)| self.units[*source][*arc] == 0) {
            self.held.push(host);
        }
        self.units[source][arc] += amount;
        *self.grouped.entry((host, self.sources[source].group)).or_insert(0) += amount;
    }

    fn take(&mut self, source: usize, arc: usize, amount: u64) {
        let host = self.sources[source].arcs[arc].host;
        self.units[source][arc] -= amount;
        if let Some(units) = self.grouped.get_mut(&(host, self.sources[source].group)) {
            *units -= amount;
        }
    }
}

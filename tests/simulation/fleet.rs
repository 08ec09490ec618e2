//! A fleet that is edited: what its configuration says, and which machines it wants.

use super::chance::Chance;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// GPU models of the market.
pub const MODELS: [&str; 2] = ["RTX 3090", "RTX 4090"];

/// Clocks go wrong by two hours, and a run may take one.
pub const CLOCKS: SignedDuration = SignedDuration::from_hours(4);

/// What a budget for so many machines allows to be paid per hour: less than all of them may cost.
pub fn budgeted_cost(machines: usize) -> Decimal {
    Decimal::new(45 * i64::try_from(machines).unwrap(), 2)
}

/// When machines are not wanted any more.
#[derive(Clone, Copy, Debug)]
pub enum Expires {
    /// From an instant on.
    At(Timestamp),
    /// So many hours after each was created.
    After(i64),
}

impl Expires {
    /// Most often none.
    pub fn some_duration(chance: &mut Chance) -> Option<Expires> {
        *chance.pick(&[None, None, None, Some(Expires::After(2)), Some(Expires::After(30))]).unwrap()
    }
}

/// A block of machines.
#[derive(Clone, Debug)]
pub struct Block {
    pub count: usize,
    pub model: usize,
    /// Cents per GPU-hour.
    pub cap: i64,
    pub group: &'static str,
    /// Raised by each edit of the name.
    pub name: usize,
    /// Raised by each edit of the environment.
    pub env: usize,
    pub create_first: bool,
    pub env_change: &'static str,
    pub template_change: &'static str,
    pub replace_unhealthy: bool,
    /// Wanted from 8 to 20 o'clock only.
    pub daily: bool,
    pub expires: Option<Expires>,
}

/// The configuration.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    pub blocks: BTreeMap<String, Block>,
    /// Template groups, and how often each was edited.
    pub groups: BTreeMap<&'static str, usize>,
    /// `moved` blocks.
    pub moves: Vec<(String, String)>,
    /// `import` blocks: address and id.
    pub imports: Vec<(&'static str, u64)>,
    /// How many machines a budget allows, where there is one.
    pub budget: Option<usize>,
    /// Blocks that were named so far.
    named: usize,
}

impl Block {
    /// A block of so many machines.
    pub fn of(count: usize) -> Block {
        Block {
            count,
            model: 0,
            cap: 50,
            group: "g",
            name: 0,
            env: 0,
            create_first: false,
            env_change: "rent",
            template_change: "keep",
            replace_unhealthy: false,
            daily: false,
            expires: None,
        }
    }

    /// What `expires` says, where it is a duration.
    pub fn lasts(&self) -> Option<(SignedDuration, String)> {
        match self.expires? {
            Expires::After(hours) => Some((SignedDuration::from_hours(hours), format!("{hours}h"))),
            Expires::At(_) => None,
        }
    }

    /// Whether its machines are not wanted at a time, whenever they were created; `None` where that depends on whose clock
    /// is asked.
    pub fn rests(&self, now: Timestamp) -> Option<bool> {
        let far = CLOCKS;
        let rests = |at: Timestamp| {
            let is_closed = self.daily && !(8..20).contains(&(at.as_second().rem_euclid(86_400) / 3_600));
            is_closed || matches!(self.expires, Some(Expires::At(end)) if end <= at)
        };
        let around = [now - far, now, now + far].map(rests);
        around.iter().all(|rests| *rests == around[0]).then_some(around[0])
    }
}

impl Fleet {
    /// One group, one block.
    pub fn of(block: Block) -> Fleet {
        let groups = BTreeMap::from([(block.group, 0)]);
        Fleet {
            blocks: BTreeMap::from([("a".to_owned(), block)]),
            groups,
            moves: Vec::new(),
            imports: Vec::new(),
            budget: None,
            named: 0,
        }
    }

    /// Its block `a`.
    pub fn a(&mut self) -> &mut Block {
        self.blocks.get_mut("a").unwrap()
    }

    /// As text.
    pub fn hcl(&self) -> String {
        let budget = self.budget.map_or(String::new(), |most| {
            format!(
                "  budget {{\n    max_instances = {most}\n    max_gpus = {most}\n    max_hourly_cost = {}\n  }}\n",
                budgeted_cost(most)
            )
        });
        let mut text = format!("podform {{\n  fleet = \"sim\"\n{budget}}}\n");
        for (name, edits) in &self.groups {
            write!(
                text,
                "resource \"simplepod_template_group\" \"{name}\" {{\n  name = \"sim-{name}\"\n  image_name = \"img\"\n  \
                 default_tag = \"v{edits}\"\n  env_variables = {{ T = \"{edits}\" }}\n}}\n"
            )
            .unwrap();
        }
        for (name, block) in &self.blocks {
            let Block {
                count,
                cap,
                group,
                name: edits,
                env,
                create_first,
                env_change,
                template_change,
                replace_unhealthy,
                ..
            } = block;
            let schedule = if block.daily { "  schedule {\n    on = [\"daily 08:00-20:00\"]\n  }\n" } else { "" };
            let expires = match block.expires {
                Some(Expires::At(end)) => format!("  expires = \"{end}\"\n"),
                Some(Expires::After(hours)) => format!("  expires = \"{hours}h\"\n"),
                None => String::new(),
            };
            let (model, cap) = (MODELS[block.model], Decimal::new(*cap, 2));
            write!(
                text,
                "resource \"simplepod_instance\" \"{name}\" {{\n  count = {count}\n  name = \"{name}_{edits}_${{count.index}}\"\n  \
                 gpu_model = \"{model}\"\n  max_price_per_gpu = {cap}\n  template_group = simplepod_template_group.{group}.id\n  \
                 env_variables = {{ E = \"{env}\" }}\n  env_change = \"{env_change}\"\n  template_change = \"{template_change}\"\n  \
                 replace_unhealthy = {replace_unhealthy}\n{schedule}{expires}  \
                 lifecycle {{\n    create_before_destroy = {create_first}\n  }}\n}}\n"
            )
            .unwrap();
        }
        for (from, to) in &self.moves {
            write!(text, "moved {{\n  from = simplepod_instance.{from}\n  to = simplepod_instance.{to}\n}}\n").unwrap();
        }
        for (to, id) in &self.imports {
            write!(text, "import {{\n  to = {to}\n  id = \"{id}\"\n}}\n").unwrap();
        }
        text
    }

    /// The price cap of a block, in dollars.
    pub fn cap(&self, block: &str) -> Option<Decimal> {
        self.blocks.get(block).map(|block| Decimal::new(block.cap, 2))
    }

    /// The addresses of the machines.
    pub fn wanted(&self) -> BTreeSet<String> {
        let all = |(name, block): (&String, &Block)| {
            let name = name.clone();
            (0..block.count).map(move |index| format!("simplepod_instance.{name}[{index}]"))
        };
        self.blocks.iter().flat_map(all).collect()
    }

    /// The addresses of the machines that are wanted at a time.
    pub fn wanted_at(&self, now: Timestamp) -> BTreeSet<String> {
        let mut fleet = self.clone();
        fleet.blocks.retain(|_, block| block.rests(now) != Some(true));
        fleet.wanted()
    }

    /// Blocks whose machines are replaced when they do not work.
    pub fn replaced_when_unhealthy(&self) -> BTreeSet<String> {
        self.blocks.iter().filter(|(_, block)| block.replace_unhealthy).map(|(name, _)| name.clone()).collect()
    }

    /// Somebody edits it. Says what they did.
    pub fn edit(&mut self, chance: &mut Chance) -> String {
        let names: Vec<String> = self.blocks.keys().cloned().collect();
        let Some(name) = chance.pick(&names).cloned() else { return self.add(chance) };
        let block = self.blocks.get_mut(&name).unwrap();
        match chance.below(13) {
            12 => {
                self.budget = *chance.pick(&[None, Some(1), Some(2), Some(4)]).unwrap();
                format!("budget: {:?} machines", self.budget)
            }
            0 | 1 => {
                block.count = chance.below(5);
                format!("{name}: count = {}", block.count)
            }
            2 => {
                block.cap = 30 + i64::try_from(chance.below(40)).unwrap();
                format!("{name}: cap = {}", block.cap)
            }
            3 => {
                block.model = 1 - block.model;
                format!("{name}: gpu_model = {}", MODELS[block.model])
            }
            4 => {
                block.name += 1;
                format!("{name}: another name")
            }
            5 => {
                block.env += 1;
                format!("{name}: another environment")
            }
            6 => {
                block.create_first = !block.create_first;
                format!("{name}: create_before_destroy = {}", block.create_first)
            }
            7 => {
                block.env_change = chance.pick(&["rent", "update"]).unwrap();
                block.template_change = chance.pick(&["keep", "update", "rent"]).unwrap();
                format!("{name}: env_change = {}, template_change = {}", block.env_change, block.template_change)
            }
            8 => {
                let group = block.group;
                *self.groups.entry(group).or_default() += 1;
                format!("group {group}: another tag and environment")
            }
            9 => {
                block.group = if block.group == "g" { "h" } else { "g" };
                let group = block.group;
                self.groups.entry(group).or_default();
                self.drop_groups();
                format!("{name}: group {group}")
            }
            10 => {
                let block = self.blocks.remove(&name).unwrap();
                self.moves.retain(|(from, to)| *from != name && *to != name);
                if chance.percent(50) {
                    self.drop_groups();
                    return format!("{name}: removed");
                }
                self.named += 1;
                let to = format!("m{}", self.named);
                self.blocks.insert(to.clone(), block);
                self.moves.push((name.clone(), to.clone()));
                format!("{name}: moved to {to}")
            }
            _ => self.add(chance),
        }
    }

    /// Somebody edits when it is wanted. Says what they did.
    pub fn edit_times(&mut self, chance: &mut Chance, now: Timestamp) -> String {
        let names: Vec<String> = self.blocks.keys().cloned().collect();
        let Some(name) = chance.pick(&names).cloned() else { return self.add(chance) };
        let block = self.blocks.get_mut(&name).unwrap();
        if chance.percent(50) {
            block.daily = !block.daily;
        } else {
            let at = |hours: i64| Some(Expires::At(now + SignedDuration::from_hours(hours)));
            let duration = Expires::some_duration(chance);
            block.expires = *chance.pick(&[None, at(-1), at(2), at(30), duration, duration]).unwrap();
        }
        if block.lasts().is_some() {
            // With a schedule only a time can be meant.
            block.daily = false;
        }
        format!("{name}: daily = {}, expires = {:?}", block.daily, block.expires)
    }

    fn add(&mut self, chance: &mut Chance) -> String {
        self.named += 1;
        let name = format!("n{}", self.named);
        let block = Block {
            model: chance.below(2),
            group: chance.pick(&["g", "h"]).unwrap(),
            create_first: chance.percent(30),
            expires: Expires::some_duration(chance),
            ..Block::of(1 + chance.below(3))
        };
        self.groups.entry(block.group).or_default();
        self.blocks.insert(name.clone(), block);
        format!("{name}: added")
    }

    fn drop_groups(&mut self) {
        let used: BTreeSet<&str> = self.blocks.values().map(|block| block.group).collect();
        self.groups.retain(|name, _| used.contains(name));
    }
}

//! What a plan reads beside the lists of a refresh: it names what it wants, and is made again with the answers.

use super::{Account, Group, LiveObject, Machine, ObjectId, Offer};
use std::collections::BTreeMap;

/// One read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// The market.
    Offers,
    /// The vendor's templates.
    GlobalTemplates,
    /// All template groups of the account.
    Groups,
    /// All machines of the account.
    Machines,
    /// The account.
    Account,
    /// An object's details.
    Object(ObjectId),
}

/// The answers.
#[derive(Clone, Debug, Default)]
pub struct Reads {
    /// The market.
    pub offers: Option<Vec<Offer>>,
    /// The vendor's templates.
    pub global_templates: Option<Vec<Group>>,
    /// All template groups of the account, as the list shows them.
    pub all_groups: Option<Vec<Group>>,
    /// All machines of the account, as the list shows them.
    pub all_machines: Option<Vec<Machine>>,
    /// The account.
    pub account: Option<Account>,
    /// Objects with their details; `None` for one that is not there.
    pub objects: BTreeMap<ObjectId, Option<LiveObject>>,
}

impl Reads {
    /// Takes more answers in.
    pub fn take(&mut self, more: Reads) {
        let Reads { offers, global_templates, all_groups, all_machines, account, objects } = more;
        self.offers = offers.or(self.offers.take());
        self.global_templates = global_templates.or(self.global_templates.take());
        self.all_groups = all_groups.or(self.all_groups.take());
        self.all_machines = all_machines.or(self.all_machines.take());
        self.account = account.or(self.account.take());
        self.objects.extend(objects);
    }
}

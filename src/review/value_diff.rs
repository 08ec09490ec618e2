//! The difference of two values, element by element.

use super::shown::{Face, Shown};
use super::text_diff::TextDiff;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::mem;

/// What becomes of something that is there before, afterwards, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffKind {
    /// It stays as it is.
    Same,
    /// It comes.
    Added,
    /// It goes.
    Removed,
    /// It becomes another.
    Changed,
}

/// A value before and afterwards.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueDiff<'p> {
    /// It stays as it is.
    Same(Shown<'p>),
    /// It comes.
    Added(Shown<'p>),
    /// It goes.
    Removed(Shown<'p>),
    /// It becomes another.
    Changed(ValueChange<'p>),
    /// Of changes that are alike: the same happens to it in all of them, with other values.
    Various {
        /// What happens.
        kind: DiffKind,
        /// Entries of the map that it is, by key; none where it differs as a whole.
        inside: Vec<(&'p str, ValueDiff<'p>)>,
    },
}

/// How a value becomes another.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueChange<'p> {
    /// It must not be shown.
    Hidden {
        /// [`Face::Sensitive`] or [`Face::Ephemeral`].
        face: Face<'p>,
        /// Whether it becomes sensitive, or is sensitive no more; `None` where it stays what it is.
        becomes_sensitive: Option<bool>,
    },
    /// Only the apply will tell what it becomes.
    Unknown {
        /// As it is.
        before: Shown<'p>,
    },
    /// A text becomes another.
    Text(TextDiff<'p>),
    /// Maps or objects of which some entries differ.
    Entries {
        /// The keys are those of a map, not the names of attributes.
        map: bool,
        /// Those that differ, by name.
        changed: Vec<(&'p str, ValueDiff<'p>)>,
        /// How many others are not null.
        unchanged: usize,
    },
    /// Lists, sets or tuples of which some elements differ.
    Elements(Vec<ElementDiff<'p>>),
    /// It has nothing in common with what it becomes.
    Replaced {
        /// As it is.
        before: Shown<'p>,
        /// As it will be.
        after: Shown<'p>,
    },
}

/// A place in a list.
#[derive(Clone, Debug, PartialEq)]
pub enum ElementDiff<'p> {
    /// So many elements that stay, beside no change.
    Unchanged(usize),
    /// One element.
    Element(ValueDiff<'p>),
}

impl DiffKind {
    /// What becomes of a value; `None` where it is there neither before nor afterwards. Null counts as absent.
    pub(super) fn of(before: Option<Shown<'_>>, after: Option<Shown<'_>>) -> Option<Self> {
        let stands = |value: Option<Shown<'_>>| value.is_some_and(|value| !value.is_null());
        match (stands(before), stands(after)) {
            (false, false) => None,
            (false, true) => Some(DiffKind::Added),
            (true, false) => Some(DiffKind::Removed),
            (true, true) if before == after => Some(DiffKind::Same),
            (true, true) => Some(DiffKind::Changed),
        }
    }
}

impl<'p> ValueDiff<'p> {
    /// Of one value before and afterwards; `None` where it is there at neither time. Null counts as absent.
    pub fn of(before: Option<Shown<'p>>, after: Option<Shown<'p>>) -> Option<Self> {
        Some(match (DiffKind::of(before, after)?, before, after) {
            (DiffKind::Same, Some(before), _) => ValueDiff::Same(before),
            (DiffKind::Added, _, Some(after)) => ValueDiff::Added(after),
            (DiffKind::Removed, Some(before), _) => ValueDiff::Removed(before),
            (DiffKind::Changed, Some(before), Some(after)) => ValueDiff::Changed(ValueChange::of(before, after)),
            _ => return None,
        })
    }

    /// What becomes of it.
    pub fn kind(&self) -> DiffKind {
        match self {
            ValueDiff::Same(_) => DiffKind::Same,
            ValueDiff::Added(_) => DiffKind::Added,
            ValueDiff::Removed(_) => DiffKind::Removed,
            ValueDiff::Changed(_) => DiffKind::Changed,
            ValueDiff::Various { kind, .. } => *kind,
        }
    }
}

impl<'p> ValueChange<'p> {
    fn of(before: Shown<'p>, after: Shown<'p>) -> Self {
        if let Some(hidden) = [before, after].into_iter().find(|value| value.is_hidden()) {
            let differs = before.is_sensitive() != after.is_sensitive();
            let becomes_sensitive = differs.then(|| after.is_sensitive());
            return ValueChange::Hidden { face: hidden.face(), becomes_sensitive };
        }
        match (before.face(), after.face()) {
            (_, Face::Unknown) => ValueChange::Unknown { before },
            (Face::Text(old), Face::Text(new)) => ValueChange::Text(TextDiff::of(old, new)),
            (Face::Map | Face::Object, Face::Map | Face::Object) => entries(before, after),
            (Face::List, Face::List) if before.is_set() && after.is_set() => {
                ValueChange::Elements(set_elements(before, after))
            }
            (Face::List, Face::List) => ValueChange::Elements(elements(before, after)),
            _ => ValueChange::Replaced { before, after },
        }
    }
}

fn entries<'p>(before: Shown<'p>, after: Shown<'p>) -> ValueChange<'p> {
    let names: BTreeSet<&'p str> = before.entries().chain(after.entries()).map(|(name, _)| name).collect();
    let (mut changed, mut unchanged) = (Vec::new(), 0);
    for name in names {
        match ValueDiff::of(before.entry(name), after.entry(name)) {
            None => {}
            Some(ValueDiff::Same(_)) => unchanged += 1,
            Some(difference) => changed.push((name, difference)),
        }
    }
    ValueChange::Entries { map: after.face() == Face::Map, changed, unchanged }
}

/// Numbers for elements, the same for equal ones: a diff needs an order, and values have none.
#[derive(Default)]
struct Numbers<'p> {
    distinct: Vec<Shown<'p>>,
    /// Places in `distinct` by what can be hashed of the value: the elements of a long list are found at once.
    places: HashMap<(mem::Discriminant<Face<'p>>, &'p str), Vec<usize>>,
}

impl<'p> Numbers<'p> {
    fn of(&mut self, value: &Shown<'p>) -> usize {
        let face = value.face();
        let text = if let Face::Text(text) = face { text } else { "" };
        let places = self.places.entry((mem::discriminant(&face), text)).or_default();
        if let Some(at) = places.iter().find(|at| self.distinct[**at] == *value) {
            return *at;
        }
        places.push(self.distinct.len());
        self.distinct.push(*value);
        self.distinct.len() - 1
    }
}

fn set_elements<'p>(before: Shown<'p>, after: Shown<'p>) -> Vec<ElementDiff<'p>> {
    let mut numbers = Numbers::default();
    let old: BTreeMap<usize, Shown<'p>> = before.elements().map(|element| (numbers.of(&element), element)).collect();
    let new: BTreeMap<usize, Shown<'p>> = after.elements().map(|element| (numbers.of(&element), element)).collect();
    let gone = old.iter().filter(|(number, _)| !new.contains_key(number));
    let come = new.iter().filter(|(number, _)| !old.contains_key(number));
    let unchanged = old.keys().filter(|number| new.contains_key(number)).count();
    let gone = gone.map(|(_, element)| ElementDiff::Element(ValueDiff::Removed(*element)));
    let come = come.map(|(_, element)| ElementDiff::Element(ValueDiff::Added(*element)));
    gone.chain(come).chain((unchanged > 0).then_some(ElementDiff::Unchanged(unchanged))).collect()
}

fn elements<'p>(before: Shown<'p>, after: Shown<'p>) -> Vec<ElementDiff<'p>> {
    let (old, new): (Vec<_>, Vec<_>) = (before.elements().collect(), after.elements().collect());
    let mut numbers = Numbers::default();
    let old_numbers: Vec<usize> = old.iter().map(|element| numbers.of(element)).collect();
    let new_numbers: Vec<usize> = new.iter().map(|element| numbers.of(element)).collect();
    let ops = capture_diff_slices(Algorithm::Myers, &old_numbers, &new_numbers);
    let last = ops.len().saturating_sub(1);
    let same = |element: &Shown<'p>| ElementDiff::Element(ValueDiff::Same(*element));
    let mut found = Vec::new();
    for (at, op) in ops.iter().enumerate() {
        let (old, new) = (&old[op.old_range()], &new[op.new_range()]);
        match op {
            DiffOp::Equal { len, .. } => {
                // One element of context on each side of a change.
                let lead = usize::from(at > 0).min(*len);
                let tail = usize::from(at < last).min(len - lead);
                let unchanged = len - lead - tail;
                found.extend(old[..lead].iter().map(same));
                found.extend((unchanged > 0).then_some(ElementDiff::Unchanged(unchanged)));
                found.extend(old[lead + unchanged..].iter().map(same));
            }
            _ if old.len() == new.len() && old.iter().zip(new).all(|(a, b)| comparable(*a, *b)) => {
                let change = |(a, b): (&Shown<'p>, &Shown<'p>)| ValueDiff::Changed(ValueChange::of(*a, *b));
                found.extend(old.iter().zip(new).map(change).map(ElementDiff::Element));
            }
            _ => {
                found.extend(old.iter().map(|element| ElementDiff::Element(ValueDiff::Removed(*element))));
                found.extend(new.iter().map(|element| ElementDiff::Element(ValueDiff::Added(*element))));
            }
        }
    }
    found
}

/// Two rows of which the reader wants to see the columns that differ, or an element that the apply will tell.
fn comparable(before: Shown<'_>, after: Shown<'_>) -> bool {
    let row = |value: Shown<'_>| matches!(value.face(), Face::Map | Face::Object);
    (row(before) && row(after)) || !after.is_known()
}

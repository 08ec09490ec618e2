//! What stands under names: the entries of a map or an object.

use std::cmp::Ordering;
use std::iter::{FusedIterator, Zip};
use std::slice;
use std::sync::Arc;

/// Values by name, in the order of the names. What is made of others keeps their list of names: thousands of objects of
/// one table share it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Named<T> {
    names: Arc<[Arc<str>]>,
    /// As many.
    values: Vec<T>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { names: Arc::default(), values: Vec::new() }
    }
}

impl<T> Named<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Where a name stands, or would stand.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.names.binary_search_by(|other| (**other).cmp(name))
    }

    /// True where the name stands.
    pub fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.values.get(self.place(name).ok()?)
    }

    /// The value of a name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        let at = self.place(name).ok()?;
        self.values.get_mut(at)
    }

    /// Sets the value of a name. A new name makes a list of names anew: many are collected instead.
    pub fn insert(&mut self, name: Arc<str>, value: T) {
        match self.place(&name) {
            Ok(at) => self.values[at] = value,
            Err(at) => {
                let mut names = self.names.to_vec();
                names.insert(at, name);
                self.names = names.into();
                self.values.insert(at, value);
            }
        }
    }

    /// Takes a name out.
    pub fn remove(&mut self, name: &str) {
        if let Ok(at) = self.place(name) {
            let mut names = self.names.to_vec();
            names.remove(at);
            self.names = names.into();
            self.values.remove(at);
        }
    }

    /// The same names with other values; the first error ends it.
    ///
    /// # Errors
    /// Those of `change`.
    pub fn try_map<U, E>(&self, mut change: impl FnMut(&Arc<str>, &T) -> Result<U, E>) -> Result<Named<U>, E> {
        let mut values = Vec::with_capacity(self.len());
        for (name, value) in self {
            values.push(change(name, value)?);
        }
        Ok(Named { names: self.names.clone(), values })
    }

    /// The same names with other values.
    #[must_use]
    pub fn map<U>(&self, mut change: impl FnMut(&Arc<str>, &T) -> U) -> Named<U> {
        let values = self.iter().map(|(name, value)| change(name, value)).collect();
        Named { names: self.names.clone(), values }
    }

    /// The value of a name that stands at this place, as a rule: then nothing is searched.
    pub fn get_at(&self, place: usize, name: &str) -> Option<&T> {
        self.values.get(self.find(place, name)?)
    }

    /// As [`Named::get_at`], to be changed.
    pub fn get_mut_at(&mut self, place: usize, name: &str) -> Option<&mut T> {
        let at = self.find(place, name)?;
        self.values.get_mut(at)
    }

    fn find(&self, place: usize, name: &str) -> Option<usize> {
        match self.names.get(place) {
            Some(there) if **there == *name => Some(place),
            _ => self.place(name).ok(),
        }
    }

    /// For who asks for many names in their order.
    pub fn in_order(&self) -> InOrder<'_, T> {
        InOrder { all: self, next: 0 }
    }

    /// The names.
    pub fn keys(&self) -> slice::Iter<'_, Arc<str>> {
        self.names.iter()
    }

    /// The values, by name.
    pub fn values(&self) -> slice::Iter<'_, T> {
        self.values.iter()
    }

    /// Names and values.
    pub fn iter(&self) -> Zip<slice::Iter<'_, Arc<str>>, slice::Iter<'_, T>> {
        self.names.iter().zip(&self.values)
    }

    /// Names, and values to be changed.
    pub fn iter_mut(&mut self) -> impl FusedIterator<Item = (&Arc<str>, &mut T)> {
        self.names.iter().zip(&mut self.values)
    }
}

/// Values by name, asked for in the order of the names as a rule: then nothing is searched.
#[derive(Debug)]
pub struct InOrder<'a, T> {
    all: &'a Named<T>,
    next: usize,
}

impl<'a, T> InOrder<'a, T> {
    /// The value of a name.
    pub fn get(&mut self, name: &str) -> Option<&'a T> {
        while let Some(there) = self.all.names.get(self.next) {
            // Objects of one table share its names.
            let order = if std::ptr::eq::<str>(&**there, name) { Ordering::Equal } else { (**there).cmp(name) };
            match order {
                Ordering::Less => self.next += 1,
                Ordering::Equal => {
                    self.next += 1;
                    return self.all.values.get(self.next - 1);
                }
                Ordering::Greater => break,
            }
        }
        self.all.get(name)
    }
}

impl<'a, T> IntoIterator for &'a Named<T> {
    type Item = (&'a Arc<str>, &'a T);
    type IntoIter = Zip<slice::Iter<'a, Arc<str>>, slice::Iter<'a, T>>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Of equal names the last counts.
impl<N: Into<Arc<str>>, T> FromIterator<(N, T)> for Named<T> {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(all: I) -> Self {
        let mut all: Vec<(Arc<str>, T)> = all.into_iter().map(|(name, value)| (name.into(), value)).collect();
        all.sort_by(|(left, _), (right, _)| left.cmp(right));
        all.dedup_by(|later, kept| {
            let again = later.0 == kept.0;
            if again {
                std::mem::swap(later, kept);
            }
            again
        });
        let (names, values): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        Named { names: names.into(), values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn pairs() -> impl Strategy<Value = Vec<(String, i64)>> {
        prop::collection::vec(("[a-d]{0,2}", any::<i64>()), 0..12)
    }

    proptest! {
        /// A tree of names is what it behaves like.
        #[test]
        fn behaves_like_a_map(start in pairs(), set in pairs(), out in prop::collection::vec("[a-d]{0,2}", 0..4)) {
            let value = |(name, n): &(String, i64)| (Arc::<str>::from(name.as_str()), *n);
            let mut map: BTreeMap<Arc<str>, i64> = start.iter().map(value).collect();
            let mut entries: Named<i64> = start.iter().map(value).collect();
            let shared = entries.clone();
            for pair in &set {
                let (name, value) = value(pair);
                map.insert(name.clone(), value);
                entries.insert(name, value);
            }
            for name in &out {
                map.remove(name.as_str());
                entries.remove(name);
                prop_assert_eq!(entries.get(name), None);
            }
            prop_assert!(entries.iter().eq(map.iter()));
            prop_assert!(map.iter().all(|(name, value)| entries.get(name) == Some(value)));
            prop_assert!(map.keys().enumerate().all(|(at, name)| entries.get_at(at, name) == map.get(name)));
            let mut in_order = entries.in_order();
            for (name, _) in map.keys().map(|name| (&**name, ())).chain(out.iter().map(|name| (&**name, ()))) {
                prop_assert_eq!((in_order.get(name), entries.get_at(1, name)), (map.get(name), map.get(name)));
            }
            prop_assert_eq!(&entries, &map.into_iter().collect());
            prop_assert_eq!(shared, start.iter().map(value).collect());
        }
    }
}

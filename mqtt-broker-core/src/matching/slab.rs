use core::mem;
use core::num::NonZeroU32;

use alloc::vec::Vec;

/// Values under small keys that stay while the value is there; a key that is free again is given again.
#[derive(Debug)]
pub(super) struct Slab<T> {
    entries: Vec<Entry<T>>,
    free: Option<Key>,
    len: usize,
}

/// The place of a value in a [`Slab`], counted from 1 so that an `Option` of it takes four bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Key(pub(super) NonZeroU32);

impl Key {
    /// The last one: a bit is left for others.
    pub(super) const MAX: u32 = u32::MAX >> 1;

    /// The number of the key, from 1.
    #[inline]
    pub(super) const fn get(self) -> u32 {
        self.0.get()
    }

    /// Where the value stands.
    #[inline]
    const fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

#[derive(Debug)]
enum Entry<T> {
    Occupied(T),
    Vacant { next: Option<Key> },
}

impl<T> Slab<T> {
    /// An empty one; it owns no memory.
    pub(super) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: None,
            len: 0,
        }
    }

    /// How many values there are.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The value under the key, if there is one.
    #[inline]
    pub(super) fn get(&self, key: Key) -> Option<&T> {
        match self.entries.get(key.index()) {
            Some(Entry::Occupied(value)) => Some(value),
            Some(Entry::Vacant { .. }) | None => None,
        }
    }

    /// The value under the key, to change it.
    #[inline]
    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        match self.entries.get_mut(key.index()) {
            Some(Entry::Occupied(value)) => Some(value),
            Some(Entry::Vacant { .. }) | None => None,
        }
    }

    /// Keeps the value. `None` when there are as many as there are keys.
    pub(super) fn insert(&mut self, value: T) -> Option<Key> {
        let key = match self.free {
            Some(key) => {
                let entry = self.entries.get_mut(key.index())?;
                if let Entry::Vacant { next } = mem::replace(entry, Entry::Occupied(value)) {
                    self.free = next;
                }
                key
            }
            None => {
                let number = u32::try_from(self.entries.len() + 1)
                    .ok()
                    .filter(|number| *number <= Key::MAX)?;
                let key = Key(NonZeroU32::new(number)?);
                self.entries.push(Entry::Occupied(value));
                key
            }
        };
        self.len += 1;
        Some(key)
    }

    /// Takes the value out. The last one takes the memory with it.
    pub(super) fn remove(&mut self, key: Key) -> Option<T> {
        let next = self.free;
        let entry = self.entries.get_mut(key.index())?;
        if matches!(entry, Entry::Vacant { .. }) {
            return None;
        }
        let Entry::Occupied(value) = mem::replace(entry, Entry::Vacant { next }) else {
            return None;
        };
        self.free = Some(key);
        self.len -= 1;
        if self.len == 0 {
            *self = Self::new();
        }
        Some(value)
    }
}

#[cfg(test)]
impl<T> Slab<T> {
    /// All values.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Occupied(value) => Some(value),
            Entry::Vacant { .. } => None,
        })
    }

    /// What it takes on the heap.
    pub(super) fn allocation_size(&self) -> usize {
        self.entries.capacity() * size_of::<Entry<T>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_and_are_given_again() {
        let mut slab = Slab::new();
        let [a, b, c] = ["a", "b", "c"].map(|value| slab.insert(value).unwrap());
        assert_eq!(slab.remove(b), Some("b"));
        assert_eq!(slab.remove(b), None);
        assert_eq!(slab.remove(a), Some("a"));
        assert_eq!(
            (slab.get(a), slab.get(b), slab.get(c)),
            (None, None, Some(&"c"))
        );
        assert_eq!(slab.insert("d"), Some(a));
        assert_eq!(slab.insert("e"), Some(b));
        assert_eq!(slab.insert("f").map(Key::get), Some(4));
        assert_eq!(slab.len(), 4);
    }

    #[test]
    fn the_last_value_takes_the_memory_with_it() {
        let mut slab = Slab::new();
        let keys: Vec<Key> = (0..100).map(|value| slab.insert(value).unwrap()).collect();
        for key in keys {
            slab.remove(key);
        }
        assert_eq!((slab.len(), slab.entries.capacity()), (0, 0));
    }
}

use alloc::boxed::Box;

use hashbrown::HashTable;

use super::keyed_state::KeyedState;
use super::slab::{Key, Slab};

/// The texts of the levels of all Topic Filters, each kept once and for as long as it is used.
#[derive(Debug)]
pub(super) struct Levels {
    slab: Slab<Level>,
    table: HashTable<Key>,
    heap: usize,
}

#[derive(Debug)]
struct Level {
    text: Text,
    references: u32,
}

/// Most levels are short and need no allocation of their own.
#[derive(Debug)]
enum Text {
    Short { len: u8, bytes: [u8; Self::SHORT] },
    Long(Box<[u8]>),
}

impl Levels {
    /// Without any.
    pub(super) const fn new() -> Self {
        Self {
            slab: Slab::new(),
            table: HashTable::new(),
            heap: 0,
        }
    }

    /// What they take on the heap, about.
    pub(super) const fn bytes(&self) -> usize {
        self.heap + self.slab.len() * COST
    }

    /// The key of a text that is in use.
    #[inline]
    pub(super) fn find(&self, state: &KeyedState, text: &[u8]) -> Option<Key> {
        let same = |key: &Key| self.text(*key) == text;
        self.table.find(state.hash_bytes(text), same).copied()
    }

    /// The text of a level; empty for a key that is not in use.
    #[inline]
    pub(super) fn text(&self, key: Key) -> &[u8] {
        self.slab
            .get(key)
            .map_or(&[], |level| level.text.as_bytes())
    }

    /// The key of a text, used once more. `None` when no more texts can be kept.
    pub(super) fn acquire(&mut self, state: &KeyedState, text: &[u8]) -> Option<Key> {
        if let Some(key) = self.find(state, text) {
            let level = self.slab.get_mut(key)?;
            level.references = level.references.checked_add(1)?;
            return Some(key);
        }
        let text = Text::new(text);
        self.heap += text.heap();
        let hash = state.hash_bytes(text.as_bytes());
        let key = self.slab.insert(Level {
            text,
            references: 1,
        })?;
        let slab = &self.slab;
        self.table.insert_unique(hash, key, |key| {
            state.hash_bytes(slab.get(*key).map_or(&[], |level| level.text.as_bytes()))
        });
        Some(key)
    }

    /// Used once less.
    pub(super) fn release(&mut self, state: &KeyedState, key: Key) {
        let Some(level) = self.slab.get_mut(key) else {
            return;
        };
        level.references -= 1;
        if level.references > 0 {
            return;
        }
        let hash = state.hash_bytes(level.text.as_bytes());
        self.heap -= level.text.heap();
        if let Ok(entry) = self.table.find_entry(hash, |other| *other == key) {
            entry.remove();
        }
        self.slab.remove(key);
        if self.slab.len() == 0 {
            self.table = HashTable::new();
        }
    }
}

impl Text {
    const SHORT: usize = 22;

    fn new(text: &[u8]) -> Self {
        let mut bytes = [0; Self::SHORT];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(front), Ok(len)) => {
                front.copy_from_slice(text);
                Self::Short { len, bytes }
            }
            _ => Self::Long(text.into()),
        }
    }

    #[inline]
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or(&[]),
            Self::Long(text) => text,
        }
    }

    fn heap(&self) -> usize {
        match self {
            Self::Short { .. } => 0,
            Self::Long(text) => text.len(),
        }
    }
}

/// Of a level: its place in the slab and in the table, which is not quite full.
const COST: usize = size_of::<Level>() + 8;

#[cfg(test)]
impl Levels {
    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.slab.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once_until_its_last_use_ends() {
        let state = KeyedState::new([1; 16]);
        let mut levels = Levels::new();
        let long = [b'x'; 100];
        let (a, b) = (
            levels.acquire(&state, b"a").unwrap(),
            levels.acquire(&state, &long).unwrap(),
        );
        assert_eq!(levels.acquire(&state, b"a"), Some(a));
        assert_ne!(a, b);
        assert_eq!((levels.text(a), levels.text(b)), (&b"a"[..], &long[..]));
        assert_eq!((levels.len(), levels.bytes()), (2, 2 * COST + 100));

        levels.release(&state, a);
        assert_eq!(levels.find(&state, b"a"), Some(a));
        levels.release(&state, a);
        assert_eq!((levels.len(), levels.bytes()), (1, COST + 100));
        assert_eq!(levels.find(&state, &long), Some(b));
        assert_eq!(levels.table.len(), 1);
        levels.release(&state, b);
        assert_eq!(
            (levels.find(&state, b"a"), levels.find(&state, &long)),
            (None, None)
        );
        assert_eq!((levels.len(), levels.bytes()), (0, 0));
    }

    #[test]
    fn lengths_around_the_short_form_and_the_empty_level_are_kept() {
        let state = KeyedState::new([1; 16]);
        let mut levels = Levels::new();
        for len in [
            0,
            1,
            Text::SHORT - 1,
            Text::SHORT,
            Text::SHORT + 1,
            255,
            256,
            300,
        ] {
            let text = alloc::vec![b'x'; len];
            let key = levels.acquire(&state, &text).unwrap();
            assert_eq!(levels.text(key), text);
            assert_eq!(levels.find(&state, &text), Some(key));
        }
        assert_eq!(size_of::<Level>(), 32);
    }

    /// The lists double, and this is just before they do.
    #[test]
    fn what_is_counted_for_a_level_is_about_what_it_takes() {
        let state = KeyedState::new([1; 16]);
        let mut levels = Levels::new();
        for number in 0..896_u32 {
            levels.acquire(&state, &number.to_be_bytes()).unwrap();
        }
        let taken = levels.slab.allocation_size() + levels.table.allocation_size();
        let counted = levels.bytes();
        assert!(counted.abs_diff(taken) < taken / 8, "{counted} of {taken}");
    }
}

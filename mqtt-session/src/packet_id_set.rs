use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use mqtt_codec::PacketId;

/// A set of Packet Identifiers, ordered.
///
/// Up to 64 neighbours need no memory of their own, so that an exchange at a time costs no allocation. Beyond that there
/// is a page of 64 bytes for each 512 identifiers that are in use, about 8 KiB for all 65,535. An empty set owns none.
#[derive(Clone, Default)]
pub struct PacketIdSet {
    /// Which word `near` is, counted from identifier 0.
    near_index: u16,
    /// 64 neighbours. Its identifiers are not in `far`.
    near: u64,
    len: u16,
    far: Option<Box<Pages>>,
}

/// The pages that hold something, in their order.
#[derive(Clone, Default)]
struct Pages {
    indexes: Vec<u8>,
    words: Vec<[u64; PAGE_WORDS]>,
}

const PAGE_WORDS: usize = 8;
const WORDS: u16 = 1024;

impl PacketIdSet {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            near_index: 0,
            near: 0,
            len: 0,
            far: None,
        }
    }

    /// How many are in it.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether none is in it.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether `id` is in it.
    #[must_use]
    #[inline]
    pub fn contains(&self, id: PacketId) -> bool {
        let (index, bit) = split(id);
        self.word(index) & bit != 0
    }

    /// Adds `id`; false when it was in it.
    #[inline]
    pub fn insert(&mut self, id: PacketId) -> bool {
        let (index, bit) = split(id);
        if self.near == 0 && self.far.is_none() {
            self.near_index = index;
        }
        let word = if self.near_index == index {
            &mut self.near
        } else {
            self.far.get_or_insert_default().word_mut(index)
        };
        let is_new = *word & bit == 0;
        *word |= bit;
        self.len += u16::from(is_new);
        is_new
    }

    /// Takes `id` away; false when it was not in it.
    #[inline]
    pub fn remove(&mut self, id: PacketId) -> bool {
        let (index, bit) = split(id);
        if self.near_index == index {
            let was_in = self.near & bit != 0;
            self.near &= !bit;
            self.len -= u16::from(was_in);
            return was_in;
        }
        let Some(far) = &mut self.far else {
            return false;
        };
        let was_in = far.remove(index, bit);
        self.len -= u16::from(was_in);
        if far.indexes.is_empty() {
            self.far = None;
        }
        was_in
    }

    /// Takes all away and frees the memory.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// From the smallest to the largest.
    #[must_use]
    pub fn iter(&self) -> PacketIdSetIter<'_> {
        PacketIdSetIter {
            set: self,
            next: Some(PacketId::MIN),
        }
    }

    /// The first that is in it, from `from` up; it does not wrap around.
    fn first_at(&self, from: PacketId) -> Option<PacketId> {
        let (index, bit) = split(from);
        let here = self.word(index) & bit.wrapping_neg();
        if here != 0 {
            return join(index, here);
        }
        let next = self.next_word(index + 1)?;
        join(next, self.word(next))
    }

    /// The first word at or behind `index` that may hold something.
    fn next_word(&self, index: u16) -> Option<u16> {
        let near = (self.near != 0 && self.near_index >= index).then_some(self.near_index);
        let far = self.far.as_ref().and_then(|far| far.next_word(index));
        match (near, far) {
            (Some(near), Some(far)) => Some(near.min(far)),
            (near, far) => near.or(far),
        }
    }

    /// The first that is not in it, from `from` up and then from 1; `None` when all are in it.
    pub(crate) fn first_free(&self, from: PacketId) -> Option<PacketId> {
        let (first, bit) = split(from);
        // The word of `from` is looked at twice: from `from` up now, as a whole at the end.
        for step in 0..=WORDS {
            let index = (first + step) % WORDS;
            let mut free = !self.word(index);
            if step == 0 {
                free &= bit.wrapping_neg();
            }
            if index == 0 {
                free &= !1; // There is no identifier 0.
            }
            if free != 0 {
                return join(index, free);
            }
        }
        None
    }

    #[inline]
    fn word(&self, index: u16) -> u64 {
        if index == self.near_index {
            return self.near;
        }
        self.far.as_ref().map_or(0, |far| far.word(index))
    }
}

impl Pages {
    fn word(&self, index: u16) -> u64 {
        let (page, word) = place(index);
        let Ok(at) = self.indexes.binary_search(&page) else {
            return 0;
        };
        self.words
            .get(at)
            .and_then(|words| words.get(word))
            .copied()
            .unwrap_or(0)
    }

    /// Makes the page when there is none: something is about to be put into it.
    fn word_mut(&mut self, index: u16) -> &mut u64 {
        let (page, word) = place(index);
        let at = self.indexes.binary_search(&page).unwrap_or_else(|at| {
            self.indexes.insert(at, page);
            self.words.insert(at, [0; PAGE_WORDS]);
            at
        });
        #[expect(
            clippy::indexing_slicing,
            reason = "`at` was found or inserted just now, `word` is below 8"
        )]
        &mut self.words[at][word % PAGE_WORDS]
    }

    fn remove(&mut self, index: u16, bit: u64) -> bool {
        let (page, word) = place(index);
        let Ok(at) = self.indexes.binary_search(&page) else {
            return false;
        };
        let Some(words) = self.words.get_mut(at) else {
            return false;
        };
        let Some(word) = words.get_mut(word) else {
            return false;
        };
        let was_in = *word & bit != 0;
        *word &= !bit;
        if words.iter().all(|&word| word == 0) {
            self.indexes.remove(at);
            self.words.remove(at);
        }
        was_in
    }

    fn next_word(&self, index: u16) -> Option<u16> {
        let (page, word) = place(index);
        let at = self.indexes.partition_point(|&it| it < page);
        self.indexes
            .iter()
            .zip(&self.words)
            .skip(at)
            .find_map(|(&it, words)| {
                let from = if it == page { word } else { 0 };
                let at =
                    (from..PAGE_WORDS).find(|&at| words.get(at).is_some_and(|&word| word != 0))?;
                Some(u16::from(it) * 8 + u16::try_from(at).ok()?)
            })
    }
}

/// The page of a word, and which of the page's words it is.
#[expect(clippy::cast_possible_truncation, reason = "there are 128 pages")]
fn place(index: u16) -> (u8, usize) {
    ((index / 8) as u8, usize::from(index % 8))
}

/// The word of an identifier and its bit there.
#[inline]
fn split(id: PacketId) -> (u16, u64) {
    (id.get() / 64, 1 << (id.get() % 64))
}

/// The identifier of the lowest bit of a word.
#[expect(clippy::cast_possible_truncation, reason = "a word has 64 bits")]
#[inline]
fn join(index: u16, word: u64) -> Option<PacketId> {
    PacketId::new(index * 64 + word.trailing_zeros() as u16)
}

/// The identifiers of a [`PacketIdSet`], from the smallest to the largest.
#[derive(Clone)]
pub struct PacketIdSetIter<'a> {
    set: &'a PacketIdSet,
    next: Option<PacketId>,
}

impl Iterator for PacketIdSetIter<'_> {
    type Item = PacketId;

    fn next(&mut self) -> Option<PacketId> {
        let found = self.next.and_then(|next| self.set.first_at(next));
        self.next = found
            .and_then(|found| found.get().checked_add(1))
            .and_then(PacketId::new);
        found
    }
}

impl core::iter::FusedIterator for PacketIdSetIter<'_> {}

impl fmt::Debug for PacketIdSetIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.clone()).finish()
    }
}

impl<'a> IntoIterator for &'a PacketIdSet {
    type Item = PacketId;
    type IntoIter = PacketIdSetIter<'a>;

    fn into_iter(self) -> PacketIdSetIter<'a> {
        self.iter()
    }
}

impl FromIterator<PacketId> for PacketIdSet {
    fn from_iter<I: IntoIterator<Item = PacketId>>(ids: I) -> Self {
        let mut set = Self::new();
        for id in ids {
            set.insert(id);
        }
        set
    }
}

impl PartialEq for PacketIdSet {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other)
    }
}

impl Eq for PacketIdSet {}

impl fmt::Debug for PacketIdSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn id(value: u16) -> PacketId {
        PacketId::new(value).unwrap()
    }

    #[test]
    fn holds_every_identifier_in_about_8_kib() {
        let mut set: PacketIdSet = (1..=u16::MAX).filter_map(PacketId::new).collect();
        assert_eq!(set.len(), 65_535);
        assert_eq!(set.first_free(id(77)), None);
        assert_eq!(
            set.iter().map(PacketId::get).collect::<Vec<_>>(),
            (1..=u16::MAX).collect::<Vec<_>>()
        );
        let far = set.far.as_ref().unwrap();
        assert!(far.indexes.capacity() + far.words.capacity() * 64 <= 8 * 1024 + 128);
        assert!(set.remove(id(40_000)));
        assert_eq!(set.first_free(id(77)), Some(id(40_000)));
        assert_eq!(set.first_free(id(40_001)), Some(id(40_000)));
        (1..=u16::MAX).filter_map(PacketId::new).for_each(|id| {
            set.remove(id);
        });
        assert!(set.is_empty() && set.far.is_none());
    }

    #[test]
    fn an_exchange_at_a_time_needs_no_memory() {
        let mut set = PacketIdSet::new();
        for value in 1..=u16::MAX {
            assert!(set.insert(id(value)));
            assert!(set.far.is_none());
            assert!(set.remove(id(value)));
        }
        assert_eq!(size_of::<PacketIdSet>(), 24);
    }

    proptest! {
        #[test]
        fn behaves_as_a_tree_set(steps in prop::collection::vec((any::<bool>(), 1u16.., any::<bool>()), 0..400), from in 1u16..) {
            let (mut set, mut model) = (PacketIdSet::new(), BTreeSet::new());
            for (add, value, narrow) in steps {
                let value = if narrow { 1 + value % 700 } else { value };
                if add {
                    prop_assert_eq!(set.insert(id(value)), model.insert(value));
                } else {
                    prop_assert_eq!(set.remove(id(value)), model.remove(&value));
                }
                prop_assert_eq!(set.contains(id(value)), add);
                prop_assert_eq!(set.len(), model.len());
            }
            prop_assert!(set.iter().map(PacketId::get).eq(model.iter().copied()));
            let free = (from..=u16::MAX).chain(1..from).find(|value| !model.contains(value));
            prop_assert_eq!(set.first_free(id(from)).map(PacketId::get), free);
            prop_assert_eq!(set.far.is_some(), set.far.as_ref().is_some_and(|far| !far.indexes.is_empty()));
        }
    }

    #[test]
    fn sets_are_equal_when_they_hold_the_same() {
        let of = |values: &[u16]| -> PacketIdSet { values.iter().copied().map(id).collect() };
        // However they were built: which word is near differs.
        assert_eq!(of(&[1, 700, 3]), of(&[700, 3, 1, 3]));
        assert_ne!(of(&[1, 700]), of(&[1, 701]));
        assert_ne!(of(&[1, 700]), of(&[1]));
        assert_ne!(of(&[1, 700]), of(&[1, 700, 701]));
    }

    #[test]
    fn shows_its_identifiers() {
        let set: PacketIdSet = [700, 3].into_iter().map(id).collect();
        let shown = alloc::format!("{:?}", [id(3), id(700)]).replace(['[', ']'], "");
        assert_eq!(alloc::format!("{set:?}"), alloc::format!("{{{shown}}}"));
        assert_eq!(
            alloc::format!("{:?}", set.iter()),
            alloc::format!("{set:?}")
        );
    }

    #[test]
    fn a_cleared_set_is_empty_and_owns_no_memory() {
        let mut set: PacketIdSet = [1, 700].into_iter().map(id).collect();
        assert!(!set.is_empty());
        set.clear();
        assert!(set.is_empty() && set.far.is_none());
        assert_eq!((set.len(), set.iter().next()), (0, None));
    }
}

use alloc::vec;
use alloc::vec::Vec;

use mqtt_codec::{TopicName, TopicNameBuf};

use super::keyed_state::KeyedState;
use super::keys::GroupKey;
use super::matches::{Matches, Target};
use super::stamps::{Slots, Stamps};

/// How much the cache of match results holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CacheLimits {
    /// The most Topic Names, taken as at least one.
    pub(crate) topics: usize,
    /// The most targets and groups of all names together. One name may have more; it is then the only one.
    pub(crate) targets: usize,
}

/// What Topic Names match, for as long as their stamps say that it is still so.
///
/// A name can stand in one of eight ways of one set, so a search is bounded whatever names peers choose, and what they
/// could make collide would cost hits only: that is why the names need no SipHash. When all ways of a set are taken, one
/// is used again that was not hit since the last search for one, with all its memory. Names above [`NAME_BYTES`] have no
/// place: what they match is found anew each time. So names, too, take only so much memory, and
/// [`give_back`](Self::give_back) frees all of it.
#[derive(Debug)]
pub(super) struct Cache {
    state: KeyedState,
    /// For each set the tags of its ways and then the entries they lead to; a tag of 0 is an empty way.
    sets: Vec<[[u32; WAYS]; 2]>,
    /// The ways of a set that are used: fewer than all when the cache is that small.
    ways: usize,
    entries: Vec<Entry>,
    /// The entry of the last name that was too long for a place.
    scratch: Option<usize>,
    /// The targets and groups of all entries.
    weight: usize,
    limit: usize,
    /// The entry that gives up its targets next.
    hand: usize,
    heap: usize,
}

#[derive(Debug)]
struct Entry {
    matches: Matches,
    /// Of the time when the matches were found; 0 when they were given up.
    stamp: u64,
    slots: Slots,
    /// Whether it was hit since a way of its set was last searched for.
    hit: bool,
}

/// Where a Topic Name stands or would stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    set: usize,
    tag: u32,
}

impl Cache {
    /// An empty one.
    pub(super) fn new(state: KeyedState, limits: CacheLimits) -> Self {
        let topics = limits.topics.clamp(1, MAX_TOPICS);
        Self {
            state,
            sets: vec![[[0; WAYS]; 2]; (topics / WAYS).max(1)],
            ways: topics.min(WAYS),
            entries: Vec::new(),
            scratch: None,
            weight: 0,
            limit: limits.targets,
            hand: 0,
            heap: 0,
        }
    }

    /// What it takes on the heap, about.
    pub(super) fn bytes(&self) -> usize {
        self.heap
            + self.entries.len() * size_of::<Entry>()
            + self.sets.len() * size_of::<[[u32; WAYS]; 2]>()
    }

    /// Where the name stands or would stand.
    #[inline]
    pub(super) fn place(&self, topic: TopicName<'_>) -> Place {
        let hash = self.state.hash_text(topic.as_str().as_bytes());
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the lower half chooses the tag, the upper half the set"
        )]
        let tag = (hash as u32).max(1);
        // Below the number of sets, which is below 2^32.
        let set = ((hash >> 32) * self.sets.len() as u64) >> 32;
        let set = set as usize;
        Place { set, tag }
    }

    /// The entry of the name, if its matches are still true. One that hides behind another name of the same tag is not
    /// found here, once in four thousand million times.
    #[inline(always)]
    pub(super) fn hit(
        &mut self,
        place: Place,
        topic: TopicName<'_>,
        stamps: &Stamps,
    ) -> Option<usize> {
        let [tags, indices] = self.sets.get(place.set)?;
        let way = tags.iter().position(|tag| *tag == place.tag)?;
        let index = *indices.get(way)? as usize;
        let entry = self.entries.get_mut(index)?;
        let same = entry.stamp == stamps.stamp(entry.slots)
            && entry.matches.topic.as_str() == topic.as_str();
        entry.hit |= same;
        same.then_some(index)
    }

    /// The entry of the name, true or not.
    fn find(&self, place: Place, topic: TopicName<'_>) -> Option<usize> {
        let [tags, indices] = self.sets.get(place.set)?;
        let of_tag = tags
            .iter()
            .zip(indices)
            .filter(|(tag, _)| **tag == place.tag);
        let is_of = |index: &usize| {
            self.entries
                .get(*index)
                .is_some_and(|entry| entry.matches.topic.as_str() == topic.as_str())
        };
        of_tag.map(|(_, index)| *index as usize).find(is_of)
    }

    /// The matches of an entry, as [`hit`](Self::hit) or [`fill`](Self::fill) gave it.
    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "entries stay where they are, and none is removed while its matches are read"
    )]
    pub(super) fn matches(&self, index: usize) -> &Matches {
        &self.entries[index].matches
    }

    /// Frees all of it; what is asked for again is found anew. False when there was nothing.
    #[cold]
    pub(super) fn give_back(&mut self) -> bool {
        let had = !self.entries.is_empty();
        if had {
            self.sets.fill([[0; WAYS]; 2]);
            self.entries = Vec::new();
            self.scratch = None;
            (self.weight, self.hand, self.heap) = (0, 0, 0);
        }
        had
    }

    /// Keeps what `find` finds for a name whose entry is not there or not true any more.
    pub(super) fn fill(
        &mut self,
        place: Place,
        topic: TopicName<'_>,
        stamps: &Stamps,
        find: impl FnOnce(&mut Vec<Target>, &mut Vec<GroupKey>),
    ) -> usize {
        let index = if topic.as_str().len() > NAME_BYTES {
            let index = self.put(topic, self.scratch);
            self.scratch = Some(index);
            index
        } else {
            self.find(place, topic)
                .unwrap_or_else(|| self.claim(place, topic))
        };
        let Some(entry) = self.entries.get_mut(index) else {
            return index;
        };
        self.weight -= entry.weight();
        self.heap -= entry.heap();
        entry.fill(find);
        entry.stamp = stamps.stamp(entry.slots);
        self.weight += entry.weight();
        self.heap += entry.heap();
        if self.weight > self.limit {
            self.give_up(index);
        }
        index
    }

    /// An entry for a name that has none: a new one while there is room in its set, else one that was not hit of late.
    fn claim(&mut self, place: Place, topic: TopicName<'_>) -> usize {
        let way = self.free_way(place);
        let used = self.sets.get(place.set).and_then(|[tags, indices]| {
            let is_used = *tags.get(way)? != 0;
            is_used.then_some(*indices.get(way)? as usize)
        });
        let index = self.put(topic, used);
        let way = self
            .sets
            .get_mut(place.set)
            .and_then(|[tags, indices]| tags.get_mut(way).zip(indices.get_mut(way)));
        if let (Some((tag, way)), Ok(number)) = (way, u32::try_from(index)) {
            *tag = place.tag;
            *way = number;
        }
        index
    }

    /// Gives a name the entry of another one, or a new one.
    fn put(&mut self, topic: TopicName<'_>, used: Option<usize>) -> usize {
        let topic_name = TopicNameBuf::from(topic);
        let slots = Slots::new(topic.as_str());
        self.heap += topic.as_str().len();
        match used.and_then(|index| self.entries.get_mut(index).zip(Some(index))) {
            Some((entry, index)) => {
                self.heap -= entry.matches.topic.as_str().len();
                entry.matches.topic = topic_name;
                entry.slots = slots;
                index
            }
            None => {
                self.entries.push(Entry {
                    matches: Matches::new(topic_name),
                    stamp: 0,
                    slots,
                    hit: false,
                });
                self.entries.len() - 1
            }
        }
    }

    /// A way that is empty, else one whose entry was not hit since it was last looked at here.
    fn free_way(&mut self, place: Place) -> usize {
        let Some([tags, indices]) = self.sets.get(place.set) else {
            return 0;
        };
        if let Some(empty) = tags.iter().take(self.ways).position(|tag| *tag == 0) {
            return empty;
        }
        // Where the search begins is as good as random. When all were hit, it is the last one's turn.
        let mut way = place.tag as usize % WAYS;
        for _ in 0..self.ways {
            way = if way + 1 < self.ways { way + 1 } else { 0 };
            let entry = indices
                .get(way)
                .and_then(|index| self.entries.get_mut(*index as usize));
            if !entry.is_some_and(|entry| core::mem::take(&mut entry.hit)) {
                break;
            }
        }
        way
    }

    /// Lets one entry after the other, but not `except`, give up its targets, until the limit is kept.
    #[cold]
    fn give_up(&mut self, except: usize) {
        for _ in 0..self.entries.len() {
            if self.weight <= self.limit {
                return;
            }
            self.hand = (self.hand + 1) % self.entries.len().max(1);
            if self.hand == except {
                continue;
            }
            if let Some(entry) = self.entries.get_mut(self.hand) {
                self.weight -= entry.weight();
                self.heap -= entry.heap();
                entry.matches.targets = Vec::new();
                entry.matches.groups = Vec::new();
                entry.stamp = 0;
                self.heap += entry.heap();
            }
        }
    }
}

#[cfg(test)]
impl Cache {
    /// How many names it holds.
    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many targets and groups it holds.
    pub(super) fn weight(&self) -> usize {
        self.entries.iter().map(Entry::weight).sum()
    }

    /// As [`bytes`](Self::bytes), counted anew.
    pub(super) fn counted_bytes(&self) -> usize {
        let heap: usize = self.entries.iter().map(Entry::heap).sum();
        heap + self.bytes() - self.heap
    }
}

impl Entry {
    fn fill(&mut self, find: impl FnOnce(&mut Vec<Target>, &mut Vec<GroupKey>)) {
        let Matches {
            targets, groups, ..
        } = &mut self.matches;
        targets.clear();
        groups.clear();
        find(targets, groups);
        targets.shrink_to(targets.len() * 2 + SPARE);
        groups.shrink_to(groups.len() * 2 + SPARE);
    }

    fn weight(&self) -> usize {
        self.matches.targets.len() + self.matches.groups.len()
    }

    fn heap(&self) -> usize {
        self.matches.topic.as_str().len()
            + self.matches.targets.capacity() * size_of::<Target>()
            + self.matches.groups.capacity() * size_of::<GroupKey>()
    }
}

const WAYS: usize = 8;

/// The longest name that has a place, in bytes.
const NAME_BYTES: usize = 256;

/// So that the numbers of entries fit 32 bits.
const MAX_TOPICS: usize = 1 << 24;

/// How much more than it needs an entry may keep.
const SPARE: usize = 8;

#[cfg(test)]
mod tests;

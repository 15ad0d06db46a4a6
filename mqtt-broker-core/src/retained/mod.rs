//! The retained message of each topic.

mod cursor;
mod step;

#[cfg(test)]
mod tests;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::ops::Bound;

use mqtt_codec::{TopicFilter, TopicName, TopicNameBuf};

use cursor::Place;
use step::{Step, step};

pub(crate) use cursor::ReplayCursor;

/// The retained message of each topic.
///
/// The names stand in the order of their bytes, in which all names that begin alike stand together. A filter is looked
/// up by going through them and seeking over what cannot match, as in a tree, but a place in that order stays a place
/// whatever is set and cleared in between, and a name is shared with its message.
#[derive(Debug)]
pub(crate) struct Retained<T> {
    topics: BTreeMap<TopicNameBuf, T>,
    /// How many are not under `$SYS/`.
    counted: usize,
    heap: usize,
}

impl<T: Clone> Retained<T> {
    /// Without any.
    pub(crate) const fn new() -> Self {
        Self {
            topics: BTreeMap::new(),
            counted: 0,
            heap: 0,
        }
    }

    /// Of how many topics there is one.
    pub(crate) fn len(&self) -> usize {
        self.topics.len()
    }

    /// Of how many there is one, those under `$SYS/` left out, which no limit counts.
    pub(crate) const fn len_counted(&self) -> usize {
        self.counted
    }

    /// What the store takes on the heap, about: the names and their places, without what the values own.
    pub(crate) const fn bytes(&self) -> usize {
        self.heap
    }

    /// The one of a topic.
    pub(crate) fn get(&self, topic: TopicName<'_>) -> Option<&T> {
        self.topics.get(topic.as_str())
    }

    /// Sets the one of a topic [MQTT-3.3.1-5]; the old one comes back.
    pub(crate) fn set(&mut self, topic: &TopicNameBuf, value: T) -> Option<T> {
        let old = self.topics.insert(topic.clone(), value);
        if old.is_none() {
            self.counted += usize::from(is_counted(topic.borrowed()));
            self.heap += cost::<T>(topic.borrowed());
        }
        old
    }

    /// Removes the one of a topic [MQTT-3.3.1-6]; it comes back.
    pub(crate) fn clear(&mut self, topic: TopicName<'_>) -> Option<T> {
        let old = self.topics.remove(topic.as_str())?;
        self.counted -= usize::from(is_counted(topic));
        self.heap -= cost::<T>(topic);
        Some(old)
    }

    /// The next ones whose topics match a filter, after a look at no more than `budget` topics, at least one. `None`:
    /// there are no more.
    ///
    /// What is set or cleared between two slices may come or not; every other topic that matches comes once. A shared
    /// filter brings none. Standard: MQTT 5.0 §3.3.1.3, §4.8.2.
    pub(crate) fn replay(
        &self,
        filter: TopicFilter<'_>,
        cursor: &mut ReplayCursor,
        budget: usize,
    ) -> Option<Vec<T>> {
        let place = mem::replace(&mut cursor.place, Place::End);
        if filter.shared().is_some() || place == Place::End {
            return None;
        }
        let mut found = Vec::new();
        if let Ok(topic) = TopicName::new(filter.as_str()) {
            found.extend(self.get(topic).cloned());
        } else {
            cursor.place = self.walk(filter, place, budget, &mut found);
        }
        (!found.is_empty() || cursor.place != Place::End).then_some(found)
    }

    /// Looks at the next names from a place on: the place of the next slice.
    fn walk(
        &self,
        filter: TopicFilter<'_>,
        place: Place,
        budget: usize,
        found: &mut Vec<T>,
    ) -> Place {
        let start = match &place {
            Place::Start => Bound::Unbounded,
            Place::At(name) => Bound::Included(name.as_str()),
            Place::Behind(name) => Bound::Excluded(name.as_str()),
            Place::End => return Place::End,
        };
        let mut topics = self
            .topics
            .range::<str, _>((start, Bound::Unbounded))
            .peekable();
        let mut target = String::new();
        let mut last = Place::End;
        for left in (0..budget.max(1)).rev() {
            let Some((name, value)) = topics.next() else {
                return Place::End;
            };
            let step = step(filter, name.borrowed(), &mut target);
            match step {
                Step::Match => found.push(value.clone()),
                Step::Next => {}
                Step::Seek if left == 0 => last = Place::At(mem::take(&mut target)),
                // Often it is the very next one.
                Step::Seek
                    if topics
                        .peek()
                        .is_none_or(|(next, _)| next.as_str() >= target.as_str()) => {}
                Step::Seek => {
                    topics = self
                        .topics
                        .range::<str, _>((Bound::Included(target.as_str()), Bound::Unbounded))
                        .peekable();
                }
                Step::End => return Place::End,
            }
            if left == 0 && step != Step::Seek {
                last = Place::Behind(name.as_str().into());
            }
        }
        last
    }
}

/// Whether it counts against limits.
fn is_counted(topic: TopicName<'_>) -> bool {
    !topic.as_str().starts_with("$SYS/")
}

/// Of a topic: its name, the counters that it is shared by, and its place in the map, which is two thirds full.
fn cost<T>(topic: TopicName<'_>) -> usize {
    topic.as_str().len() + 2 * size_of::<usize>() + size_of::<(TopicNameBuf, T)>() * 3 / 2
}

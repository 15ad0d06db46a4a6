use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use mqtt_codec::{TopicFilterBuf, TopicNameBuf};

/// A Topic Name of a world, by its number in [`Names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(u16);

/// A Topic Filter of a world, by its number in [`Names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Filter(u16);

impl Topic {
    /// Its number, from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl Filter {
    /// Its number, from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// All Topic Names and Topic Filters of a world, and which match. What matches is worked out here by the words of the
/// standard (MQTT 5.0 §4.7), apart from the broker's tree.
#[derive(Clone, Debug, Default)]
pub struct Names {
    topics: Vec<TopicNameBuf>,
    filters: Vec<TopicFilterBuf>,
    topic_numbers: BTreeMap<String, Topic>,
    filter_numbers: BTreeMap<String, Filter>,
    /// For each topic the filters that match it, shared ones too.
    matching: Vec<Vec<Filter>>,
}

impl Names {
    /// The number of a topic, new or known. `None` for what is no Topic Name, or with 65,536 of them.
    pub fn add_topic(&mut self, name: &str) -> Option<Topic> {
        if let Some(topic) = self.topic_numbers.get(name) {
            return Some(*topic);
        }
        let topic = Topic(u16::try_from(self.topics.len()).ok()?);
        self.topics.push(TopicNameBuf::new(name).ok()?);
        self.topic_numbers.insert(name.into(), topic);
        let matches = |filter: &TopicFilterBuf| matches(filter.as_str(), name);
        let filters = (0u16..).map(Filter).zip(&self.filters);
        self.matching.push(
            filters
                .filter(|(_, it)| matches(it))
                .map(|(filter, _)| filter)
                .collect(),
        );
        Some(topic)
    }

    /// The number of a filter, new or known. `None` for what is no Topic Filter, or with 65,536 of them.
    pub fn add_filter(&mut self, name: &str) -> Option<Filter> {
        if let Some(filter) = self.filter_numbers.get(name) {
            return Some(*filter);
        }
        let filter = Filter(u16::try_from(self.filters.len()).ok()?);
        self.filters.push(TopicFilterBuf::new(name).ok()?);
        self.filter_numbers.insert(name.into(), filter);
        for (topic, matching) in self.topics.iter().zip(&mut self.matching) {
            if matches(name, topic.as_str()) {
                matching.push(filter);
            }
        }
        Some(filter)
    }

    /// All topics.
    pub fn topics(&self) -> impl Iterator<Item = Topic> + use<> {
        (0..u16::try_from(self.topics.len()).unwrap_or(u16::MAX)).map(Topic)
    }

    /// The name of a topic.
    #[must_use]
    pub fn topic(&self, topic: Topic) -> Option<&TopicNameBuf> {
        self.topics.get(topic.index())
    }

    /// The text of a filter.
    #[must_use]
    pub fn filter(&self, filter: Filter) -> Option<&TopicFilterBuf> {
        self.filters.get(filter.index())
    }

    /// The number of a topic's name.
    #[must_use]
    pub fn find_topic(&self, name: &str) -> Option<Topic> {
        self.topic_numbers.get(name).copied()
    }

    /// The number of a filter's text.
    #[must_use]
    pub fn find_filter(&self, name: &str) -> Option<Filter> {
        self.filter_numbers.get(name).copied()
    }

    /// The filters that match a topic, shared ones too.
    #[must_use]
    pub fn matching(&self, topic: Topic) -> &[Filter] {
        self.matching.get(topic.index()).map_or(&[], Vec::as_slice)
    }

    /// Whether a filter is of a shared group.
    #[must_use]
    pub fn is_shared(&self, filter: Filter) -> bool {
        self.filter(filter)
            .is_some_and(|filter| filter.as_str().starts_with(SHARE))
    }
}

/// Whether a filter matches a topic, by the words of the standard.
fn matches(filter: &str, topic: &str) -> bool {
    let filter = match filter.strip_prefix(SHARE) {
        Some(shared) => shared.split_once('/').map_or("", |(_, filter)| filter),
        None => filter,
    };
    // [MQTT-4.7.2-1]
    if topic.starts_with('$') && filter.starts_with(['#', '+']) {
        return false;
    }
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        if wanted == "#" {
            return true;
        }
        match levels.next() {
            Some(level) if wanted == "+" || wanted == level => {}
            Some(_) | None => return false,
        }
    }
    levels.next().is_none()
}

const SHARE: &str = "$share/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_match_as_the_standard_says() {
        let cases = [
            ("a", "a", true),
            ("a", "a/b", false),
            ("a/+", "a/b", true),
            ("a/+", "a", false),
            ("a/+", "a/", true),
            ("a/+", "a/b/c", false),
            ("a/#", "a", true),
            ("a/#", "a/b/c", true),
            ("+/b", "a/b", true),
            ("+", "/a", false),
            ("+/+", "/a", true),
            ("#", "a/b", true),
            ("#", "$SYS/a", false),
            ("+/a", "$SYS/a", false),
            ("$SYS/#", "$SYS/a", true),
            ("$share/g/a/+", "a/b", true),
            ("$share/g/a/+", "b/b", false),
        ];
        for (filter, topic, expected) in cases {
            assert_eq!(matches(filter, topic), expected, "{filter} {topic}");
        }
    }

    #[test]
    fn what_matches_is_known_whichever_was_there_first() {
        let mut names = Names::default();
        let before = names.add_filter("a/+").unwrap();
        let topic = names.add_topic("a/b").unwrap();
        let behind = names.add_filter("$share/g/#").unwrap();
        assert_eq!(names.add_filter("b"), Some(Filter(2)));
        assert_eq!(names.matching(topic), [before, behind]);
        assert_eq!(names.add_topic("a/b"), Some(topic));
        assert_eq!(names.find_topic("a/b"), Some(topic));
        assert_eq!(names.find_filter("a/+"), Some(before));
        assert!(names.is_shared(behind) && !names.is_shared(before));
        assert_eq!(names.add_topic("a/#"), None);
    }
}

//! What the tests compare with: a list of subscriptions, and a matcher that follows the text of the standard.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use mqtt_codec::TopicFilter;

use crate::matching::{Change, Member, NoLocal, SessionKey, Subscription, Target};

/// Whether a filter that is not shared matches a Topic Name. Standard: MQTT 5.0 §4.7.
pub(super) fn is_match(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        match (wanted, levels.next()) {
            ("#", _) => return true,
            (_, None) => return false,
            ("+", Some(_)) => {}
            (text, Some(level)) if text == level => {}
            (_, Some(_)) => return false,
        }
    }
    levels.next().is_none()
}

/// All subscriptions, by session and whole filter.
#[derive(Debug, Default)]
pub(super) struct Model(pub(super) BTreeMap<(SessionKey, String), Subscription>);

impl Model {
    pub(super) fn subscribe(
        &mut self,
        session: SessionKey,
        filter: &str,
        subscription: Subscription,
    ) -> Change {
        self.0
            .insert((session, filter.to_string()), subscription)
            .map_or(Change::New, Change::Replaced)
    }

    pub(super) fn unsubscribe(
        &mut self,
        session: SessionKey,
        filter: &str,
    ) -> Option<Subscription> {
        self.0.remove(&(session, filter.to_string()))
    }

    /// All subscriptions that are not shared and match, by session.
    fn alone(&self, topic: &str) -> BTreeMap<SessionKey, Vec<Subscription>> {
        let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for ((session, filter), subscription) in &self.0 {
            if !filter.starts_with("$share/") && is_match(filter, topic) {
                found.entry(*session).or_default().push(*subscription);
            }
        }
        found
    }

    pub(super) fn targets(&self, topic: &str) -> Vec<Target> {
        self.alone(topic)
            .iter()
            .filter_map(|(session, matching)| target(*session, matching))
            .collect()
    }

    pub(super) fn for_publisher(&self, topic: &str, publisher: SessionKey) -> Option<Target> {
        let mut matching = self.alone(topic).remove(&publisher)?;
        matching.retain(|subscription| !subscription.options.no_local);
        target(publisher, &matching)
    }

    /// The members of each shared group that matches, by the whole filter.
    pub(super) fn groups(&self, topic: &str) -> BTreeMap<String, Vec<Member>> {
        let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for ((session, filter), &subscription) in &self.0 {
            let shared = TopicFilter::new(filter).unwrap().shared();
            if shared.is_some_and(|(_, filter)| is_match(filter.as_str(), topic)) {
                found.entry(filter.clone()).or_default().push(Member {
                    session: *session,
                    subscription,
                });
            }
        }
        found
    }
}

fn target(session: SessionKey, matching: &[Subscription]) -> Option<Target> {
    let mut identifiers: Vec<_> = matching
        .iter()
        .filter_map(|subscription| subscription.identifier)
        .collect();
    identifiers.sort_unstable();
    let no_local = matching
        .iter()
        .filter(|subscription| subscription.options.no_local)
        .count();
    Some(Target {
        session,
        qos: matching
            .iter()
            .map(|subscription| subscription.options.maximum_qos)
            .max()?,
        retain_as_published: matching
            .iter()
            .any(|subscription| subscription.options.retain_as_published),
        no_local: match no_local {
            0 => NoLocal::Never,
            count if count == matching.len() => NoLocal::Always,
            _ => NoLocal::Mixed,
        },
        identifiers: (!identifiers.is_empty()).then(|| identifiers.into()),
    })
}

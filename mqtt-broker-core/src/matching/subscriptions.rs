use alloc::string::String;

use mqtt_codec::{TopicFilter, TopicFilterBuf, TopicName};

use super::cache::{Cache, CacheLimits, Place};
use super::collector::Collector;
use super::groups::{Groups, Usable};
use super::keyed_state::KeyedState;
use super::keys::{FilterKey, GroupKey, Named, SessionKey};
use super::matches::{Matches, Target};
use super::slab::Key;
use super::stamps::Stamps;
use super::subscription::{Change, Member, Subscribed, Subscription};
use super::tree::Tree;
use super::walk::Walk;

/// All subscriptions of a broker, and what Topic Names match.
#[derive(Debug)]
pub(crate) struct Subscriptions {
    tree: Tree,
    groups: Groups,
    stamps: Stamps,
    cache: Cache,
    walk: Walk,
    collector: Collector,
    len: usize,
    #[cfg(test)]
    misses: usize,
}

/// What a Topic Name matches, with what else is needed while the matches are read.
#[derive(Debug)]
pub(crate) struct Routes<'a> {
    /// Whom it goes to.
    pub(crate) matches: &'a Matches,
    /// To pick the members that the shared groups give it to.
    pub(crate) groups: &'a mut Groups,
    tree: &'a Tree,
    walk: &'a mut Walk,
    collector: &'a mut Collector,
}

impl Subscriptions {
    /// Without subscriptions. The key is that of the hashing.
    pub(crate) fn new(key: [u8; 16], limits: CacheLimits) -> Self {
        let state = KeyedState::new(key);
        Self {
            tree: Tree::new(state),
            groups: Groups::new(state),
            stamps: Stamps::new(),
            cache: Cache::new(state, limits),
            walk: Walk::default(),
            collector: Collector::default(),
            len: 0,
            #[cfg(test)]
            misses: 0,
        }
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// What they and the cache take on the heap, about.
    pub(crate) fn bytes(&self) -> usize {
        self.tree.bytes() + self.groups.bytes() + self.cache.bytes()
    }

    /// Frees the memory of the cache; false when there was none.
    pub(crate) fn give_back(&mut self) -> bool {
        self.cache.give_back()
    }

    /// Subscribes a session to a filter, shared or not; one that it has already is replaced [MQTT-3.8.4-3].
    ///
    /// `None`: there are as many filters as there can be, two thousand million. Nothing has changed.
    pub(crate) fn subscribe(
        &mut self,
        session: SessionKey,
        filter: TopicFilter<'_>,
        subscription: Subscription,
    ) -> Option<Subscribed> {
        let member = Member {
            session,
            subscription,
        };
        let (named, old) = match filter.shared() {
            Some((share_name, plain)) => self.join(filter, share_name, plain, member)?,
            None => self.subscribe_alone(filter, member)?,
        };
        self.len += usize::from(old.is_none());
        let change = old.map_or(Change::New, Change::Replaced);
        Some(Subscribed {
            key: FilterKey::new(named),
            change,
        })
    }

    fn subscribe_alone(
        &mut self,
        filter: TopicFilter<'_>,
        member: Member,
    ) -> Option<(Named, Option<Subscription>)> {
        let node = self.tree.insert(filter)?;
        let old = self
            .tree
            .change_subscribers(node, |subscribers| subscribers.insert(member))?;
        if old != Some(member.subscription) {
            self.stamps.change(filter);
        }
        Some((Named::Node(node), old))
    }

    fn join(
        &mut self,
        whole: TopicFilter<'_>,
        share_name: &str,
        filter: TopicFilter<'_>,
        member: Member,
    ) -> Option<(Named, Option<Subscription>)> {
        let node = self.tree.insert(filter)?;
        let group = match self.groups.find(node, share_name) {
            Some(group) => group,
            None => {
                let first = self.tree.node(node)?.groups;
                let group = self.groups.insert(node, whole, first)?;
                self.tree.set_groups(node, Some(group.0));
                // Who is in a group does not show in matches, only whether it is there.
                self.stamps.change(filter);
                group
            }
        };
        Some((
            Named::Group(group),
            self.groups.insert_member(group, member),
        ))
    }

    /// Ends a session's subscription to exactly this filter [MQTT-3.10.4-1].
    pub(crate) fn unsubscribe(
        &mut self,
        session: SessionKey,
        filter: TopicFilter<'_>,
    ) -> Option<(FilterKey, Subscription)> {
        let key = self.key(filter)?;
        self.remove(session, key)
            .map(|subscription| (key, subscription))
    }

    /// Ends a session's subscription.
    pub(crate) fn remove(&mut self, session: SessionKey, key: FilterKey) -> Option<Subscription> {
        let old = match key.named()? {
            Named::Node(node) => self.leave_node(session, node)?,
            Named::Group(group) => self.leave_group(session, group)?,
        };
        self.len -= 1;
        Some(old)
    }

    fn leave_node(&mut self, session: SessionKey, node: Key) -> Option<Subscription> {
        let old = self
            .tree
            .change_subscribers(node, |subscribers| subscribers.remove(session))??;
        self.changed(node);
        self.tree.prune(node);
        Some(old)
    }

    fn leave_group(&mut self, session: SessionKey, group: GroupKey) -> Option<Subscription> {
        let old = self.groups.remove_member(group, session)?;
        if let Some(pruned) = self.groups.prune(group) {
            if let Some(first) = pruned.first {
                self.tree.set_groups(pruned.node, first);
            }
            self.changed(pruned.node);
            self.tree.prune(pruned.node);
        }
        Some(old)
    }

    /// What the filter of a node matches has changed.
    fn changed(&mut self, node: Key) {
        if let Some(filter) = self.node_text(node) {
            self.stamps.change(filter.borrowed());
        }
    }

    /// How a session is subscribed to exactly this filter.
    pub(crate) fn get(&self, session: SessionKey, filter: TopicFilter<'_>) -> Option<Subscription> {
        match self.key(filter)?.named()? {
            Named::Node(node) => self.tree.node(node)?.subscribers.get(session),
            Named::Group(group) => self.groups.get(group, session),
        }
    }

    /// The group of a shared filter that somebody is subscribed to.
    pub(crate) fn group(&self, filter: TopicFilter<'_>) -> Option<GroupKey> {
        match self.key(filter)?.named()? {
            Named::Group(group) => Some(group),
            Named::Node(_) => None,
        }
    }

    /// The key of a filter that somebody is subscribed to.
    fn key(&self, filter: TopicFilter<'_>) -> Option<FilterKey> {
        Some(FilterKey::new(match filter.shared() {
            Some((share_name, filter)) => {
                Named::Group(self.groups.find(self.tree.find(filter)?, share_name)?)
            }
            None => Named::Node(self.tree.find(filter)?),
        }))
    }

    fn node_text(&self, node: Key) -> Option<TopicFilterBuf> {
        let text = String::from_utf8(self.tree.text(node)?).ok()?;
        TopicFilterBuf::new(&text).ok()
    }

    /// Whom a Topic Name goes to, with what else is needed while the matches are read.
    #[inline]
    pub(crate) fn routes(&mut self, topic: TopicName<'_>) -> Routes<'_> {
        let index = self.find(topic);
        Routes {
            matches: self.cache.matches(index),
            groups: &mut self.groups,
            tree: &self.tree,
            walk: &mut self.walk,
            collector: &mut self.collector,
        }
    }

    /// The entry of the cache with what a Topic Name matches.
    #[inline]
    fn find(&mut self, topic: TopicName<'_>) -> usize {
        let place = self.cache.place(topic);
        match self.cache.hit(place, topic, &self.stamps) {
            Some(index) => index,
            None => self.miss(place, topic),
        }
    }

    #[inline(never)]
    fn miss(&mut self, place: Place, topic: TopicName<'_>) -> usize {
        #[cfg(test)]
        {
            self.misses += 1;
        }
        let Self {
            tree,
            groups,
            stamps,
            cache,
            walk,
            collector,
            ..
        } = self;
        walk.run(tree, topic);
        cache.fill(place, topic, stamps, |targets, found| {
            let nodes = walk.found.iter().filter_map(|key| tree.node(*key));
            collector.collect(nodes.clone().map(|node| &node.subscribers), targets);
            for mut next in nodes.map(|node| node.groups) {
                while let Some(group) = next {
                    found.push(GroupKey(group));
                    next = groups.next(group);
                }
            }
        })
    }

    /// See [`Groups::pick`].
    pub(crate) fn pick(
        &mut self,
        group: GroupKey,
        usable: impl FnMut(&Member) -> Usable,
    ) -> Option<Member> {
        self.groups.pick(group, usable)
    }
}

impl Routes<'_> {
    /// The target of what a session publishes itself, from those of its subscriptions that do not have No Local; for a
    /// session whose target says [`NoLocal::Mixed`](super::NoLocal::Mixed).
    pub(crate) fn for_publisher(&mut self, publisher: SessionKey) -> Option<Target> {
        let Self {
            tree,
            walk,
            collector,
            matches,
            ..
        } = self;
        walk.run(tree, matches.topic.borrowed());
        let of_publisher = |node: &Key| {
            let subscription = tree.node(*node)?.subscribers.get(publisher)?;
            Some(Member {
                session: publisher,
                subscription,
            })
        };
        collector.collect_for_publisher(walk.found.iter().filter_map(of_publisher))
    }
}

#[cfg(test)]
impl Subscriptions {
    /// The whole filter, as it was subscribed to. `None` when nobody is subscribed to it any more.
    pub(super) fn filter_text(&self, key: FilterKey) -> Option<TopicFilterBuf> {
        match key.named()? {
            Named::Node(node) => self.node_text(node),
            Named::Group(group) => self.groups.filter(group).cloned(),
        }
    }

    /// The members of a shared group, sorted by session; none when the group is gone.
    pub(super) fn members(&self, group: GroupKey) -> &[Member] {
        self.groups.members(group)
    }

    /// Nodes, levels, places in their tables, groups, subscriptions, bytes without the cache.
    pub(super) fn internal_counts(&self) -> [usize; 6] {
        let bytes = self.tree.bytes() + self.groups.bytes();
        [
            self.tree.len(),
            self.tree.levels.len(),
            self.tree.table_len(),
            self.groups.len(),
            self.len,
            bytes,
        ]
    }

    /// As [`bytes`](Self::bytes), counted anew.
    pub(super) fn counted_bytes(&self) -> usize {
        self.tree.counted_bytes() + self.groups.bytes() + self.cache.counted_bytes()
    }

    /// How often the tree was walked for the cache.
    pub(super) const fn misses(&self) -> usize {
        self.misses
    }

    pub(super) const fn cached_topics(&self) -> usize {
        self.cache.len()
    }

    pub(super) fn cached_targets(&self) -> usize {
        self.cache.weight()
    }
}

use alloc::vec::Vec;
use core::hash::{BuildHasher, Hasher};

use hashbrown::HashTable;
use mqtt_codec::{TopicFilter, TopicFilterBuf};

use super::keyed_state::KeyedState;
use super::keys::{GroupKey, SessionKey};
use super::slab::{Key, Slab};
use super::subscribers;
use super::subscription::{Member, Subscription};

/// The shared groups: those who share the messages of a Topic Filter under a ShareName. Standard: MQTT 5.0 §4.8.2.
#[derive(Debug)]
pub(crate) struct Groups {
    state: KeyedState,
    slab: Slab<Group>,
    /// By node and ShareName.
    table: HashTable<Key>,
    heap: usize,
}

#[derive(Debug)]
struct Group {
    /// The node of the filter.
    node: Key,
    /// With `$share/` and the ShareName.
    filter: TopicFilterBuf,
    /// Sorted by session.
    members: Vec<Member>,
    /// Who was picked last.
    last: Option<SessionKey>,
    /// The neighbours in the list of the node's groups.
    next: Option<Key>,
    previous: Option<Key>,
}

/// Whether a message can go to a member of a shared group now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Usable {
    /// At once.
    Online,
    /// It would wait in the session.
    Offline,
    /// It would be dropped: there is no room for it.
    Full,
    /// It cannot.
    No,
}

impl Group {
    fn share_name(&self) -> &str {
        self.filter
            .borrowed()
            .shared()
            .map_or("", |(share_name, _)| share_name)
    }
}

impl Groups {
    /// Without groups.
    pub(super) const fn new(state: KeyedState) -> Self {
        Self {
            state,
            slab: Slab::new(),
            table: HashTable::new(),
            heap: 0,
        }
    }

    /// The whole filter of a group, with `$share/` and the ShareName.
    pub(crate) fn filter(&self, group: GroupKey) -> Option<&TopicFilterBuf> {
        self.slab.get(group.0).map(|group| &group.filter)
    }

    /// The members, sorted by session; none when the group is gone.
    pub(crate) fn members(&self, group: GroupKey) -> &[Member] {
        self.slab.get(group.0).map_or(&[], |group| &group.members)
    }

    /// Whose turn it is: the first online member after the one that was picked last, in the order of their keys and
    /// around; else the first offline one; else the first that has no room.
    pub(crate) fn pick(
        &mut self,
        group: GroupKey,
        mut usable: impl FnMut(&Member) -> Usable,
    ) -> Option<Member> {
        let group = self.slab.get_mut(group.0)?;
        let start = group.last.map_or(0, |last| {
            group
                .members
                .partition_point(|member| member.session <= last)
        });
        let (before, after) = group.members.split_at_checked(start)?;
        let (mut online, mut offline, mut full) = (None, None, None);
        for member in after.iter().chain(before) {
            match usable(member) {
                Usable::Online => {
                    online = Some(*member);
                    break;
                }
                Usable::Offline => offline = offline.or(Some(*member)),
                Usable::Full => full = full.or(Some(*member)),
                Usable::No => {}
            }
        }
        let picked = online.or(offline).or(full)?;
        group.last = Some(picked.session);
        Some(picked)
    }

    /// What they take on the heap, about.
    pub(super) const fn bytes(&self) -> usize {
        self.heap + self.slab.len() * COST
    }

    /// The group of a node with this name.
    pub(super) fn find(&self, node: Key, share_name: &str) -> Option<GroupKey> {
        let same = |key: &Key| {
            self.slab
                .get(*key)
                .is_some_and(|group| group.node == node && group.share_name() == share_name)
        };
        self.table
            .find(hash(&self.state, node, share_name), same)
            .copied()
            .map(GroupKey)
    }

    /// Makes a group without members, before `first`, the first of the groups of its node.
    pub(super) fn insert(
        &mut self,
        node: Key,
        filter: TopicFilter<'_>,
        first: Option<Key>,
    ) -> Option<GroupKey> {
        let (share_name, _) = filter.shared()?;
        let group = Group {
            node,
            filter: TopicFilterBuf::from(filter),
            members: Vec::new(),
            last: None,
            next: first,
            previous: None,
        };
        let key = self.slab.insert(group)?;
        if let Some(first) = first.and_then(|first| self.slab.get_mut(first)) {
            first.previous = Some(key);
        }
        self.heap += filter.as_str().len();
        let Self {
            state, slab, table, ..
        } = self;
        table.insert_unique(hash(state, node, share_name), key, |key| {
            slab.get(*key)
                .map_or(0, |group| hash(state, group.node, group.share_name()))
        });
        Some(GroupKey(key))
    }

    /// How this session is subscribed.
    pub(super) fn get(&self, group: GroupKey, session: SessionKey) -> Option<Subscription> {
        let members = self.members(group);
        let at = members
            .binary_search_by_key(&session, |member| member.session)
            .ok()?;
        members.get(at).map(|member| member.subscription)
    }

    /// Subscribes a member; what was there before comes back.
    pub(super) fn insert_member(
        &mut self,
        group: GroupKey,
        member: Member,
    ) -> Option<Subscription> {
        let members = &mut self.slab.get_mut(group.0)?.members;
        self.heap -= members.capacity() * size_of::<Member>();
        let old = subscribers::insert(members, member);
        self.heap += members.capacity() * size_of::<Member>();
        old
    }

    /// Ends a member's subscription.
    pub(super) fn remove_member(
        &mut self,
        group: GroupKey,
        session: SessionKey,
    ) -> Option<Subscription> {
        let members = &mut self.slab.get_mut(group.0)?.members;
        self.heap -= members.capacity() * size_of::<Member>();
        let old = subscribers::remove(members, session);
        self.heap += members.capacity() * size_of::<Member>();
        old
    }

    /// Removes a group if it has no members: what is then the first of its node's groups.
    pub(super) fn prune(&mut self, group: GroupKey) -> Option<Pruned> {
        if !self.slab.get(group.0)?.members.is_empty() {
            return None;
        }
        let gone = self.slab.remove(group.0)?;
        self.heap -= gone.filter.as_str().len() + gone.members.capacity() * size_of::<Member>();
        let hash = hash(&self.state, gone.node, gone.share_name());
        if let Ok(entry) = self.table.find_entry(hash, |key| *key == group.0) {
            entry.remove();
        }
        if self.slab.len() == 0 {
            self.table = HashTable::new();
        }
        if let Some(next) = gone.next.and_then(|next| self.slab.get_mut(next)) {
            next.previous = gone.previous;
        }
        match gone
            .previous
            .and_then(|previous| self.slab.get_mut(previous))
        {
            Some(previous) => {
                previous.next = gone.next;
                Some(Pruned {
                    node: gone.node,
                    first: None,
                })
            }
            None => Some(Pruned {
                node: gone.node,
                first: Some(gone.next),
            }),
        }
    }

    /// The next group of the same node.
    pub(super) fn next(&self, group: Key) -> Option<Key> {
        self.slab.get(group)?.next
    }
}

/// A group that is gone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pruned {
    /// Its node.
    pub(super) node: Key,
    /// What is now the first of the node's groups, if that was the one that is gone.
    pub(super) first: Option<Option<Key>>,
}

fn hash(state: &KeyedState, node: Key, share_name: &str) -> u64 {
    let mut hasher = state.build_hasher();
    hasher.write_u32(node.get());
    hasher.write(share_name.as_bytes());
    hasher.finish()
}

/// Of a group: its place in the slab and in the table, which is not quite full.
const COST: usize = size_of::<Group>() + 8;

#[cfg(test)]
impl Groups {
    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.slab.len()
    }
}

#[cfg(test)]
mod tests;

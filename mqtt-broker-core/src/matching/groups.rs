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
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::format;
    use core::num::NonZeroU32;

    use super::*;

    const NODE: Key = Key(NonZeroU32::MIN);

    fn group_of(sessions: &[u32]) -> (Groups, GroupKey) {
        let mut groups = Groups::new(KeyedState::new([1; 16]));
        let group = groups
            .insert(NODE, TopicFilter::new("$share/name/a").unwrap(), None)
            .unwrap();
        for &session in sessions {
            groups.insert_member(group, member(session));
        }
        (groups, group)
    }

    fn member(session: u32) -> Member {
        let subscription = Subscription {
            options: Default::default(),
            identifier: None,
        };
        Member {
            session: SessionKey(session),
            subscription,
        }
    }

    fn picks(
        groups: &mut Groups,
        group: GroupKey,
        usable: fn(&Member) -> Usable,
    ) -> [Option<u32>; 5] {
        [(); 5].map(|()| groups.pick(group, usable).map(|member| member.session.0))
    }

    #[test]
    fn members_take_turns() {
        let (mut groups, group) = group_of(&[30, 10, 20]);
        assert_eq!(
            picks(&mut groups, group, |_| Usable::Online),
            [10, 20, 30, 10, 20].map(Some)
        );
        groups.remove_member(group, SessionKey(20));
        groups.insert_member(group, groups.members(group)[0]);
        assert_eq!(
            picks(&mut groups, group, |_| Usable::Online),
            [30, 10, 30, 10, 30].map(Some)
        );
    }

    #[test]
    fn an_online_member_goes_before_offline_ones_and_unusable_ones_get_nothing() {
        let (mut groups, group) = group_of(&[1, 2, 3, 4]);
        let third_online = |member: &Member| {
            if member.session.0 == 3 {
                Usable::Online
            } else {
                Usable::Offline
            }
        };
        assert_eq!(picks(&mut groups, group, third_online), [Some(3); 5]);
        let odd_offline = |member: &Member| {
            if member.session.0 % 2 == 1 {
                Usable::Offline
            } else {
                Usable::No
            }
        };
        assert_eq!(
            picks(&mut groups, group, odd_offline),
            [1, 3, 1, 3, 1].map(Some)
        );
        assert_eq!(picks(&mut groups, group, |_| Usable::No), [None; 5]);
        let first_has_room = |member: &Member| {
            if member.session.0 == 1 {
                Usable::Offline
            } else {
                Usable::Full
            }
        };
        assert_eq!(picks(&mut groups, group, first_has_room), [Some(1); 5]);
        // Dropped by one of them, and counted.
        assert_eq!(
            picks(&mut groups, group, |_| Usable::Full),
            [2, 3, 4, 1, 2].map(Some)
        );
    }

    #[test]
    fn groups_of_a_node_are_found_by_name_and_leave_nothing_behind() {
        let mut groups = Groups::new(KeyedState::new([1; 16]));
        let mut first = None;
        let filters = ["$share/a/x", "$share/b/x", "$share/c/x", "$share/d/x"];
        let [a, b, c, d] = filters.map(|filter| {
            let filter = TopicFilter::new(filter).unwrap();
            let group = groups.insert(NODE, filter, first).unwrap();
            first = Some(group.0);
            group
        });
        let next = |groups: &Groups| [d, c, b, a].map(|group| groups.next(group.0));
        assert_eq!(next(&groups), [Some(c.0), Some(b.0), Some(a.0), None]);
        assert_eq!(
            (groups.find(NODE, "b"), groups.find(NODE, "e")),
            (Some(b), None)
        );

        let first = |pruned: Option<Pruned>| pruned.map(|pruned| pruned.first);
        assert_eq!(first(groups.prune(b)), Some(None));
        assert_eq!(next(&groups), [Some(c.0), Some(a.0), None, None]);
        assert_eq!(first(groups.prune(a)), Some(None));
        assert_eq!(next(&groups), [Some(c.0), None, None, None]);
        assert_eq!(first(groups.prune(d)), Some(Some(Some(c.0))));
        assert_eq!(first(groups.prune(c)), Some(Some(None)));
        assert_eq!(first(groups.prune(c)), None);
        assert_eq!(
            (groups.len(), groups.table.len(), groups.bytes()),
            (0, 0, 0)
        );
    }

    #[test]
    fn a_group_counts_with_its_filter_and_members_and_gives_all_back() {
        let (mut groups, group) = group_of(&[]);
        let own = COST + "$share/name/a".len();
        let room = |groups: &Groups| {
            let members = &groups.slab.get(group.0).unwrap().members;
            assert!(members.capacity() >= members.len());
            members.capacity() * size_of::<Member>()
        };
        assert_eq!((groups.bytes(), room(&groups)), (own, 0));
        for session in 1..=6 {
            groups.insert_member(group, member(session));
            assert_eq!(groups.bytes(), own + room(&groups));
        }
        let other = insert(&mut groups, NODE, "$share/b/x");
        assert_eq!(
            groups.bytes(),
            own + room(&groups) + COST + "$share/b/x".len()
        );
        groups.prune(other);
        for session in 1..=6 {
            groups.remove_member(group, SessionKey(session));
            assert_eq!(groups.bytes(), own + room(&groups));
        }
        assert_ne!(room(&groups), 0, "what is left goes with the group");
        groups.prune(group);
        assert_eq!(groups.bytes(), 0);
    }

    /// The lists double, and this is just before they do.
    #[test]
    fn what_is_counted_for_a_group_is_about_what_it_takes() {
        let mut groups = Groups::new(KeyedState::new([1; 16]));
        let filter = "$share/name/a";
        for number in 1..=896 {
            insert(&mut groups, node(number), filter);
        }
        let places = groups.bytes() - 896 * filter.len();
        let taken = groups.slab.allocation_size() + groups.table.allocation_size();
        assert!(places.abs_diff(taken) < taken / 8, "{places} of {taken}");
    }

    #[test]
    fn a_group_that_is_gone_is_not_found_and_the_others_are() {
        let mut groups = Groups::new(KeyedState::new([1; 16]));
        let keys = [1, 2, 3].map(|number| insert(&mut groups, node(number), "$share/a/x"));
        let find = |groups: &Groups| [1, 2, 3].map(|number| groups.find(node(number), "a"));
        assert_eq!(find(&groups), keys.map(Some));
        groups.prune(keys[1]);
        assert_eq!(find(&groups), [Some(keys[0]), None, Some(keys[2])]);
        assert_eq!((groups.len(), groups.table.len()), (2, 2));
    }

    /// So many that places in the table and parts of hashes are the same.
    #[test]
    fn groups_of_one_name_and_groups_of_one_node_are_told_apart() {
        let mut groups = Groups::new(KeyedState::new([1; 16]));
        let names = (0..500).map(|name| format!("name{name}"));
        let all: Vec<_> = (1..=500)
            .map(|number| (node(number), "all".into()))
            .chain(names.map(|name| (NODE, name)))
            .collect();
        let keys: Vec<_> = all
            .iter()
            .map(|(node, name)| insert(&mut groups, *node, &format!("$share/{name}/x")))
            .collect();
        for ((node, name), key) in all.iter().zip(keys) {
            assert_eq!(groups.find(*node, name), Some(key));
        }
    }

    /// Peers choose the names.
    #[test]
    fn node_name_and_secret_key_decide_the_hash() {
        let [one, other] = [[1; 16], [2; 16]].map(KeyedState::new);
        let hashes = [
            hash(&one, node(1), "a"),
            hash(&one, node(2), "a"),
            hash(&one, node(1), "b"),
            hash(&other, node(1), "a"),
        ];
        assert_eq!(BTreeSet::from(hashes).len(), hashes.len());
    }

    fn insert(groups: &mut Groups, node: Key, filter: &str) -> GroupKey {
        let filter = TopicFilter::new(filter).unwrap();
        groups.insert(node, filter, None).unwrap()
    }

    fn node(number: u32) -> Key {
        Key(NonZeroU32::new(number).unwrap())
    }
}

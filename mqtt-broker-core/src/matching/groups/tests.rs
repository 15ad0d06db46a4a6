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

fn picks(groups: &mut Groups, group: GroupKey, usable: fn(&Member) -> Usable) -> [Option<u32>; 5] {
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

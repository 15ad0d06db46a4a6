use core::iter::repeat_n;
use core::num::NonZeroU32;

use mqtt_codec::QoS;

use super::*;
use crate::matching::slab::Key;
use crate::matching::{NoLocal, SessionKey};

#[test]
fn each_name_counts_with_what_its_lists_have_room_for() {
    let mut cache = cache(100);
    let sets = cache.bytes();
    assert_eq!(sets, 3 * WAYS * 2 * size_of::<u32>());

    fill(&mut cache, "a/b", with(3, 2));
    let lists = 3 * size_of::<Target>() + 2 * size_of::<GroupKey>();
    let first = size_of::<Entry>() + "a/b".len() + lists;
    assert_eq!(cache.bytes(), sets + first);
    fill(&mut cache, "nobody", with(0, 0));
    let second = size_of::<Entry>() + "nobody".len();
    assert_eq!(cache.bytes(), sets + first + second);
    // The lists keep their room.
    fill(&mut cache, "a/b", with(1, 0));
    assert_eq!(cache.bytes(), sets + first + second);

    assert!(cache.give_back());
    assert_eq!(cache.bytes(), sets);
    assert!(!cache.give_back());
}

#[test]
fn a_name_that_is_found_anew_counts_once_against_the_limit() {
    let mut cache = cache(8);
    fill(&mut cache, "a", with(3, 1));
    fill(&mut cache, "b", with(1, 3));
    let bytes = cache.bytes();
    for _ in 0..5 {
        fill(&mut cache, "b", with(1, 3));
    }
    assert_eq!([hit(&mut cache, "a"), hit(&mut cache, "b")], [true; 2]);
    assert_eq!(cache.bytes(), bytes);
}

#[test]
fn no_more_names_give_up_their_targets_than_must() {
    let mut cache = cache(8);
    let sets = cache.bytes();
    for name in ["a", "b", "c"] {
        fill(&mut cache, name, with(3, 1));
    }
    let hits = ["a", "b", "c"].map(|name| hit(&mut cache, name));
    assert_eq!(hits, [true, false, true]);
    let lists = 3 * size_of::<Target>() + size_of::<GroupKey>();
    assert_eq!(
        cache.bytes(),
        sets + 3 * (size_of::<Entry>() + 1) + 2 * lists
    );

    // What was given up makes room: the next one is not too much for the limit twice.
    fill(&mut cache, "b", with(0, 0));
    let hits = ["a", "b", "c"].map(|name| hit(&mut cache, name));
    assert_eq!(hits, [true; 3]);
}

#[test]
fn a_list_keeps_its_room_up_to_twice_what_it_needs() {
    let mut cache = cache(1_000);
    let most = 2 * 100 + SPARE;
    for (room, kept) in [(100, 100), (most, most), (most + 1, most), (5_000, most)] {
        fill(&mut cache, "a", |targets, groups| {
            *targets = Vec::with_capacity(room);
            *groups = Vec::with_capacity(room);
            with(100, 100)(targets, groups);
        });
        let Matches {
            targets, groups, ..
        } = &cache.entries[0].matches;
        assert_eq!((targets.capacity(), groups.capacity()), (kept, kept));
    }
}

/// With three sets.
fn cache(targets: usize) -> Cache {
    let limits = CacheLimits {
        topics: 3 * WAYS,
        targets,
    };
    Cache::new(KeyedState::new([1; 16]), limits)
}

fn fill(cache: &mut Cache, name: &str, find: impl FnOnce(&mut Vec<Target>, &mut Vec<GroupKey>)) {
    let topic = TopicName::new(name).unwrap();
    cache.fill(cache.place(topic), topic, &Stamps::new(), find);
}

fn hit(cache: &mut Cache, name: &str) -> bool {
    let topic = TopicName::new(name).unwrap();
    cache
        .hit(cache.place(topic), topic, &Stamps::new())
        .is_some()
}

/// Finds so many, with no more room for them than they need.
fn with(targets: usize, groups: usize) -> impl FnOnce(&mut Vec<Target>, &mut Vec<GroupKey>) {
    let target = Target {
        session: SessionKey(1),
        qos: QoS::AtMostOnce,
        retain_as_published: false,
        no_local: NoLocal::Never,
        identifiers: None,
    };
    move |to, of| {
        to.reserve_exact(targets);
        to.extend(repeat_n(target, targets));
        of.reserve_exact(groups);
        of.extend(repeat_n(GroupKey(Key(NonZeroU32::MIN)), groups));
    }
}

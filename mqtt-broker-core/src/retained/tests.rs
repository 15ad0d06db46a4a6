//! MQTT 5.0 §3.3.1.3: the store of retained messages beside a naive model.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mqtt_codec::{TopicFilter, TopicName, TopicNameBuf};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{ReplayCursor, Retained};

/// Values are their topics, so that a replay can be read.
type Store = Retained<String>;

fn filter(text: &str) -> TopicFilter<'_> {
    TopicFilter::new(text).unwrap()
}

fn set(store: &mut Store, name: &str) -> Option<String> {
    store.set(&TopicNameBuf::new(name).unwrap(), name.to_owned())
}

fn clear(store: &mut Store, name: &str) -> Option<String> {
    store.clear(TopicName::new(name).unwrap())
}

fn store_of(names: &[&str]) -> Store {
    let mut store = Store::new();
    for name in names {
        set(&mut store, name);
    }
    store
}

/// All slices of a replay, and how many there were.
fn replay(store: &Store, text: &str, budget: usize) -> (Vec<String>, usize) {
    let mut cursor = ReplayCursor::default();
    let (mut found, mut slices) = (Vec::new(), 0);
    while let Some(slice) = store.replay(filter(text), &mut cursor, budget) {
        assert!(slice.len() <= budget.max(1));
        found.extend(slice);
        slices += 1;
    }
    assert_eq!(store.replay(filter(text), &mut cursor, budget), None);
    (found, slices)
}

/// Whether a filter that is not shared matches, as the text of the standard says.
fn is_match(text: &str, name: &str) -> bool {
    if name.starts_with('$') && text.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = name.split('/');
    for wanted in text.split('/') {
        match (wanted, levels.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (text, Some(level)) if text == level => {}
            (_, _) => return false,
        }
    }
    levels.next().is_none()
}

/// A topic has one retained message, the last one; it can be removed.
#[test]
fn a_topic_has_one_message_until_it_is_cleared() {
    let mut store: Retained<u32> = Retained::new();
    let name = TopicNameBuf::new("a/b").unwrap();
    assert_eq!(store.set(&name, 1), None);
    assert_eq!(store.set(&name, 2), Some(1));
    assert_eq!(
        (store.get(name.borrowed()), store.len(), store.len_counted()),
        (Some(&2), 1, 1)
    );
    assert_eq!(store.clear(name.borrowed()), Some(2));
    assert_eq!(store.clear(name.borrowed()), None);
    assert_eq!(
        (
            store.get(name.borrowed()),
            store.len(),
            store.len_counted(),
            store.bytes()
        ),
        (None, 0, 0, 0)
    );
}

#[test]
fn topics_of_the_broker_itself_are_not_counted() {
    let mut store = store_of(&["$SYS/uptime", "$SYS", "$SYSTEM/x", "a/$SYS/x"]);
    assert_eq!((store.len(), store.len_counted()), (4, 3));
    set(&mut store, "$SYS/uptime");
    clear(&mut store, "$SYS/other");
    assert_eq!((store.len(), store.len_counted()), (4, 3));
    clear(&mut store, "$SYS/uptime");
    assert_eq!((store.len(), store.len_counted()), (3, 3));
}

/// [MQTT-4.7.2-1] [MQTT-4.7.3-4] The same rules as for live messages.
#[test]
fn a_replay_gives_what_matches() {
    let names = [
        "$SYS", "$SYS/a", "$x/a", "/", "/a", "a", "a!", "a!/b", "a/", "a/b", "a/b!", "a/b!/c",
        "a/b/", "a/b/c", "a/b0", "a/c", "a/c/c", "a0", "b", "b/b/c", "\u{e9}/b",
    ];
    let store = store_of(&names);
    for (text, expected) in [
        ("a/b", &["a/b"][..]),
        ("a/x", &[]),
        (
            "a/#",
            &[
                "a", "a/", "a/b", "a/b!", "a/b!/c", "a/b/", "a/b/c", "a/b0", "a/c", "a/c/c",
            ],
        ),
        ("a/+", &["a/", "a/b", "a/b!", "a/b0", "a/c"]),
        ("+", &["a", "a!", "a0", "b"]),
        ("+/b", &["a!/b", "a/b", "\u{e9}/b"]),
        (
            "+/b/#",
            &["a!/b", "a/b", "a/b/", "a/b/c", "b/b/c", "\u{e9}/b"],
        ),
        ("+/+/c", &["a/b!/c", "a/b/c", "a/c/c", "b/b/c"]),
        ("+/", &["/", "a/"]),
        ("/+", &["/", "/a"]),
        ("$SYS/#", &["$SYS", "$SYS/a"]),
        ("$SYS/+", &["$SYS/a"]),
        ("+/a", &["/a"]),
        // Standard: MQTT 5.0 §4.8.2: none for shared subscriptions.
        ("$share/s/a/#", &[]),
    ] {
        for budget in [0, 1, 2, 1_000] {
            assert_eq!(
                replay(&store, text, budget).0,
                expected,
                "{text}, {budget} at a time"
            );
        }
    }
    assert_eq!(replay(&store, "#", 3).0.len(), names.len() - 3);
}

#[test]
fn what_cannot_match_is_passed_over() {
    let mut store = Store::new();
    for number in 0..10_000 {
        set(&mut store, &format!("$SYS/{number}"));
        set(&mut store, &format!("a/{number}"));
        set(&mut store, &format!("b/{}/{number}", number % 100));
    }
    set(&mut store, "c/x");
    for (text, found, visits) in [
        ("c/#", 1, 5),
        ("+/x", 1, 12),
        ("b/7/+", 100, 110),
        ("b/+/4242", 1, 400),
        ("a/+/x", 0, 10_010),
        ("nothing/+", 0, 5),
        ("$SYS/4242", 1, 1),
    ] {
        for budget in [1, 10] {
            let (names, slices) = replay(&store, text, budget);
            assert_eq!(names.len(), found, "{text}");
            let most: usize = visits;
            assert!(
                slices <= most.div_ceil(budget),
                "{text}, {budget} at a time: {slices}"
            );
        }
    }
}

/// The name, its two counts, and its place in a map that is two thirds full.
#[test]
fn each_topic_counts_the_memory_of_its_name_and_place() {
    let place = size_of::<(TopicNameBuf, String)>() * 3 / 2 + 2 * size_of::<usize>();
    let mut store = store_of(&["a/b"]);
    assert_eq!(store.bytes(), place + 3);
    set(&mut store, "$SYS/uptime");
    assert_eq!(store.bytes(), 2 * place + 3 + 11);
    set(&mut store, "a/b");
    assert_eq!(store.bytes(), 2 * place + 3 + 11);
    clear(&mut store, "a/b");
    assert_eq!(store.bytes(), place + 11);
}

#[test]
fn many_topics_under_one_parent_come_and_go() {
    let mut store = Store::new();
    let count = 100_000_u32;
    let names = (0..count).map(|number| format!("parent/{}", number * 7919 % count));
    for name in names.clone() {
        assert_eq!(set(&mut store, &name), None);
    }
    assert_eq!(replay(&store, "parent/+", 100).0.len(), 100_000);
    for name in names {
        assert!(clear(&mut store, &name).is_some());
    }
    assert_eq!((store.len(), store.bytes()), (0, 0));
}

#[test]
fn the_longest_and_deepest_names_are_replayed_and_dropped() {
    let deep = "/".repeat(65_535);
    let long = "x".repeat(65_535);
    let store = store_of(&[&deep, &long]);
    assert_eq!(replay(&store, "#", 1).0.len(), 2);
    assert_eq!(replay(&store, &deep, 1).0, [&*deep]);
    assert_eq!(
        replay(&store, &format!("{}+", &deep[..65_534]), 1).0.len(),
        0
    );
    assert_eq!(replay(&store, "+", 10).0, [&*long]);
    drop(store);
}

fn a_level() -> impl Strategy<Value = &'static str> {
    // Around `/` and `$` in the order of bytes, where seeking could slip.
    select(
        &[
            "a", "b", "", "$", "$a", "!", "a!", "a.", "a0", "0", "%", "\u{e9}",
        ][..],
    )
}

fn a_name() -> impl Strategy<Value = String> {
    vec(a_level(), 1..5)
        .prop_map(|levels| levels.join("/"))
        .prop_filter("not empty", |name| !name.is_empty())
}

fn a_filter() -> impl Strategy<Value = String> {
    let level = prop_oneof![2 => a_level(), 2 => Just("+")];
    (vec(level, 0..5), any::<bool>())
        .prop_map(|(mut levels, hash)| {
            levels.extend(hash.then_some("#"));
            levels.join("/")
        })
        .prop_filter("not empty", |text| !text.is_empty())
}

proptest! {
    #[test]
    fn a_replay_is_what_a_search_through_all_finds(names in vec(a_name(), 0..40), text in a_filter(), budget in 0..6_usize) {
        let mut store = Store::new();
        let all: BTreeSet<String> = names.into_iter().inspect(|name| { set(&mut store, name); }).collect();
        let expected: Vec<String> = all.iter().filter(|name| is_match(&text, name)).cloned().collect();
        prop_assert_eq!(replay(&store, &text, budget).0, expected);
    }

    #[test]
    fn changes_between_slices_lose_and_double_nothing_that_stays(
        names in vec(a_name(), 0..40),
        changes in vec(vec((any::<bool>(), a_name()), 0..4), 0..40),
        text in a_filter(),
        budget in 1..4_usize,
    ) {
        let mut store = Store::new();
        let mut staying: BTreeSet<String> = names.iter().inspect(|name| { set(&mut store, name); }).cloned().collect();
        let mut cursor = ReplayCursor::default();
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        let mut changes = changes.iter();
        while let Some(slice) = store.replay(filter(&text), &mut cursor, budget) {
            for name in slice {
                prop_assert!(is_match(&text, &name));
                *times.entry(name).or_default() += 1;
            }
            for (set_it, name) in changes.next().into_iter().flatten() {
                if *set_it {
                    set(&mut store, name);
                } else {
                    clear(&mut store, name);
                    staying.remove(name);
                }
            }
        }
        prop_assert!(times.values().all(|&count| count == 1));
        for name in staying.iter().filter(|name| is_match(&text, name)) {
            prop_assert_eq!(times.get(name), Some(&1), "{}", name);
        }
    }

    #[test]
    fn counts_and_bytes_are_those_of_what_is_there(steps in vec((any::<bool>(), a_name()), 0..60)) {
        let mut store = Store::new();
        let mut model = BTreeMap::new();
        for (set_it, name) in &steps {
            if *set_it {
                prop_assert_eq!(set(&mut store, name), model.insert(name.clone(), name.clone()));
            } else {
                prop_assert_eq!(clear(&mut store, name), model.remove(name));
            }
        }
        let counted = model.keys().filter(|name| !name.starts_with("$SYS/")).count();
        prop_assert_eq!((store.len(), store.len_counted()), (model.len(), counted));
        let anew = store_of(&model.keys().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(store.bytes(), anew.bytes());
    }
}

//! What ends leaves nothing behind.

use alloc::format;
use alloc::string::String;

use super::*;
use crate::matching::FilterKey;

fn assert_empty(subscriptions: &Subscriptions) {
    assert_eq!(subscriptions.internal_counts(), [0; 6]);
}

#[test]
fn ended_sessions_leave_no_nodes_levels_or_groups() {
    let mut subscriptions = subscriptions(ROOMY);
    let mut lists: Vec<(SessionKey, Vec<FilterKey>)> = Vec::new();
    for number in 0..100 {
        let session = SessionKey(number);
        let texts = [
            format!("device/{number}/cmd"),
            format!("device/{number}/+/a-level-that-is-too-long-to-stand-in-place"),
            "device/all/#".into(),
            format!("$share/group{}/device/+/state", number % 7),
            "$share/one/#".into(),
            "+/+".into(),
        ];
        let keys = texts.iter().map(|text| {
            let key = subscriptions
                .subscribe(session, filter(text), plain())
                .unwrap()
                .key;
            assert_eq!(subscriptions.filter_text(key).unwrap().as_str(), text);
            key
        });
        lists.push((session, keys.collect()));
    }
    assert_eq!(subscriptions.len(), 600);
    // 7919 is prime: in another order.
    for at in 0..lists.len() {
        let (session, keys) = &lists[at * 7919 % lists.len()];
        for &key in keys {
            assert_eq!(subscriptions.remove(*session, key), Some(plain()));
            assert_eq!(subscriptions.remove(*session, key), None);
        }
    }
    assert_empty(&subscriptions);
    assert_eq!(subscriptions.filter_text(lists[0].1[0]), None);
}

#[test]
fn one_filter_with_many_subscribers_is_changed_without_moving_all() {
    let mut subscriptions = subscriptions(ROOMY);
    let count = 100_000;
    let keys = (0..count).map(|number| SessionKey(number * 7919 % count));
    for session in keys.clone() {
        subscriptions
            .subscribe(session, filter("all/#"), plain())
            .unwrap();
    }
    let targets = &subscriptions.routes(topic("all/x")).matches.targets;
    assert!(
        targets
            .iter()
            .map(|target| target.session)
            .eq((0..count).map(SessionKey))
    );
    for session in keys {
        subscriptions.unsubscribe(session, filter("all/#")).unwrap();
    }
    assert_empty(&subscriptions);
}

#[test]
fn the_deepest_filters_are_matched_removed_and_dropped() {
    // 65,535 bytes: what the codec lets pass when no limit is set.
    let deep = "/".repeat(65_534);
    let mut subscriptions = subscriptions(ROOMY);
    for (session, text) in [
        (A, deep.clone()),
        (B, ["+/".repeat(32_767).as_str(), "+"].concat()),
        (C, deep.clone() + "#"),
    ] {
        subscriptions
            .subscribe(session, filter(&text), plain())
            .unwrap();
    }
    let sessions: Vec<_> = subscriptions
        .routes(topic(&deep))
        .matches
        .targets
        .iter()
        .map(|target| target.session)
        .collect();
    assert_eq!(sessions, [A, C]);
    subscriptions.unsubscribe(A, filter(&deep)).unwrap();
    subscriptions.unsubscribe(C, filter(&(deep + "#"))).unwrap();
    assert_eq!(subscriptions.internal_counts()[0], 32_769);
    drop(subscriptions);
}

#[test]
fn a_huge_tree_is_dropped() {
    let mut subscriptions = subscriptions(ROOMY);
    for number in 0..50_000 {
        let text: String = format!("{}/{}/{number}", number % 10, number % 100);
        subscriptions
            .subscribe(SessionKey(number), filter(&text), plain())
            .unwrap();
    }
    assert_eq!(
        subscriptions.internal_counts()[..2],
        [50_000 + 100 + 10 + 1, 50_000]
    );
    drop(subscriptions);
}

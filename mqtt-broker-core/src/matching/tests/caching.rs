//! The cache is bounded, and true after every change.

use alloc::format;

use super::*;

/// Asks for a name and tells how often the tree was walked since.
fn walks(subscriptions: &mut Subscriptions, names: &[&str]) -> usize {
    let before = subscriptions.misses();
    for name in names {
        subscriptions.routes(topic(name));
    }
    subscriptions.misses() - before
}

#[test]
fn a_second_message_to_a_name_does_not_walk_the_tree() {
    let mut subscriptions = subscriptions(ROOMY);
    subscriptions.subscribe(A, filter("a/#"), plain()).unwrap();
    assert_eq!(
        walks(
            &mut subscriptions,
            &["a/b", "a/b", "a/c", "a/b", "a/c", "none", "none"]
        ),
        3
    );
}

#[test]
fn a_change_is_seen_by_the_names_that_it_may_concern_and_leaves_others_alone() {
    let mut subscriptions = subscriptions(ROOMY);
    let names = ["a", "a/b", "a/b/c", "a/c/c", "x/y/z"];
    assert_eq!(walks(&mut subscriptions, &names), 5);
    for (text, concerned) in [
        ("a/b/d", 2),
        ("a/b/#", 2),
        ("a/+/c", 4),
        ("a/#", 4),
        ("a", 1),
        ("#", 5),
        ("+/b", 5),
    ] {
        subscriptions.subscribe(A, filter(text), plain()).unwrap();
        assert_eq!(
            walks(&mut subscriptions, &names),
            concerned,
            "{text} subscribed"
        );
        subscriptions.subscribe(A, filter(text), plain()).unwrap();
        assert_eq!(walks(&mut subscriptions, &names), 0, "{text} again");
        subscriptions.unsubscribe(A, filter(text)).unwrap();
        assert_eq!(
            walks(&mut subscriptions, &names),
            concerned,
            "{text} unsubscribed"
        );
    }
}

#[test]
fn a_change_among_the_members_of_a_group_leaves_the_cache_alone() {
    let mut subscriptions = subscriptions(ROOMY);
    subscriptions
        .subscribe(A, filter("$share/s/a/+"), plain())
        .unwrap();
    assert_eq!(walks(&mut subscriptions, &["a/b"]), 1);
    subscriptions
        .subscribe(B, filter("$share/s/a/+"), plain())
        .unwrap();
    subscriptions
        .unsubscribe(A, filter("$share/s/a/+"))
        .unwrap();
    assert_eq!(walks(&mut subscriptions, &["a/b"]), 0);
    subscriptions
        .unsubscribe(B, filter("$share/s/a/+"))
        .unwrap();
    assert_eq!(walks(&mut subscriptions, &["a/b"]), 1);
}

#[test]
fn the_number_of_names_is_bounded() {
    for topics in [0, 1, 3, 8, 9, 64, 100] {
        let mut subscriptions = subscriptions(CacheLimits {
            topics,
            targets: usize::MAX,
        });
        subscriptions.subscribe(A, filter("#"), plain()).unwrap();
        for number in 0..1_000 {
            let name = format!("name/{number}");
            assert_eq!(subscriptions.routes(topic(&name)).matches.targets.len(), 1);
            assert!(
                subscriptions.cached_topics() <= topics.max(1),
                "{topics} names"
            );
        }
        assert!(subscriptions.cached_topics() > topics / 2, "{topics} names");
        assert_eq!(walks(&mut subscriptions, &["last", "last"]), 1);
    }
}

#[test]
fn names_that_are_asked_for_again_stay() {
    let mut subscriptions = subscriptions(CacheLimits {
        topics: 8,
        targets: usize::MAX,
    });
    for number in 0..100 {
        let name = format!("name/{number}");
        assert_eq!(walks(&mut subscriptions, &[&name]), 1);
        assert_eq!(
            walks(&mut subscriptions, &["hot"]),
            usize::from(number == 0),
            "{number}"
        );
    }
}

#[test]
fn a_name_above_256_bytes_is_found_anew_each_time() {
    let mut subscriptions = subscriptions(ROOMY);
    subscriptions.subscribe(A, filter("#"), plain()).unwrap();
    for (length, walked) in [(256, 1), (257, 2)] {
        let name = "n".repeat(length);
        assert_eq!(
            walks(&mut subscriptions, &[&name, &name]),
            walked,
            "{length}"
        );
        assert_eq!(subscriptions.routes(topic(&name)).matches.targets.len(), 1);
    }
}

#[test]
fn the_number_of_targets_is_bounded() {
    let mut subscriptions = subscriptions(CacheLimits {
        topics: 1_000,
        targets: 100,
    });
    for session in 0..30 {
        subscriptions
            .subscribe(SessionKey(session), filter("few/#"), plain())
            .unwrap();
        subscriptions
            .subscribe(SessionKey(session), filter("$share/s/few/+"), plain())
            .unwrap();
    }
    for session in 0..150 {
        subscriptions
            .subscribe(SessionKey(session), filter("many"), plain())
            .unwrap();
    }
    for number in 0..200 {
        let name = format!("few/{number}");
        let matches = subscriptions.routes(topic(&name)).matches;
        assert_eq!((matches.targets.len(), matches.groups.len()), (30, 1));
        assert!(subscriptions.cached_targets() <= 100);
    }
    // One name that is above the bound is the only one.
    assert_eq!(
        subscriptions.routes(topic("many")).matches.targets.len(),
        150
    );
    assert_eq!(subscriptions.cached_targets(), 150);
    assert_eq!(
        walks(&mut subscriptions, &["many", "few/199", "few/199"]),
        1
    );
    assert_eq!(subscriptions.cached_targets(), 31);
}

#[test]
fn the_memory_of_the_cache_is_counted_and_bounded() {
    let mut subscriptions = subscriptions(CacheLimits {
        topics: 64,
        targets: 500,
    });
    for session in 0..400 {
        subscriptions
            .subscribe(SessionKey(session), filter("many"), plain())
            .unwrap();
    }
    let mut most = 0;
    for number in 0..2_000 {
        let name = format!("{number}");
        subscriptions.routes(topic(if number % 50 == 0 { "many" } else { &name }));
        most = most.max(subscriptions.bytes());
        assert_eq!(subscriptions.bytes(), subscriptions.counted_bytes());
    }
    assert!(most < 100_000, "{most}");
}

#[test]
fn filters_groups_and_the_cache_are_counted_together_and_give_all_back() {
    let mut subscriptions = subscriptions(ROOMY);
    let empty = subscriptions.bytes();
    let filters_and_groups = |subscriptions: &Subscriptions| subscriptions.internal_counts()[5];
    let mut before = 0;
    for text in [
        "a/b",
        "$share/s/a/b",
        "a level that is too long for its place/#",
    ] {
        subscriptions.subscribe(A, filter(text), plain()).unwrap();
        let now = filters_and_groups(&subscriptions);
        assert!(now > before, "{text}");
        assert_eq!(subscriptions.bytes(), empty + now);
        before = now;
    }
    subscriptions.routes(topic("a/b"));
    assert!(subscriptions.bytes() > empty + before);
    assert!(subscriptions.give_back());
    assert_eq!(subscriptions.bytes(), empty + before);
    for text in [
        "a/b",
        "$share/s/a/b",
        "a level that is too long for its place/#",
    ] {
        subscriptions.unsubscribe(A, filter(text)).unwrap();
    }
    assert_eq!(subscriptions.bytes(), empty);
}

//! MQTT 5.0 §4.7, §4.8: what a filter matches. The rules are the same in 3.1.1.

use super::reference::is_match;
use super::*;

/// Subscribes to the filter alone and beside all others of the table, and asks for the topic twice, so that the answer
/// of the cache counts too.
fn assert_table(table: &[(&str, &str, bool)]) {
    let mut all = subscriptions(ROOMY);
    for (session, &(text, ..)) in (0..).map(SessionKey).zip(table) {
        all.subscribe(session, filter(text), plain()).unwrap();
    }
    for (session, &(text, name, expected)) in (0..).map(SessionKey).zip(table) {
        assert_eq!(
            is_match(text, name),
            expected,
            "the reference: {text} and {name}"
        );
        let mut only = subscriptions(ROOMY);
        only.subscribe(A, filter(text), plain()).unwrap();
        let shared = ["$share/name/", text].concat();
        let mut group = subscriptions(ROOMY);
        group.subscribe(A, filter(&shared), plain()).unwrap();
        for _ in 0..2 {
            assert_eq!(
                only.routes(topic(name)).matches.targets.len(),
                usize::from(expected),
                "{text} and {name}"
            );
            assert_eq!(
                group.routes(topic(name)).matches.groups.len(),
                usize::from(expected),
                "{shared} and {name}"
            );
            let sessions = all
                .routes(topic(name))
                .matches
                .targets
                .iter()
                .any(|target| target.session == session);
            assert_eq!(sessions, expected, "{text} and {name}, with other filters");
        }
    }
}

/// `#` stands for all levels that follow, and for its parent level too.
#[test]
fn multi_level_wildcard_matches_any_number_of_levels_and_the_parent() {
    assert_table(&[
        ("sport/tennis/player1/#", "sport/tennis/player1", true),
        (
            "sport/tennis/player1/#",
            "sport/tennis/player1/ranking",
            true,
        ),
        (
            "sport/tennis/player1/#",
            "sport/tennis/player1/score/wimbledon",
            true,
        ),
        ("sport/tennis/player1/#", "sport/tennis/player10", false),
        ("sport/tennis/player1/#", "sport/tennis", false),
        ("sport/#", "sport", true),
        ("sport/#", "sport/", true),
        ("sport/#", "sports", false),
        ("#", "sport", true),
        ("#", "/", true),
        ("#", "a/b/c/d/e/f", true),
        ("/#", "/", true),
        ("/#", "/a", true),
        ("/#", "a", false),
        ("a/b/#", "a", false),
        ("a/+/#", "a", false),
        ("a/+/#", "a/b", true),
        ("a/+/#", "a/", true),
        ("+/#", "a", true),
        ("+/#", "/", true),
    ]);
}

/// `+` stands for exactly one level, which may be empty, at any level.
#[test]
fn single_level_wildcard_matches_exactly_one_level() {
    assert_table(&[
        ("sport/tennis/+", "sport/tennis/player1", true),
        ("sport/tennis/+", "sport/tennis/player2", true),
        ("sport/tennis/+", "sport/tennis/player1/ranking", false),
        ("sport/+", "sport", false),
        ("sport/+", "sport/", true),
        ("+", "sport", true),
        ("+", "/finance", false),
        ("+", "a/b", false),
        ("+/+", "/finance", true),
        ("/+", "/finance", true),
        ("+/+", "/", true),
        ("+/tennis/#", "sport/tennis", true),
        ("+/tennis/#", "sport/tennis/x/y", true),
        ("sport/+/player1", "sport/tennis/player1", true),
        ("sport/+/player1", "sport//player1", true),
        ("sport/+/player1", "sport/a/b/player1", false),
        ("+/b/+", "a/b/c", true),
        ("+/b/+", "a/b", false),
        ("+/+/+", "a/b", false),
    ]);
}

/// [MQTT-4.7.2-1] A wildcard at the first level does not match names that begin with `$`; one behind it does.
#[test]
fn wildcards_at_the_first_level_do_not_match_dollar_topics() {
    assert_table(&[
        ("#", "$SYS/uptime", false),
        ("#", "$", false),
        ("+", "$SYS", false),
        ("+/uptime", "$SYS/uptime", false),
        ("+/#", "$SYS/uptime", false),
        ("+/monitor/Clients", "$SYS/monitor/Clients", false),
        ("#", "$other/x", false),
        ("$SYS/#", "$SYS/uptime", true),
        ("$SYS/#", "$SYS", true),
        ("$SYS/monitor/+", "$SYS/monitor/Clients", true),
        ("$SYS/+", "$SYS/uptime", true),
        ("$other/x", "$other/x", true),
        ("#", "a/$SYS", true),
        ("a/+", "a/$SYS", true),
        ("+/$SYS", "a/$SYS", true),
    ]);
}

/// [MQTT-4.7.3-4] Names and filters are compared as they are: case, spaces, empty levels and Unicode forms count.
#[test]
fn nothing_is_normalized() {
    assert_table(&[
        ("ACCOUNTS", "Accounts", false),
        ("Accounts payable", "Accounts payable", true),
        ("a", " a", false),
        ("a", "a/", false),
        ("a", "/a", false),
        ("/", "/", true),
        ("/", "//", false),
        ("a//b", "a//b", true),
        ("a//b", "a/b", false),
        ("a/./b", "a/b", false),
        ("a/../b", "b", false),
        ("a%2Fb", "a/b", false),
        ("\u{e9}", "e\u{301}", false),
        ("e\u{301}", "e\u{301}", true),
        ("\u{feff}a", "a", false),
        ("\u{fffd}", "\u{fffd}", true),
        ("\u{10ffff}/\u{1}", "\u{10ffff}/\u{1}", true),
    ]);
}

/// The ShareName takes no part in matching: groups of other names, and those of a filter, are others.
#[test]
fn share_names_keep_groups_apart() {
    let mut subscriptions = subscriptions(ROOMY);
    for (session, text) in [
        (A, "$share/a/x/+"),
        (B, "$share/b/x/+"),
        (C, "$share/a/x/#"),
        (A, "$share/a/y"),
    ] {
        subscriptions
            .subscribe(session, filter(text), plain())
            .unwrap();
    }
    let groups = subscriptions.routes(topic("x/1")).matches.groups.clone();
    let mut sessions: Vec<_> = groups
        .iter()
        .map(|&group| subscriptions.members(group)[0].session)
        .collect();
    sessions.sort_unstable();
    assert_eq!(sessions, [A, B, C]);
    assert!(
        subscriptions
            .routes(topic("x/1"))
            .matches
            .targets
            .is_empty()
    );
    assert_eq!(subscriptions.routes(topic("a/x/1")).matches.groups, []);
}

/// [MQTT-3.10.4-1] UNSUBSCRIBE compares filters as texts.
#[test]
fn unsubscribe_takes_the_very_same_filter_only() {
    let mut subscriptions = subscriptions(ROOMY);
    let subscribed = subscriptions.subscribe(A, filter("a/+"), plain()).unwrap();
    for text in ["a/#", "a/b", "+/+", "a", "a/+/", "$share/s/a/+", "A/+"] {
        assert_eq!(subscriptions.unsubscribe(A, filter(text)), None, "{text}");
    }
    assert_eq!(subscriptions.unsubscribe(B, filter("a/+")), None);
    assert_eq!(subscriptions.routes(topic("a/b")).matches.targets.len(), 1);
    assert_eq!(
        subscriptions.unsubscribe(A, filter("a/+")),
        Some((subscribed.key, plain()))
    );
    assert_eq!(subscriptions.routes(topic("a/b")).matches.targets, []);
}

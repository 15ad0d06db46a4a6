//! Topic Names and Topic Filters: MQTT 5.0 and 3.1.1 §4.7, as subscribers see them.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::{VERSIONS, World, connect, connect_as, filter, qos0, retained, subscribe};
use mqtt_broker_core::Config;
use mqtt_codec::{Packet, QoS, Text, Version};

/// [MQTT-3.3.2-3] [MQTT-4.7.3-4] [v3.1.1 MQTT-4.7.3-4] [3.1-12] The standard's own examples among them.
#[test]
fn a_filter_gets_the_topics_that_it_matches_and_no_others() {
    for (pattern, topic, matches) in [
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
        ("sport/tennis/player1/#", "sport/tennis/player11", false),
        ("sport/#", "sport", true),
        ("#", "a/b/c", true),
        ("sport/tennis/+", "sport/tennis/player1", true),
        ("sport/tennis/+", "sport/tennis/player1/ranking", false),
        ("sport/+", "sport", false),
        ("sport/+", "sport/", true),
        ("+", "finance", true),
        ("+", "/finance", false),
        ("+/+", "/finance", true),
        ("/+", "/finance", true),
        ("+/tennis/#", "x/tennis", true),
        ("sport/+/player1", "sport//player1", true),
        // Nothing is normalized: empty levels, letters, white space, characters of several bytes.
        ("a/b", "a//b", false),
        ("a/b", "/a/b", false),
        ("a/b", "a/b/", false),
        ("ACCOUNTS", "Accounts", false),
        ("a b", "a b", true),
        ("a b", "ab", false),
        ("é", "é", true),
        ("e\u{301}", "é", false),
        ("\u{FEFF}a", "\u{FEFF}a", true),
        ("\u{FEFF}a", "a", false),
    ] {
        seen(pattern, topic, matches);
    }
}

/// [MQTT-4.7.2-1] [v3.1.1 MQTT-4.7.2-1] [often-wrong-26] [3.1-12] For live and for retained messages.
#[test]
fn a_wildcard_at_the_first_level_does_not_match_topics_that_begin_with_a_dollar() {
    for (pattern, topic, matches) in [
        ("#", "$other/x", false),
        ("+/x", "$other/x", false),
        ("+/#", "$other/x", false),
        ("+", "$other", false),
        ("$other/#", "$other/x", true),
        ("$other/+", "$other/x", true),
        ("$other/x", "$other/x", true),
        ("$share/g/#", "$other/x", false),
        ("$share/g/$other/#", "$other/x", true),
        // Further down it is a character like any other.
        ("#", "a/$other", true),
        ("a/+", "a/$other", true),
    ] {
        seen(pattern, topic, matches);
    }
}

/// [5.0-11] Control characters and non-characters are taken like all others and reach the subscriber as they came, in
/// topics, filters and properties.
#[test]
fn disallowed_characters_are_taken_always() {
    for string in [
        "\u{1}",
        "\u{1F}",
        "\u{7F}",
        "\u{9F}",
        "\u{FDD0}",
        "\u{FFFE}",
        "\u{10FFFF}",
    ] {
        seen(string, string, true);
        let mut world = World::new(Config::default());
        let client = world.connect(connect(string));
        world.send(client, subscribe(1, "+", QoS::AtMostOnce));
        world.forget();
        let mut message = qos0(string, string);
        message.properties.content_type = Some(Text::new(string).unwrap());
        for _ in 0..2 {
            world.send(client, message);
            assert_eq!(world.take(client).packets(), [Packet::Publish(message)]);
        }
    }
}

/// [v3.1.1 MQTT-3.8.3-2] [v3.1.1 MQTT-3.3.2-3] Wildcards are supported in all versions.
#[test]
fn each_version_matches_alike() {
    for version in VERSIONS {
        for (pattern, matches) in [("a/+", true), ("#", true), ("a/b/c", false)] {
            assert_eq!(deliver(version, pattern, "a/b", false), matches);
            assert_eq!(deliver(version, pattern, "a/b", true), matches);
        }
    }
}

/// In all versions, for live and for retained messages.
fn seen(pattern: &'static str, topic: &'static str, matches: bool) {
    for version in VERSIONS {
        assert_eq!(
            deliver(version, pattern, topic, false),
            matches,
            "{pattern} {topic} in {version}"
        );
        if filter(pattern).shared().is_none() {
            assert_eq!(
                deliver(version, pattern, topic, true),
                matches,
                "retained: {pattern} {topic} in {version}"
            );
        }
    }
}

/// Whether a subscriber gets a message; before it subscribed, as a retained one, or behind.
fn deliver(version: Version, pattern: &'static str, topic: &'static str, before: bool) -> bool {
    let mut world = World::new(Config::default());
    let writer = world.connect(connect("writer"));
    let reader = world.connect(connect_as(version, "reader"));
    let message = if before {
        retained(qos0(topic, "x"))
    } else {
        qos0(topic, "x")
    };
    if before {
        world.send(writer, message);
    }
    world.send(reader, subscribe(1, pattern, QoS::AtMostOnce));
    if !before {
        world.send(writer, message);
    }
    let outcome = world.take(reader);
    match &outcome.packets()[1..] {
        [] => false,
        [Packet::Publish(publish)] => {
            assert_eq!(*publish, message);
            true
        }
        other => panic!("one message at most: {other:?}"),
    }
}

//! The numbers that programs present: what was counted, and how much there is now.
#![allow(
    clippy::panic,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use std::time::Duration;

use crate::harness::{
    Saw, VERSIONS, World, connect_as, disconnect, leak, puback, pubcomp, pubrec, pubrel, qos0,
    qos1, qos2, resuming, retained, subscribe, unsubscribe, will,
};
use mqtt_broker_core::{Authentication, AuthenticationOutcome, Config, Counters, LinkId};
use mqtt_codec::packet::{Auth, AuthProperties, Connect};
use mqtt_codec::reason_code::{AuthReasonCode, DisconnectReasonCode};
use mqtt_codec::{Packet, QoS, Text, Version};

/// Each packet in either direction is counted once, with its bytes, whatever it is.
#[test]
fn every_packet_and_every_byte_is_counted() {
    for version in VERSIONS {
        let mut tally = Tally::new();
        let reader = tally.open(connect_as(version, "reader"));
        let writer = tally.open(connect_as(version, "writer"));
        for (link, packet) in [
            (writer, Packet::from(retained(qos1(9, "a/retained", "x")))),
            (reader, subscribe(1, "a/#", QoS::ExactlyOnce)),
            (reader, puback(1)),
            (reader, Packet::Pingreq),
            (writer, qos0("a/b", "at most once").into()),
            (writer, qos0("nobody", "is there").into()),
            (writer, qos1(1, "a/b", "at least once").into()),
            (reader, puback(2)),
            (writer, qos2(2, "a/b", "exactly once").into()),
            (writer, pubrel(2)),
            (reader, pubrec(3)),
            (reader, pubcomp(3)),
            (reader, unsubscribe(3, "a/#")),
            (reader, disconnect(DisconnectReasonCode::Success)),
        ] {
            tally.send(link, packet);
        }
        assert_eq!(tally.world.broker.counters().publishes_received, 5);
        assert_eq!(tally.world.broker.counters().publishes_sent, 4);
        assert_eq!(tally.world.broker.counters().connections_accepted, 2);
    }
}

/// So is a packet that came in a buffer of its own.
#[test]
fn a_packet_in_a_buffer_of_its_own_is_counted() {
    for version in VERSIONS {
        let mut tally = Tally::new();
        let link = tally.open(connect_as(version, "c"));
        for (packet, publishes) in [
            (Packet::from(qos1(1, "a", "x")), 1),
            (Packet::Pingreq, 1),
            (qos0("a", "x").into(), 2),
        ] {
            tally.received(version, &packet);
            assert!(tally.world.send_whole(link, packet));
            tally.check();
            assert_eq!(tally.expected.publishes_received, publishes);
        }
    }
}

/// What is sent again, what the broker says of its own accord, and the will of who is lost.
#[test]
fn what_the_broker_sends_by_itself_is_counted() {
    for version in VERSIONS {
        let mut tally = Tally::new();
        let watcher = tally.open(connect_as(version, "watcher"));
        tally.send(watcher, subscribe(1, "will", QoS::AtMostOnce));
        let reader = tally.open(resuming(version, "reader", 100));
        tally.send(reader, subscribe(1, "a", QoS::AtLeastOnce));
        tally.send(watcher, qos1(1, "a", "again").into());
        tally.cut(reader);
        tally.open(resuming(version, "reader", 100));
        let mut dying = connect_as(version, "dying");
        dying.will = Some(will("will", "gone"));
        dying.keep_alive = 10;
        let dying = tally.open(dying);
        tally.world.advance(Duration::from_secs(15));
        tally.check();
        tally.cut(dying);
        tally.world.broker.shutdown(tally.world.now);
        tally.world.settle();
        tally.check();
        assert_eq!(tally.world.broker.counters().publishes_sent, 3);
        assert_eq!(tally.world.broker.counters().connections_accepted, 4);
    }
}

/// PUBREL that is sent again is one more packet.
#[test]
fn a_pubrel_that_is_sent_again_is_counted() {
    for version in VERSIONS {
        let mut tally = Tally::new();
        let reader = tally.open(resuming(version, "reader", 100));
        tally.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
        let writer = tally.open(connect_as(version, "writer"));
        for n in 1..=3 {
            tally.send(writer, qos2(n, "a", "x").into());
            tally.send(reader, pubrec(n));
        }
        tally.cut(reader);
        let before = tally.expected.packets_sent;
        tally.open(resuming(version, "reader", 100));
        assert_eq!(tally.expected.packets_sent - before, 4, "with CONNACK");
    }
}

/// AUTH, before CONNACK and after it.
#[test]
fn the_packets_of_an_authentication_are_counted() {
    let mut tally = Tally::new();
    let link = tally.world.link_from(Authentication::Ask);
    tally.links.push(link);
    let mut connect = connect_as(Version::V5_0, "c");
    connect.properties.authentication_method = Some(Text::new("m").unwrap());
    tally.send(link, connect.into());
    for (outcome, answer) in [
        (go_on(), AuthReasonCode::ContinueAuthentication),
        (accepted(), AuthReasonCode::ReAuthenticate),
        (go_on(), AuthReasonCode::ContinueAuthentication),
    ] {
        tally.world.authenticated(link, outcome);
        tally.check();
        tally.send(link, auth(answer));
    }
    tally.world.authenticated(link, accepted());
    tally.check();
    // Two that ask for more, CONNACK, and the end of the second authentication.
    assert_eq!(tally.expected.packets_sent, 4);
    assert_eq!(tally.world.broker.counters().connections_accepted, 1);
}

/// What is malformed is no packet.
#[test]
fn bytes_that_are_no_packet_are_not_counted() {
    for version in VERSIONS {
        let mut tally = Tally::new();
        let link = tally.open(connect_as(version, "c"));
        tally.received(version, &Packet::Pingreq);
        // PINGREQ, and a PUBLISH with QoS 3.
        tally
            .world
            .send_bytes(link, &[0xC0, 0, 0x36, 5, 0, 1, b'a', 0, 1]);
        tally.check();
    }
}

/// A refused client is not one that was let in.
#[test]
fn a_refused_connection_is_not_an_accepted_one() {
    for version in VERSIONS {
        let mut tally = Tally::new();
        tally.open(connect_as(version, leak("c".repeat(257))));
        assert_eq!(tally.world.broker.counters().connections_accepted, 0);
    }
}

/// How much there is of everything, as it comes and goes.
#[test]
fn gauges_tell_what_is_there() {
    let mut world = World::new(Config::default());
    let gauges = |world: &World| {
        let gauges = world.broker.gauges();
        (
            gauges.links,
            gauges.connected,
            gauges.sessions,
            gauges.subscriptions,
            gauges.retained_messages,
        )
    };
    assert_eq!(gauges(&world), (0, 0, 0, 0, 0));
    let waiting = world.link();
    assert_eq!(gauges(&world), (1, 0, 0, 0, 0));
    let staying = world.connect(resuming(Version::V5_0, "staying", 100));
    let leaving = world.connect(connect_as(Version::V5_0, "leaving"));
    assert_eq!(gauges(&world), (3, 2, 2, 0, 0));
    world.send(staying, subscribe(1, "a", QoS::AtLeastOnce));
    world.send(leaving, subscribe(1, "a", QoS::AtLeastOnce));
    world.send(leaving, retained(qos0("b", "x")));
    assert_eq!(gauges(&world), (3, 2, 2, 2, 1));
    world.cut(leaving);
    world.cut(staying);
    assert_eq!(gauges(&world), (1, 0, 1, 1, 1));
    world.cut(waiting);
    world.advance(Duration::from_secs(100));
    assert_eq!(gauges(&world), (0, 0, 0, 0, 1));
}

/// A session that has nothing counts as much as each other one.
#[test]
fn each_session_takes_its_memory() {
    let mut world = World::new(Config::default());
    let memory = |world: &World| world.broker.gauges().memory_bytes;
    let none = memory(&world);
    let first = world.connect(connect_as(Version::V5_0, "a"));
    let one = memory(&world) - none;
    assert!((256..=1_024).contains(&one), "{one}");
    let second = world.connect(connect_as(Version::V5_0, "b"));
    assert_eq!(memory(&world) - none, 2 * one);
    world.cut(first);
    world.cut(second);
    assert_eq!(memory(&world), none);
}

/// Topics of retained messages and subscriptions are part of it.
#[test]
fn subscriptions_and_retained_topics_take_memory() {
    let mut world = World::new(Config::default());
    let memory = |world: &World| world.broker.gauges().memory_bytes;
    let link = world.connect(connect_as(Version::V5_0, "a"));
    let before = memory(&world);
    world.send(link, subscribe(1, "some/filter", QoS::AtMostOnce));
    assert!(memory(&world) > before);
    // What is remembered of a topic's subscribers counts as well.
    world.send(link, qos0("other/topic", ""));
    let matched = memory(&world);
    world.send(link, retained(qos0("other/topic", "0123456789")));
    assert!(memory(&world) >= matched + "other/topic0123456789".len());
    world.send(link, retained(qos0("other/topic", "")));
    assert_eq!(memory(&world), matched);
}

/// It is what CONNACK says, and what who reads before CONNECT may go by.
#[test]
fn the_maximum_packet_size_is_that_of_the_configuration() {
    for maximum_packet_size in [100, 2_000_000] {
        let config = Config {
            maximum_packet_size,
            ..Config::default()
        };
        let world = World::new(config);
        assert_eq!(world.broker.maximum_packet_size(), maximum_packet_size);
    }
}

/// Counts beside the broker, from what its clients send and see.
struct Tally {
    world: World,
    links: Vec<LinkId>,
    expected: Counters,
}

impl Tally {
    fn new() -> Self {
        Self {
            world: World::new(Config::default()),
            links: Vec::new(),
            expected: Counters::default(),
        }
    }

    fn open(&mut self, connect: Connect<'static>) -> LinkId {
        let link = self.world.link();
        self.links.push(link);
        self.send(link, connect.into());
        link
    }

    fn send(&mut self, link: LinkId, packet: Packet<'static>) {
        let version = match &packet {
            Packet::Connect(connect) => connect.version,
            _ => self.world.version(link),
        };
        self.received(version, &packet);
        self.world.send(link, packet);
        self.check();
    }

    fn cut(&mut self, link: LinkId) {
        self.check();
        self.links.retain(|other| *other != link);
        self.world.cut(link);
        self.check();
    }

    fn received(&mut self, version: Version, packet: &Packet<'_>) {
        self.expected.packets_received += 1;
        self.expected.bytes_received += packet.encoded_len(version).unwrap() as u64;
        self.expected.publishes_received += u64::from(matches!(packet, Packet::Publish(_)));
    }

    /// Adds what the clients saw, and compares.
    fn check(&mut self) {
        for link in &self.links {
            let version = self.world.version(*link);
            let outcome = self.world.take(*link);
            for saw in outcome.all() {
                if let Saw::Packet(packet) = saw {
                    self.expected.packets_sent += 1;
                    self.expected.bytes_sent += packet.encoded_len(version).unwrap() as u64;
                    self.expected.publishes_sent += u64::from(matches!(packet, Packet::Publish(_)));
                }
            }
        }
        let found = *self.world.broker.counters();
        self.expected.connections_accepted = found.connections_accepted;
        self.expected.refused = found.refused;
        assert_eq!(found, self.expected);
    }
}

fn go_on() -> AuthenticationOutcome {
    AuthenticationOutcome::Continue {
        data: b"more".to_vec(),
    }
}

fn accepted() -> AuthenticationOutcome {
    AuthenticationOutcome::Accepted {
        principal: None,
        data: None,
    }
}

fn auth(reason_code: AuthReasonCode) -> Packet<'static> {
    let properties = AuthProperties {
        authentication_method: Some(Text::new("m").unwrap()),
        ..AuthProperties::default()
    };
    Packet::Auth(Auth {
        reason_code,
        properties,
    })
}

//! What is different in MQTT 3.1, with 3.1.1 beside it. 3.1 has no numbered statements: see `docs/standard/unnumbered.csv`.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::{
    Outcome, Saw, World, again, connect_as, leak, pubcomp, pubrec, qos1, qos2, refused, resuming,
    suback, subscribe, subscribe_all, unsuback,
};
use mqtt_broker_core::{
    Authentication, AuthenticationOutcome, Availability, Config, Event, LinkId,
};
use mqtt_codec::reason_code::{ConnectReasonCode, SubscribeReasonCode};
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::CloseReason;

const V3_1: Version = Version::V3_1;
const V3: [Version; 2] = [Version::V3_1, Version::V3_1_1];

/// [3.1-1] Name and level say the version, also with the bridges' bit. What is not served is refused in the form that its
/// name suggests.
#[test]
fn name_and_level_of_connect_say_the_version() {
    let mqisdp = b"MQIsdp".as_slice();
    for (name, level, served) in [
        (mqisdp, 0x03, Some(Version::V3_1)),
        (mqisdp, 0x83, Some(Version::V3_1)),
        (b"MQTT", 0x84, Some(Version::V3_1_1)),
        (mqisdp, 0x00, None),
        (mqisdp, 0x04, None),
        (mqisdp, 0x84, None),
        (mqisdp, 0xFF, None),
        (b"MQTT", 0x03, None),
        (b"MQTT", 0x06, None),
        (b"MQTT", 0x83, None),
        (b"MQTT", 0x85, None),
    ] {
        let mut world = World::new(Config::default());
        let link = world.link();
        world.send_bytes(link, &connect_bytes(0x10, name, level));
        let of_3_1 = name == mqisdp;
        let is_v3 = of_3_1 || served.is_some();
        world.speaks(link, if is_v3 { V3_1 } else { Version::V5_0 });
        let outcome = world.take(link);
        let connack: &[u8] = match (served, of_3_1) {
            (Some(_), _) => &[0x20, 2, 0, 0],
            (None, true) => &[0x20, 2, 0, 1],
            (None, false) => &[0x20, 3, 0, 0x84, 0],
        };
        assert_eq!(outcome.bytes(), [connack], "{name:?} {level}");
        let is_closed = matches!(
            outcome.all()[..],
            [_, Saw::Closed(CloseReason::Malformed(_))]
        );
        assert_eq!(is_closed, served.is_none());
        assert_eq!(version_of(&world), served);
    }
}

/// [3.1-2] [3.1-9] SUBSCRIBE, UNSUBSCRIBE and PUBREL are taken with DUP, and PUBLISH again, all on a live connection: each
/// is answered like the first, and a message of QoS 2 is delivered once. A PUBREL goes out with QoS 1 in its flags.
#[test]
fn what_comes_again_on_a_live_connection_is_answered_like_the_first() {
    let (mut world, writer, reader) = world(V3_1);
    for flags in [0x2, 0xA] {
        world.send_bytes(writer, &[0x80 | flags, 6, 0, 5, 0, 1, b'b', 1]);
    }
    let granted = suback(5, &[SubscribeReasonCode::GrantedQoS1]);
    assert_eq!(world.take(writer).packets(), [granted, granted]);
    assert_eq!(world.broker.gauges().subscriptions, 2);

    world.send(writer, qos2(6, "a", "x"));
    world.send(writer, again(qos2(6, "a", "x")));
    assert_eq!(world.take(writer).packets(), [pubrec(6), pubrec(6)]);
    for flags in [0x2, 0xA] {
        world.send_bytes(writer, &[0x60 | flags, 2, 0, 6]);
    }
    assert_eq!(world.take(writer).packets(), [pubcomp(6), pubcomp(6)]);
    let delivered = Packet::Publish(qos2(1, "a", "x"));
    assert_eq!(world.take(reader).packets(), [delivered]);

    for flags in [0x2, 0xA] {
        world.send_bytes(writer, &[0xA0 | flags, 5, 0, 7, 0, 1, b'b']);
    }
    let gone = unsuback(7, &[]);
    assert_eq!(world.take(writer).packets(), [gone, gone]);
    assert_eq!(world.broker.gauges().subscriptions, 1);

    // The subscriber, too, may say PUBREC and PUBCOMP twice.
    for _ in 0..2 {
        world.send(reader, pubrec(1));
        assert_eq!(world.take(reader).bytes(), [[0x62, 2, 0, 1]]);
    }
    world.send(reader, pubcomp(1));
    world.send(reader, pubcomp(1));
    assert_eq!(world.take(reader).all(), []);
}

/// [3.1-4] CONNACK has no Session Present: its first byte is 0 though the session goes on. In 3.1.1 it is there.
#[test]
fn connack_does_not_tell_of_the_session() {
    for (version, byte) in [(Version::V3_1, 0), (Version::V3_1_1, 1)] {
        let (mut world, writer, _) = world(version);
        let link = world.connect(resuming(version, "lasting", 600));
        world.send(link, subscribe(1, "a", QoS::AtLeastOnce));
        world.cut(link);
        world.send(writer, qos1(1, "a", "kept"));
        let (_, outcome) = world.offer(resuming(version, "lasting", 600));
        assert_eq!(outcome.bytes()[0], [0x20, 2, byte, 0]);
        let kept = Packet::Publish(qos1(1, "a", "kept"));
        assert_eq!(outcome.packets()[1..], [kept]);
    }
}

/// [3.1-5] The return codes 0 to 5 mean what they mean in 3.1.1.
#[test]
fn the_return_codes_are_those_of_3_1_1() {
    for (outcome, return_code) in [
        (accepted(), 0),
        (refuse(ConnectReasonCode::UnsupportedProtocolVersion), 1),
        (refuse(ConnectReasonCode::ClientIdentifierNotValid), 2),
        (refuse(ConnectReasonCode::ServerUnavailable), 3),
        (refuse(ConnectReasonCode::ServerBusy), 3),
        (refuse(ConnectReasonCode::BadUserNameOrPassword), 4),
        (refuse(ConnectReasonCode::NotAuthorized), 5),
    ] {
        for version in V3 {
            let mut world = World::new(Config::default());
            let link = world.link_from(Authentication::Ask);
            world.send(link, connect_as(version, "c"));
            world.authenticated(link, outcome.clone());
            let outcome = world.take(link);
            assert_eq!(outcome.bytes(), [[0x20, 2, 0, return_code]]);
            let is_closed = matches!(outcome.all().last(), Some(Saw::Closed(_)));
            assert_eq!(is_closed, return_code != 0);
        }
    }
    // What the broker refuses by itself.
    let config = Config {
        sessions: 0,
        ..Config::default()
    };
    for version in V3 {
        let (_, outcome) = World::new(config.clone()).offer(connect_as(version, "c"));
        assert_eq!(outcome.bytes(), [[0x20, 2, 0, 3]]);
        let (_, outcome) = World::new(config.clone()).offer(resuming(version, "", 0));
        assert_eq!(outcome.bytes(), [[0x20, 2, 0, 2]]);
    }
}

/// [3.1-6] [3.1-10] SUBACK says the QoS that was asked for, whatever the reason of the refusal, and the refused
/// subscription is not there. 3.1.1 has a code for it.
#[test]
fn suback_does_not_tell_of_a_refusal() {
    let filters = [("a/b", QoS::AtMostOnce), ("b", QoS::ExactlyOnce)];
    for (config, subscribe, refused) in [
        (topics_of(2), subscribe_all(1, &filters), [true, false]),
        (filters_per_packet(1), subscribe_all(1, &filters), [true; 2]),
        (subscriptions(1), subscribe_all(1, &filters), [false, true]),
        (
            no_shared(),
            subscribe_all(1, &[("$share/g/a", QoS::AtMostOnce), filters[1]]),
            [true, false],
        ),
    ] {
        for version in V3 {
            let mut world = World::new(config.clone());
            let link = world.connect(connect_as(version, "c"));
            world.send(link, subscribe);
            let granted = [
                SubscribeReasonCode::Success,
                SubscribeReasonCode::GrantedQoS2,
            ];
            let told = [0, 1].map(|n| match refused[n] && version == Version::V3_1_1 {
                true => SubscribeReasonCode::UnspecifiedError,
                false => granted[n],
            });
            assert_eq!(world.take(link).packets(), [suback(1, &told)]);
            let there = refused.iter().filter(|is_refused| !**is_refused).count();
            assert_eq!(world.broker.gauges().subscriptions, there);
        }
    }
}

/// [3.1-7] An empty Client Identifier is refused, whatever Clean Session says. A long one is taken up to the limit of
/// Client Identifiers: the 23 characters of 3.1 are no limit of ours.
#[test]
fn a_client_identifier_may_be_long_but_not_empty() {
    for clean_start in [true, false] {
        for (len, is_taken) in [
            (0, false),
            (1, true),
            (23, true),
            (24, true),
            (256, true),
            (257, false),
        ] {
            let mut world = World::new(Config::default());
            let mut connect = connect_as(V3_1, leak("c".repeat(len)));
            connect.clean_start = clean_start;
            let (_, outcome) = world.offer(connect);
            let code = ConnectReasonCode::ClientIdentifierNotValid;
            match is_taken {
                true => assert_eq!(outcome.bytes(), [[0x20, 2, 0, 0]], "{len}"),
                false => assert_eq!(
                    outcome.all(),
                    [
                        Saw::Packet(refused(code)),
                        Saw::Closed(CloseReason::Refused(code))
                    ],
                    "{len}"
                ),
            }
        }
    }
}

/// [often-wrong-38] Stray bits in the header of any packet of a 3.1 client are no error. The same packets end a connection
/// of 3.1.1.
#[test]
fn header_flags_are_not_judged_by_the_rules_of_3_1_1() {
    let plain = [
        (0x40, [0, 9].as_slice()),
        (0x50, &[0, 9]),
        (0x60, &[0, 9]),
        (0x70, &[0, 9]),
        (0x80, &[0, 9, 0, 1, b'b', 0]),
        (0xA0, &[0, 9, 0, 1, b'b']),
        (0xC0, &[]),
        (0xE0, &[]),
    ];
    for (packet_type, body) in plain {
        let right = if matches!(packet_type, 0x60 | 0x80 | 0xA0) {
            2
        } else {
            0
        };
        for flags in 0..16 {
            let mut packet = vec![packet_type | flags, u8::try_from(body.len()).unwrap()];
            packet.extend_from_slice(body);
            let expected = answers(V3_1, &[packet_type | right, packet[1]], body);
            let of_3_1 = answers(V3_1, &packet[..2], body);
            assert_eq!(of_3_1.all(), expected.all(), "{packet:02x?}");
            let of_3_1_1 = answers(Version::V3_1_1, &packet[..2], body);
            let is_malformed =
                matches!(of_3_1_1.all()[..], [Saw::Closed(CloseReason::Malformed(_))]);
            assert_eq!(is_malformed, flags != right, "{packet:02x?}");
        }
    }
    for flags in 0..16 {
        let mut world = World::new(Config::default());
        let link = world.link();
        world.send_bytes(link, &connect_bytes(0x10 | flags, b"MQIsdp", 3));
        assert_eq!(world.take(link).bytes(), [[0x20, 2, 0, 0]]);
    }
}

/// A writer, and a reader that is subscribed to `a` at QoS 2.
fn world(version: Version) -> (World, LinkId, LinkId) {
    let mut world = World::new(Config::default());
    let reader = world.connect(connect_as(version, "reader"));
    world.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
    let writer = world.connect(connect_as(version, "writer"));
    world.forget();
    (world, writer, reader)
}

/// What a client gets for a packet.
fn answers(version: Version, head: &[u8], body: &[u8]) -> Outcome {
    let mut world = World::new(Config::default());
    let link = world.connect(connect_as(version, "c"));
    world.send_bytes(link, &[head, body].concat());
    world.take(link)
}

/// A CONNECT with Client Identifier `a`, Clean Session and Keep Alive 60.
fn connect_bytes(first: u8, name: &[u8], level: u8) -> Vec<u8> {
    let mut body = vec![0, u8::try_from(name.len()).unwrap()];
    body.extend_from_slice(name);
    body.extend([level, 2, 0, 60, 0, 1, b'a']);
    let mut packet = vec![first, u8::try_from(body.len()).unwrap()];
    packet.extend(body);
    packet
}

/// As what the client was let in that came last, if it was.
fn version_of(world: &World) -> Option<Version> {
    world.events.iter().rev().find_map(|event| match event {
        Event::Connected { version, .. } => Some(*version),
        _ => None,
    })
}

fn accepted() -> AuthenticationOutcome {
    AuthenticationOutcome::Accepted {
        principal: None,
        data: None,
    }
}

fn refuse(code: ConnectReasonCode) -> AuthenticationOutcome {
    AuthenticationOutcome::Refused(code)
}

fn topics_of(topic_bytes: usize) -> Config {
    Config {
        topic_bytes,
        ..Config::default()
    }
}

fn filters_per_packet(filters_per_packet: usize) -> Config {
    Config {
        filters_per_packet,
        ..Config::default()
    }
}

fn subscriptions(subscriptions_per_session: usize) -> Config {
    Config {
        subscriptions_per_session,
        ..Config::default()
    }
}

fn no_shared() -> Config {
    Config {
        shared_subscriptions: Availability::Unavailable,
        ..Config::default()
    }
}

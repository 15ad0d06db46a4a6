//! MQTT 5.0 §3.3.4 and §4.9: a client that has more messages open than our Receive Maximum, and how it may not.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use std::num::NonZeroU16;

use crate::harness::{Saw, World, disconnect, pubrel, qos0, qos1, qos2, resuming, subscribe};
use mqtt_broker_core::{Config, LinkId, Persistence};
use mqtt_codec::packet::Publish;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::{CloseReason, ProtocolError};

/// With a Receive Maximum of 2 the last word of each line is too much, and nothing before it is.
///
/// `1a` and `2a` are messages of QoS 1 and 2 with the identifier a, `0` one of QoS 0, `Na` one of QoS 2 that is refused, `Ra`
/// is a PUBREL; with `+` the store catches up, so that everything is acknowledged.
const OVERRUNS: [&str; 13] = [
    "1a 1b 1c",
    "2a 2b 2c",
    "1a 2b 1c",
    "2a 1b 2c",
    // One that comes again is not one more, and QoS 0 does not count.
    "2a 2a 2b 2b 0 0 2a 1c",
    // PUBREC gives nothing back, and neither does one for a message that came again.
    "2a + 2b + 2a 1c",
    "2a 2b + 2c",
    // Nor does PUBREL, but PUBCOMP.
    "2a 2b + Ra 1c",
    "2a 2b + Ra + 1c 1d",
    "2a 2b + Ra Rb + 1c 2d 1e",
    // PUBACK and a PUBREC that refuses do.
    "1a 1b + 1c 2d 1e",
    "Na Nb Nc 2d 1e 2f",
    // What is not there gives nothing back.
    "2a 2b + Ra Ra Rc + 1c 1d",
];

/// The same for a broker without a store, which acknowledges at once.
const OVERRUNS_AT_ONCE: [&str; 3] = ["2a 2b 2c", "1a 2a 2b 1c", "2a 2b 2a Ra 2c 1d"];

/// [MQTT-3.3.4-7] [often-wrong-3] [often-wrong-4] [choice-4] Who has more open than was announced is disconnected with 0x93, and
/// gets no acknowledgement for the last one.
#[test]
fn who_exceeds_the_receive_maximum_is_disconnected() {
    let reason = DisconnectReasonCode::ReceiveMaximumExceeded;
    let error = ProtocolError::ReceiveMaximumExceeded { limit: 2 };
    let stored = OVERRUNS.map(|script| (Persistence::Store, script));
    let at_once = OVERRUNS_AT_ONCE.map(|script| (Persistence::None, script));
    for (persistence, script) in stored.into_iter().chain(at_once) {
        let (mut world, link) = world(Version::V5_0, persistence);
        run(&mut world, link, script);
        assert_eq!(
            world.take(link).all(),
            [
                Saw::Packet(disconnect(reason)),
                Saw::Closed(CloseReason::Protocol(error))
            ],
            "{script}"
        );
    }
}

/// 3.x announces no Receive Maximum, so that none can be exceeded.
#[test]
fn in_3_x_there_is_no_receive_maximum() {
    for version in [Version::V3_1, Version::V3_1_1] {
        for script in OVERRUNS {
            let (mut world, link) = world(version, Persistence::Store);
            run(&mut world, link, script);
            world.take(link).packets();
        }
    }
}

/// [MQTT-4.9.0-1] [often-wrong-5] Each connection has its window to itself: what waits for PUBREL from an earlier one takes no
/// place until its PUBLISH comes again.
#[test]
fn the_window_starts_anew_with_each_connection() {
    for (script, is_over) in [
        ("1c 2d", false),
        ("1c 2d 1e", true),
        ("2a 1c", false),
        ("2a 1c 1d", true),
        ("Ra + 1c 1d", false),
    ] {
        let (mut world, link) = world(Version::V5_0, Persistence::Store);
        run(&mut world, link, "2a 2b +");
        world.cut(link);
        let link = connected(&mut world, Version::V5_0);
        run(&mut world, link, script);
        let outcome = world.take(link);
        let is_closed = matches!(outcome.all().last(), Some(Saw::Closed(_)));
        assert_eq!(is_closed, is_over, "{script}");
    }
}

/// A client whose session lasts, and a session that gets its messages.
fn world(version: Version, persistence: Persistence) -> (World, LinkId) {
    let mut world = World::new(Config {
        persistence,
        receive_maximum: 2,
        ..Config::default()
    });
    let reader = world.link();
    world.send(reader, resuming(version, "reader", 60));
    world.persisted_all();
    world.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
    let link = connected(&mut world, version);
    (world, link)
}

/// 5.0 is told the Receive Maximum.
fn connected(world: &mut World, version: Version) -> LinkId {
    let link = world.link();
    world.send(link, resuming(version, "a", 60));
    world.persisted_all();
    let outcome = world.take(link);
    let [Packet::Connack(connack)] = outcome.sent()[..] else {
        panic!("{:?}", outcome.all())
    };
    let announced = NonZeroU16::new(2).filter(|_| version == Version::V5_0);
    assert_eq!(connack.properties.receive_maximum, announced);
    world.forget();
    link
}

/// Only what the last word brings is left to be looked at. Behind the others the connection is there.
fn run(world: &mut World, link: LinkId, script: &str) {
    for word in script.split(' ') {
        let outcome = world.take(link);
        let is_closed = matches!(outcome.all().last(), Some(Saw::Closed(_)));
        assert!(!is_closed, "{script}: before {word}");
        step(world, link, word);
    }
}

fn step(world: &mut World, link: LinkId, word: &str) {
    let packet_id = |letter: u8| u16::from(letter - b'a') + 1;
    let send = |world: &mut World, publish: Publish<'static>| world.send(link, publish);
    match *word.as_bytes() {
        [b'0'] => send(world, qos0("a", "x")),
        [b'1', letter] => send(world, qos1(packet_id(letter), "a", "x")),
        [b'2', letter] => send(world, qos2(packet_id(letter), "a", "x")),
        [b'N', letter] => send(world, qos2(packet_id(letter), "$SYS/a", "x")),
        [b'R', letter] => world.send(link, pubrel(packet_id(letter))),
        [b'+'] => world.persisted_all(),
        _ => panic!("{word}"),
    }
}

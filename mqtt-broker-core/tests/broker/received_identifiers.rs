//! What the identifier of a packet that comes in means, by what is under way with it, also while the store is behind.
//! MQTT 5.0 §2.2.1, §4.3.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::table::{answer, assert_table, in_words};
use crate::harness::{
    Saw, VERSIONS, World, again, disconnect, encoded, id, pubcomp, pubrec, pubrel, qos1, qos2,
    resuming, subscribe,
};
use mqtt_broker_core::{Config, LinkId, Persistence};
use mqtt_codec::packet::Pubrel;
use mqtt_codec::reason_code::{DisconnectReasonCode, ReleaseReasonCode};
use mqtt_codec::{Packet, PacketType, QoS, Version};
use mqtt_session::{CloseReason, ProtocolError};

/// What comes of each packet with identifier 7, and what comes when the store has caught up. The words are those of
/// `link_states.rs`; the last column is of a message whose topic is refused.
const MQTT_5_0: &str = "
              | nothing       | QoS 1 held           | QoS 2 held           | PUBCOMP held          | PUBREC sent   | QoS 1 over    | QoS 2 over    | refused
PUBLISH 1     | taken; PUBACK | taken; PUBACK PUBACK | taken; PUBREC PUBACK | taken; PUBCOMP PUBACK | taken; PUBACK | taken; PUBACK | taken; PUBACK | taken; PUBACK
PUBLISH 1 DUP | taken; PUBACK | taken; PUBACK PUBACK | taken; PUBREC PUBACK | taken; PUBCOMP PUBACK | taken; PUBACK | taken; PUBACK | taken; PUBACK | taken; PUBACK
PUBLISH 2     | taken; PUBREC | taken; PUBACK PUBREC | -; PUBREC PUBREC     | taken; PUBCOMP PUBREC | PUBREC; -     | taken; PUBREC | taken; PUBREC | taken; PUBREC
PUBLISH 2 DUP | taken; PUBREC | taken; PUBACK PUBREC | -; PUBREC PUBREC     | taken; PUBCOMP PUBREC | PUBREC; -     | taken; PUBREC | taken; PUBREC | taken; PUBREC
PUBREL        | PUBCOMP 92; - | -; PUBACK PUBCOMP 92 | D82 !wrong; -        | -; PUBCOMP PUBCOMP 92 | -; PUBCOMP    | PUBCOMP 92; - | PUBCOMP 92; - | PUBCOMP 92; -
SUBSCRIBE     | -; SUBACK 00  | -; PUBACK SUBACK 00  | -; PUBREC SUBACK 00  | -; PUBCOMP SUBACK 00  | -; SUBACK 00  | -; SUBACK 00  | -; SUBACK 00  | -; SUBACK 00
PUBREL 92     | PUBCOMP 92; - | -; PUBACK PUBCOMP 92 | D82 !wrong; -        | -; PUBCOMP PUBCOMP 92 | -; PUBCOMP    | PUBCOMP 92; - | PUBCOMP 92; - | PUBCOMP 92; -
";

const MQTT_3_X: &str = "
              | nothing       | QoS 1 held           | QoS 2 held           | PUBCOMP held          | PUBREC sent   | QoS 1 over    | QoS 2 over    | refused
PUBLISH 1     | taken; PUBACK | taken; PUBACK PUBACK | taken; PUBREC PUBACK | taken; PUBCOMP PUBACK | taken; PUBACK | taken; PUBACK | taken; PUBACK | taken; PUBACK
PUBLISH 1 DUP | taken; PUBACK | taken; PUBACK PUBACK | taken; PUBREC PUBACK | taken; PUBCOMP PUBACK | taken; PUBACK | taken; PUBACK | taken; PUBACK | taken; PUBACK
PUBLISH 2     | taken; PUBREC | taken; PUBACK PUBREC | -; PUBREC PUBREC     | taken; PUBCOMP PUBREC | PUBREC; -     | taken; PUBREC | taken; PUBREC | PUBREC; -
PUBLISH 2 DUP | taken; PUBREC | taken; PUBACK PUBREC | -; PUBREC PUBREC     | taken; PUBCOMP PUBREC | PUBREC; -     | taken; PUBREC | taken; PUBREC | PUBREC; -
PUBREL        | PUBCOMP; -    | -; PUBACK PUBCOMP    | !wrong; -            | -; PUBCOMP PUBCOMP    | -; PUBCOMP    | PUBCOMP; -    | PUBCOMP; -    | -; PUBCOMP
SUBSCRIBE     | -; SUBACK 00  | -; PUBACK SUBACK 00  | -; PUBREC SUBACK 00  | -; PUBCOMP SUBACK 00  | -; SUBACK 00  | -; SUBACK 00  | -; SUBACK 00  | -; SUBACK 00
";

/// [MQTT-4.3.2-5] [MQTT-4.3.3-9] [MQTT-4.3.3-10] [MQTT-4.3.3-11] [MQTT-4.3.3-12] [often-wrong-23] Until PUBREL a QoS 2 message
/// is not taken a second time, whatever is in the packet, and each repetition has its PUBREC; an identifier that is taken for
/// another message too soon is a message of its own; a PUBREL for what is not durable ends the connection.
#[test]
fn an_identifier_is_that_of_its_exchange_in_5_0() {
    let version = Version::V5_0;
    assert_table(
        MQTT_5_0,
        &packets(version),
        &EXCHANGES,
        |bytes, exchange| outcome(version, bytes, exchange),
    );
}

/// [3.1-9] [v3.1.1 MQTT-4.3.2-2] [v3.1.1 MQTT-4.3.3-2] [often-wrong-23] The same; a peer may send again at any time.
#[test]
fn an_identifier_is_that_of_its_exchange_in_3_x() {
    for version in [Version::V3_1, Version::V3_1_1] {
        assert_table(
            MQTT_3_X,
            &packets(version),
            &EXCHANGES,
            |bytes, exchange| outcome(version, bytes, exchange),
        );
    }
}

/// [MQTT-3.3.4-7] [MQTT-4.3.3-10] [v3.1.1 MQTT-4.3.3-2] Who does not wait for PUBREC has one message under an identifier, not
/// as many as fit into the time of the store. Who has its PUBREC goes on, also when that of a repeat waits.
#[test]
fn an_identifier_is_taken_again_behind_its_pubrec_only() {
    for version in VERSIONS {
        let (mut world, link) = world(version);
        world.forget();
        world.send(link, qos2(7, "a", "x"));
        world.persisted_all();
        world.send(link, qos2(8, "a", "x"));
        world.send(link, again(qos2(7, "a", "x")));
        world.send(link, pubrel(7));
        assert_eq!(world.take(link).sent(), [pubrec(7)]);
        world.persisted_all();
        let outcome = world.take(link);
        assert_eq!(outcome.sent(), [pubrec(8), pubrec(7), pubcomp(7)]);

        let taken = world.broker.counters().publishes_received;
        let again_and_again = [
            encoded(version, qos2(7, "a", "x")),
            encoded(version, pubrel(7)),
        ];
        world.send_bytes(link, &again_and_again.concat().repeat(3));
        world.persisted_all();
        let error = ProtocolError::WrongAcknowledgement {
            packet_type: PacketType::Pubrel,
            packet_id: id(7),
        };
        let goodbye = Saw::Packet(disconnect(DisconnectReasonCode::ProtocolError));
        let mut expected = Vec::from_iter((version == Version::V5_0).then_some(goodbye));
        expected.push(Saw::Closed(CloseReason::Protocol(error)));
        assert_eq!(world.take(link).all(), expected);
        assert_eq!(world.broker.counters().publishes_received, taken + 1);
    }
}

/// How far the broker is with identifier 7: what came, and whether the store has caught up then. Before PUBREL it has.
type Exchange = (&'static [Came], bool);

#[derive(Clone, Copy, Debug)]
enum Came {
    Qos1,
    Qos2,
    Refused,
    Pubrel,
}

const EXCHANGES: [(&str, Exchange); 8] = [
    ("nothing", (&[], true)),
    ("QoS 1 held", (&[Came::Qos1], false)),
    ("QoS 2 held", (&[Came::Qos2], false)),
    ("PUBCOMP held", (&[Came::Qos2, Came::Pubrel], false)),
    ("PUBREC sent", (&[Came::Qos2], true)),
    ("QoS 1 over", (&[Came::Qos1], true)),
    ("QoS 2 over", (&[Came::Qos2, Came::Pubrel], true)),
    ("refused", (&[Came::Refused], true)),
];

/// What a peer may send with the identifier.
fn packets(version: Version) -> Vec<(&'static str, Vec<u8>)> {
    let mut packets: Vec<(_, Packet<'_>)> = vec![
        ("PUBLISH 1", qos1(7, "a", "y").into()),
        ("PUBLISH 1 DUP", again(qos1(7, "a", "x")).into()),
        ("PUBLISH 2", qos2(7, "a", "y").into()),
        ("PUBLISH 2 DUP", again(qos2(7, "a", "x")).into()),
        ("PUBREL", pubrel(7)),
        ("SUBSCRIBE", subscribe(7, "b", QoS::AtMostOnce)),
    ];
    if version == Version::V5_0 {
        let unknown = ReleaseReasonCode::PacketIdentifierNotFound;
        packets.push(("PUBREL 92", Pubrel::new(id(7), unknown).into()));
    }
    let bytes = |(name, packet)| (name, encoded(version, packet));
    packets.into_iter().map(bytes).collect()
}

fn outcome(version: Version, bytes: &[u8], exchange: &Exchange) -> String {
    let (came, is_durable) = exchange;
    let (mut world, link) = world(version);
    for came in *came {
        match came {
            Came::Qos1 => world.send(link, qos1(7, "a", "x")),
            Came::Qos2 => world.send(link, qos2(7, "a", "x")),
            Came::Refused => world.send(link, qos2(7, "$SYS/x", "x")),
            Came::Pubrel => {
                world.persisted_all();
                world.send(link, pubrel(7));
            }
        }
    }
    if *is_durable {
        world.persisted_all();
    }
    world.forget();
    let at_once = answer(&mut world, link, bytes);
    world.persisted_all();
    let later = in_words(&world.take(link).all(), None);
    if !at_once.contains('!') {
        assert_goes_on(&mut world, link);
    }
    format!("{at_once}; {later}")
}

/// A client whose session is stored, and somebody who gets its messages.
fn world(version: Version) -> (World, LinkId) {
    let mut world = World::new(Config {
        persistence: Persistence::Store,
        ..Config::default()
    });
    let reader = world.link();
    world.send(reader, resuming(version, "reader", 60));
    world.persisted_all();
    world.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
    let link = world.link();
    world.send(link, resuming(version, "a", 60));
    world.persisted_all();
    (world, link)
}

/// The next messages are acknowledged, behind nothing that waits for ever.
fn assert_goes_on(world: &mut World, link: LinkId) {
    world.send(link, qos1(8, "a", "x"));
    world.send(link, qos2(9, "a", "x"));
    world.persisted_all();
    world.send(link, pubrel(9));
    world.persisted_all();
    let outcome = world.take(link);
    assert_eq!(in_words(&outcome.all(), None), "PUBACK PUBREC PUBCOMP");
}

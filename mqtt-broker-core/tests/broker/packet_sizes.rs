//! What goes to a client that takes small packets only: MQTT 5.0 §3.1.2.11.4.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use crate::harness::enhanced::accepted;
use crate::harness::{
    Outcome, Saw, World, auth, connack, connect, disconnect, pubrec, pubrel, qos0, qos1, qos2,
    refused, resuming, suback, subscribe, subscribe_all, unsuback, unsubscribe_all, with_method,
};
use mqtt_broker_core::{Authentication, AuthenticationOutcome, Cause, Config};
use mqtt_codec::packet::Connect;
use mqtt_codec::reason_code::{
    AuthReasonCode, ConnectReasonCode, DisconnectReasonCode, SubscribeReasonCode,
    UnsubscribeReasonCode,
};
use mqtt_codec::{Packet, PacketType, QoS, Version};
use mqtt_session::CloseReason;

const V5: Version = Version::V5_0;
const TOO_LARGE: DisconnectReasonCode = DisconnectReasonCode::PacketTooLarge;

/// [MQTT-3.1.2-24] [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.6.2-2] [MQTT-3.6.2-3]
/// [MQTT-3.7.2-2] [MQTT-3.7.2-3] [MQTT-3.9.2-1] [MQTT-3.9.2-2] [MQTT-3.11.2-1] [MQTT-3.11.2-2] [MQTT-3.14.2-3]
/// [MQTT-3.14.2-4] [MQTT-3.15.2-2] [MQTT-3.15.2-3] [often-wrong-28] Whatever a client takes, nothing is larger. The
/// broker has no need to leave Reason Strings and User Properties out, since it never sends them.
#[test]
fn nothing_is_larger_than_the_client_takes_and_nothing_explains_itself() {
    for maximum in 1..=64 {
        let seen = a_life_of_every_packet(maximum, None);
        for outcome in &seen {
            for bytes in outcome.bytes() {
                assert!(bytes.len() <= maximum, "{maximum}: {bytes:02x?}");
            }
            for packet in outcome.sent() {
                assert!(!explains_itself(&packet), "{maximum}: {packet:?}");
            }
        }
        let types = seen.iter().flat_map(Outcome::sent);
        let types: BTreeSet<_> = types.map(|packet| packet.packet_type() as u8).collect();
        if maximum == 64 {
            assert!(types.into_iter().eq(FROM_SERVERS.map(|it| it as u8)));
        }
    }
}

/// [MQTT-3.1.2-29] [often-wrong-33] Nor does it explain itself to who wants no problem information, or asks for it.
#[test]
fn nothing_explains_itself_whatever_request_problem_information_says() {
    for wanted in [Some(false), Some(true)] {
        let seen = a_life_of_every_packet(1_000, wanted);
        let mut types = BTreeSet::new();
        for packet in seen.iter().flat_map(Outcome::sent) {
            assert!(!explains_itself(&packet), "{packet:?}");
            types.insert(packet.packet_type() as u8);
        }
        assert!(types.into_iter().eq(FROM_SERVERS.map(|it| it as u8)));
    }
}

/// [MQTT-3.1.2-24] [MQTT-3.2.2-19] [MQTT-3.2.2-20] [often-wrong-28] Who does not take the CONNACK of success gets one that refuses, and who
/// does not take that one gets none. Nothing has changed then.
#[test]
fn a_client_that_does_not_take_its_connack_is_not_let_in() {
    let whole = connack().encoded_len(V5).unwrap();
    let code = ConnectReasonCode::PacketTooLarge;
    let refusal = refused(code).encoded_len(V5).unwrap();
    let closed = || Saw::Closed(CloseReason::Refused(code));
    for (maximum, expected) in [
        (whole, vec![Saw::Packet(connack())]),
        (whole - 1, vec![Saw::Packet(refused(code)), closed()]),
        (refusal, vec![Saw::Packet(refused(code)), closed()]),
        (refusal - 1, vec![closed()]),
        (1, vec![closed()]),
    ] {
        let mut world = World::new(Config::default());
        let old = world.connect(resuming(V5, "c", 600));
        let (_, outcome) = world.offer(taking(maximum, connect("other")));
        assert_eq!(outcome.all(), expected, "{maximum}");
        let is_in = maximum >= whole;
        assert_eq!(world.broker.gauges().sessions, 1 + usize::from(is_in));
        let counted = world.refused(Cause::PacketTooLargeForClient);
        assert_eq!(counted, u64::from(!is_in), "{maximum}");

        // Nor does it take a session over.
        if !is_in {
            world.offer(taking(maximum, resuming(V5, "c", 600)));
            let counted = world.refused(Cause::PacketTooLargeForClient);
            assert_eq!(counted, 2, "{maximum}");
            world.send(old, Packet::Pingreq);
            assert_eq!(world.take(old).all(), [Saw::Packet(Packet::Pingresp)]);
        }
    }
}

/// [MQTT-3.1.2-24] Other refusals of a CONNECT keep to it, too. They are counted by what they refuse.
#[test]
fn a_refusal_that_the_client_does_not_take_is_not_sent() {
    let code = ConnectReasonCode::ClientIdentifierNotValid;
    let closed = || Saw::Closed(CloseReason::Refused(code));
    for (maximum, expected) in [
        (5, vec![Saw::Packet(refused(code)), closed()]),
        (4, vec![closed()]),
    ] {
        let mut world = World::new(Config {
            client_id_bytes: 1,
            ..Config::default()
        });
        let (_, outcome) = world.offer(taking(maximum, connect("too long")));
        assert_eq!(outcome.all(), expected);
        assert_eq!(world.refused(Cause::PacketTooLargeForClient), 0);
        assert_eq!(world.refused(Cause::ClientIdTooLong), 1);
    }
}

/// [MQTT-3.1.2-24] [MQTT-3.9.2-1] [MQTT-3.9.2-2] [MQTT-3.11.2-1] [MQTT-3.11.2-2] [often-wrong-28] A SUBACK or UNSUBACK as
/// large as the client takes is sent. Where it is a byte larger the connection ends, since the client would wait for it, and
/// nothing was done.
#[test]
fn a_client_that_does_not_take_its_answer_is_closed() {
    let filters: Vec<_> = FILTERS.iter().map(|it| (*it, QoS::AtMostOnce)).collect();
    let granted = [SubscribeReasonCode::Success; FILTERS.len()];
    let nothing = [UnsubscribeReasonCode::NoSubscriptionExisted; FILTERS.len()];
    for (request, answer, subscriptions) in [
        (
            subscribe_all(1, &filters),
            suback(1, &granted),
            FILTERS.len(),
        ),
        (unsubscribe_all(1, FILTERS), unsuback(1, &nothing), 0),
    ] {
        let len = answer.encoded_len(V5).unwrap();
        let mut world = World::new(Config::default());
        let link = world.connect(taking(len, connect("c")));
        world.send(link, request);
        assert_eq!(world.take(link).all(), [Saw::Packet(answer)]);
        assert_eq!(world.broker.gauges().subscriptions, subscriptions);

        let mut world = World::new(Config::default());
        let link = world.connect(taking(len - 1, connect("c")));
        world.send(link, request);
        assert_eq!(world.take(link).all(), told_and_closed());
        assert_eq!(world.broker.gauges().subscriptions, 0);
        assert_eq!(world.refused(Cause::PacketTooLargeForClient), 1);
    }
}

/// [MQTT-3.1.2-24] [MQTT-3.15.2-2] [MQTT-3.15.2-3] [often-wrong-28] The same for AUTH: before CONNACK a refusal ends the connection, behind
/// it a DISCONNECT does.
#[test]
fn a_client_that_does_not_take_its_auth_is_closed() {
    let data = "0123456789012345";
    let step = auth(AuthReasonCode::ContinueAuthentication, "m", data);
    let len = step.encoded_len(V5).unwrap();
    for (maximum, taken) in [(len, true), (len - 1, false)] {
        let mut world = World::new(Config::default());
        let link = world.link_from(Authentication::Ask);
        world.send(link, taking(maximum, with_method("c", "m")));
        world.forget();
        world.authenticated(link, go_on(data));
        let code = ConnectReasonCode::PacketTooLarge;
        let expected = match taken {
            true => vec![Saw::Packet(step), Saw::Resumed],
            false => vec![
                Saw::Packet(refused(code)),
                Saw::Closed(CloseReason::Refused(code)),
            ],
        };
        assert_eq!(in_any_order(world.take(link).all()), in_any_order(expected));
        let counted = world.refused(Cause::PacketTooLargeForClient);
        assert_eq!(counted, u64::from(!taken), "{maximum}");

        let mut world = World::new(Config::default());
        let link = world.link_from(Authentication::Ask);
        world.send(link, taking(maximum, with_method("c", "m")));
        world.authenticated(link, accepted("alice"));
        world.send(link, auth(AuthReasonCode::ReAuthenticate, "m", ""));
        world.forget();
        world.authenticated(link, go_on(data));
        let expected = match taken {
            true => vec![Saw::Packet(step), Saw::Resumed],
            false => told_and_closed(),
        };
        assert_eq!(in_any_order(world.take(link).all()), in_any_order(expected));
        let counted = world.refused(Cause::PacketTooLargeForClient);
        assert_eq!(counted, u64::from(!taken), "{maximum}");
    }
}

const FILTERS: &[&str] = &[
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f", "g", "h", "i",
    "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z",
];

/// In the order of their numbers.
const FROM_SERVERS: [PacketType; 11] = [
    PacketType::Connack,
    PacketType::Publish,
    PacketType::Puback,
    PacketType::Pubrec,
    PacketType::Pubrel,
    PacketType::Pubcomp,
    PacketType::Suback,
    PacketType::Unsuback,
    PacketType::Pingresp,
    PacketType::Disconnect,
    PacketType::Auth,
];

/// Everything that makes the broker send something to a client that takes packets of `maximum` bytes and wants problem
/// information or not, in several connections, since some of it ends them.
fn a_life_of_every_packet(maximum: usize, wanted: Option<bool>) -> Vec<Outcome> {
    let filters: Vec<_> = FILTERS.iter().map(|it| (*it, QoS::ExactlyOnce)).collect();
    let malformed = [0xC1, 0];
    let mut seen = Vec::new();
    for provoking in [
        vec![subscribe_all(1, &filters[..4]), subscribe_all(2, &filters)],
        vec![
            unsubscribe_all(1, &FILTERS[..4]),
            unsubscribe_all(2, FILTERS),
        ],
        vec![
            Packet::Pingreq,
            qos1(1, "nobody", "").into(),
            qos1(2, "$SYS/x", "").into(),
        ],
        vec![qos2(1, "nobody", "").into(), qos2(2, "$SYS/x", "").into()],
        vec![
            pubrec(9),
            pubrel(9),
            subscribe(1, "a", QoS::ExactlyOnce),
            qos2(3, "a", "x").into(),
        ],
        vec![
            pubrec(1),
            subscribe(2, "a", QoS::AtMostOnce),
            qos0("a", "a long one, that is dropped for some").into(),
        ],
        vec![auth(AuthReasonCode::ReAuthenticate, "m", "")],
    ] {
        let mut world = World::new(Config::default());
        let link = world.link_from(Authentication::Ask);
        let mut connect = taking(maximum, with_method("c", "m"));
        connect.properties.request_problem_information = wanted;
        world.send(link, connect);
        world.authenticated(link, go_on("some data"));
        world.send(link, auth(AuthReasonCode::ContinueAuthentication, "m", ""));
        world.authenticated(link, accepted("alice"));
        for packet in provoking {
            world.send(link, packet);
        }
        world.authenticated(link, go_on("some data, and more of it"));
        world.send_bytes(link, &malformed);
        seen.push(world.take(link));
    }
    seen
}

/// Whether it has a Reason String or a User Property of the broker's own.
fn explains_itself(packet: &Packet<'_>) -> bool {
    let (reason_string, user_properties) = match packet {
        Packet::Connack(it) => (it.properties.reason_string, it.properties.user_properties),
        Packet::Puback(it) => (it.properties.reason_string, it.properties.user_properties),
        Packet::Pubrec(it) => (it.properties.reason_string, it.properties.user_properties),
        Packet::Pubrel(it) => (it.properties.reason_string, it.properties.user_properties),
        Packet::Pubcomp(it) => (it.properties.reason_string, it.properties.user_properties),
        Packet::Suback(it) => (it.properties.reason_string, it.properties.user_properties),
        Packet::Unsuback(it) => (it.properties.reason_string, it.properties.user_properties),
        Packet::Disconnect(it) => (it.properties.reason_string, it.properties.user_properties),
        Packet::Auth(it) => (it.properties.reason_string, it.properties.user_properties),
        _ => return false,
    };
    reason_string.is_some() || !user_properties.is_empty()
}

fn taking(maximum: usize, mut connect: Connect<'static>) -> Connect<'static> {
    let maximum = u32::try_from(maximum).unwrap();
    connect.properties.maximum_packet_size = NonZeroU32::new(maximum);
    connect
}

fn go_on(data: &str) -> AuthenticationOutcome {
    AuthenticationOutcome::Continue { data: data.into() }
}

fn told_and_closed() -> Vec<Saw<'static>> {
    vec![
        Saw::Packet(disconnect(TOO_LARGE)),
        Saw::Closed(CloseReason::Disconnected { reason: TOO_LARGE }),
    ]
}

/// Resume stands before or behind what is sent.
fn in_any_order(mut saw: Vec<Saw<'_>>) -> Vec<String> {
    saw.sort_by_key(|it| *it == Saw::Resumed);
    saw.iter().map(|it| format!("{it:?}")).collect()
}

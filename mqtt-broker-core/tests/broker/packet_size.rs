//! MQTT 5.0 §3.1.2.11.4: what the broker does with a packet that is larger than its client takes. See `limits_packets.rs` for
//! the other direction, `connection_rules.rs` for messages.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use std::num::NonZeroU32;

use crate::harness::{
    Saw, World, auth, connack, connect, disconnect, encoded, refused, subscribe_all,
    unsubscribe_all, with_method,
};
use mqtt_broker_core::{Authentication, AuthenticationOutcome, Cause, Config, LinkId};
use mqtt_codec::packet::Connect;
use mqtt_codec::reason_code::{AuthReasonCode, ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{QoS, Version};
use mqtt_session::CloseReason;

const V5: Version = Version::V5_0;

/// [MQTT-3.1.2-24] [often-wrong-28] A client that takes no CONNACK of that size is refused before anything has changed, in so
/// many bytes as it takes.
#[test]
fn a_client_that_does_not_take_its_connack_is_refused() {
    let len = u32::try_from(encoded(V5, &connack()).len()).unwrap();
    let code = ConnectReasonCode::PacketTooLarge;
    let said = || Saw::Packet(refused(code));
    let closed = || Saw::Closed(CloseReason::Refused(code));
    for (maximum, expected) in [
        (len, vec![Saw::Packet(connack())]),
        (len - 1, vec![said(), closed()]),
        (5, vec![said(), closed()]),
        (4, vec![closed()]),
    ] {
        let mut world = World::new(Config::default());
        let older = world.connect(connect("a"));
        let (_, outcome) = world.offer(narrow(connect("a"), maximum));
        assert_eq!(outcome.all(), expected, "{maximum}");
        let is_taken_over = !world.take(older).all().is_empty();
        assert_eq!(is_taken_over, maximum == len, "{maximum}");
    }
}

/// [MQTT-3.1.2-24] [often-wrong-28] Where the answer to a request is too large the connection ends with 0x95, and nothing was
/// done.
#[test]
fn a_request_whose_answer_is_too_large_ends_the_connection() {
    // SUBACK and UNSUBACK have 5 bytes and one for each filter.
    for (filters, fits) in [(95, true), (96, false)] {
        let filters = vec!["a"; filters];
        let wanted: Vec<_> = filters.iter().map(|&it| (it, QoS::AtMostOnce)).collect();
        for (packet, is_subscribe) in [
            (subscribe_all(1, &wanted), true),
            (unsubscribe_all(1, &filters), false),
        ] {
            let mut world = World::new(Config::default());
            let link = world.connect(narrow(connect("a"), 100));
            world.send(link, packet);
            if fits {
                let outcome = world.take(link);
                assert_eq!(encoded(V5, &outcome.packets()[0]).len(), 100);
            } else {
                assert_too_large(&mut world, link);
            }
            let subscriptions = usize::from(fits && is_subscribe);
            assert_eq!(world.broker.gauges().subscriptions, subscriptions);
        }
    }
}

/// [MQTT-3.1.2-24] [often-wrong-28] An AUTH that is too large ends the authentication: before CONNACK there, and with DISCONNECT
/// behind it.
#[test]
fn an_auth_that_is_too_large_ends_the_connection() {
    let challenge = auth(AuthReasonCode::ContinueAuthentication, "X", CHALLENGE);
    let len = u32::try_from(encoded(V5, &challenge).len()).unwrap();
    for (maximum, fits) in [(len, true), (len - 1, false)] {
        let mut world = World::new(Config::default());
        let link = world.link_from(Authentication::Ask);
        world.send(link, narrow(with_method("a", "X"), maximum));
        world.forget();
        world.authenticated(link, go_on());
        let code = ConnectReasonCode::PacketTooLarge;
        let expected = match fits {
            true => [Saw::Packet(challenge), Saw::Resumed],
            false => [
                Saw::Packet(refused(code)),
                Saw::Closed(CloseReason::Refused(code)),
            ],
        };
        assert_same(world.take(link).all(), &expected);

        let mut world = World::new(Config::default());
        let link = world.link_from(Authentication::Ask);
        world.send(link, narrow(with_method("a", "X"), maximum));
        let (principal, data) = (None, None);
        world.authenticated(link, AuthenticationOutcome::Accepted { principal, data });
        world.send(link, auth(AuthReasonCode::ReAuthenticate, "X", ""));
        world.forget();
        world.authenticated(link, go_on());
        match fits {
            true => assert_same(world.take(link).all(), &expected),
            false => assert_too_large(&mut world, link),
        }
    }
}

const CHALLENGE: &str = "0123456789012345678901234567890123456789";

fn go_on() -> AuthenticationOutcome {
    let data = CHALLENGE.into();
    AuthenticationOutcome::Continue { data }
}

fn narrow(mut connect: Connect<'static>, maximum: u32) -> Connect<'static> {
    connect.properties.maximum_packet_size = NonZeroU32::new(maximum);
    connect
}

/// In any order: when to read on does not depend on what is written.
fn assert_same(mut seen: Vec<Saw<'_>>, expected: &[Saw<'_>]) {
    seen.sort_by_key(|saw| *saw == Saw::Resumed);
    assert_eq!(seen, expected);
}

fn assert_too_large(world: &mut World, link: LinkId) {
    let reason = DisconnectReasonCode::PacketTooLarge;
    let expected = [
        Saw::Packet(disconnect(reason)),
        Saw::Closed(CloseReason::Disconnected { reason }),
    ];
    assert_eq!(world.take(link).all(), expected);
    assert_eq!(world.refused(Cause::PacketTooLargeForClient), 1);
}

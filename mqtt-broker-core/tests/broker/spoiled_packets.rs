//! Malformed everything: complete packets with a byte changed, missing or too much, in the states of a link. MQTT 5.0 §4.13.
//! MQTT 3.1.1 §4.8.
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
    Saw, VERSIONS, World, connect, connect_as, disconnect, refused, subscribe, with_method,
};
use mqtt_broker_core::{Authentication, AuthenticationOutcome, Config, LinkId};
use mqtt_codec::fuzzing::{complete_packets, spoiled};
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{DecodeError, Limits, Packet, ProtocolName, QoS, Version, decode};
use mqtt_session::CloseReason;
use proptest::prelude::*;

/// [MQTT-4.13.1-1] [v3.1.1 MQTT-4.8.0-1] What does not decode ends the connection with its error, and 5.0 is told why.
#[test]
fn a_connected_client_is_closed_on_what_does_not_decode() {
    for version in VERSIONS {
        let connected = |world: &mut World| world.connect(connect_as(version, "a"));
        sweep(version, connected, |_, reason| told(version, reason));
    }
}

/// [MQTT-3.14.0-1] Before CONNACK it ends without a word, but that a wrong AUTH is refused.
#[test]
fn a_client_without_connack_is_closed_on_what_does_not_decode() {
    sweep(Version::V5_0, authenticating, |_, reason| match reason {
        CloseReason::Refused(code) => Some(refused(code)),
        _ => None,
    });
}

/// [MQTT-3.1.4-1] [v3.1.1 MQTT-3.1.4-1] [v3.1.1 MQTT-3.1.2-2] So does one whose CONNECT does not decode, but where its version is
/// not known.
#[test]
fn a_client_is_closed_on_a_connect_that_does_not_decode() {
    for version in VERSIONS {
        sweep(version, World::link, |bytes, reason| match reason {
            CloseReason::Malformed(DecodeError::UnsupportedProtocolVersion { .. }) => {
                Some(refused(ConnectReasonCode::UnsupportedProtocolVersion))
            }
            CloseReason::Refused(code) => {
                let is_said = answered_in(bytes) == Version::V5_0 || code.return_code().is_some();
                is_said.then(|| refused(code))
            }
            // What stands behind a CONNECT that was accepted.
            _ if is_connect(bytes) => told(answered_in(bytes), reason),
            _ => None,
        });
    }
}

proptest! {
    /// Whatever comes in whatever order: at most one close, one word before it, and nothing behind it; others are not disturbed.
    #[test]
    fn a_connection_ends_once(version in prop::sample::select(VERSIONS.to_vec()), packets in packets()) {
        let mut world = World::new(Config::default());
        let other = world.connect(connect("other"));
        world.send(other, subscribe(1, "a", QoS::ExactlyOnce));
        let link = world.connect(connect_as(version, "a"));
        world.send(link, subscribe(1, "#", QoS::ExactlyOnce));
        world.forget();
        let complete = complete_packets(version);
        for (n, spoil) in packets {
            let mut bytes = complete[n % complete.len()].clone();
            if let Some((at, byte)) = spoil {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            world.send_bytes(link, &bytes);
        }
        // That nothing follows a close is part of every test.
        let outcome = world.take(link);
        let all = outcome.all();
        let end = match all.last() {
            Some(Saw::Closed(reason)) => ending(told(version, *reason), *reason),
            _ => vec![],
        };
        prop_assert!(all.ends_with(&end), "{all:?}");
        let answers = &all[..all.len() - end.len()];
        prop_assert!(!answers.iter().any(is_last_word), "{all:?}");
        world.send(other, Packet::Pingreq);
        let outcome = world.take(other);
        prop_assert!(outcome.sent().contains(&Packet::Pingresp));
    }
}

/// Complete packets by their number, some with a byte changed.
fn packets() -> impl Strategy<Value = Vec<(usize, Option<(usize, u8)>)>> {
    let spoil = prop::option::weighted(0.1, (any::<usize>(), any::<u8>()));
    prop::collection::vec((0..100usize, spoil), 0..30)
}

/// Spoiled packets on a link in a state; `said` is what stands before a close for such a reason.
fn sweep(
    version: Version,
    state: impl Fn(&mut World) -> LinkId,
    said: impl Fn(&[u8], CloseReason) -> Option<Packet<'static>>,
) {
    for packet in complete_packets(version) {
        let mut world = World::new(Config::default());
        for bytes in spoiled(&packet) {
            let link = state(&mut world);
            let is_new = !world.has_connect(link);
            let (decoded, error) = match is_new {
                true => decoded_of_new(&bytes),
                false => decoded_of(version, &bytes),
            };
            if is_new {
                world.speaks(link, answered_in(&bytes));
            }
            world.forget();
            world.send_bytes(link, &bytes);
            let outcome = world.take(link);
            let all = outcome.all();
            let Some(&Saw::Closed(reason)) = all.last() else {
                // The rest is not looked at while it is asked who the client is.
                let is_asked = all.last() == Some(&Saw::Paused);
                assert!(error.is_none() || is_asked, "{bytes:02x?}: {all:?}");
                world.cut(link);
                continue;
            };
            // Each packet has one answer at most, and the one that ends the connection has none.
            let answerable = match (reason, decoded) {
                (CloseReason::Malformed(_), _) | (_, 0) => {
                    let malformed = error.map(CloseReason::Malformed);
                    assert_eq!(Some(reason), malformed, "{bytes:02x?}: {all:?}");
                    decoded
                }
                (_, decoded) => decoded - 1,
            };
            let end = ending(said(&bytes, reason), reason);
            assert!(all.ends_with(&end), "{bytes:02x?}: {all:?}");
            let answers = &all[..all.len() - end.len()];
            assert!(answers.len() <= answerable, "{bytes:02x?}: {all:?}");
            assert!(!answers.iter().any(is_last_word), "{bytes:02x?}: {all:?}");
            world.send(link, Packet::Pingreq);
            assert_eq!(world.take(link).all(), [], "{bytes:02x?}");
            world.cut(link);
        }
    }
}

/// What is said before a close, and the close.
fn ending(said: Option<Packet<'static>>, reason: CloseReason) -> Vec<Saw<'static>> {
    let said = said.map(Saw::Packet);
    said.into_iter().chain([Saw::Closed(reason)]).collect()
}

/// DISCONNECT, or a CONNACK that refuses.
fn is_last_word(saw: &Saw<'_>) -> bool {
    match saw {
        Saw::Packet(Packet::Disconnect(_)) => true,
        Saw::Packet(Packet::Connack(connack)) => connack.reason_code.is_error(),
        _ => false,
    }
}

/// The DISCONNECT before the close of a connected client.
fn told(version: Version, reason: CloseReason) -> Option<Packet<'static>> {
    let byte = match reason {
        CloseReason::Malformed(error) => error.reason_code().byte(),
        CloseReason::Protocol(error) => error.reason_code().byte(),
        CloseReason::PeerDisconnected { .. } => return None,
        other => panic!("{other:?}"),
    };
    // A CONNECT of a version that is not served is a second CONNECT all the same.
    let protocol_error = DisconnectReasonCode::ProtocolError;
    let code = DisconnectReasonCode::from_byte(byte).unwrap_or(protocol_error);
    (version == Version::V5_0).then(|| disconnect(code))
}

/// The same on a new connection, whose first packet says the version.
fn decoded_of_new(bytes: &[u8]) -> (usize, Option<DecodeError>) {
    match decode(Version::V5_0, &Limits::default(), bytes) {
        Ok(Some((Packet::Connect(connect), len))) => {
            let (behind, error) = decoded_of(connect.version, &bytes[len..]);
            (1 + behind, error)
        }
        Ok(Some(_)) => (1, None),
        Ok(None) => (0, None),
        Err(error) => (0, Some(error)),
    }
}

/// How many packets decode, and what is wrong behind them.
fn decoded_of(version: Version, mut bytes: &[u8]) -> (usize, Option<DecodeError>) {
    for decoded in 0.. {
        match decode(version, &Limits::default(), bytes) {
            Ok(Some((_, len))) => bytes = &bytes[len..],
            Ok(None) => return (decoded, None),
            Err(error) => return (decoded, Some(error)),
        }
    }
    unreachable!("bytes end")
}

fn is_connect(bytes: &[u8]) -> bool {
    let first = decode(Version::V5_0, &Limits::default(), bytes);
    matches!(first, Ok(Some((Packet::Connect(_), _))))
}

/// The form of the CONNACK, if there is one.
fn answered_in(bytes: &[u8]) -> Version {
    match decode(Version::V5_0, &Limits::default(), bytes) {
        Err(DecodeError::UnsupportedProtocolVersion {
            name: ProtocolName::Mqisdp,
            ..
        }) => Version::V3_1,
        Ok(Some((Packet::Connect(connect), _))) => connect.version,
        _ => Version::V5_0,
    }
}

/// AUTH was sent.
fn authenticating(world: &mut World) -> LinkId {
    let link = world.link_from(Authentication::Ask);
    world.send(link, with_method("a", "X"));
    world.authenticated(link, AuthenticationOutcome::Continue { data: Vec::new() });
    link
}

//! Malformed everything: complete packets with a byte changed, missing or too much, in the states of both machines.
//! MQTT 5.0 §4.13. MQTT 3.1.1 §4.8.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use mqtt_codec::fuzzing::{complete_packets, spoiled};
use mqtt_codec::packet::Connack;
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{
    DecodeError, Limits, Packet, PacketType, ProtocolName, QoS, Version, decode, fixed_header,
};
use mqtt_session::server::{Config as ServerConfig, Event};
use mqtt_session::{CloseReason, ProtocolError};
use proptest::prelude::*;

use crate::support::packets::*;
use crate::support::*;

/// [MQTT-4.13.1-1] [v3.1.1 MQTT-4.8.0-1] A connected server says why in 5.0, and closes.
#[test]
fn a_connected_server_closes_on_what_does_not_decode() {
    sweep(Server::connected, says_disconnect);
}

/// [v3.1.1 MQTT-4.8.0-1] A connected client says why in 5.0, and closes.
#[test]
fn a_connected_client_closes_on_what_does_not_decode() {
    let connected = |version| Client::connected(client_config(version));
    sweep(connected, says_disconnect);
}

/// [v3.1.1 MQTT-4.8.0-1] So does one that waits for CONNACK.
#[test]
fn a_client_without_connack_closes_on_what_does_not_decode() {
    let connecting = |version| {
        let mut client = Client::new(client_config(version));
        client.connect();
        client
    };
    sweep(connecting, says_disconnect);
}

/// [MQTT-3.14.0-1] A server that waits for AUTH says it in CONNACK.
#[test]
fn a_server_without_connack_closes_on_what_does_not_decode() {
    let version = Version::V5_0;
    for bytes in complete_packets(version).iter().flat_map(|it| spoiled(it)) {
        let mut server = Server::new(ServerConfig::default(), version);
        server.open(&with_method("X"));
        server.machine.authenticate(server.now, None).unwrap();
        server.drain();
        assert_fate(&mut server, &bytes, says_connack);
    }
}

/// [MQTT-3.1.4-1] [v3.1.1 MQTT-3.1.4-1] [v3.1.1 MQTT-3.1.2-2] A CONNECT that is none gets a CONNACK where it is plain that
/// it is one of 5.0, and where its version is not known; else it is closed without a word.
#[test]
fn a_server_closes_on_a_connect_that_does_not_decode() {
    for version in VERSIONS {
        let connects = complete_packets(version)
            .into_iter()
            .filter(|it| it[0] == 0x10);
        for bytes in connects.flat_map(|it| spoiled(&it)) {
            let mut server = Server::new(ServerConfig::default(), version);
            server.machine.handle_connected(server.now);
            server.machine.handle_bytes(server.now, &bytes);
            server.version = answered_in(&bytes);
            let outs = server.drain();
            if let Some(expected) = fate_of_connect(&bytes) {
                assert_eq!(outs, expected, "{bytes:02x?}");
            } else {
                let is_asked = matches!(outs[..], [Out::Server(Event::Connect(_)), Out::Pause]);
                let is_refused = matches!(outs[..], [_, Out::Close(CloseReason::Refused(_))]);
                assert!(is_asked || is_refused, "{bytes:02x?}: {outs:?}");
            }
            if outs.iter().any(is_close) {
                assert_silent(&mut server);
            }
        }
    }
}

proptest! {
    /// Whatever comes in whatever order: at most one close, the last word behind CONNACK before it and nothing behind it.
    #[test]
    fn a_connection_ends_once(version in prop::sample::select(&VERSIONS[..]), packets in packets()) {
        let bytes = |(n, spoil): &(usize, Option<(usize, u8)>)| {
            let complete = complete_packets(version);
            let mut bytes = complete[n % complete.len()].clone();
            if let Some((at, byte)) = spoil {
                let at = at % bytes.len();
                bytes[at] = *byte;
            }
            bytes
        };
        let packets: Vec<_> = packets.iter().map(bytes).collect();
        ends_once(Client::connected(lasting(version)), &packets);
        ends_once(Server::connected(version), &packets);
        if version == Version::V5_0 {
            let (client, server) = authenticated();
            ends_once(client, &packets);
            ends_once(server, &packets);
        }
    }
}

/// Complete packets by their number, some with a byte changed.
fn packets() -> impl Strategy<Value = Vec<(usize, Option<(usize, u8)>)>> {
    let spoil = prop::option::weighted(0.1, (any::<usize>(), any::<u8>()));
    prop::collection::vec((0..100usize, spoil), 0..30)
}

fn ends_once<M: Machine>(mut side: Side<M>, packets: &[Vec<u8>]) {
    let mut all = Vec::new();
    side.publish(message(QoS::AtLeastOnce, "a", "x"));
    side.publish(message(QoS::ExactlyOnce, "a", "x"));
    let mut unread = Vec::new();
    for bytes in packets {
        unread.extend_from_slice(bytes);
        let consumed = side.machine.handle_bytes(side.now, &unread);
        unread.drain(..consumed);
        all.extend(side.drain());
    }
    let ends: Vec<_> = all.iter().filter(|out| is_close(out)).collect();
    let words = match ends.last() {
        Some(Out::Close(reason)) => {
            let is_peers = matches!(reason, CloseReason::PeerDisconnected { .. });
            1 + usize::from(side.version == Version::V5_0 && !is_peers)
        }
        Some(_) | None => 0,
    };
    assert_eq!(ends.len(), words, "{all:?}");
    let last: Vec<_> = all.iter().skip(all.len() - words).collect();
    assert_eq!(last, ends, "{all:?}");
}

/// What is sent before a close for such a reason code.
type Says = fn(Version, u8) -> Option<Out>;

/// Where it has no such code it is a Protocol Error.
fn says_disconnect(version: Version, byte: u8) -> Option<Out> {
    let code = DisconnectReasonCode::from_byte(byte).unwrap_or(code(0x82));
    (version == Version::V5_0).then(|| send(version, disconnect(code)))
}

/// Where it has no such code it is a Protocol Error.
fn says_connack(version: Version, byte: u8) -> Option<Out> {
    let protocol_error = ConnectReasonCode::ProtocolError;
    let reason_code = ConnectReasonCode::from_byte(byte).unwrap_or(protocol_error);
    let connack = Connack {
        reason_code,
        ..accepted()
    };
    Some(send(version, connack))
}

fn sweep<M: Machine>(state: impl Fn(Version) -> Side<M>, says: Says) {
    for version in VERSIONS {
        for bytes in complete_packets(version).iter().flat_map(|it| spoiled(it)) {
            assert_fate(&mut state(version), &bytes, says);
        }
    }
}

/// What does not decode ends the connection with its error; what does is taken, or breaks a rule and ends it with that.
fn assert_fate<M: Machine>(side: &mut Side<M>, bytes: &[u8], says: Says) {
    let version = side.version;
    let consumed = side.machine.handle_bytes(side.now, bytes);
    let outs = side.drain();
    let looked_at = match outs.contains(&Out::Pause) {
        true => &bytes[..consumed],
        false => bytes,
    };
    let (whole, error) = decoded(version, looked_at);
    let (ends, before): (Vec<_>, Vec<_>) = outs.iter().partition(|out| is_close(out));
    let said = match ends.last() {
        None => {
            assert_eq!((consumed, error), (whole, None), "{bytes:02x?}: {outs:?}");
            return;
        }
        Some(Out::Close(CloseReason::Malformed(it))) => {
            assert_eq!(Some(*it), error, "{bytes:02x?}: {outs:?}");
            says(version, it.reason_code().byte())
        }
        Some(Out::Close(CloseReason::Protocol(it))) if whole > 0 => {
            says(version, it.reason_code().byte())
        }
        Some(Out::Close(CloseReason::PeerDisconnected { .. } | CloseReason::Refused(_)))
            if whole > 0 =>
        {
            None
        }
        Some(other) => panic!("{bytes:02x?}: {other:?}"),
    };
    // One word and one close, behind everything else.
    assert_eq!(
        ends.len(),
        1 + usize::from(said.is_some()),
        "{bytes:02x?}: {outs:?}"
    );
    assert_eq!(
        ends.first(),
        said.as_ref().or(ends.last().copied()).as_ref(),
        "{bytes:02x?}: {outs:?}"
    );
    assert!(
        outs.iter().take(before.len()).eq(before),
        "{bytes:02x?}: {outs:?}"
    );
    assert_silent(side);
}

/// The bytes of the whole packets at the front, and what is wrong behind them.
fn decoded(version: Version, bytes: &[u8]) -> (usize, Option<DecodeError>) {
    let mut whole = 0;
    loop {
        match decode(version, &Limits::default(), &bytes[whole..]) {
            Ok(Some((_, len))) => whole += len,
            Ok(None) => return (whole, None),
            Err(error) => return (whole, Some(error)),
        }
    }
}

/// The close, and what is said before it.
fn is_close(out: &Out) -> bool {
    match out {
        Out::Close(_) => true,
        Out::Send(sent) => matches!(sent.bytes[0], 0x20 | 0xE0),
        Out::Deliver(..)
        | Out::DeliverManually(..)
        | Out::Client(_)
        | Out::Server(_)
        | Out::Pause
        | Out::Resume => false,
    }
}

fn assert_silent<M: Machine>(side: &mut Side<M>) {
    assert_eq!(side.receive(Packet::Pingreq), []);
    assert_eq!(side.receive(Packet::Pingresp), []);
    assert_eq!(side.lose_connection(), []);
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

/// What comes of the first packet of a connection; `None` for a CONNECT that decodes.
fn fate_of_connect(bytes: &[u8]) -> Option<Vec<Out>> {
    let malformed = |error| Out::Close(CloseReason::Malformed(error));
    let header = match fixed_header(bytes) {
        Ok(Some(header)) => header,
        Ok(None) => return Some(Vec::new()),
        Err(error) => return Some(vec![malformed(error)]),
    };
    if header.packet_type != PacketType::Connect {
        let error = ProtocolError::UnexpectedPacket(header.packet_type);
        return Some(vec![Out::Close(CloseReason::Protocol(error))]);
    }
    match decode(Version::V5_0, &Limits::default(), bytes) {
        Ok(Some(_)) => None,
        Ok(None) => Some(Vec::new()),
        Err(error) => {
            let is_v5 = bytes[header.header_len..].starts_with(b"\0\x04MQTT\x05");
            let is_unknown = matches!(error, DecodeError::UnsupportedProtocolVersion { .. });
            let byte = error.reason_code().byte();
            let said = says_connack(answered_in(bytes), byte).filter(|_| is_v5 || is_unknown);
            Some(said.into_iter().chain([malformed(error)]).collect())
        }
    }
}

//! MQTT 5.0 §3.3.4 and §4.9: a peer that has more messages open than our Receive Maximum, and how it may not.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::num::NonZeroU16;

use mqtt_codec::Version;
use mqtt_codec::packet::Connect;
use mqtt_codec::reason_code::{DisconnectReasonCode, PublishReasonCode};
use mqtt_session::client::Config as ClientConfig;
use mqtt_session::server::Config as ServerConfig;
use mqtt_session::{Acknowledgement, CloseReason, ProtocolError};

use crate::support::packets::*;
use crate::support::*;

/// With a Receive Maximum of 2 the last word of each line is too much, and nothing before it is.
///
/// `1a` and `2a` are messages of QoS 1 and 2 with the identifier a, `0` one of QoS 0, `+` acknowledges all that was taken,
/// `-` refuses it, `Ra` is a PUBREL.
const OVERRUNS: [&str; 14] = [
    "1a 1b 1c",
    "2a 2b 2c",
    "1a 2b 1c",
    "2a 1b 2c",
    // One that comes again is not one more, and QoS 0 does not count.
    "2a 2a 2b 2b 0 0 2a 1c",
    // PUBREC gives nothing back, and neither does one for a message that came again.
    "2a + 2b + 2a 1c",
    "2a 2b + 2c",
    // PUBACK, PUBCOMP and a PUBREC that refuses do.
    "1a 1b + 1c 2d 1e",
    "2a 2b + Ra 1c 1d",
    "2a 2b + Ra Rb 1c 2d 1e",
    "2a 2b - 1c 2d 2e",
    "1a - 2b - 2b 1a 1c",
    // What is not there gives nothing back.
    "2a 2b + Ra Ra Rc 1c 1d",
    // The identifier of one message that is open does for another, which counts.
    "2a 1a 1b",
];

/// [MQTT-3.3.4-7] [MQTT-3.3.4-9] [often-wrong-3] [often-wrong-4] [choice-4] Who has more open than was announced is
/// disconnected with 0x93, and gets no acknowledgement for the last one.
#[test]
fn who_exceeds_the_receive_maximum_is_disconnected() {
    let error = ProtocolError::ReceiveMaximumExceeded { limit: 2 };
    let goodbye = send(
        Version::V5_0,
        disconnect(DisconnectReasonCode::ReceiveMaximumExceeded),
    );
    let outs = [goodbye, Out::Close(CloseReason::Protocol(error))];
    for script in OVERRUNS {
        assert_eq!(run(&mut client(Version::V5_0), script), outs, "{script}");
        assert_eq!(run(&mut server(Version::V5_0), script), outs, "{script}");
    }
}

/// 3.x announces no Receive Maximum, so that none can be exceeded.
#[test]
fn in_3_x_there_is_no_receive_maximum() {
    for version in [Version::V3_1, Version::V3_1_1] {
        for script in OVERRUNS {
            assert_eq!(
                run(&mut client(version), script),
                [deliver_manually("a", "x")]
            );
            assert_eq!(
                run(&mut server(version), script),
                [deliver_manually("a", "x")]
            );
        }
    }
}

/// [MQTT-4.9.0-1] [often-wrong-5] Each connection has its window to itself: what waits for PUBREL from an earlier one takes no
/// place until its PUBLISH comes again.
#[test]
fn the_window_starts_anew_with_each_connection() {
    let error = ProtocolError::ReceiveMaximumExceeded { limit: 2 };
    let close = Out::Close(CloseReason::Protocol(error));
    for (script, is_over) in [
        ("1c 2d", false),
        ("1c 2d 1e", true),
        ("2a 1c", false),
        ("2a 1c 1d", true),
        ("Ra 1c 1d", false),
        ("Ra 2c 2d 2b", true),
    ] {
        let mut client = client(Version::V5_0);
        run(&mut client, "2a 2b +");
        client.lose_connection();
        client.reconnect(true);
        let outs = run(&mut client, script);
        assert_eq!(outs.last() == Some(&close), is_over, "{script}");

        let mut server = server(Version::V5_0);
        run(&mut server, "2a 2b +");
        server.lose_connection();
        let connect = Connect {
            clean_start: false,
            ..connect(Version::V5_0)
        };
        server.reconnect(&connect);
        let outs = run(&mut server, script);
        assert_eq!(outs.last() == Some(&close), is_over, "{script}");
    }
}

fn client(version: Version) -> Client {
    Client::connected(ClientConfig {
        acknowledgement: Acknowledgement::Manual,
        receive_maximum: NonZeroU16::new(2).unwrap(),
        ..lasting(version)
    })
}

fn server(version: Version) -> Server {
    let config = ServerConfig {
        acknowledgement: Acknowledgement::Manual,
        receive_maximum: NonZeroU16::new(2).unwrap(),
        ..ServerConfig::default()
    };
    Server::connected_with(config, &connect(version))
}

/// What comes of the last word. Behind the others the connection is there.
fn run<M: Machine>(side: &mut Side<M>, script: &str) -> Vec<Out> {
    let mut outs = Vec::new();
    for word in script.split(' ') {
        assert!(
            !matches!(outs.last(), Some(Out::Close(_))),
            "{script}: {outs:?} before {word}"
        );
        outs = step(side, word);
    }
    outs
}

fn step<M: Machine>(side: &mut Side<M>, word: &str) -> Vec<Out> {
    let packet_id = |letter: u8| u16::from(letter - b'a') + 1;
    match *word.as_bytes() {
        [b'0'] => side.receive(qos0("a", "x")),
        [b'1', letter] => side.receive(qos1(packet_id(letter), "a", "x")),
        [b'2', letter] => side.receive(qos2(packet_id(letter), "a", "x")),
        [b'R', letter] => side.receive(pubrel(packet_id(letter))),
        [b'+'] => side.acknowledge_all(PublishReasonCode::Success),
        [b'-'] => side.acknowledge_all(PublishReasonCode::QuotaExceeded),
        _ => panic!("{word}"),
    }
}

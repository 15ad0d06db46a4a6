//! MQTT 5.0 §3.1.2.10, §3.12 and §3.13: Keep Alive, PINGREQ and PINGRESP. MQTT 3.1.1 §3.1.2.10, §3.12.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::time::Duration;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::Connect;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::CloseReason;
use mqtt_session::client::Config as ClientConfig;
use mqtt_session::server::Config as ServerConfig;

const SECOND: Duration = Duration::from_secs(1);
const MICRO: Duration = Duration::from_micros(1);

/// [MQTT-3.1.2-20] [v3.1.1 MQTT-3.1.2-23] PINGREQ goes out when nothing else was sent for the interval.
#[test]
fn pingreq_is_sent_when_nothing_else_was() {
    for version in VERSIONS {
        let config = ClientConfig {
            keep_alive: 10 * SECOND,
            ..client_config(version)
        };
        let mut client = Client::connected(config);
        assert_eq!(client.advance(10 * SECOND - MICRO), []);
        assert_eq!(client.advance(MICRO), [send(version, Packet::Pingreq)]);
        client.receive(Packet::Pingresp);

        // A packet of any kind puts it off.
        client.now = client.now + 6 * SECOND;
        client.receive(qos1(1, "a", "x"));
        client.publish(message(QoS::AtMostOnce, "a", "x"));
        assert_eq!(client.advance(4 * SECOND), []);
        assert_eq!(client.advance(6 * SECOND), [send(version, Packet::Pingreq)]);
    }
}

/// [MQTT-3.1.2-20] An answer to the server is a packet that was sent, too.
#[test]
fn an_answer_puts_pingreq_off() {
    let version = Version::V5_0;
    let config = ClientConfig {
        keep_alive: 10 * SECOND,
        ..client_config(version)
    };
    let mut client = Client::connected(config);
    client.publish(message(QoS::ExactlyOnce, "a", "x"));
    client.now = client.now + 6 * SECOND;
    assert_eq!(client.receive(pubrec(1)), [send(version, pubrel(1))]);
    assert_eq!(client.advance(10 * SECOND - MICRO), []);
    assert_eq!(client.advance(MICRO), [send(version, Packet::Pingreq)]);
}

/// A client that sends all the time learns all the same when the server is gone.
#[test]
fn pingreq_is_sent_when_nothing_comes() {
    let version = Version::V5_0;
    let config = ClientConfig {
        keep_alive: 10 * SECOND,
        ..client_config(version)
    };
    let mut client = Client::connected(config);
    for _ in 0..9 {
        client.now = client.now + SECOND;
        client.publish(message(QoS::AtMostOnce, "a", "x"));
    }
    assert_eq!(client.advance(SECOND), [send(version, Packet::Pingreq)]);
}

/// A server that does not answer PINGREQ in time is taken for gone.
#[test]
fn a_missing_pingresp_closes_the_connection() {
    for version in VERSIONS {
        let config = ClientConfig {
            keep_alive: 10 * SECOND,
            ping_timeout: 3 * SECOND,
            ..client_config(version)
        };
        let mut client = Client::connected(config);
        client.advance(10 * SECOND);
        assert_eq!(client.advance(3 * SECOND - MICRO), []);
        let close = Out::Close(CloseReason::KeepAliveTimeout);
        let outs = client.advance(MICRO);
        match version {
            Version::V5_0 => {
                let goodbye = send(version, disconnect(DisconnectReasonCode::UnspecifiedError));
                assert_eq!(outs, [goodbye, close]);
            }
            Version::V3_1 | Version::V3_1_1 => assert_eq!(outs, [close]),
        }
        assert_eq!(client.machine.poll_timeout(), None);
    }
}

/// [MQTT-3.1.2-22] [v3.1.1 MQTT-3.1.2-24] Silence for one and a half times the interval closes the connection; a whole packet
/// ends silence, a part of one does not.
#[test]
fn a_silent_client_is_disconnected() {
    for version in VERSIONS {
        let connect = Connect {
            keep_alive: 3,
            ..connect(version)
        };
        let mut server = Server::connected_with(ServerConfig::default(), &connect);
        server.now = server.now + 4 * SECOND;
        assert_eq!(
            server.receive(Packet::Pingreq),
            [send(version, Packet::Pingresp)]
        );
        server.now = server.now + 4 * SECOND;
        assert_eq!(server.machine.handle_bytes(server.now, &[0xC0]), 0);
        assert_eq!(server.advance(SECOND / 2 - MICRO), []);
        let outs = server.advance(MICRO);
        let close = Out::Close(CloseReason::KeepAliveTimeout);
        match version {
            Version::V5_0 => {
                assert_eq!(
                    outs,
                    [
                        send(version, disconnect(DisconnectReasonCode::KeepAliveTimeout)),
                        close
                    ]
                );
            }
            Version::V3_1 | Version::V3_1_1 => assert_eq!(outs, [close]),
        }
        assert!(!CloseReason::KeepAliveTimeout.drops_will());
    }
}

/// With a Keep Alive of 0 nothing is due at either end.
#[test]
fn a_keep_alive_of_zero_is_off() {
    for version in VERSIONS {
        let mut client = Client::connected(ClientConfig {
            keep_alive: Duration::ZERO,
            ..client_config(version)
        });
        assert_eq!(client.machine.poll_timeout(), None);
        assert_eq!(client.advance(100_000 * SECOND), []);

        let connect = Connect {
            keep_alive: 0,
            ..connect(version)
        };
        let mut server = Server::connected_with(ServerConfig::default(), &connect);
        assert_eq!(server.machine.poll_timeout(), None);
        assert_eq!(server.advance(100_000 * SECOND), []);
    }
}

/// [MQTT-3.12.4-1] [v3.1.1 MQTT-3.12.4-1] Every PINGREQ is answered by a PINGRESP.
#[test]
fn pingreq_is_answered() {
    for version in VERSIONS {
        let mut server = Server::connected(version);
        let two = [
            encode(version, &Packet::Pingreq),
            encode(version, &Packet::Pingreq),
        ]
        .concat();
        assert_eq!(
            server.receive_bytes(&two),
            [
                send(version, Packet::Pingresp),
                send(version, Packet::Pingresp)
            ]
        );
    }
}

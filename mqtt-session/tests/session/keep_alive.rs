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
use mqtt_codec::packet::{Auth, AuthProperties, Connect};
use mqtt_codec::reason_code::{AuthReasonCode, DisconnectReasonCode};
use mqtt_codec::{Packet, QoS, Text, Version};
use mqtt_session::CloseReason;
use mqtt_session::client::Config as ClientConfig;
use mqtt_session::server::Config as ServerConfig;

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

/// PINGRESP has its time from PINGREQ on, and from whatever comes before it: it stands behind that. At most it has the
/// interval.
#[test]
fn a_client_gives_up_when_pingresp_is_overdue() {
    for version in VERSIONS {
        for (patience, comes_after, gives_up_after) in [
            (3, None, 3),
            (3, Some(2), 5),
            (10, None, 10),
            (60, None, 10),
        ] {
            let mut client = Client::connected(ClientConfig {
                ping_timeout: patience * SECOND,
                ..config(version)
            });
            client.expect_pingreq_after(10 * SECOND);
            let mut rest = gives_up_after * SECOND;
            if let Some(seconds) = comes_after {
                client.now = client.now + seconds * SECOND;
                client.receive(qos0("a", "x"));
                rest -= seconds * SECOND;
            }
            client.wait_until_just_before(rest);
            assert_eq!(client.advance(MICRO), given_up(version), "{patience}");
            assert_eq!(client.machine.poll_timeout(), None);
        }
    }
}

/// PINGRESP at the very end of its time is in time, when it comes before the timer.
#[test]
fn a_pingresp_in_time_begins_a_new_interval() {
    for version in VERSIONS {
        for spare in [MICRO, Duration::ZERO] {
            let mut client = Client::connected(ClientConfig {
                ping_timeout: 3 * SECOND,
                ..config(version)
            });
            client.expect_pingreq_after(10 * SECOND);
            client.now = client.now + (3 * SECOND - spare);
            client.receive(Packet::Pingresp);
            assert_eq!(client.advance(Duration::ZERO), []);
            // From PINGREQ on.
            client.expect_pingreq_after(7 * SECOND + spare);
        }
    }
}

/// A client that slept for hours asks once, and waits for the answer from then on.
#[test]
fn a_late_time_out_sends_one_pingreq() {
    for version in VERSIONS {
        let mut client = Client::connected(config(version));
        let hours = Duration::from_secs(5 * 60 * 60);
        assert_eq!(client.advance(hours), [send(version, Packet::Pingreq)]);
        assert_eq!(client.advance(Duration::ZERO), []);
        client.wait_until_just_before(10 * SECOND);
        assert_eq!(client.advance(hours), given_up(version));
    }
}

/// [MQTT-3.1.2-22] [v3.1.1 MQTT-3.1.2-24] [3.1-11] Silence for one and a half times the interval closes the connection.
#[test]
fn a_silent_client_is_disconnected() {
    for version in VERSIONS {
        for keep_alive in [1, 2, 3, 10, u16::MAX] {
            let limit = SECOND * u32::from(keep_alive) * 3 / 2;
            let mut server = server(version, keep_alive);
            server.wait_until_just_before(limit);
            assert_eq!(server.advance(MICRO), timed_out(version));
            assert_eq!(server.machine.poll_timeout(), None);
        }
    }
    assert!(!CloseReason::KeepAliveTimeout.drops_will());
}

/// [MQTT-3.1.2-22] [v3.1.1 MQTT-3.1.2-24] [3.1-11] A whole packet ends silence, whatever kind it is; a part of one does not.
#[test]
fn every_whole_packet_of_a_client_begins_its_time_anew() {
    let subscriptions = [subscription("a", QoS::AtMostOnce)];
    let filters = [filter("a")];
    let packets: [Packet<'_>; 10] = [
        qos0("a", "x").into(),
        qos1(1, "a", "x").into(),
        qos2(2, "a", "x").into(),
        puback(7).into(),
        pubrec(7).into(),
        pubrel(7).into(),
        pubcomp(7).into(),
        subscribe(3, &subscriptions).into(),
        unsubscribe(4, &filters).into(),
        Packet::Pingreq,
    ];
    for version in VERSIONS {
        for packet in packets {
            let mut server = server(version, 10);
            let bytes = encode(version, &packet);
            server.wait_until_just_before(15 * SECOND);
            server.receive_bytes(&bytes);
            server.wait_until_just_before(15 * SECOND);
            let part = &bytes[..bytes.len() - 1];
            assert_eq!(server.machine.handle_bytes(server.now, part), 0);
            assert_eq!(server.advance(MICRO), timed_out(version), "{packet:?}");
        }
    }
}

/// [MQTT-3.1.2-22] AUTH, too.
#[test]
fn an_auth_begins_the_time_of_a_client_anew() {
    let method = Text::new("X").ok();
    let mut connect = connect(Version::V5_0);
    connect.keep_alive = 10;
    connect.properties.authentication_method = method;
    let mut server = Server::connected_with(ServerConfig::default(), &connect);
    server.wait_until_just_before(15 * SECOND);
    server.receive(Auth {
        reason_code: AuthReasonCode::ReAuthenticate,
        properties: AuthProperties {
            authentication_method: method,
            ..AuthProperties::default()
        },
    });
    server.wait_until_just_before(15 * SECOND);
    assert_eq!(server.advance(MICRO), timed_out(Version::V5_0));
}

/// [MQTT-3.1.2-22] [v3.1.1 MQTT-3.1.2-24] [3.1-11] Only the client's own packets count.
#[test]
fn what_a_client_is_sent_does_not_extend_its_time() {
    for version in VERSIONS {
        let mut server = server(version, 10);
        for _ in 0..14 {
            server.now = server.now + SECOND;
            server.publish(message(QoS::AtMostOnce, "a", "x"));
            server.publish(message(QoS::AtLeastOnce, "a", "x"));
        }
        server.wait_until_just_before(SECOND);
        assert_eq!(server.advance(MICRO), timed_out(version));
    }
}

/// What is said first counts, at the deadline and hours behind it: the packet, or the timer.
#[test]
fn a_packet_saves_its_client_when_it_comes_before_the_timer() {
    for version in VERSIONS {
        for waited in [15 * SECOND, 5_000 * SECOND] {
            let mut server = server(version, 10);
            server.now = server.now + waited;
            let pingresp = send(version, Packet::Pingresp);
            assert_eq!(server.receive(Packet::Pingreq), [pingresp]);
            assert_eq!(server.advance(Duration::ZERO), []);
            assert_eq!(server.advance(waited), timed_out(version));
            assert_eq!(server.receive(Packet::Pingreq), []);
        }
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

fn config(version: Version) -> ClientConfig {
    ClientConfig {
        keep_alive: 10 * SECOND,
        ..client_config(version)
    }
}

fn given_up(version: Version) -> Vec<Out> {
    let close = Out::Close(CloseReason::KeepAliveTimeout);
    match version {
        Version::V5_0 => {
            let goodbye = disconnect(DisconnectReasonCode::UnspecifiedError);
            vec![send(version, goodbye), close]
        }
        Version::V3_1 | Version::V3_1_1 => vec![close],
    }
}

/// A server whose client has this Keep Alive.
fn server(version: Version, keep_alive: u16) -> Server {
    let connect = Connect {
        keep_alive,
        ..connect(version)
    };
    Server::connected_with(ServerConfig::default(), &connect)
}

fn timed_out(version: Version) -> Vec<Out> {
    let close = Out::Close(CloseReason::KeepAliveTimeout);
    match version {
        Version::V5_0 => {
            let goodbye = disconnect(DisconnectReasonCode::KeepAliveTimeout);
            vec![send(version, goodbye), close]
        }
        Version::V3_1 | Version::V3_1_1 => vec![close],
    }
}

//! MQTT 5.0 §3.1.2.11.4 and §3.2.2.3.6: the largest packet, in both directions.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::num::NonZeroU32;

use mqtt_codec::packet::{Connack, ConnackProperties};
use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_codec::{DecodeError, QoS, Version};
use mqtt_session::client::{Config as ClientConfig, Event as ClientEvent};
use mqtt_session::server::Config as ServerConfig;
use mqtt_session::{AbandonCause, CloseReason, PublishError, PublishOutcome};

use crate::support::packets::*;
use crate::support::*;

const V5: Version = Version::V5_0;

/// [MQTT-3.1.2-24] [MQTT-3.2.2-15] [often-wrong-28] Neither end publishes more than the other takes, the fixed header counted;
/// equal is allowed. What is too large takes neither identifier nor window.
#[test]
fn each_end_publishes_up_to_the_others_maximum_packet_size() {
    let (mut client, mut server) = narrow(40);
    publishes_up_to(&mut client, 40);
    publishes_up_to(&mut server, 40);
}

fn publishes_up_to<M: Machine>(side: &mut Side<M>, maximum: u32) {
    for (qos, in_flight) in [
        (QoS::AtMostOnce, 0),
        (QoS::AtLeastOnce, 1),
        (QoS::ExactlyOnce, 2),
    ] {
        let of_len = |len: usize| {
            let head = if qos == QoS::AtMostOnce { 6 } else { 8 };
            message(qos, "a", &"x".repeat(len - head))
        };
        let at_limit = maximum as usize;
        let refused = side.machine.publish(side.now, of_len(at_limit + 1));
        let len = Some(at_limit + 1);
        assert_eq!(refused, Err(PublishError::TooLarge { len, maximum }));
        assert_eq!(side.drain(), []);
        let (_, outs) = side.publish(of_len(at_limit));
        assert!(matches!(&outs[..], [Out::Send(sent)] if sent.bytes.len() == at_limit));
        assert_eq!(side.machine.in_flight(), in_flight);
        assert_eq!(usize::from(side.machine.send_quota()), 1_024 - in_flight);
    }
    // The identifiers are those of the two messages that were sent.
    assert_eq!(side.receive(puback(1)).len(), 1);
    assert_eq!(side.receive(pubrec(2)), [send(V5, pubrel(2))]);
}

/// [MQTT-3.2.2-15] [often-wrong-28] A client asks for nothing that is larger than the server takes.
#[test]
fn a_client_sends_requests_up_to_the_servers_maximum_packet_size() {
    type Ask = fn(&mut Client, usize) -> bool;
    let asks: [(&str, Ask); 3] = [
        ("SUBSCRIBE", |client, len| {
            let name = "x".repeat(len - 8);
            let subscriptions = [subscription(&name, QoS::AtMostOnce)];
            let (machine, now) = (&mut client.machine, client.now);
            machine
                .subscribe(now, &subscriptions, Default::default())
                .is_ok()
        }),
        ("UNSUBSCRIBE", |client, len| {
            let name = "x".repeat(len - 7);
            let (machine, now) = (&mut client.machine, client.now);
            machine
                .unsubscribe(now, &[filter(&name)], Default::default())
                .is_ok()
        }),
        ("AUTH", |client, len| {
            let data = "x".repeat(len - 11);
            let (machine, now) = (&mut client.machine, client.now);
            machine.reauthenticate(now, Some(data.as_bytes())).is_ok()
        }),
    ];
    for (name, ask) in asks {
        let (mut client, _) = narrow(40);
        assert!(!ask(&mut client, 41), "{name}");
        assert_eq!(client.drain(), [], "{name}");
        assert!(ask(&mut client, 40), "{name}");
        let outs = client.drain();
        assert!(
            matches!(&outs[..], [Out::Send(sent)] if sent.bytes.len() == 40),
            "{name}: {outs:?}"
        );
    }
}

/// [often-wrong-28] A packet that is larger than what its receiver takes ends the connection with 0x95, as soon as its header
/// is there; one of that size is taken. What the receiver may send is another matter.
#[test]
fn each_end_takes_packets_up_to_its_own_maximum_packet_size() {
    let payload = "x".repeat(64 - 6);
    let at_limit = encode(V5, &qos0("a", &payload).into());
    assert_eq!(at_limit.len(), 64);
    let error = DecodeError::PacketTooLarge { len: 65, limit: 64 };
    let outs = [
        send(V5, disconnect(code(0x95))),
        Out::Close(CloseReason::Malformed(error)),
    ];
    let (mut client, mut server) = narrow(40);
    assert_eq!(client.receive_bytes(&at_limit), [deliver("a", &payload)]);
    assert_eq!(server.receive_bytes(&at_limit), [deliver("a", &payload)]);
    assert_eq!(client.receive_bytes(&[0x30, 63]), outs);
    assert_eq!(server.receive_bytes(&[0x30, 63]), outs);
}

/// In 3.x, which announces nothing, our own limit holds.
#[test]
fn a_packet_that_is_too_large_closes_a_3_x_connection() {
    let error = DecodeError::PacketTooLarge { len: 65, limit: 64 };
    let close = [Out::Close(CloseReason::Malformed(error))];
    for version in [Version::V3_1, Version::V3_1_1] {
        let payload = "x".repeat(64 - 5);
        let (mut client, mut server) = taking(version, 64);
        let taken = [deliver("a", &payload)];
        assert_eq!(client.receive(qos0("a", &payload)), taken);
        assert_eq!(server.receive(qos0("a", &payload)), taken);
        assert_eq!(client.receive_bytes(&[0x30, 63]), close);
        assert_eq!(server.receive_bytes(&[0x30, 63]), close);
    }
}

/// A CONNECT has a limit of its own. Who exceeds it in 5.0 gets CONNACK 0x95, wherever the stream is cut.
#[test]
fn a_connect_that_is_too_large_is_refused() {
    for version in VERSIONS {
        let bytes = encode(version, &connect(version).into());
        let (len, size) = (bytes.len(), u32::try_from(bytes.len()).unwrap());
        let error = DecodeError::PacketTooLarge {
            len: size,
            limit: size - 1,
        };
        for cut in 0..len {
            let mut server = offered(size - 1, version);
            let mut outs = Vec::new();
            let consumed = server.machine.handle_bytes(server.now, &bytes[..cut]);
            outs.extend(server.drain());
            // The fixed header, the name and the level say in which form it is answered.
            assert_eq!(outs.is_empty(), cut < 9, "cut at {cut}");
            if outs.is_empty() {
                assert_eq!(consumed, 0);
                outs = server.receive_bytes(&bytes);
            }
            let close = Out::Close(CloseReason::Malformed(error));
            if version == V5 {
                let reason_code = ConnectReasonCode::PacketTooLarge;
                let refusal = Connack {
                    reason_code,
                    ..accepted()
                };
                assert_eq!(outs, [send(V5, refusal), close], "cut at {cut}");
            } else {
                assert_eq!(outs, [close], "cut at {cut}");
            }
        }
        let outs = offered(size, version).receive_bytes(&bytes);
        assert!(matches!(outs[..], [Out::Server(_), Out::Pause]));
    }
}

/// [often-wrong-28] A message that the server took before and is too large for it now is given up: identifier and window are
/// free.
#[test]
fn a_message_that_has_become_too_large_is_abandoned() {
    let version = V5;
    let mut client = Client::connected(lasting(version));
    let large = message(QoS::ExactlyOnce, "a", &"x".repeat(100));
    let (token, _) = client.publish(large.clone());
    client.publish(message(QoS::AtLeastOnce, "a", "y"));
    client.lose_connection();
    let properties = ConnackProperties {
        maximum_packet_size: NonZeroU32::new(50),
        ..ConnackProperties::default()
    };
    let outs = client.reconnect_with(Connack {
        session_present: true,
        ..connack(properties)
    });
    let (message, cause) = (Some(Box::new(large)), AbandonCause::TooLarge);
    let abandoned = Out::Client(ClientEvent::Published(PublishOutcome::Abandoned {
        token,
        message,
        cause,
    }));
    assert_eq!(outs, [abandoned, send(version, again(qos1(2, "a", "y")))]);
    assert_eq!(client.machine.in_flight(), 1);
    assert_eq!(client.machine.send_quota(), 1_023);
}

/// Both ends of 5.0: each takes 64 bytes and is told that the other takes so many.
fn narrow(maximum: u32) -> (Client, Server) {
    let maximum_packet_size = NonZeroU32::new(maximum);
    let config = ClientConfig {
        maximum_packet_size: 64,
        ..authenticating("X")
    };
    let mut connack = accepted_with("X");
    connack.properties.maximum_packet_size = maximum_packet_size;
    let client = Client::connected_with(config, connack);
    let config = ServerConfig {
        maximum_packet_size: 64,
        ..ServerConfig::default()
    };
    let mut connect = connect(V5);
    connect.properties.maximum_packet_size = maximum_packet_size;
    (client, Server::connected_with(config, &connect))
}

/// Both ends, which take so many bytes.
fn taking(version: Version, maximum_packet_size: u32) -> (Client, Server) {
    let client = Client::connected(ClientConfig {
        maximum_packet_size,
        ..client_config(version)
    });
    let config = ServerConfig {
        maximum_packet_size,
        ..ServerConfig::default()
    };
    (client, Server::connected_with(config, &connect(version)))
}

/// A server that takes a CONNECT of so many bytes, before it came.
fn offered(connect_packet_size: u32, version: Version) -> Server {
    let config = ServerConfig {
        connect_packet_size,
        ..ServerConfig::default()
    };
    let mut server = Server::new(config, version);
    server.machine.handle_connected(server.now);
    server
}

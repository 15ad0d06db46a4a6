//! The sixth point of the contract: every queue has a limit.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::num::NonZeroU16;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::client::{Action, Config as ClientConfig};
use mqtt_session::server::{Action as ServerAction, Config as ServerConfig};
use mqtt_session::{CloseReason, PublishError};

const V5: Version = Version::V5_0;

/// A command is refused when the send buffer is at its limit; one packet is taken whatever its size.
#[test]
fn the_send_buffer_is_limited() {
    let mut client = Client::connected(ClientConfig {
        send_buffer: 100,
        ..client_config(V5)
    });
    let mut server = Server::connected_with(
        ServerConfig {
            send_buffer: 100,
            ..ServerConfig::default()
        },
        &connect(V5),
    );
    let large = || message(QoS::AtMostOnce, "a", &"x".repeat(1_000));
    client.machine.publish(client.now, large()).unwrap();
    server.machine.publish(server.now, large()).unwrap();
    let full = Err(PublishError::SendBufferFull { limit: 100 });
    assert_eq!(
        client
            .machine
            .publish(client.now, message(QoS::AtLeastOnce, "a", "x")),
        full
    );
    assert_eq!(
        server
            .machine
            .publish(server.now, message(QoS::AtLeastOnce, "a", "x")),
        full
    );
    assert_eq!(client.machine.in_flight(), 0);
    assert!(
        client
            .machine
            .subscribe(
                client.now,
                &[subscription("a", QoS::AtMostOnce)],
                Default::default()
            )
            .is_err()
    );
    client.drain();
    client.machine.publish(client.now, large()).unwrap();
}

/// [v3.1.1 MQTT-4.8.0-2] A peer that makes us answer and does not read is closed when the answers have doubled the limit:
/// there is no room for what its packet asks for.
#[test]
fn a_peer_that_does_not_read_is_closed() {
    for version in VERSIONS {
        let mut server = Server::connected_with(
            ServerConfig {
                send_buffer: 100,
                ..ServerConfig::default()
            },
            &connect(version),
        );
        let pingreq = encode(version, &Packet::Pingreq);
        for _ in 0..100 {
            assert_eq!(server.machine.handle_bytes(server.now, &pingreq), 2);
        }
        assert_eq!(server.machine.poll_action(), Some(ServerAction::Transmit));
        assert_eq!(server.machine.handle_bytes(server.now, &pingreq), 2);
        assert_eq!(
            server.machine.poll_action(),
            Some(ServerAction::Close(CloseReason::SlowPeer))
        );

        let mut client = Client::connected(ClientConfig {
            send_buffer: 100,
            ..client_config(version)
        });
        let pubrel = encode(version, &pubrel(1).into());
        for _ in 0..100 {
            client.machine.handle_bytes(client.now, &pubrel);
            assert!(
                client.machine.tx().len() <= 2 * 100 + 6 + 4,
                "{}",
                client.machine.tx().len()
            );
        }
        assert_eq!(
            client.machine.poll_action(),
            Some(Action::Close(CloseReason::SlowPeer))
        );
    }
}

/// A message above the limit that was taken does not make the answers too many.
#[test]
fn a_large_message_leaves_room_for_answers() {
    let config = ServerConfig {
        send_buffer: 100,
        ..ServerConfig::default()
    };
    let mut server = Server::connected_with(config, &connect(V5));
    let large = message(QoS::AtMostOnce, "a", &"x".repeat(1_000));
    server.machine.publish(server.now, large).unwrap();
    let pingreq = encode(V5, &Packet::Pingreq);
    for _ in 0..50 {
        server.machine.handle_bytes(server.now, &pingreq);
    }
    assert_eq!(server.machine.poll_action(), Some(ServerAction::Transmit));
    server.machine.handle_written(server.now, 1_000);
    for _ in 0..40 {
        server.machine.handle_bytes(server.now, &pingreq);
    }
    assert_eq!(server.machine.poll_action(), None);
    server.machine.handle_bytes(server.now, &pingreq.repeat(11));
    let close = ServerAction::Close(CloseReason::SlowPeer);
    assert_eq!(server.machine.poll_action(), Some(close));
}

/// Messages of QoS 0 that nobody takes are dropped at the limit, and counted; what has to be acknowledged is not.
#[test]
fn waiting_messages_are_limited() {
    let mut client = Client::connected(ClientConfig {
        waiting_actions: 3,
        ..client_config(V5)
    });
    let mut bytes: Vec<u8> = (0..5)
        .flat_map(|_| encode(V5, &qos0("a", "0").into()))
        .collect();
    bytes.extend(encode(V5, &qos1(1, "a", "1").into()));
    client.machine.handle_bytes(client.now, &bytes);
    let zero = || deliver("a", "0");
    assert_eq!(
        client.drain(),
        [
            zero(),
            zero(),
            zero(),
            deliver("a", "1"),
            send(V5, puback(1))
        ]
    );
    assert_eq!(client.machine.counters().dropped_deliveries, 2);

    let mut server = Server::connected_with(
        ServerConfig {
            waiting_actions: 3,
            ..ServerConfig::default()
        },
        &connect(V5),
    );
    server.machine.handle_bytes(server.now, &bytes);
    assert_eq!(server.drain().len(), 5);
    assert_eq!(server.machine.counters().dropped_deliveries, 2);
}

/// Our own limit to open messages holds where the peer allows more.
#[test]
fn open_messages_are_limited() {
    for version in VERSIONS {
        let in_flight = NonZeroU16::new(2).unwrap();
        let mut client = Client::connected(ClientConfig {
            in_flight,
            ..client_config(version)
        });
        let config = ServerConfig {
            in_flight,
            ..ServerConfig::default()
        };
        let mut server = Server::connected_with(config, &connect(version));
        for _ in 0..2 {
            client.publish(message(QoS::AtLeastOnce, "a", "x"));
            server.publish(message(QoS::AtLeastOnce, "a", "x"));
        }
        let full = Err(PublishError::QuotaExhausted { limit: 2 });
        assert_eq!(
            client
                .machine
                .publish(client.now, message(QoS::AtLeastOnce, "a", "x")),
            full
        );
        assert_eq!(
            server
                .machine
                .publish(server.now, message(QoS::AtLeastOnce, "a", "x")),
            full
        );
    }
}

/// The last byte below the limit makes room for one more packet, and the limit itself does not.
#[test]
fn a_packet_is_taken_below_the_limit_of_the_send_buffer() {
    let packet = message(QoS::AtMostOnce, "a", "x");
    for (send_buffer, taken) in [(8, 2), (7, 1)] {
        let mut client = Client::connected(ClientConfig {
            send_buffer,
            ..client_config(V5)
        });
        for _ in 0..taken {
            client.machine.publish(client.now, packet.clone()).unwrap();
        }
        let full = Err(PublishError::SendBufferFull { limit: send_buffer });
        assert_eq!(client.machine.publish(client.now, packet.clone()), full);
        assert_eq!(client.machine.tx().len(), taken * 7);
    }
}

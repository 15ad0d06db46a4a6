//! The contract of the two machines, point by point. See `limits.rs` for the sixth.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::time::Duration;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::Connack;
use mqtt_codec::{Packet, PacketType, QoS, Version};
use mqtt_session::client::Action;
use mqtt_session::server::{
    Accept, Action as ServerAction, Config as ServerConfig, Event as ServerEvent,
};
use mqtt_session::{CloseReason, Message, ProtocolError, PublishError};

const V5: Version = Version::V5_0;

/// 1. Several inputs before the actions are taken lose nothing, and keep their order.
#[test]
fn several_inputs_lose_nothing() {
    let mut client = Client::connected(client_config(V5));
    for n in 1..=3u16 {
        let payload = n.to_string();
        let bytes = encode(V5, &qos1(n, "a", &payload).into());
        assert_eq!(client.machine.handle_bytes(client.now, &bytes), bytes.len());
    }
    client.machine.handle_closed(client.now);
    let outs = client.drain();
    assert_eq!(
        outs[..3],
        [deliver("a", "1"), deliver("a", "2"), deliver("a", "3")]
    );
    assert_eq!(outs.last(), Some(&Out::Close(CloseReason::ConnectionLost)));
}

/// 1. Transmit is said once until the buffer was drained, also when more is written in the meantime.
#[test]
fn transmit_is_said_once_until_the_buffer_was_drained() {
    let mut client = Client::connected(client_config(V5));
    let publish = |client: &mut Client| {
        client
            .machine
            .publish(client.now, message(QoS::AtMostOnce, "a", "x"))
            .unwrap()
    };
    publish(&mut client);
    assert_eq!(client.machine.poll_action(), Some(Action::Transmit));
    publish(&mut client);
    assert_eq!(client.machine.poll_action(), None);
    client.machine.handle_written(client.now, 1);
    assert_eq!(client.machine.poll_action(), None);
    client
        .machine
        .handle_written(client.now, client.machine.tx().len());
    assert_eq!(client.machine.poll_action(), None);
    publish(&mut client);
    assert_eq!(client.machine.poll_action(), Some(Action::Transmit));
}

/// 3. Whole packets are consumed, and nothing of one that is not complete.
#[test]
fn incomplete_packets_are_left_to_the_caller() {
    for version in VERSIONS {
        let mut client = Client::connected(client_config(version));
        let (first, second) = (
            encode(version, &qos0("a", "1").into()),
            encode(version, &qos0("a", "2").into()),
        );
        for cut in 0..second.len() {
            let bytes = [first.as_slice(), &second[..cut]].concat();
            assert_eq!(client.machine.handle_bytes(client.now, &bytes), first.len());
            assert_eq!(client.drain(), [deliver("a", "1")]);
        }
        assert_eq!(client.receive_bytes(&[]), []);
    }
}

/// 3. A packet in a buffer of its own gives its payload away without a copy.
#[test]
fn a_packet_of_its_own_is_not_copied() {
    let payload = "x".repeat(100_000);
    let packet = bytes::Bytes::from(encode(V5, &qos0("a", &payload).into()));
    let mut client = Client::connected(client_config(V5));
    client.machine.handle_packet(client.now, &packet);
    let Some(Action::Deliver(delivered)) = client.machine.poll_action() else {
        panic!("nothing delivered")
    };
    assert!(
        packet
            .as_ptr_range()
            .contains(&delivered.message.payload.as_ptr())
    );

    let mut server = Server::connected(V5);
    assert!(server.machine.handle_packet(server.now, &packet));
    let Some(ServerAction::Deliver(delivered)) = server.machine.poll_action() else {
        panic!("nothing delivered")
    };
    assert!(
        packet
            .as_ptr_range()
            .contains(&delivered.message.payload.as_ptr())
    );
}

/// 3. A server takes nothing behind Pause, and what was kept on Resume.
#[test]
fn a_server_takes_nothing_while_it_is_paused() {
    for version in VERSIONS {
        let mut server = Server::new(ServerConfig::default(), version);
        server.open(&connect(version));
        let packet = encode(version, &qos0("a", "x").into());
        assert_eq!(server.machine.handle_bytes(server.now, &packet), 0);
        assert!(
            !server
                .machine
                .handle_packet(server.now, &packet.clone().into())
        );
        assert_eq!(server.drain(), []);
        let outs = server.accept(Accept::default());
        assert_eq!(outs[0], Out::Resume);
        assert_eq!(server.receive_bytes(&packet), [deliver("a", "x")]);
    }
}

/// 4. A timer that comes early, late or twice does no harm, and no deadline stays in the past.
#[test]
fn timeouts_may_come_early_late_and_twice() {
    let mut client = Client::connected(client_config(V5));
    assert_eq!(client.advance(Duration::from_secs(59)), []);
    assert_eq!(client.advance(Duration::ZERO), []);
    assert_eq!(
        client.advance(Duration::from_secs(31)),
        [send(V5, Packet::Pingreq)]
    );
    assert!(client.machine.poll_timeout() > Some(client.now));
    assert_eq!(client.advance(Duration::ZERO), []);
    let outs = client.advance(Duration::from_secs(3_600));
    assert_eq!(
        outs.last(),
        Some(&Out::Close(CloseReason::KeepAliveTimeout))
    );
    assert_eq!(client.machine.poll_timeout(), None);
    assert_eq!(client.advance(Duration::ZERO), []);
}

/// 7. After Close nothing follows until there is a new connection: no action, no deadline, nothing but errors from commands.
#[test]
fn nothing_follows_close() {
    for version in VERSIONS {
        let mut client = Client::connected(lasting(version));
        client.publish(message(QoS::AtLeastOnce, "a", "x"));
        client.lose_connection();
        assert_eq!(client.receive(puback(1)), []);
        assert_eq!(client.lose_connection(), []);
        assert_eq!(client.advance(Duration::from_secs(100_000)), []);
        assert_eq!(client.machine.poll_timeout(), None);
        let refused = client
            .machine
            .publish(client.now, message(QoS::AtMostOnce, "a", "x"));
        assert_eq!(refused, Err(PublishError::NotConnected));
        assert_eq!(client.drain(), []);
        assert_eq!(client.machine.in_flight(), 1);
    }
}

/// 7. What is left to be written stays for the caller to write, and goes with the next connection.
#[test]
fn what_is_left_is_dropped_by_the_next_connection() {
    let mut client = Client::connected(lasting(V5));
    client
        .machine
        .publish(client.now, message(QoS::AtMostOnce, "a", "lost"))
        .unwrap();
    client.machine.handle_closed(client.now);
    assert!(!client.machine.tx().is_empty());
    client.machine.handle_connected(client.now);
    let outs = client.drain();
    assert!(
        matches!(
            outs.as_slice(),
            [Out::Close(_), Out::Send(_)] | [Out::Send(_), Out::Close(_)]
        ),
        "{outs:?}"
    );
    client.receive(Connack {
        session_present: true,
        ..accepted()
    });
    assert!(client.machine.poll_timeout().is_some());
}

/// A client and a server of ours understand each other.
#[test]
fn a_client_talks_to_a_server() {
    for version in VERSIONS {
        let mut client = Client::new(client_config(version));
        let mut server = Server::new(ServerConfig::default(), version);
        server.machine.handle_connected(server.now);
        let outs = client.connect();
        let [Out::Send(sent)] = outs.as_slice() else {
            panic!("{outs:?}")
        };
        let outs = server.receive_bytes(&sent.bytes);
        assert!(matches!(
            outs.as_slice(),
            [Out::Server(ServerEvent::Connect(_)), Out::Pause]
        ));
        let outs = server.accept(Accept::default());
        let [Out::Resume, Out::Send(sent)] = outs.as_slice() else {
            panic!("{outs:?}")
        };
        client.receive_bytes(&sent.bytes);
        for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
            let retained = Message {
                retain: true,
                ..message(qos, "a", "x")
            };
            let (_, outs) = client.publish(retained);
            let [Out::Send(sent)] = outs.as_slice() else {
                panic!("{outs:?}")
            };
            let outs = server.receive_bytes(&sent.bytes);
            assert_eq!(outs[0], deliver("a", "x"));
        }
    }
}

/// 7. Nothing follows Close, though what it says is left to be written.
#[test]
fn close_is_the_last_action() {
    for version in VERSIONS {
        let wrong = encode(version, &accepted().into());
        let mut client = Client::connected(client_config(version));
        client.publish(message(QoS::AtMostOnce, "a", "x"));
        client.machine.handle_bytes(client.now, &wrong);
        let error = ProtocolError::UnexpectedPacket(PacketType::Connack);
        let reason = CloseReason::Protocol(error);
        assert_eq!(client.machine.poll_action(), Some(Action::Close(reason)));
        assert_eq!(client.machine.poll_action(), None);
        assert_eq!(client.machine.tx().is_empty(), version != V5);
        client.machine.handle_closed(client.now);
        assert_eq!(client.machine.poll_action(), None);

        let mut server = Server::connected(version);
        server.machine.handle_bytes(server.now, &wrong);
        let close = ServerAction::Close(reason);
        assert_eq!(server.machine.poll_action(), Some(close));
        assert_eq!(server.machine.poll_action(), None);
        assert_eq!(server.machine.tx().is_empty(), version != V5);
        server.machine.handle_closed(server.now);
        assert_eq!(server.machine.poll_action(), None);
    }
}

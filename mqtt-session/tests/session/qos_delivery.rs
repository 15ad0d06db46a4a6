//! MQTT 5.0 §4.3: QoS 0, 1 and 2 as their sender, and the flows below. MQTT 3.1.1 §4.3.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::Pubrec;
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{QoS, Version};
use mqtt_session::PublishOutcome;
use mqtt_session::client::Event as ClientEvent;
use mqtt_session::server::{Accept, Config as ServerConfig, Event as ServerEvent};

/// [MQTT-4.3.1-1] [v3.1.1 MQTT-4.3.1-1] A QoS 0 message goes out once, without DUP, and leaves nothing behind.
#[test]
fn qos_0_is_sent_once_without_dup() {
    for version in VERSIONS {
        let mut client = Client::connected(client_config(version));
        let (_, outs) = client.publish(message(QoS::AtMostOnce, "a", "x"));
        assert_eq!(outs, [send(version, qos0("a", "x"))]);
        assert_eq!(client.machine.in_flight(), 0);

        let mut server = Server::connected(version);
        let (_, outs) = server.publish(message(QoS::AtMostOnce, "a", "x"));
        assert_eq!(outs, [send(version, qos0("a", "x"))]);
    }
}

/// [MQTT-3.3.4-1] [v3.1.1 MQTT-3.3.4-1] Nothing answers QoS 0, PUBACK answers QoS 1, PUBREC answers QoS 2.
#[test]
fn a_publish_is_answered_by_its_qos() {
    for version in VERSIONS {
        let mut client = Client::connected(client_config(version));
        assert_eq!(client.receive(qos0("a", "0")), [deliver("a", "0")]);
        assert_eq!(
            client.receive(qos1(1, "a", "1")),
            [deliver("a", "1"), send(version, puback(1))]
        );
        assert_eq!(
            client.receive(qos2(2, "a", "2")),
            [deliver("a", "2"), send(version, pubrec(2))]
        );

        let mut server = Server::connected(version);
        assert_eq!(server.receive(qos0("a", "0")), [deliver("a", "0")]);
        assert_eq!(
            server.receive(qos1(1, "a", "1")),
            [deliver("a", "1"), send(version, puback(1))]
        );
        assert_eq!(
            server.receive(qos2(2, "a", "2")),
            [deliver("a", "2"), send(version, pubrec(2))]
        );
    }
}

/// [MQTT-4.3.2-1] [MQTT-4.3.2-2] [MQTT-4.3.2-3] [v3.1.1 MQTT-4.3.2-1] QoS 1 takes a free identifier, goes out without
/// DUP, and is under way until its PUBACK.
#[test]
fn qos_1_is_unacknowledged_until_puback() {
    for version in VERSIONS {
        let mut client = Client::connected(client_config(version));
        let (first, outs) = client.publish(message(QoS::AtLeastOnce, "a", "x"));
        assert_eq!(outs, [send(version, qos1(1, "a", "x"))]);
        let (_, outs) = client.publish(message(QoS::AtLeastOnce, "a", "y"));
        assert_eq!(outs, [send(version, qos1(2, "a", "y"))]);
        assert_eq!(client.machine.in_flight(), 2);

        let acknowledged = PublishOutcome::Acknowledged {
            token: first,
            reason: PublishReasonCode::Success,
        };
        assert_eq!(
            client.receive(puback(1)),
            [Out::Client(ClientEvent::Published(acknowledged))]
        );
        assert_eq!(client.machine.in_flight(), 1);
    }
}

/// [MQTT-4.3.3-1] [MQTT-4.3.3-2] [MQTT-4.3.3-3] [MQTT-4.3.3-4] [MQTT-4.3.3-5] [v3.1.1 MQTT-4.3.3-1] QoS 2 takes a free
/// identifier, goes out without DUP, is answered by PUBREL at PUBREC, and is under way until PUBCOMP.
#[test]
fn qos_2_runs_through_its_four_packets() {
    for version in VERSIONS {
        let mut client = Client::connected(client_config(version));
        let (token, outs) = client.publish(message(QoS::ExactlyOnce, "a", "x"));
        assert_eq!(outs, [send(version, qos2(1, "a", "x"))]);
        assert_eq!(client.machine.in_flight(), 1);
        assert_eq!(client.receive(pubrec(1)), [send(version, pubrel(1))]);
        assert_eq!(client.machine.in_flight(), 1);
        // The identifier is in use until PUBCOMP.
        let (_, outs) = client.publish(message(QoS::ExactlyOnce, "a", "y"));
        assert_eq!(outs, [send(version, qos2(2, "a", "y"))]);
        let acknowledged = PublishOutcome::Acknowledged {
            token,
            reason: PublishReasonCode::Success,
        };
        assert_eq!(
            client.receive(pubcomp(1)),
            [Out::Client(ClientEvent::Published(acknowledged))]
        );
        assert_eq!(client.machine.in_flight(), 1);

        let mut server = Server::connected(version);
        let (token, outs) = server.publish(message(QoS::ExactlyOnce, "a", "x"));
        assert_eq!(outs, [send(version, qos2(1, "a", "x"))]);
        assert_eq!(server.receive(pubrec(1)), [send(version, pubrel(1))]);
        let acknowledged = PublishOutcome::Acknowledged {
            token,
            reason: PublishReasonCode::Success,
        };
        assert_eq!(
            server.receive(pubcomp(1)),
            [Out::Server(ServerEvent::Published(acknowledged))]
        );
    }
}

/// [MQTT-4.3.3-4] [often-wrong-24] A PUBREC of 0x80 or above gets no PUBREL: the exchange is over and its identifier
/// free.
#[test]
fn a_refused_qos_2_publish_gets_no_pubrel() {
    let version = Version::V5_0;
    let mut client = Client::connected(client_config(version));
    let (token, _) = client.publish(message(QoS::ExactlyOnce, "a", "x"));
    let reason = PublishReasonCode::QuotaExceeded;
    let refused = PublishOutcome::Acknowledged { token, reason };
    assert_eq!(
        client.receive(Pubrec::new(id(1), reason)),
        [Out::Client(ClientEvent::Published(refused))]
    );
    assert_eq!(client.machine.in_flight(), 0);
}

/// [MQTT-4.3.3-6] [v3.1.1 MQTT-4.3.3-1] [often-wrong-20] After PUBREL the PUBLISH is never sent again, not even on a
/// new connection.
#[test]
fn no_publish_follows_a_pubrel() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let mut client = Client::connected(lasting(version));
        client.publish(message(QoS::ExactlyOnce, "a", "x"));
        client.receive(pubrec(1));
        client.lose_connection();
        assert_eq!(client.reconnect(true), [send(version, pubrel(1))]);
    }
}

/// The flows take the time of durability: PUBREL, PUBREC and PUBCOMP leave when the caller says so.
#[test]
fn the_flows_leave_the_moment_of_each_answer_to_the_caller() {
    use mqtt_session::*;
    let now = Instant::default();
    let (mut buffer, mut pool) = (TxBuffer::new(), ChunkPool::default());
    let mut session = Session::new();
    let mut connection = Connection::new(Negotiated::new(Version::V5_0, Role::Server));

    let packet_id = session
        .start(&connection, AcknowledgedQoS::ExactlyOnce, "kept")
        .unwrap();
    let received = session
        .receive(&mut connection, now, pubrec(1).into())
        .unwrap();
    let reason = PublishReasonCode::Success;
    assert_eq!(
        received,
        Received::PubrecReceived {
            packet_id,
            kept: Some("kept"),
            reason
        }
    );
    assert_eq!(
        session.outbound().collect::<Vec<_>>(),
        [(packet_id, &OutboundExchange::AwaitPubcomp)]
    );
    session
        .receive(&mut connection, now, qos2(5, "a", "x").into())
        .unwrap();
    session.hold(&mut connection, AcknowledgedQoS::ExactlyOnce, id(5));

    let mut tx = Tx {
        buffer: &mut buffer,
        pool: &mut pool,
    };
    session.acknowledge(
        &mut connection,
        AcknowledgedQoS::ExactlyOnce,
        id(5),
        reason,
        &mut tx,
    );
    session.release(&connection, packet_id, &mut tx);
    let received = session
        .receive(&mut connection, now, pubrel(5).into())
        .unwrap();
    assert_eq!(
        received,
        Received::Released {
            packet_id: id(5),
            known: Known::Yes
        }
    );
    session.complete(&mut connection, id(5), Known::Yes, &mut tx);
    let sent = split(
        Version::V5_0,
        &buffer.segments().flatten().copied().collect::<Vec<_>>(),
    );
    let expected = [
        send(Version::V5_0, pubrec(5)),
        send(Version::V5_0, pubrel(1)),
        send(Version::V5_0, pubcomp(5)),
    ];
    assert_eq!(
        sent.into_iter().map(Out::Send).collect::<Vec<_>>(),
        expected
    );
}

/// A payload above the copy limit is a slice of the caller's allocation in the send buffer.
#[test]
fn a_large_payload_is_not_copied() {
    let mut server = Server::new(ServerConfig::default(), Version::V5_0);
    server.open(&connect(Version::V5_0));
    server.accept(Accept::default());
    let payload = bytes::Bytes::from(vec![b'x'; 10_000]);
    let large = mqtt_session::Message {
        payload: payload.clone(),
        ..message(QoS::AtLeastOnce, "a", "")
    };
    server.machine.publish(server.now, large).unwrap();
    assert!(
        server
            .machine
            .tx()
            .segments()
            .any(|segment| segment.as_ptr() == payload.as_ptr())
    );
}

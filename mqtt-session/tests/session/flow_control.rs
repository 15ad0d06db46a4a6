//! MQTT 5.0 §4.9 and §3.3.4: Receive Maximum, in both directions.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::num::NonZeroU16;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Connack, ConnackProperties, Connect, ConnectProperties, Pubrec};
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::server::Config as ServerConfig;
use mqtt_session::{
    AcknowledgedQoS, ChunkPool, Connection, Instant, Known, Negotiated, OutboundExchange,
    ProtocolError, PublishError, Received, Resend, Role, Session, ToResend, Tx, TxBuffer,
};

const V5: Version = Version::V5_0;

/// [MQTT-3.3.4-7] [MQTT-4.9.0-1] [MQTT-4.9.0-2] [often-wrong-4] [choice-4] A client has at most the server's Receive
/// Maximum open, QoS 1 and QoS 2 in one window, given back by PUBACK, PUBCOMP and PUBREC of 0x80 and above and by
/// nothing else.
#[test]
fn a_client_keeps_to_the_servers_receive_maximum() {
    let properties = ConnackProperties {
        receive_maximum: NonZeroU16::new(3),
        ..ConnackProperties::default()
    };
    let mut client = Client::connected_with(client_config(V5), connack(properties));
    window_of_three(&mut client, |client| client.machine.send_quota());
}

/// [MQTT-3.3.4-9] [MQTT-4.9.0-1] [MQTT-4.9.0-2] [often-wrong-4] [choice-4] A server has at most the client's Receive Maximum
/// open, alike.
#[test]
fn a_server_keeps_to_the_clients_receive_maximum() {
    let properties = ConnectProperties {
        receive_maximum: NonZeroU16::new(3),
        ..ConnectProperties::default()
    };
    let mut server = Server::connected_with(
        ServerConfig::default(),
        &Connect {
            properties,
            ..connect(V5)
        },
    );
    window_of_three(&mut server, |server| server.machine.send_quota());
}

fn window_of_three<M: Machine>(side: &mut Side<M>, quota: impl Fn(&Side<M>) -> u16) {
    let full = Err(PublishError::QuotaExhausted { limit: 3 });
    let publish = |side: &mut Side<M>, qos| {
        side.machine
            .publish(side.now, message(qos, "a", "x"))
            .map(|_| ())
    };
    assert_eq!(quota(side), 3);
    for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce, QoS::ExactlyOnce] {
        assert_eq!(publish(side, qos), Ok(()));
    }
    assert_eq!(
        (
            publish(side, QoS::AtLeastOnce),
            publish(side, QoS::ExactlyOnce)
        ),
        (full, full)
    );
    assert_eq!(publish(side, QoS::AtMostOnce), Ok(()));
    side.drain();

    assert_eq!(side.receive(pubrec(2)), [send(V5, pubrel(2))]);
    assert_eq!(publish(side, QoS::AtLeastOnce), full);
    side.receive(pubcomp(2));
    assert_eq!(quota(side), 1);
    side.receive(Pubrec::new(id(3), PublishReasonCode::QuotaExceeded));
    side.receive(puback(1));
    assert_eq!(quota(side), 3);
    // What is for nobody gives nothing.
    side.receive(puback(1));
    side.receive(pubcomp(2));
    assert_eq!(quota(side), 3);
}

/// [MQTT-3.3.4-8] [MQTT-3.3.4-10] [MQTT-4.9.0-3] A full window holds back PUBLISH alone: everything else is processed,
/// answered and sent.
#[test]
fn a_full_window_holds_back_publishes_only() {
    let properties = ConnackProperties {
        receive_maximum: NonZeroU16::new(1),
        ..ConnackProperties::default()
    };
    let mut client = Client::connected_with(client_config(V5), connack(properties));
    client.publish(message(QoS::ExactlyOnce, "a", "x"));
    assert_eq!(client.machine.send_quota(), 0);
    assert_eq!(
        client.receive(qos1(5, "a", "x")),
        [deliver("a", "x"), send(V5, puback(5))]
    );
    assert_eq!(
        client.receive(qos2(6, "a", "x")),
        [deliver("a", "x"), send(V5, pubrec(6))]
    );
    assert_eq!(client.receive(pubrel(6)), [send(V5, pubcomp(6))]);
    let subscriptions = [subscription("a", QoS::AtMostOnce)];
    client
        .machine
        .subscribe(client.now, &subscriptions, Default::default())
        .unwrap();
    assert_eq!(client.drain(), [send(V5, subscribe(2, &subscriptions))]);
    assert_eq!(client.receive(pubrec(1)), [send(V5, pubrel(1))]);
    client
        .machine
        .unsubscribe(client.now, &[filter("a")], Default::default())
        .unwrap();
    assert_eq!(client.drain(), [send(V5, unsubscribe(3, &[filter("a")]))]);
    let minute = core::time::Duration::from_secs(60);
    assert_eq!(client.advance(minute), [send(V5, Packet::Pingreq)]);

    let properties = ConnectProperties {
        receive_maximum: NonZeroU16::new(1),
        ..ConnectProperties::default()
    };
    let mut server = Server::connected_with(
        ServerConfig::default(),
        &Connect {
            properties,
            ..connect(V5)
        },
    );
    server.publish(message(QoS::AtLeastOnce, "a", "x"));
    assert_eq!(server.machine.send_quota(), 0);
    assert_eq!(
        server.receive(Packet::Pingreq),
        [send(V5, Packet::Pingresp)]
    );
    assert_eq!(
        server.receive(qos1(5, "a", "x")),
        [deliver("a", "x"), send(V5, puback(5))]
    );
}

/// [often-wrong-4] [choice-4] A place that was given back can be taken: by PUBACK, by PUBCOMP, and by a refusing
/// PUBREC; not by PUBREC or PUBREL.
#[test]
fn the_receiver_counts_as_the_sender_does() {
    let over = Err(ProtocolError::ReceiveMaximumExceeded { limit: 1 });
    let mut receiver = Receiver::new(1);
    let (one, two) = (AcknowledgedQoS::AtLeastOnce, AcknowledgedQoS::ExactlyOnce);

    assert_eq!(receiver.take(qos1(1, "a", "x")), Ok(true));
    receiver.session.hold(&mut receiver.connection, one, id(1));
    assert_eq!(receiver.take(qos2(2, "a", "x")), over);
    receiver.acknowledge(one, 1, PublishReasonCode::Success);
    assert_eq!(receiver.take(qos2(2, "a", "x")), Ok(true));
    receiver.acknowledge(two, 2, PublishReasonCode::Success);
    assert_eq!(receiver.take(qos2(3, "a", "x")), over);
    assert_eq!(receiver.take(pubrel(2)), Ok(false));
    assert_eq!(receiver.take(qos2(3, "a", "x")), over);
    receiver.complete(2);
    assert_eq!(receiver.take(qos2(3, "a", "x")), Ok(true));
    receiver.acknowledge(two, 3, PublishReasonCode::QuotaExceeded);
    assert_eq!(receiver.take(qos2(4, "a", "x")), Ok(true));
    let unreleased = receiver.session.unreleased();
    assert_eq!(unreleased.iter().collect::<Vec<_>>(), [id(4)]);
}

/// The flows of a server that takes few PUBLISHes at once.
struct Receiver {
    session: Session<()>,
    connection: Connection,
    buffer: TxBuffer,
    pool: ChunkPool,
}

impl Receiver {
    fn new(receive_maximum: u16) -> Self {
        let negotiated = Negotiated {
            receive_maximum,
            ..Negotiated::new(V5, Role::Server)
        };
        Self {
            session: Session::new(),
            connection: Connection::new(negotiated),
            buffer: TxBuffer::new(),
            pool: ChunkPool::default(),
        }
    }

    /// Whether it is a message to be delivered.
    fn take(&mut self, packet: impl Into<Packet<'static>>) -> Result<bool, ProtocolError> {
        let received =
            self.session
                .receive(&mut self.connection, Instant::default(), packet.into())?;
        Ok(matches!(received, Received::Publish { .. }))
    }

    fn acknowledge(&mut self, qos: AcknowledgedQoS, packet_id: u16, reason: PublishReasonCode) {
        let mut tx = Tx {
            buffer: &mut self.buffer,
            pool: &mut self.pool,
        };
        self.session
            .acknowledge(&mut self.connection, qos, id(packet_id), reason, &mut tx);
    }

    fn complete(&mut self, packet_id: u16) {
        let mut tx = Tx {
            buffer: &mut self.buffer,
            pool: &mut self.pool,
        };
        self.session
            .complete(&mut self.connection, id(packet_id), Known::Yes, &mut tx);
    }
}

/// [often-wrong-5] The window starts anew with each connection: what waits for PUBREL from an earlier one takes no place
/// until its PUBLISH comes again.
#[test]
fn the_receivers_window_starts_anew_with_each_connection() {
    let mut receiver = Receiver::new(2);
    for n in [1, 2] {
        assert_eq!(receiver.take(qos2(n, "a", "x")), Ok(true));
        let reason = PublishReasonCode::Success;
        receiver.acknowledge(AcknowledgedQoS::ExactlyOnce, n, reason);
    }
    receiver.session.disconnected();

    receiver.connection = Receiver::new(2).connection;
    assert_eq!(receiver.take(pubrel(1)), Ok(false));
    for n in [10, 11] {
        assert_eq!(receiver.take(qos2(n, "a", "x")), Ok(true));
    }
    let over = Err(ProtocolError::ReceiveMaximumExceeded { limit: 2 });
    assert_eq!(receiver.take(again(qos2(2, "a", "x"))), over);
    let unreleased = receiver.session.unreleased();
    assert_eq!(
        unreleased.iter().collect::<Vec<_>>(),
        [id(2), id(10), id(11)]
    );
}

/// A PUBLISH of an earlier connection that came again takes one place, however often it comes.
#[test]
fn what_came_again_takes_a_place_of_its_connection() {
    let mut receiver = Receiver::new(2);
    assert_eq!(receiver.take(qos2(2, "a", "x")), Ok(true));
    receiver.session.disconnected();
    receiver.connection = Receiver::new(2).connection;
    assert_eq!(receiver.take(again(qos2(2, "a", "x"))), Ok(false));
    assert_eq!(receiver.take(again(qos2(2, "a", "x"))), Ok(false));
    assert_eq!(receiver.take(qos2(3, "a", "x")), Ok(true));
    let over = Err(ProtocolError::ReceiveMaximumExceeded { limit: 2 });
    assert_eq!(receiver.take(qos2(4, "a", "x")), over);
}

/// What goes again keeps to a window that has become smaller; PUBRELs do not wait for it, new messages wait for all.
#[test]
fn what_is_sent_again_keeps_to_the_window() {
    let mut client = Client::connected(lasting(V5));
    for n in 1..=5 {
        client.publish(message(QoS::ExactlyOnce, "a", &n.to_string()));
    }
    client.receive(pubrec(1));
    client.lose_connection();
    let properties = ConnackProperties {
        receive_maximum: NonZeroU16::new(3),
        ..ConnackProperties::default()
    };
    let outs = client.reconnect_with(Connack {
        session_present: true,
        ..connack(properties)
    });
    // The PUBREL takes a place, too.
    assert_eq!(
        outs,
        [
            send(V5, again(qos2(2, "a", "2"))),
            send(V5, again(qos2(3, "a", "3"))),
            send(V5, pubrel(1))
        ]
    );
    let new = client
        .machine
        .publish(client.now, message(QoS::AtLeastOnce, "a", "new"));
    assert_eq!(new, Err(PublishError::Resuming));
    assert_eq!(
        client.publish(message(QoS::AtMostOnce, "a", "0")).1,
        [send(V5, qos0("a", "0"))]
    );

    let outs = client.receive(pubcomp(1));
    assert_eq!(outs[1..], [send(V5, again(qos2(4, "a", "4")))]);
    assert_eq!(client.receive(pubrec(2)), [send(V5, pubrel(2))]);
    let outs = client.receive(pubcomp(2));
    assert_eq!(outs[1..], [send(V5, again(qos2(5, "a", "5")))]);
    assert_eq!(client.machine.send_quota(), 0);
}

/// [5.0-8] The PUBCOMP for a PUBREL that was sent again gives back the place that the PUBREL took, and nothing beyond: the
/// window is never larger than it was in the beginning.
#[test]
fn a_pubcomp_does_not_raise_the_window_above_its_beginning() {
    let properties = ConnackProperties {
        receive_maximum: NonZeroU16::new(2),
        ..ConnackProperties::default()
    };
    let resumed = Connack {
        session_present: true,
        ..connack(properties)
    };
    let mut client = Client::connected_with(lasting(V5), connack(properties));
    client.publish(message(QoS::ExactlyOnce, "a", "x"));
    client.receive(pubrec(1));
    client.lose_connection();
    assert_eq!(client.reconnect_with(resumed), [send(V5, pubrel(1))]);
    assert_eq!(client.machine.send_quota(), 1);
    for _ in 0..3 {
        client.receive(pubcomp(1));
        assert_eq!(client.machine.send_quota(), 2);
    }
    for _ in 0..2 {
        client.publish(message(QoS::ExactlyOnce, "a", "x"));
    }
    let full = Err(PublishError::QuotaExhausted { limit: 2 });
    let third = message(QoS::AtLeastOnce, "a", "x");
    assert_eq!(client.machine.publish(client.now, third), full);
}

/// The cursor of what goes again is not moved by acknowledgements that come in between.
#[test]
fn the_cursor_keeps_its_place() {
    let now = Instant::default();
    let mut session = Session::new();
    for (n, kept) in [(1, "1"), (2, "2"), (3, "3"), (4, "4")] {
        session.restore_outbound(id(n), OutboundExchange::AwaitPuback(kept));
    }
    session.restore_outbound(id(5), OutboundExchange::AwaitPubcomp);
    session.restore_outbound(id(6), OutboundExchange::AwaitPubcomp);
    let mut connection = Connection::new(Negotiated {
        send_maximum: 4,
        ..Negotiated::new(V5, Role::Client)
    });
    let mut cursor = Resend::new();
    let mut next = |session: &Session<&'static str>, connection: &Connection| match session
        .resend_next(&mut cursor, connection)
    {
        Some(ToResend::Publish { packet_id, .. } | ToResend::Release { packet_id }) => {
            packet_id.get()
        }
        Some(ToResend::WindowFull) => 0,
        None => u16::MAX,
    };
    assert_eq!(
        [next(&session, &connection), next(&session, &connection)],
        [1, 2]
    );
    // The PUBRELs take two of the four places.
    assert_eq!(
        [next(&session, &connection), next(&session, &connection)],
        [5, 6]
    );
    assert_eq!(next(&session, &connection), 0);
    session
        .receive(&mut connection, now, puback(1).into())
        .unwrap();
    session
        .receive(&mut connection, now, pubcomp(5).into())
        .unwrap();
    session
        .receive(&mut connection, now, puback(4).into())
        .unwrap();
    assert_eq!(
        [next(&session, &connection), next(&session, &connection)],
        [3, u16::MAX]
    );
    // What begins on this connection is not sent again on it.
    let packet_id = session
        .start(&connection, AcknowledgedQoS::AtLeastOnce, "new")
        .unwrap();
    assert_eq!((packet_id, next(&session, &connection)), (id(7), u16::MAX));
}

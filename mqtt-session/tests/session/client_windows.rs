//! The windows of a client, as sender and as receiver, over its connections: MQTT 5.0 §4.9 and §3.3.4. See `flow_control.rs`.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::num::NonZeroU16;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Connack, ConnackProperties};
use mqtt_codec::reason_code::{DisconnectReasonCode, PublishReasonCode};
use mqtt_codec::{QoS, Version};
use mqtt_session::client::{Config, Event};
use mqtt_session::{Acknowledgement, CloseReason, ProtocolError, PublishError};

const V5: Version = Version::V5_0;

/// [often-wrong-4] [choice-4] A client gives a place back as the server counts: at PUBACK, at PUBCOMP, and at a PUBREC of
/// 0x80 or above; not at PUBREC or PUBREL, and not when the application got the message.
#[test]
fn a_client_counts_what_it_receives_as_the_server_does() {
    let success = PublishReasonCode::Success;
    let mut client = receiver(1);
    client.receive(qos1(1, "a", "x"));
    assert_eq!(acknowledge(&mut client, success), [send(V5, puback(1))]);
    client.receive(qos2(2, "a", "x"));
    assert_eq!(acknowledge(&mut client, success), [send(V5, pubrec(2))]);
    assert_eq!(client.receive(pubrel(2)), [send(V5, pubcomp(2))]);
    client.receive(qos2(3, "a", "x"));
    acknowledge(&mut client, PublishReasonCode::QuotaExceeded);
    client.receive(qos2(4, "a", "x"));
    assert_overrun(client.receive(qos1(5, "a", "x")), 1);

    let mut client = receiver(1);
    client.receive(qos2(1, "a", "x"));
    acknowledge(&mut client, success);
    assert_overrun(client.receive(qos1(2, "a", "x")), 1);
}

/// [often-wrong-5] The window of the sender is that of the connection: what its CONNACK said, less what goes again.
#[test]
fn the_window_of_a_sender_starts_anew_with_each_connection() {
    for (session_present, maximum, quota) in [
        (true, 3, 0),
        (true, 5, 2),
        (true, 2, 0),
        (false, 3, 3),
        (false, 1, 1),
    ] {
        let mut client = Client::connected_with(lasting(V5), connack(window(3)));
        for _ in 0..3 {
            client.publish(message(QoS::AtLeastOnce, "a", "x"));
        }
        assert_eq!(client.machine.send_quota(), 0);
        client.lose_connection();
        client.connect();
        client.receive(Connack {
            session_present,
            ..connack(window(maximum))
        });
        assert_eq!(
            client.machine.send_quota(),
            quota,
            "{session_present} {maximum}"
        );
    }
}

/// [5.0-8] A PUBCOMP for a PUBREL that went again gives its place back, and no more than that: the quota never becomes
/// larger than it was at first.
#[test]
fn the_pubcomp_of_a_pubrel_that_was_sent_again_does_not_widen_the_window() {
    let mut client = Client::connected_with(lasting(V5), connack(window(2)));
    client.publish(message(QoS::ExactlyOnce, "a", "1"));
    client.publish(message(QoS::ExactlyOnce, "a", "2"));
    client.receive(pubrec(1));
    client.receive(pubrec(2));
    client.lose_connection();
    let outs = client.reconnect_with(Connack {
        session_present: true,
        ..connack(window(2))
    });
    assert_eq!(outs, [send(V5, pubrel(1)), send(V5, pubrel(2))]);
    for (packet_id, quota) in [(1, 1), (1, 1), (2, 2), (2, 2), (1, 2)] {
        client.receive(pubcomp(packet_id));
        assert_eq!(client.machine.send_quota(), quota);
    }
    client.publish(message(QoS::ExactlyOnce, "a", "3"));
    client.publish(message(QoS::AtLeastOnce, "a", "4"));
    let third = client
        .machine
        .publish(client.now, message(QoS::AtLeastOnce, "a", "5"));
    assert_eq!(third, Err(PublishError::QuotaExhausted { limit: 2 }));
}

/// [5.0-10] Without a Receive Maximum the server takes 65,535 at once, and without a Maximum QoS it takes QoS 2. Ours of
/// 65,535 is said by leaving it out, and holds.
#[test]
fn absent_means_65535_and_qos_2() {
    let config = Config {
        in_flight: NonZeroU16::MAX,
        receive_maximum: NonZeroU16::MAX,
        acknowledgement: Acknowledgement::Manual,
        send_buffer: usize::MAX / 4,
        ..client_config(V5)
    };
    let mut client = Client::new(config);
    let outs = client.connect();
    let [Out::Send(sent)] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    let decoded = mqtt_codec::decode(V5, &limits(), &sent.bytes);
    let Ok(Some((mqtt_codec::Packet::Connect(connect), _))) = decoded else {
        panic!("{decoded:?}")
    };
    assert_eq!(connect.properties.receive_maximum, None);
    let outs = client.receive(accepted());
    let [Out::Client(Event::Connected(connected))] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    assert_eq!(connected.send_maximum, 65_535);
    assert_eq!(connected.capabilities.maximum_qos, QoS::ExactlyOnce);

    let publish = |client: &mut Client| {
        let message = message(QoS::ExactlyOnce, "a", "x");
        client.machine.publish(client.now, message)
    };
    for _ in 1..=u16::MAX {
        assert!(publish(&mut client).is_ok());
    }
    let limit = u16::MAX;
    assert_eq!(
        publish(&mut client),
        Err(PublishError::QuotaExhausted { limit })
    );
    for packet_id in 1..=u16::MAX {
        let bytes = encode(V5, &qos1(packet_id, "a", "x").into());
        client.machine.handle_bytes(client.now, &bytes);
    }
    let outs = client.drain();
    assert!(!outs.iter().any(|out| matches!(out, Out::Close(_))));
    assert_eq!(client.tokens.len(), 65_535);
}

/// A client that acknowledges by hand, with that Receive Maximum.
fn receiver(receive_maximum: u16) -> Client {
    Client::connected(Config {
        acknowledgement: Acknowledgement::Manual,
        receive_maximum: NonZeroU16::new(receive_maximum).unwrap(),
        ..client_config(V5)
    })
}

/// Acknowledges the one message that waits for it.
fn acknowledge(client: &mut Client, reason: PublishReasonCode) -> Vec<Out> {
    let token = client.tokens.remove(0);
    client
        .machine
        .acknowledge(client.now, token, reason)
        .unwrap();
    client.drain()
}

fn assert_overrun(outs: Vec<Out>, limit: u16) {
    let error = ProtocolError::ReceiveMaximumExceeded { limit };
    assert_eq!(
        outs,
        [
            send(V5, disconnect(DisconnectReasonCode::ReceiveMaximumExceeded)),
            Out::Close(CloseReason::Protocol(error))
        ]
    );
}

fn window(receive_maximum: u16) -> ConnackProperties<'static> {
    ConnackProperties {
        receive_maximum: NonZeroU16::new(receive_maximum),
        ..ConnackProperties::default()
    }
}

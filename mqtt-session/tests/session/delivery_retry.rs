//! MQTT 5.0 §4.4 and §4.5: what is sent again, and when; what is acknowledged. MQTT 3.1.1 §4.4, §4.5.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::time::Duration;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Connack, ConnackProperties, Connect, Puback, Pubrec};
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::client::{Config as ClientConfig, Event as ClientEvent};
use mqtt_session::{
    AbandonCause, AcknowledgeError, Acknowledgement, Message, PublishError, PublishOutcome,
};

/// [MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-4.3.2-3] [MQTT-4.3.3-3] [MQTT-4.3.3-5] [v3.1.1 MQTT-4.4.0-1]
/// [v3.1.1 MQTT-3.3.1-1] [v3.1.1 MQTT-4.3.2-1] [v3.1.1 MQTT-4.3.3-1] [often-wrong-21] On a resumed session PUBLISH goes again
/// with DUP 1 and PUBREL as it was, under the old identifiers, at both ends.
#[test]
fn unacknowledged_packets_are_sent_again_on_reconnect() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let mut client = Client::connected(lasting(version));
        let mut server = Server::connected(version);
        for qos in [QoS::ExactlyOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
            client.publish(message(qos, "a", "x"));
            server.publish(message(qos, "a", "x"));
        }
        client.publish(message(QoS::AtMostOnce, "a", "x"));
        client.receive(pubrec(1));
        server.receive(pubrec(1));
        client.lose_connection();
        server.lose_connection();
        let again = [
            send(version, again(qos1(2, "a", "x"))),
            send(version, again(qos2(3, "a", "x"))),
            send(version, pubrel(1)),
        ];
        assert_eq!(client.reconnect(true), again);
        let outs = server.reconnect(&Connect {
            clean_start: false,
            ..connect(version)
        });
        assert_eq!(outs[1..], again);
    }
}

/// [MQTT-4.4.0-1] [often-wrong-22] Nothing is sent again while the connection is up, however long no answer comes.
#[test]
fn nothing_is_sent_again_on_a_live_connection() {
    for version in VERSIONS {
        let mut client = Client::connected(lasting(version));
        client.publish(message(QoS::AtLeastOnce, "a", "x"));
        client.publish(message(QoS::ExactlyOnce, "a", "x"));
        client.receive(pubrec(2));
        for _ in 0..100 {
            let outs = client.advance(Duration::from_secs(60));
            assert_eq!(outs, [send(version, Packet::Pingreq)]);
            assert_eq!(client.receive(Packet::Pingresp), []);
        }
    }
}

/// [MQTT-4.4.0-1] Each connection brings it again once.
#[test]
fn each_reconnect_sends_again_once() {
    let version = Version::V5_0;
    let mut client = Client::connected(lasting(version));
    client.publish(message(QoS::ExactlyOnce, "a", "x"));
    for _ in 0..3 {
        client.lose_connection();
        assert_eq!(
            client.reconnect(true),
            [send(version, again(qos2(1, "a", "x")))]
        );
        assert_eq!(client.advance(Duration::from_secs(1)), []);
    }
    // What is sent for the first time on this connection goes again on the next one, behind it.
    client.publish(message(QoS::AtLeastOnce, "a", "y"));
    client.lose_connection();
    assert_eq!(
        client.reconnect(true),
        [
            send(version, again(qos2(1, "a", "x"))),
            send(version, again(qos1(2, "a", "y")))
        ]
    );
}

/// [MQTT-4.4.0-2] [often-wrong-24] An acknowledgement of 0x80 or above settles a PUBLISH: it does not go again.
#[test]
fn a_refused_publish_is_not_sent_again() {
    let version = Version::V5_0;
    let mut client = Client::connected(lasting(version));
    let (first, _) = client.publish(message(QoS::AtLeastOnce, "a", "x"));
    let (second, _) = client.publish(message(QoS::ExactlyOnce, "a", "x"));
    let reason = PublishReasonCode::NotAuthorized;
    let refused = |token| {
        [Out::Client(ClientEvent::Published(
            PublishOutcome::Acknowledged { token, reason },
        ))]
    };
    assert_eq!(client.receive(Puback::new(id(1), reason)), refused(first));
    assert_eq!(client.receive(Pubrec::new(id(2), reason)), refused(second));
    client.lose_connection();
    assert_eq!(client.reconnect(true), []);
}

/// [MQTT-3.2.2-11] [MQTT-3.2.2-14] What the server takes no longer is not sent again either; what it still takes is.
#[test]
fn what_the_server_takes_no_longer_is_not_sent_again() {
    let version = Version::V5_0;
    let mut client = Client::connected(lasting(version));
    let retained = Message {
        retain: true,
        ..message(QoS::AtLeastOnce, "a", "1")
    };
    let exactly_once = message(QoS::ExactlyOnce, "a", "2");
    let (first, _) = client.publish(retained.clone());
    let (second, _) = client.publish(exactly_once.clone());
    client.publish(message(QoS::AtLeastOnce, "a", "3"));
    client.publish(message(QoS::ExactlyOnce, "a", "4"));
    client.receive(pubrec(4));
    client.lose_connection();
    let properties = ConnackProperties {
        maximum_qos: Some(QoS::AtLeastOnce),
        retain_available: Some(false),
        ..ConnackProperties::default()
    };
    let abandoned = |token, message| {
        Out::Client(ClientEvent::Published(PublishOutcome::Abandoned {
            token,
            message: Some(Box::new(message)),
            cause: AbandonCause::NotSupported,
        }))
    };
    assert_eq!(
        client.reconnect_with(Connack {
            session_present: true,
            ..connack(properties)
        }),
        [
            abandoned(first, retained),
            abandoned(second, exactly_once),
            send(version, again(qos1(3, "a", "3"))),
            send(version, pubrel(4)),
        ]
    );
}

/// [MQTT-4.5.0-2] [v3.1.1 MQTT-4.5.0-2] A client acknowledges what it does not process: a message that it has not subscribed
/// to, and one that came before. QoS 0 has no acknowledgement.
#[test]
fn every_publish_is_acknowledged() {
    for version in VERSIONS {
        let mut client = Client::connected(client_config(version));
        let nobody = "nobody/wants/it";
        assert_eq!(client.receive(qos0(nobody, "")), [deliver(nobody, "")]);
        assert_eq!(
            client.receive(qos1(1, nobody, "")),
            [deliver(nobody, ""), send(version, puback(1))]
        );
        assert_eq!(
            client.receive(qos2(2, nobody, "")),
            [deliver(nobody, ""), send(version, pubrec(2))]
        );
        assert_eq!(
            client.receive(again(qos2(2, nobody, ""))),
            [send(version, pubrec(2))]
        );
    }
}

/// [often-wrong-22] A QoS 1 message belongs to the connection on which it came: it is not acknowledged on a later one,
/// since it comes again.
#[test]
fn a_late_puback_is_not_sent_on_another_connection() {
    let version = Version::V5_0;
    let config = ClientConfig {
        acknowledgement: Acknowledgement::Manual,
        ..lasting(version)
    };
    let mut client = Client::connected(config);
    client.receive(qos1(1, "a", "x"));
    client.lose_connection();
    client.reconnect(true);
    let token = client.tokens.remove(0);
    let late = client
        .machine
        .acknowledge(client.now, token, PublishReasonCode::Success);
    assert_eq!(late, Err(AcknowledgeError::ConnectionGone));
    assert_eq!(client.drain(), []);
    assert_eq!(
        client.receive(again(qos1(1, "a", "x"))),
        [deliver_manually("a", "x")]
    );
}

/// Messages that wait to be handed out when the connection is lost are handed out, and acknowledged where they come again.
#[test]
fn messages_that_wait_survive_the_connection() {
    let version = Version::V5_0;
    let mut client = Client::connected(lasting(version));
    let bytes = [
        encode(version, &qos1(1, "a", "1").into()),
        encode(version, &qos2(2, "a", "2").into()),
    ]
    .concat();
    client.machine.handle_bytes(client.now, &bytes);
    client.machine.handle_closed(client.now);
    client.machine.handle_connected(client.now);
    let outs = client.drain();
    assert_eq!(outs[..2], [deliver("a", "1"), deliver("a", "2")]);
    assert!(
        matches!(outs[2..], [Out::Send(_), Out::Close(_)]),
        "{outs:?}"
    );
    client.receive(Connack {
        session_present: true,
        ..accepted()
    });
    assert_eq!(
        client.receive(again(qos1(1, "a", "1"))),
        [deliver("a", "1"), send(version, puback(1))]
    );
    assert_eq!(
        client.receive(again(qos2(2, "a", "2"))),
        [send(version, pubrec(2))]
    );
}

/// Nothing new of QoS 1 or 2 precedes what goes again, however small the send buffer.
#[test]
fn a_backlog_goes_again_before_anything_new() {
    let version = Version::V5_0;
    let mut client = Client::connected(ClientConfig {
        send_buffer: 64,
        ..lasting(version)
    });
    for n in 0..40 {
        client.publish(message(QoS::AtLeastOnce, "a", &format!("message {n:02}")));
    }
    client.lose_connection();
    client.connect();
    let connack = encode(
        version,
        &Connack {
            session_present: true,
            ..accepted()
        }
        .into(),
    );
    client.machine.handle_bytes(client.now, &connack);
    assert!(
        client.machine.tx().len() < 64 + 32,
        "the bound holds: {}",
        client.machine.tx().len()
    );
    let refused = client
        .machine
        .publish(client.now, message(QoS::AtLeastOnce, "a", "new"));
    assert_eq!(refused, Err(PublishError::SendBufferFull { limit: 64 }));
    client.machine.handle_written(client.now, 18);
    let sent = client.drain().split_off(1);
    assert_eq!(sent.len(), 39);
    assert_eq!(
        sent.last(),
        Some(&send(version, again(qos1(40, "a", "message 39"))))
    );
    assert_eq!(
        client.publish(message(QoS::AtLeastOnce, "a", "new")).1,
        [send(version, qos1(41, "a", "new"))]
    );
}

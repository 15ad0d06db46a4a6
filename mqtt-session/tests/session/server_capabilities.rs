//! MQTT 5.0 §3.2.2.3: what a server does not offer, and what it takes at most.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::num::NonZeroU32;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{
    Connack, ConnackProperties, Connect, SubscribeProperties, Will, WillProperties,
};
use mqtt_codec::property::{SubscriptionIdentifier, UserProperties};
use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_codec::{Binary, QoS, Version};
use mqtt_session::client::{Event as ClientEvent, SubscribeError};
use mqtt_session::server::{Accept, Config as ServerConfig, Event as ServerEvent};
use mqtt_session::{
    AbandonCause, Capabilities, CloseReason, Message, ProtocolError, PublishError, PublishOutcome,
};

/// [MQTT-3.2.2-9] [MQTT-3.2.2-10] A server without QoS 1 or 2 says so; subscriptions may ask for more all the same.
#[test]
fn the_maximum_qos_is_announced_and_any_qos_can_be_subscribed() {
    let version = Version::V5_0;
    for (maximum_qos, sent) in [
        (QoS::AtMostOnce, Some(QoS::AtMostOnce)),
        (QoS::AtLeastOnce, Some(QoS::AtLeastOnce)),
    ] {
        let capabilities = Capabilities {
            maximum_qos,
            ..Capabilities::default()
        };
        let mut server = Server::new(
            ServerConfig {
                capabilities,
                ..ServerConfig::default()
            },
            version,
        );
        server.open(&connect(version));
        let expected = ConnackProperties {
            maximum_qos: sent,
            ..announced()
        };
        assert_eq!(
            server.accept(Accept::default()),
            [Out::Resume, send(version, connack(expected))]
        );
        let outs = server.receive(subscribe(1, &[subscription("a", QoS::ExactlyOnce)]));
        assert!(matches!(
            outs.as_slice(),
            [Out::Server(ServerEvent::Subscribe(_))]
        ));
    }
}

/// [MQTT-3.2.2-11] [MQTT-3.2.2-14] [often-wrong-13] The client publishes nothing that the server does not take; a
/// server that gets it ends the connection with the code for it.
#[test]
fn a_message_that_the_server_does_not_take_is_not_published() {
    let version = Version::V5_0;
    let properties = ConnackProperties {
        maximum_qos: Some(QoS::AtLeastOnce),
        retain_available: Some(false),
        ..ConnackProperties::default()
    };
    let mut client = Client::connected_with(client_config(version), connack(properties));
    let publish = |client: &mut Client, message| client.machine.publish(client.now, message);
    let refused = publish(&mut client, message(QoS::ExactlyOnce, "a", "x"));
    assert_eq!(
        refused,
        Err(PublishError::QoSNotSupported {
            maximum: QoS::AtLeastOnce
        })
    );
    let retained = Message {
        retain: true,
        ..message(QoS::AtMostOnce, "a", "x")
    };
    assert_eq!(
        publish(&mut client, retained),
        Err(PublishError::RetainNotSupported)
    );
    assert_eq!(client.drain(), []);
    assert!(publish(&mut client, message(QoS::AtLeastOnce, "a", "x")).is_ok());

    let capabilities = Capabilities {
        maximum_qos: QoS::AtLeastOnce,
        retain: false,
        ..Capabilities::default()
    };
    let retained = mqtt_codec::packet::Publish {
        retain: true,
        ..qos0("a", "x")
    };
    for (publish, error) in [
        (qos2(1, "a", "x"), ProtocolError::QoSNotSupported),
        (retained, ProtocolError::RetainNotSupported),
    ] {
        let config = ServerConfig {
            capabilities,
            ..ServerConfig::default()
        };
        let mut server = Server::connected_with(config, &connect(version));
        let goodbye = send(version, disconnect(error.reason_code()));
        assert_eq!(
            server.receive(publish),
            [goodbye, Out::Close(CloseReason::Protocol(error))]
        );
    }
}

/// [MQTT-3.2.2-12] [MQTT-3.2.2-13] A Will that the server cannot keep is refused with the code for it.
#[test]
fn a_will_that_the_server_cannot_keep_is_refused() {
    let version = Version::V5_0;
    let capabilities = Capabilities {
        maximum_qos: QoS::AtMostOnce,
        retain: false,
        ..Capabilities::default()
    };
    for (qos, retain, reason_code) in [
        (
            QoS::AtLeastOnce,
            false,
            Some(ConnectReasonCode::QoSNotSupported),
        ),
        (
            QoS::AtMostOnce,
            true,
            Some(ConnectReasonCode::RetainNotSupported),
        ),
        (QoS::AtMostOnce, false, None),
    ] {
        let payload = Binary::new(b"gone").unwrap();
        let will = Will {
            topic: topic("will"),
            payload,
            qos,
            retain,
            properties: WillProperties::default(),
        };
        let mut server = Server::new(
            ServerConfig {
                capabilities,
                ..ServerConfig::default()
            },
            version,
        );
        let outs = server.open(&Connect {
            will: Some(will),
            ..connect(version)
        });
        match reason_code {
            Some(reason_code) => {
                let refusal = send(
                    version,
                    Connack {
                        reason_code,
                        ..accepted()
                    },
                );
                assert_eq!(
                    outs,
                    [refusal, Out::Close(CloseReason::Refused(reason_code))]
                );
            }
            None => assert!(matches!(
                outs.as_slice(),
                [Out::Server(ServerEvent::Connect(_)), Out::Pause]
            )),
        }
    }
}

/// [MQTT-3.2.2-15] [often-wrong-28] The client sends nothing larger than the server takes; equal is allowed.
#[test]
fn the_client_keeps_to_the_servers_maximum_packet_size() {
    let version = Version::V5_0;
    let properties = ConnackProperties {
        maximum_packet_size: NonZeroU32::new(20),
        ..ConnackProperties::default()
    };
    let mut client = Client::connected_with(client_config(version), connack(properties));
    let (_, outs) = client.publish(message(QoS::AtLeastOnce, "a", &"x".repeat(12)));
    let [Out::Send(sent)] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    assert_eq!(sent.bytes.len(), 20);
    let refused = client
        .machine
        .publish(client.now, message(QoS::AtLeastOnce, "a", &"x".repeat(13)));
    assert_eq!(
        refused,
        Err(PublishError::TooLarge {
            len: Some(21),
            maximum: 20
        })
    );
    assert_eq!(
        (client.machine.in_flight(), client.machine.send_quota()),
        (1, 1_023)
    );

    let subscriptions = [subscription("123456789012345", QoS::AtMostOnce)];
    let refused =
        client
            .machine
            .subscribe(client.now, &subscriptions, SubscribeProperties::default());
    assert!(matches!(
        refused,
        Err(SubscribeError::Request(
            mqtt_session::client::RequestError::TooLarge { .. }
        ))
    ));
    let refused = client.machine.unsubscribe(
        client.now,
        &[filter("123456789012345")],
        UserProperties::EMPTY,
    );
    assert!(matches!(
        refused,
        Err(mqtt_session::client::RequestError::TooLarge {
            len: Some(22),
            maximum: 20
        })
    ));
    assert_eq!(client.drain(), []);
}

/// [often-wrong-28] A message that the server took before and is too large for it now is given up: identifier and
/// window are free.
#[test]
fn a_message_that_has_become_too_large_is_abandoned() {
    let version = Version::V5_0;
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
    let abandoned = published(PublishOutcome::Abandoned {
        token,
        message,
        cause,
    });
    assert_eq!(outs, [abandoned, send(version, again(qos1(2, "a", "y")))]);
    assert_eq!(client.machine.in_flight(), 1);
}

/// [often-wrong-13] What the server does not offer is not asked for; a server that is asked ends the connection with
/// the code for it.
#[test]
fn subscriptions_keep_to_what_the_server_offers() {
    let version = Version::V5_0;
    let none = Capabilities {
        wildcard_subscriptions: false,
        shared_subscriptions: false,
        subscription_identifiers: false,
        ..Capabilities::default()
    };
    let mut connack = accepted();
    none.put(&mut connack);
    let mut client = Client::connected_with(client_config(version), connack);
    let identified = SubscribeProperties {
        subscription_identifier: SubscriptionIdentifier::new(7),
        ..SubscribeProperties::default()
    };
    let plain = SubscribeProperties::default();
    for (name, properties, error, protocol_error) in [
        (
            "a/+",
            plain,
            SubscribeError::WildcardsNotSupported,
            ProtocolError::WildcardSubscriptionsNotSupported,
        ),
        (
            "#",
            plain,
            SubscribeError::WildcardsNotSupported,
            ProtocolError::WildcardSubscriptionsNotSupported,
        ),
        (
            "$share/g/a",
            plain,
            SubscribeError::SharedNotSupported,
            ProtocolError::SharedSubscriptionsNotSupported,
        ),
        (
            "a",
            identified,
            SubscribeError::IdentifiersNotSupported,
            ProtocolError::SubscriptionIdentifiersNotSupported,
        ),
    ] {
        let subscriptions = [subscription(name, QoS::AtMostOnce)];
        assert_eq!(
            client
                .machine
                .subscribe(client.now, &subscriptions, properties),
            Err(error)
        );

        let config = ServerConfig {
            capabilities: none,
            ..ServerConfig::default()
        };
        let mut server = Server::connected_with(config, &connect(version));
        let packet = mqtt_codec::packet::Subscribe {
            properties,
            ..subscribe(1, &subscriptions)
        };
        let goodbye = send(version, disconnect(protocol_error.reason_code()));
        assert_eq!(
            server.receive(packet),
            [goodbye, Out::Close(CloseReason::Protocol(protocol_error))]
        );
    }
    assert_eq!(client.drain(), []);
    assert!(
        client
            .machine
            .subscribe(client.now, &[subscription("a", QoS::AtMostOnce)], plain)
            .is_ok()
    );
}

fn published(outcome: PublishOutcome) -> Out {
    Out::Client(ClientEvent::Published(outcome))
}

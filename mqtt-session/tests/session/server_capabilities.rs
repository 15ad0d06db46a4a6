//! MQTT 5.0 §3.2.2.3: what a server does not offer.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::table::assert_table;
use crate::support::*;
use mqtt_codec::packet::{
    Connack, ConnackProperties, Connect, Publish, Subscribe, SubscribeProperties, Will,
    WillProperties,
};
use mqtt_codec::property::SubscriptionIdentifier;
use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_codec::{Binary, QoS, Version};
use mqtt_session::client::SubscribeError;
use mqtt_session::server::{Accept, Config as ServerConfig, Event as ServerEvent};
use mqtt_session::{Capabilities, CloseReason, Message, ProtocolError};

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

/// What a 5.0 server that lacks something says to who uses it: the code of DISCONNECT.
const USES: &str = "
              | all | QoS 0 | QoS 1 | no retain | no wildcards | no identifiers | no sharing
QoS 0         | ok  | ok    | ok    | ok        | ok           | ok             | ok
QoS 1         | ok  | 9B    | ok    | ok        | ok           | ok             | ok
QoS 2         | ok  | 9B    | 9B    | ok        | ok           | ok             | ok
retained      | ok  | ok    | ok    | 9A        | ok           | ok             | ok
a             | ok  | ok    | ok    | ok        | ok           | ok             | ok
+/b           | ok  | ok    | ok    | ok        | A2           | ok             | ok
a/#           | ok  | ok    | ok    | ok        | A2           | ok             | ok
$share/g/a    | ok  | ok    | ok    | ok        | ok           | ok             | 9E
$share/g/+    | ok  | ok    | ok    | ok        | A2           | ok             | 9E
a, identified | ok  | ok    | ok    | ok        | ok           | A1             | ok
";

/// [MQTT-3.2.2-11] [MQTT-3.2.2-14] [MQTT-4.13.1-1] [often-wrong-13] A client does not use what the server lacks, and a server
/// ends the connection of one that does, with the code for it. Of a SUBSCRIBE it is enough that one filter does.
#[test]
fn what_a_server_lacks_is_not_used() {
    assert_table(USES, &uses(), &lacks(), |used, lacked| {
        let mut connack = accepted();
        lacked.put(&mut connack);
        let mut client = Client::connected_with(client_config(V5), connack);
        let is_sent = used.by_client(&mut client);
        assert_eq!(client.drain().len(), usize::from(is_sent));

        let config = ServerConfig {
            capabilities: *lacked,
            ..ServerConfig::default()
        };
        let mut server = Server::connected_with(config, &connect(V5));
        let outs = used.at_server(&mut server);
        let word = match outs.last() {
            Some(&Out::Close(CloseReason::Protocol(error))) => {
                let (_, byte) = CODES.into_iter().find(|(it, _)| *it == error).unwrap();
                let goodbye = send(V5, disconnect(code(byte)));
                assert_eq!(outs, [goodbye, Out::Close(CloseReason::Protocol(error))]);
                format!("{byte:02X}")
            }
            _ => "ok".to_owned(),
        };
        assert_eq!(is_sent, word == "ok", "the client does as the server wants");
        word
    });
}

/// The caller is told which of it the server lacks.
#[test]
fn an_error_names_what_the_server_lacks() {
    let none = Capabilities {
        wildcard_subscriptions: false,
        shared_subscriptions: false,
        subscription_identifiers: false,
        ..Capabilities::default()
    };
    let mut connack = accepted();
    none.put(&mut connack);
    let mut client = Client::connected_with(client_config(Version::V5_0), connack);
    for (name, identifier, error) in [
        ("a/+", None, SubscribeError::WildcardsNotSupported),
        ("#", None, SubscribeError::WildcardsNotSupported),
        ("$share/g/a", None, SubscribeError::SharedNotSupported),
        ("a", Some(7), SubscribeError::IdentifiersNotSupported),
    ] {
        let subscriptions = [subscription(name, QoS::AtMostOnce)];
        let properties = with_identifier(identifier);
        let refused = client
            .machine
            .subscribe(client.now, &subscriptions, properties);
        assert_eq!(refused, Err(error));
        assert_eq!(client.drain(), []);
    }
}

const V5: Version = Version::V5_0;

enum Use {
    Publish(QoS, bool),
    Subscribe(&'static str, Option<u32>),
}

impl Use {
    /// Whether our client does it.
    fn by_client(&self, client: &mut Client) -> bool {
        let (machine, now) = (&mut client.machine, client.now);
        match *self {
            Self::Publish(qos, retain) => {
                let message = Message {
                    retain,
                    ..message(qos, "a", "x")
                };
                machine.publish(now, message).is_ok()
            }
            Self::Subscribe(name, identifier) => {
                let subscriptions = ["plain", name].map(|it| subscription(it, QoS::ExactlyOnce));
                let properties = with_identifier(identifier);
                machine.subscribe(now, &subscriptions, properties).is_ok()
            }
        }
    }

    /// What our server says to it.
    fn at_server(&self, server: &mut Server) -> Vec<Out> {
        match *self {
            Self::Publish(qos, retain) => {
                let publish = match qos {
                    QoS::AtMostOnce => qos0("a", "x"),
                    QoS::AtLeastOnce => qos1(1, "a", "x"),
                    QoS::ExactlyOnce => qos2(1, "a", "x"),
                };
                server.receive(Publish { retain, ..publish })
            }
            Self::Subscribe(name, identifier) => {
                let subscriptions = ["plain", name].map(|it| subscription(it, QoS::ExactlyOnce));
                server.receive(Subscribe {
                    properties: with_identifier(identifier),
                    ..subscribe(1, &subscriptions)
                })
            }
        }
    }
}

fn with_identifier(identifier: Option<u32>) -> SubscribeProperties<'static> {
    SubscribeProperties {
        subscription_identifier: identifier.and_then(SubscriptionIdentifier::new),
        ..SubscribeProperties::default()
    }
}

fn uses() -> [(&'static str, Use); 10] {
    [
        ("QoS 0", Use::Publish(QoS::AtMostOnce, false)),
        ("QoS 1", Use::Publish(QoS::AtLeastOnce, false)),
        ("QoS 2", Use::Publish(QoS::ExactlyOnce, false)),
        ("retained", Use::Publish(QoS::AtMostOnce, true)),
        ("a", Use::Subscribe("a", None)),
        ("+/b", Use::Subscribe("+/b", None)),
        ("a/#", Use::Subscribe("a/#", None)),
        ("$share/g/a", Use::Subscribe("$share/g/a", None)),
        ("$share/g/+", Use::Subscribe("$share/g/+", None)),
        ("a, identified", Use::Subscribe("a", Some(7))),
    ]
}

fn lacks() -> [(&'static str, Capabilities); 7] {
    let but = |change: fn(&mut Capabilities)| {
        let mut capabilities = Capabilities::default();
        change(&mut capabilities);
        capabilities
    };
    [
        ("all", but(|_| {})),
        ("QoS 0", but(|it| it.maximum_qos = QoS::AtMostOnce)),
        ("QoS 1", but(|it| it.maximum_qos = QoS::AtLeastOnce)),
        ("no retain", but(|it| it.retain = false)),
        ("no wildcards", but(|it| it.wildcard_subscriptions = false)),
        (
            "no identifiers",
            but(|it| it.subscription_identifiers = false),
        ),
        ("no sharing", but(|it| it.shared_subscriptions = false)),
    ]
}

const CODES: [(ProtocolError, u8); 5] = [
    (ProtocolError::RetainNotSupported, 0x9A),
    (ProtocolError::QoSNotSupported, 0x9B),
    (ProtocolError::SharedSubscriptionsNotSupported, 0x9E),
    (ProtocolError::SubscriptionIdentifiersNotSupported, 0xA1),
    (ProtocolError::WildcardSubscriptionsNotSupported, 0xA2),
];

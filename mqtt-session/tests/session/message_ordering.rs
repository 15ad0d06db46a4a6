//! MQTT 5.0 §4.6: the order of packets. MQTT 3.1.1 §4.6.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{QoS, Version};
use mqtt_session::Acknowledgement;
use mqtt_session::client::Config as ClientConfig;
use mqtt_session::server::Config as ServerConfig;

/// [MQTT-4.6.0-1] [v3.1.1 MQTT-4.6.0-1] [3.1-13] [often-wrong-37] PUBLISHes of both QoS go again in the order in which
/// they were first sent, whatever was acknowledged in between and on however many connections.
#[test]
fn publishes_are_sent_again_in_the_order_first_sent() {
    for version in VERSIONS {
        let mut client = Client::connected(lasting(version));
        for n in 0..8u8 {
            let qos = if n % 2 == 0 {
                QoS::AtLeastOnce
            } else {
                QoS::ExactlyOnce
            };
            client.publish(message(qos, "a", &n.to_string()));
        }
        client.receive(puback(5));
        client.receive(puback(1));
        client.lose_connection();
        client.reconnect(true);
        client.publish(message(QoS::AtLeastOnce, "a", "8"));
        client.receive(puback(3));
        client.lose_connection();
        assert_eq!(
            client.reconnect(true),
            [
                send(version, again(qos2(2, "a", "1"))),
                send(version, again(qos2(4, "a", "3"))),
                send(version, again(qos2(6, "a", "5"))),
                send(version, again(qos1(7, "a", "6"))),
                send(version, again(qos2(8, "a", "7"))),
                send(version, again(qos1(9, "a", "8"))),
            ]
        );
    }
}

/// [MQTT-4.6.0-2] [MQTT-4.6.0-3] [v3.1.1 MQTT-4.6.0-2] [v3.1.1 MQTT-4.6.0-3] [3.1-13] PUBACKs go out in the order of
/// the QoS 1 PUBLISHes, PUBRECs in the order of the QoS 2 ones, in whichever order they are acknowledged; the two do
/// not wait for each other.
#[test]
fn acknowledgements_keep_the_order_of_the_publishes() {
    for version in VERSIONS {
        let config = ClientConfig {
            acknowledgement: Acknowledgement::Manual,
            ..client_config(version)
        };
        let mut client = Client::connected(config);
        let config = ServerConfig {
            acknowledgement: Acknowledgement::Manual,
            ..ServerConfig::default()
        };
        let mut server = Server::connected_with(config, &connect(version));
        for publish in [
            qos1(1, "a", "x"),
            qos2(2, "a", "x"),
            qos1(3, "a", "x"),
            qos2(4, "a", "x"),
            qos1(5, "a", "x"),
        ] {
            client.receive(publish);
            server.receive(publish);
        }
        let mut tokens: Vec<_> = client.tokens.drain(..).map(Some).collect();
        let mut acknowledge = |client: &mut Client, n: usize| {
            let token = tokens[n - 1].take().unwrap();
            client
                .machine
                .acknowledge(client.now, token, PublishReasonCode::Success)
                .unwrap();
            client.drain()
        };
        assert_eq!(acknowledge(&mut client, 5), []);
        assert_eq!(acknowledge(&mut client, 2), [send(version, pubrec(2))]);
        assert_eq!(acknowledge(&mut client, 1), [send(version, puback(1))]);
        assert_eq!(acknowledge(&mut client, 4), [send(version, pubrec(4))]);
        assert_eq!(
            acknowledge(&mut client, 3),
            [send(version, puback(3)), send(version, puback(5))]
        );

        for token in core::mem::take(&mut server.tokens).into_iter().rev() {
            server
                .machine
                .acknowledge(
                    server.now,
                    token,
                    PublishReasonCode::Success,
                    &Default::default(),
                )
                .unwrap();
        }
        let sent = server.drain();
        assert_eq!(
            sent,
            [
                send(version, pubrec(2)),
                send(version, pubrec(4)),
                send(version, puback(1)),
                send(version, puback(3)),
                send(version, puback(5)),
            ]
        );
    }
}

/// The PUBREC of a repeated PUBLISH takes its place behind those that are held.
#[test]
fn the_pubrec_of_a_duplicate_waits_in_order() {
    let version = Version::V5_0;
    let config = ClientConfig {
        acknowledgement: Acknowledgement::Manual,
        ..client_config(version)
    };
    let mut client = Client::connected(config);
    client.receive(qos2(1, "a", "x"));
    client.receive(qos2(2, "a", "y"));
    let (first, second) = (client.tokens.remove(0), client.tokens.remove(0));
    client
        .machine
        .acknowledge(client.now, second, PublishReasonCode::Success)
        .unwrap();
    assert_eq!(client.receive(again(qos2(2, "a", "y"))), []);
    client
        .machine
        .acknowledge(client.now, first, PublishReasonCode::Success)
        .unwrap();
    assert_eq!(
        client.drain(),
        [
            send(version, pubrec(1)),
            send(version, pubrec(2)),
            send(version, pubrec(2))
        ]
    );
}

/// [MQTT-4.6.0-4] [v3.1.1 MQTT-4.6.0-4] [3.1-13] PUBRELs go out in the order of the PUBRECs, and go again in that
/// order.
#[test]
fn pubrels_keep_the_order_of_the_pubrecs() {
    for version in VERSIONS {
        let mut client = Client::connected(lasting(version));
        for _ in 0..4 {
            client.publish(message(QoS::ExactlyOnce, "a", "x"));
        }
        let bytes: Vec<u8> = [3, 1, 4, 2]
            .iter()
            .flat_map(|&n| encode(version, &pubrec(n).into()))
            .collect();
        let pubrels = [3, 1, 4, 2].map(|n| send(version, pubrel(n)));
        assert_eq!(client.receive_bytes(&bytes), pubrels);
        client.lose_connection();
        assert_eq!(client.reconnect(true), pubrels);
        client.receive(pubcomp(1));
        client.lose_connection();
        assert_eq!(
            client.reconnect(true),
            [3, 4, 2].map(|n| send(version, pubrel(n)))
        );
    }
}

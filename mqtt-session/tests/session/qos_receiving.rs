//! MQTT 5.0 §4.3: QoS 1 and 2 as their receiver. MQTT 3.1.1 §4.3.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::Version;
use mqtt_codec::packet::Pubrec;
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_session::Acknowledgement;
use mqtt_session::server::Config as ServerConfig;

/// [MQTT-4.3.2-4] [v3.1.1 MQTT-4.3.2-2] PUBACK goes out when the receiver has taken the message over, not before.
#[test]
fn puback_waits_until_the_message_is_taken_over() {
    for version in VERSIONS {
        let mut client = manual_client(version);
        assert_eq!(
            client.receive(qos1(7, "a", "x")),
            [deliver_manually("a", "x")]
        );
        let token = client.tokens.remove(0);
        client
            .machine
            .acknowledge(client.now, token, PublishReasonCode::Success)
            .unwrap();
        assert_eq!(client.drain(), [send(version, puback(7))]);
    }
}

/// [MQTT-4.3.2-5] [v3.1.1 MQTT-4.3.2-2] After PUBACK a PUBLISH with the identifier is a new message, whatever DUP says.
#[test]
fn an_identifier_means_a_new_message_after_puback() {
    for version in VERSIONS {
        let mut client = Client::connected(client_config(version));
        let mut server = Server::connected(version);
        let first = qos1(7, "a", "x");
        for publish in [first, first, again(first)] {
            let outs = [deliver("a", "x"), send(version, puback(7))];
            assert_eq!(client.receive(publish), outs);
            assert_eq!(server.receive(publish), outs);
        }
    }
}

/// [MQTT-4.3.3-8] [v3.1.1 MQTT-4.3.3-2] PUBREC goes out when the receiver has taken the message over, not before.
#[test]
fn pubrec_waits_until_the_message_is_taken_over() {
    for version in VERSIONS {
        let mut client = manual_client(version);
        assert_eq!(
            client.receive(qos2(7, "a", "x")),
            [deliver_manually("a", "x")]
        );
        let token = client.tokens.remove(0);
        client
            .machine
            .acknowledge(client.now, token, PublishReasonCode::Success)
            .unwrap();
        assert_eq!(client.drain(), [send(version, pubrec(7))]);

        let config = ServerConfig {
            acknowledgement: Acknowledgement::Manual,
            ..ServerConfig::default()
        };
        let mut server = Server::connected_with(config, &connect(version));
        assert_eq!(
            server.receive(qos2(7, "a", "x")),
            [deliver_manually("a", "x")]
        );
        let token = server.tokens.remove(0);
        let properties = Default::default();
        server
            .machine
            .acknowledge(server.now, token, PublishReasonCode::Success, &properties)
            .unwrap();
        assert_eq!(server.drain(), [send(version, pubrec(7))]);
    }
}

/// [MQTT-4.3.3-9] After a PUBREC of 0x80 or above a PUBLISH with the identifier is a new message.
#[test]
fn an_identifier_means_a_new_message_after_a_refusing_pubrec() {
    let mut client = manual_client(Version::V5_0);
    client.receive(qos2(7, "a", "x"));
    let (token, reason) = (client.tokens.remove(0), PublishReasonCode::QuotaExceeded);
    client
        .machine
        .acknowledge(client.now, token, reason)
        .unwrap();
    assert_eq!(
        client.drain(),
        [send(Version::V5_0, Pubrec::new(id(7), reason))]
    );
    assert_eq!(
        client.receive(again(qos2(7, "a", "y"))),
        [deliver_manually("a", "y")]
    );

    let config = ServerConfig {
        acknowledgement: Acknowledgement::Manual,
        ..ServerConfig::default()
    };
    let mut server = Server::connected_with(config, &connect(Version::V5_0));
    server.receive(qos2(7, "a", "x"));
    let (token, reason) = (server.tokens.remove(0), PublishReasonCode::NotAuthorized);
    server
        .machine
        .acknowledge(server.now, token, reason, &Default::default())
        .unwrap();
    assert_eq!(
        server.drain(),
        [send(Version::V5_0, Pubrec::new(id(7), reason))]
    );
    assert_eq!(
        server.receive(qos2(7, "a", "y")),
        [deliver_manually("a", "y")]
    );
}

/// [v3.1.1 MQTT-3.3.5-2] 3.x cannot refuse: a QoS 2 message that is not wanted is acknowledged as any other, and its
/// exchange goes on.
#[test]
fn a_refused_message_is_acknowledged_as_success_in_3_x() {
    for version in [Version::V3_1, Version::V3_1_1] {
        let config = ServerConfig {
            acknowledgement: Acknowledgement::Manual,
            ..ServerConfig::default()
        };
        let mut server = Server::connected_with(config, &connect(version));
        server.receive(qos2(7, "a", "x"));
        server.receive(qos1(8, "a", "x"));
        for token in core::mem::take(&mut server.tokens) {
            let reason = PublishReasonCode::NotAuthorized;
            server
                .machine
                .acknowledge(server.now, token, reason, &Default::default())
                .unwrap();
        }
        assert_eq!(
            server.drain(),
            [send(version, pubrec(7)), send(version, puback(8))]
        );
        assert_eq!(
            server.receive(again(qos2(7, "a", "x"))),
            [send(version, pubrec(7))]
        );
        assert_eq!(server.receive(pubrel(7)), [send(version, pubcomp(7))]);
    }
}

/// [MQTT-4.3.3-10] [v3.1.1 MQTT-4.3.3-2] [often-wrong-19] Until PUBREL arrives, a repeated PUBLISH is acknowledged
/// again, not delivered.
#[test]
fn repeated_qos2_publish_is_acknowledged_but_not_redelivered() {
    for version in VERSIONS {
        let mut client = Client::connected(client_config(version));
        let publish = qos2(7, "sensors/door", "open");
        assert_eq!(
            client.receive(publish),
            [deliver("sensors/door", "open"), send(version, pubrec(7))]
        );
        assert_eq!(client.receive(again(publish)), [send(version, pubrec(7))]);
        assert_eq!(client.receive(publish), [send(version, pubrec(7))]);

        let mut server = Server::connected(version);
        assert_eq!(
            server.receive(publish),
            [deliver("sensors/door", "open"), send(version, pubrec(7))]
        );
        assert_eq!(server.receive(again(publish)), [send(version, pubrec(7))]);
    }
}

/// [MQTT-4.3.3-10] [MQTT-4.1.0-1] [v3.1.1 MQTT-4.1.0-1] [v3.1.1 MQTT-4.3.3-2] [often-wrong-19] The identifier stays open over
/// a reconnect.
#[test]
fn a_qos_2_publish_that_comes_again_on_a_new_connection_is_not_redelivered() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let mut client = Client::connected(lasting(version));
        client.receive(qos2(7, "a", "x"));
        client.lose_connection();
        client.reconnect(true);
        assert_eq!(
            client.receive(again(qos2(7, "a", "x"))),
            [send(version, pubrec(7))]
        );

        let mut server = Server::connected(version);
        server.receive(qos2(7, "a", "x"));
        server.lose_connection();
        let mut connect = connect(version);
        connect.clean_start = false;
        server.reconnect(&connect);
        assert_eq!(
            server.receive(again(qos2(7, "a", "x"))),
            [send(version, pubrec(7))]
        );
        assert_eq!(server.receive(pubrel(7)), [send(version, pubcomp(7))]);
    }
}

/// A QoS 2 message that the application has not taken over when the connection is lost is acknowledged on the next one,
/// when it has.
#[test]
fn a_qos_2_message_can_be_acknowledged_on_a_later_connection() {
    let version = Version::V5_0;
    let config = mqtt_session::client::Config {
        acknowledgement: Acknowledgement::Manual,
        ..lasting(version)
    };
    let mut client = Client::connected(config);
    client.receive(qos2(7, "a", "x"));
    client.receive(qos2(8, "a", "y"));
    client.lose_connection();
    client.reconnect(true);
    assert_eq!(client.receive(again(qos2(7, "a", "x"))), []);
    for token in core::mem::take(&mut client.tokens) {
        client
            .machine
            .acknowledge(client.now, token, PublishReasonCode::Success)
            .unwrap();
    }
    assert_eq!(client.drain(), [send(version, pubrec(7))]);
    assert_eq!(
        client.receive(again(qos2(8, "a", "y"))),
        [send(version, pubrec(8))]
    );
}

/// A refusal that cannot be said, since the connection is gone, leaves the message to come again.
#[test]
fn a_message_that_is_refused_too_late_comes_again() {
    let version = Version::V5_0;
    let config = mqtt_session::client::Config {
        acknowledgement: Acknowledgement::Manual,
        ..lasting(version)
    };
    let mut client = Client::connected(config);
    client.receive(qos2(7, "a", "x"));
    client.lose_connection();
    client.reconnect(true);
    let (token, reason) = (client.tokens.remove(0), PublishReasonCode::QuotaExceeded);
    let refused = client.machine.acknowledge(client.now, token, reason);
    assert_eq!(refused, Err(mqtt_session::AcknowledgeError::ConnectionGone));
    assert_eq!(
        client.receive(again(qos2(7, "a", "x"))),
        [deliver_manually("a", "x")]
    );
}

/// [MQTT-4.3.3-11] [MQTT-4.3.3-12] [v3.1.1 MQTT-4.3.3-2] PUBREL is answered by PUBCOMP; after it a PUBLISH with the
/// identifier is a new message.
#[test]
fn an_identifier_means_a_new_message_after_pubcomp() {
    for version in VERSIONS {
        let mut client = Client::connected(client_config(version));
        client.receive(qos2(7, "a", "x"));
        assert_eq!(client.receive(pubrel(7)), [send(version, pubcomp(7))]);
        let again = again(qos2(7, "a", "y"));
        assert_eq!(
            client.receive(again),
            [deliver("a", "y"), send(version, pubrec(7))]
        );
    }
}

/// A client whose application acknowledges.
fn manual_client(version: Version) -> Client {
    Client::connected(mqtt_session::client::Config {
        acknowledgement: Acknowledgement::Manual,
        ..client_config(version)
    })
}

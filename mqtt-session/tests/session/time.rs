//! How long a connection may take to be made, at both ends, and what time does not do to a message that was sent.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::time::Duration;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Auth, AuthProperties, Connect, Publish, PublishProperties};
use mqtt_codec::reason_code::AuthReasonCode;
use mqtt_codec::{QoS, Text, Version};
use mqtt_session::client::{Config as ClientConfig, InitialAuthentication};
use mqtt_session::server::{Accept, Config as ServerConfig};
use mqtt_session::{CloseReason, Message};

const V5: Version = Version::V5_0;
const HOURS: Duration = Duration::from_secs(5 * 60 * 60);

/// Bytes of a CONNECT do not put the end of its time off, a whole one in the last microsecond is in time.
#[test]
fn a_connect_has_to_come_whole_in_time() {
    for version in VERSIONS {
        for in_time in [false, true] {
            let mut server = opened(version);
            let bytes = encode(version, &connect(version).into());
            server.wait_until_just_before(10 * SECOND);
            let part = &bytes[..bytes.len() - 1];
            assert_eq!(server.machine.handle_bytes(server.now, part), 0);
            if in_time {
                assert_eq!(server.receive_bytes(&bytes).len(), 2);
                server.accept(Accept::default());
                assert_eq!(server.advance(MICRO), []);
            } else {
                assert_eq!(server.advance(MICRO), [TOO_LATE]);
                assert_eq!(server.receive_bytes(&bytes), []);
            }
        }
    }
}

/// What is left of that time is the caller's to decide in.
#[test]
fn the_decision_about_a_connect_has_to_come_in_time() {
    for version in VERSIONS {
        for in_time in [false, true] {
            let mut server = opened(version);
            server.now = server.now + 6 * SECOND;
            server.receive(connect(version));
            server.wait_until_just_before(4 * SECOND);
            if in_time {
                server.accept(Accept::default());
                assert_eq!(server.advance(MICRO), []);
            } else {
                assert_eq!(server.advance(MICRO), [TOO_LATE]);
                assert!(
                    server
                        .machine
                        .accept(server.now, Accept::default())
                        .is_err()
                );
            }
        }
    }
}

/// And the client's to authenticate in, whoever is to take the next step.
#[test]
fn an_authentication_has_the_time_of_a_connect() {
    for clients_turn in [true, false] {
        let mut server = Server::new(ServerConfig::default(), V5);
        server.open(&with_method());
        server.machine.authenticate(server.now, None).unwrap();
        server.drain();
        server.now = server.now + 9 * SECOND;
        if !clients_turn {
            server.receive(auth());
        }
        server.wait_until_just_before(SECOND);
        assert_eq!(server.advance(MICRO), [TOO_LATE]);
    }
}

/// A client waits for CONNACK from CONNECT on; AUTH does not put that off.
#[test]
fn connack_has_to_come_in_time() {
    for version in VERSIONS {
        for in_time in [false, true] {
            let mut client = Client::new(client_config(version));
            client.connect();
            client.wait_until_just_before(10 * SECOND);
            if in_time {
                assert_eq!(client.receive(accepted()).len(), 1);
                assert_eq!(client.advance(MICRO), []);
            } else {
                assert_eq!(client.advance(MICRO), [TOO_LATE]);
                assert_eq!(client.machine.poll_timeout(), None);
                assert_eq!(client.receive(accepted()), []);
            }
        }
    }
    let mut client = Client::new(authenticating());
    client.connect();
    client.now = client.now + 9 * SECOND;
    client.receive(auth());
    client.machine.authenticate(client.now, None).unwrap();
    client.drain();
    client.wait_until_just_before(SECOND);
    assert_eq!(client.advance(MICRO), [TOO_LATE]);
}

/// A timer that comes hours late comes too late for what was taken before it, and closes the rest.
#[test]
fn a_late_time_out_closes_who_is_not_connected_by_then() {
    for version in VERSIONS {
        let mut client = Client::new(client_config(version));
        client.connect();
        assert_eq!(client.advance(HOURS), [TOO_LATE]);
        let mut server = opened(version);
        assert_eq!(server.advance(HOURS), [TOO_LATE]);

        let mut server = opened(version);
        server.now = server.now + HOURS;
        server.receive(Connect {
            keep_alive: 10,
            ..connect(version)
        });
        server.accept(Accept::default());
        assert_eq!(server.advance(Duration::ZERO), []);
        server.wait_until_just_before(15 * SECOND);
    }
}

/// [MQTT-4.3.3-7] [MQTT-4.3.3-13] [often-wrong-8] At both ends: it is sent again however late, with the interval that it was
/// published with, and its exchange runs to its end.
#[test]
fn a_message_that_was_sent_does_not_expire() {
    for publish in [qos1(1, "a", "x"), qos2(1, "a", "x")] {
        let sent = expiring(publish);
        let repeated = || send(V5, again(sent));
        let kept = Message {
            properties: (&sent.properties).into(),
            ..message(publish.delivery.qos(), "a", "x")
        };

        let mut client = Client::connected(lasting(V5));
        let (_, outs) = client.publish(kept.clone());
        assert_eq!(outs, [send(V5, sent)]);
        client.lose_connection();
        client.now = client.now + HOURS;
        assert_eq!(client.reconnect(true), [repeated()]);
        client.now = client.now + HOURS;
        assert_runs_to_its_end(&mut client, publish.delivery.qos());

        let mut server = Server::connected(V5);
        assert_eq!(server.publish(kept).1, [send(V5, sent)]);
        server.lose_connection();
        server.now = server.now + HOURS;
        let resuming = Connect {
            clean_start: false,
            ..connect(V5)
        };
        assert_eq!(server.reconnect(&resuming)[1..], [repeated()]);
        server.now = server.now + HOURS;
        assert_runs_to_its_end(&mut server, publish.delivery.qos());
    }
}

/// [MQTT-4.3.3-13] [often-wrong-8] And neither does one that came, before it is released.
#[test]
fn a_message_that_came_does_not_expire_before_it_is_released() {
    let mut client = Client::connected(lasting(V5));
    let publish = expiring(qos2(7, "a", "x"));
    let received = send(V5, pubrec(7));
    let outs = client.receive(publish);
    assert_eq!(outs, [deliver("a", "x"), send(V5, pubrec(7))]);
    client.now = client.now + HOURS;
    assert_eq!(client.receive(again(publish)), [received]);
    client.lose_connection();
    client.now = client.now + HOURS;
    client.reconnect(true);
    assert_eq!(client.receive(pubrel(7)), [send(V5, pubcomp(7))]);
}

const TOO_LATE: Out = Out::Close(CloseReason::ConnectTimeout);

/// A server that waits for CONNECT.
fn opened(version: Version) -> Server {
    let mut server = Server::new(ServerConfig::default(), version);
    server.machine.handle_connected(server.now);
    server
}

fn assert_runs_to_its_end<M: Machine>(side: &mut Side<M>, qos: QoS) {
    if qos == QoS::ExactlyOnce {
        assert_eq!(side.receive(pubrec(1)), [send(V5, pubrel(1))]);
        assert_eq!(side.receive(pubcomp(1)).len(), 1, "its outcome");
    } else {
        assert_eq!(side.receive(puback(1)).len(), 1, "its outcome");
    }
}

fn expiring(publish: Publish<'_>) -> Publish<'_> {
    let properties = PublishProperties {
        message_expiry_interval: Some(1),
        ..publish.properties
    };
    Publish {
        properties,
        ..publish
    }
}

fn authenticating() -> ClientConfig {
    let authentication = Some(InitialAuthentication {
        method: text("X"),
        data: None,
    });
    ClientConfig {
        authentication,
        ..client_config(V5)
    }
}

fn with_method() -> Connect<'static> {
    let mut connect = connect(V5);
    connect.properties.authentication_method = Text::new("X").ok();
    connect
}

fn auth() -> Auth<'static> {
    let properties = AuthProperties {
        authentication_method: Text::new("X").ok(),
        ..AuthProperties::default()
    };
    Auth {
        reason_code: AuthReasonCode::ContinueAuthentication,
        properties,
    }
}

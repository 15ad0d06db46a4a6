//! MQTT 5.0 §3.1.2.10 and §3.12: the moment at which a client sends PINGREQ, and that at which it gives up. MQTT 3.1.1
//! §3.1.2.10, §3.12.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::time::Duration;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Auth, AuthProperties, Connack, ConnackProperties, SubscribeProperties};
use mqtt_codec::packet::{Unsuback, UnsubscribeReasonCodes};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{
    AuthReasonCode, PublishReasonCode, SubscribeReasonCode, UnsubscribeReasonCode,
};
use mqtt_codec::{Packet, QoS, Text, Version};
use mqtt_session::Acknowledgement;
use mqtt_session::client::{Config as ClientConfig, InitialAuthentication};

const V5: Version = Version::V5_0;

/// [MQTT-3.1.2-20] [v3.1.1 MQTT-3.1.2-23] Each packet that the client sends begins the interval anew: what it says by itself,
/// and what it answers.
#[test]
fn every_packet_that_is_sent_puts_pingreq_off() {
    for version in VERSIONS {
        for (name, acknowledgement, before, act) in WHAT_SENDS {
            let mut client = client(version, *acknowledgement);
            before(&mut client);
            client.now = client.now + 6 * SECOND;
            let outs = act(&mut client);
            let sent = outs.iter().filter(|out| matches!(out, Out::Send(_)));
            assert_eq!(sent.count(), 1, "{name}: {outs:?}");
            // It came after: the answer counts, and not that there is a server.
            client.receive(qos0("a", "a sign of life"));
            client.expect_pingreq_after(10 * SECOND);
        }
    }
}

/// [MQTT-3.1.2-20] [v3.1.1 MQTT-3.1.2-23] What the server sends does not, as long as nothing is answered.
#[test]
fn no_packet_that_only_came_puts_pingreq_off() {
    for version in VERSIONS {
        for (name, before, act) in WHAT_COMES {
            let mut client = client(version, Acknowledgement::Manual);
            before(&mut client);
            client.now = client.now + 6 * SECOND;
            let outs = act(&mut client);
            let sent = outs.iter().any(|out| matches!(out, Out::Send(_)));
            assert!(!sent, "{name}: {outs:?}");
            client.expect_pingreq_after(4 * SECOND);
        }
    }
}

/// [MQTT-3.1.2-20] An acknowledgement that waits for another one was not sent.
#[test]
fn an_acknowledgement_that_is_held_does_not_put_pingreq_off() {
    for version in VERSIONS {
        for (first, second) in [
            (qos1(1, "a", "x"), qos1(2, "a", "y")),
            (qos2(1, "a", "x"), qos2(2, "a", "y")),
        ] {
            let mut client = client(version, Acknowledgement::Manual);
            client.receive(first);
            client.receive(second);
            client.now = client.now + 6 * SECOND;
            assert_eq!(acknowledge(&mut client, 1), []);
            client.receive(qos0("a", "a sign of life"));
            client.expect_pingreq_after(4 * SECOND);
        }
    }
}

/// [MQTT-3.1.2-20] AUTH, too.
#[test]
fn an_auth_puts_pingreq_off() {
    let mut client = Client::connected_with(authenticating(), accepted_by_method());
    client.now = client.now + 6 * SECOND;
    client.machine.reauthenticate(client.now, None).unwrap();
    assert_eq!(client.drain().len(), 1);
    client.receive(qos0("a", "a sign of life"));
    client.expect_pingreq_after(10 * SECOND);
    client.receive(Packet::Pingresp);

    client.now = client.now + 6 * SECOND;
    client.receive(auth(AuthReasonCode::ContinueAuthentication));
    client.machine.authenticate(client.now, None).unwrap();
    assert_eq!(client.drain().len(), 1);
    client.expect_pingreq_after(10 * SECOND);
}

/// [MQTT-3.1.2-20] [MQTT-3.1.2-21] [v3.1.1 MQTT-3.1.2-23] [often-wrong-32] The first interval begins with CONNECT, which was the
/// last packet that was sent, and not with CONNACK.
#[test]
fn the_first_interval_begins_with_connect() {
    for version in VERSIONS {
        for (server_keep_alive, interval) in [(None, 10), (Some(8), 8), (Some(30), 30)] {
            if version != V5 && server_keep_alive.is_some() {
                continue;
            }
            let mut client = Client::new(config(version));
            client.connect();
            client.now = client.now + 7 * SECOND;
            client.receive(connack(ConnackProperties {
                server_keep_alive,
                ..ConnackProperties::default()
            }));
            client.expect_pingreq_after((interval - 7) * SECOND);
        }
    }
}

/// [MQTT-3.1.2-20] Or with the last AUTH before CONNACK; and when it is over by then, PINGREQ is due at once.
#[test]
fn the_first_interval_begins_with_the_last_auth_before_connack() {
    let mut client = Client::new(authenticating());
    client.connect();
    client.now = client.now + 4 * SECOND;
    client.receive(auth(AuthReasonCode::ContinueAuthentication));
    client.machine.authenticate(client.now, None).unwrap();
    client.drain();
    client.now = client.now + 4 * SECOND;
    client.receive(accepted_by_method());
    client.expect_pingreq_after(6 * SECOND);

    let mut client = Client::new(config(V5));
    client.connect();
    client.now = client.now + 7 * SECOND;
    client.receive(connack(ConnackProperties {
        server_keep_alive: Some(5),
        ..ConnackProperties::default()
    }));
    assert!(client.machine.poll_timeout() <= Some(client.now));
    assert_eq!(client.advance(Duration::ZERO), [send(V5, Packet::Pingreq)]);
    assert!(client.machine.poll_timeout() > Some(client.now));
}

type Act = fn(&mut Client) -> Vec<Out>;

const NOTHING: Act = |_| Vec::new();

/// A name, who acknowledges, what comes before, and what makes the client send one packet.
const WHAT_SENDS: &[(&str, Acknowledgement, Act, Act)] = &[
    ("PUBLISH 0", Acknowledgement::Automatic, NOTHING, |client| {
        client.publish(message(QoS::AtMostOnce, "a", "x")).1
    }),
    ("PUBLISH 1", Acknowledgement::Automatic, NOTHING, |client| {
        client.publish(message(QoS::AtLeastOnce, "a", "x")).1
    }),
    ("PUBLISH 2", Acknowledgement::Automatic, NOTHING, |client| {
        client.publish(message(QoS::ExactlyOnce, "a", "x")).1
    }),
    ("PUBACK", Acknowledgement::Automatic, NOTHING, |client| {
        client.receive(qos1(3, "a", "x"))
    }),
    ("PUBREC", Acknowledgement::Automatic, NOTHING, |client| {
        client.receive(qos2(3, "a", "x"))
    }),
    (
        "PUBACK later",
        Acknowledgement::Manual,
        |client| client.receive(qos1(3, "a", "x")),
        |client| acknowledge(client, 0),
    ),
    (
        "PUBREC later",
        Acknowledgement::Manual,
        |client| client.receive(qos2(3, "a", "x")),
        |client| acknowledge(client, 0),
    ),
    (
        "PUBREL",
        Acknowledgement::Automatic,
        publish_qos2,
        |client| client.receive(pubrec(1)),
    ),
    (
        "PUBCOMP",
        Acknowledgement::Automatic,
        |client| client.receive(qos2(3, "a", "x")),
        |client| client.receive(pubrel(3)),
    ),
    (
        "SUBSCRIBE",
        Acknowledgement::Automatic,
        NOTHING,
        subscribe_to_a,
    ),
    (
        "UNSUBSCRIBE",
        Acknowledgement::Automatic,
        NOTHING,
        unsubscribe_from_a,
    ),
];

/// A name, what comes before, and a packet that is not answered.
const WHAT_COMES: &[(&str, Act, Act)] = &[
    ("PUBLISH 0", NOTHING, |client| {
        client.receive(qos0("a", "x"))
    }),
    ("PUBLISH 1", NOTHING, |client| {
        client.receive(qos1(3, "a", "x"))
    }),
    ("PUBLISH 2", NOTHING, |client| {
        client.receive(qos2(3, "a", "x"))
    }),
    ("PINGRESP", NOTHING, |client| {
        client.receive(Packet::Pingresp)
    }),
    (
        "PUBACK",
        |client| client.publish(message(QoS::AtLeastOnce, "a", "x")).1,
        |client| client.receive(puback(1)),
    ),
    (
        "PUBCOMP",
        |client| {
            publish_qos2(client);
            client.receive(pubrec(1))
        },
        |client| client.receive(pubcomp(1)),
    ),
    ("SUBACK", subscribe_to_a, |client| {
        client.receive(suback(1, &[SubscribeReasonCode::Success]))
    }),
    ("UNSUBACK", unsubscribe_from_a, |client| {
        let reason_codes = UnsubscribeReasonCodes::new(&[UnsubscribeReasonCode::Success]).unwrap();
        client.receive(Unsuback {
            packet_id: id(1),
            properties: Default::default(),
            reason_codes,
        })
    }),
];

fn publish_qos2(client: &mut Client) -> Vec<Out> {
    client.publish(message(QoS::ExactlyOnce, "a", "x")).1
}

fn subscribe_to_a(client: &mut Client) -> Vec<Out> {
    let (now, to) = (client.now, [subscription("a", QoS::AtMostOnce)]);
    let properties = SubscribeProperties::default();
    client.machine.subscribe(now, &to, properties).unwrap();
    client.drain()
}

fn unsubscribe_from_a(client: &mut Client) -> Vec<Out> {
    let (now, from) = (client.now, [filter("a")]);
    client
        .machine
        .unsubscribe(now, &from, UserProperties::EMPTY)
        .unwrap();
    client.drain()
}

/// Acknowledges the message that came as the `n`th of those that are not acknowledged.
fn acknowledge(client: &mut Client, n: usize) -> Vec<Out> {
    let token = client.tokens.remove(n);
    let reason = PublishReasonCode::Success;
    client
        .machine
        .acknowledge(client.now, token, reason)
        .unwrap();
    client.drain()
}

fn config(version: Version) -> ClientConfig {
    ClientConfig {
        keep_alive: 10 * SECOND,
        ..client_config(version)
    }
}

fn client(version: Version, acknowledgement: Acknowledgement) -> Client {
    Client::connected(ClientConfig {
        acknowledgement,
        ..config(version)
    })
}

fn authenticating() -> ClientConfig {
    let authentication = Some(InitialAuthentication {
        method: text("X"),
        data: None,
    });
    ClientConfig {
        authentication,
        ..config(V5)
    }
}

fn accepted_by_method() -> Connack<'static> {
    connack(ConnackProperties {
        authentication_method: Text::new("X").ok(),
        ..ConnackProperties::default()
    })
}

fn auth(reason_code: AuthReasonCode) -> Auth<'static> {
    let properties = AuthProperties {
        authentication_method: Text::new("X").ok(),
        ..AuthProperties::default()
    };
    Auth {
        reason_code,
        properties,
    }
}

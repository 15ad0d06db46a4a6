//! When a client keeps its session, when it discards it, and whose it is: MQTT 5.0 §4.1 and §3.1.3.1, MQTT 3.1.1 §3.1.2.4 and §4.1.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::time::Duration;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::ConnackProperties;
use mqtt_codec::{ClientIdBuf, QoS, Text, Version};
use mqtt_session::client::{CleanStart, Config, Event, NORMAL_DISCONNECTION};
use mqtt_session::{AbandonCause, PublishOutcome};

const V3: [Version; 2] = [Version::V3_1, Version::V3_1_1];

/// [v3.1.1 MQTT-3.1.2-4] [v3.1.1 MQTT-4.1.0-1] With Clean Session 0 the client keeps what it has for as many connections
/// as there are, whether they are lost or left in order.
#[test]
fn with_clean_session_0_the_session_is_kept() {
    for version in V3 {
        let mut client = Client::new(lasting(version));
        assert_eq!(clean_session(&client.connect()), 0);
        client.receive(accepted());
        leave_something_open(&mut client);
        for is_lost in [true, false, true] {
            end(&mut client, is_lost);
            assert_eq!(client.machine.in_flight(), 2);
            client.now = client.now + Duration::from_secs(1_000_000_000);
            assert_eq!(clean_session(&client.connect()), 0);
            let outs = client.receive(mqtt_codec::packet::Connack {
                session_present: version == Version::V3_1_1,
                ..accepted()
            });
            assert_eq!(
                outs[1..],
                [
                    send(version, again(qos1(1, "a", "1"))),
                    send(version, pubrel(2))
                ]
            );
            let known = again(qos2(9, "a", "x"));
            assert_eq!(client.receive(known), [send(version, pubrec(9))]);
        }
    }
}

/// [v3.1.1 MQTT-3.1.2-6] With Clean Session 1 it begins with nothing, whatever it had, and nothing is left when the
/// connection ends, however it ends.
#[test]
fn with_clean_session_1_the_session_is_as_long_as_the_connection() {
    for version in V3 {
        for is_lost in [true, false] {
            let mut before = Client::connected(lasting(version));
            leave_something_open(&mut before);
            let mut state = Vec::new();
            before.machine.encode_state(&mut state);

            let mut client = Client::new(client_config(version));
            client.machine.restore_state(&state).unwrap();
            let outs = client.connect();
            assert_eq!(clean_session(&outs), 1);
            assert_eq!(ended(&outs), 2);
            assert_eq!(client.receive(accepted()).len(), 1);

            let new = again(qos2(9, "a", "x"));
            let delivered = [deliver("a", "x"), send(version, pubrec(9))];
            assert_eq!(client.receive(new), delivered);
            client.publish(message(QoS::AtLeastOnce, "a", "1"));
            client.publish(message(QoS::ExactlyOnce, "a", "2"));
            client.receive(pubrec(2));
            assert_eq!(ended(&end(&mut client, is_lost)), 2);
            assert_eq!(client.machine.in_flight(), 0);

            assert_eq!(clean_session(&client.connect()), 1);
            assert_eq!(client.receive(accepted()).len(), 1, "nothing goes again");
            assert_eq!(client.receive(new), delivered);
        }
    }
}

/// [MQTT-3.1.3-2] [v3.1.1 MQTT-3.1.3-2] A session belongs to its Client Identifier: what was stored under one goes on
/// under that one alone, whatever the program is configured with by now.
#[test]
fn a_session_goes_with_its_client_identifier() {
    for version in VERSIONS {
        let mut before = Client::connected(lasting(version));
        leave_something_open(&mut before);
        let mut state = Vec::new();
        before.machine.encode_state(&mut state);

        let renamed = Config {
            client_id: ClientIdBuf::new("somebody else").unwrap(),
            ..lasting(version)
        };
        let mut client = Client::new(renamed.clone());
        client.machine.restore_state(&state).unwrap();
        assert_eq!(client.machine.client_id().as_str(), "me");
        let outs = client.connect();
        assert!(connect_of(&outs).ends_with(b"\0\x02me"));

        // Without that state there is nothing of it under another name.
        let mut client = Client::new(renamed);
        let outs = client.connect();
        assert!(connect_of(&outs).ends_with(b"\0\x0dsomebody else"));
        assert_eq!(client.receive(accepted()).len(), 1);
    }
}

/// [MQTT-3.1.3-2] The same for an identifier that the server has assigned: the session that began under it goes on under
/// it.
#[test]
fn a_session_goes_with_its_assigned_client_identifier() {
    let version = Version::V5_0;
    let config = Config {
        client_id: ClientIdBuf::new("").unwrap(),
        ..lasting(version)
    };
    let assigned = connack(ConnackProperties {
        assigned_client_identifier: Text::new("auto").ok(),
        ..ConnackProperties::default()
    });
    let mut before = Client::connected_with(config.clone(), assigned);
    leave_something_open(&mut before);
    let mut state = Vec::new();
    before.machine.encode_state(&mut state);
    before.lose_connection();
    let mut restarted = Client::new(config);
    restarted.machine.restore_state(&state).unwrap();
    for mut client in [before, restarted] {
        let outs = client.connect();
        assert!(connect_of(&outs).ends_with(b"\0\x04auto"));
        let outs = client.receive(mqtt_codec::packet::Connack {
            session_present: true,
            ..accepted()
        });
        assert_eq!(
            outs[1..],
            [
                send(version, again(qos1(1, "a", "1"))),
                send(version, pubrel(2))
            ]
        );
    }
}

/// [5.0-9] For ever is 0xFFFFFFFF: it is what CONNECT says of it, what CONNACK may say of it, and it has no end for us
/// either.
#[test]
fn the_longest_session_expiry_means_never() {
    let version = Version::V5_0;
    let century = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    for (configured, said, in_force) in [
        (Duration::MAX, None, Duration::MAX),
        (Duration::from_secs(u64::MAX), None, Duration::MAX),
        (Duration::from_secs(9), Some(u32::MAX), Duration::MAX),
        (Duration::MAX, Some(9), Duration::from_secs(9)),
        (Duration::from_secs(9), None, Duration::from_secs(9)),
    ] {
        let mut client = Client::new(Config {
            clean_start: CleanStart::First,
            session_expiry: configured,
            ..client_config(version)
        });
        let outs = client.connect();
        let asks_for_ever = connect_of(&outs)
            .windows(5)
            .any(|bytes| bytes == [0x11, 0xFF, 0xFF, 0xFF, 0xFF]);
        assert_eq!(asks_for_ever, configured > Duration::from_secs(9));
        let outs = client.receive(connack(ConnackProperties {
            session_expiry_interval: said,
            ..ConnackProperties::default()
        }));
        let [Out::Client(Event::Connected(connected))] = outs.as_slice() else {
            panic!("{outs:?}")
        };
        assert_eq!(connected.session_expiry, in_force);
        client.publish(message(QoS::AtLeastOnce, "a", "x"));
        client.lose_connection();
        client.now = client.now + 10 * century;
        assert_eq!(
            client.reconnect(true),
            [send(version, again(qos1(1, "a", "x")))]
        );
    }
}

/// QoS 1 without PUBACK, QoS 2 without PUBCOMP, and a message of QoS 2 that waits for PUBREL.
fn leave_something_open(client: &mut Client) {
    client.publish(message(QoS::AtLeastOnce, "a", "1"));
    client.publish(message(QoS::ExactlyOnce, "a", "2"));
    client.receive(pubrec(2));
    client.receive(qos2(9, "a", "x"));
}

fn end(client: &mut Client, is_lost: bool) -> Vec<Out> {
    if is_lost {
        return client.lose_connection();
    }
    let now = client.now;
    client
        .machine
        .disconnect(now, NORMAL_DISCONNECTION)
        .unwrap();
    client.drain()
}

/// How many messages ended with their session.
fn ended(outs: &[Out]) -> usize {
    let is_ended = |out: &&Out| {
        matches!(
            out,
            Out::Client(Event::Published(PublishOutcome::Abandoned {
                cause: AbandonCause::SessionEnded,
                ..
            }))
        )
    };
    outs.iter().filter(is_ended).count()
}

/// The CONNECT, which is the last that is said.
fn connect_of(outs: &[Out]) -> &[u8] {
    match outs.last() {
        Some(Out::Send(sent)) => &sent.bytes,
        other => panic!("expected CONNECT, saw {other:?}"),
    }
}

/// Bit 1 of the Connect Flags.
fn clean_session(outs: &[Out]) -> u8 {
    let connect = connect_of(outs);
    let name_len = usize::from(connect[3]);
    (connect[4 + name_len + 1] >> 1) & 1
}

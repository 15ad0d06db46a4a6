//! Tokens of requests and of messages: each names one thing.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Unsuback, UnsubscribeReasonCodes};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{PublishReasonCode, SubscribeReasonCode, UnsubscribeReasonCode};
use mqtt_codec::{QoS, Version};
use mqtt_session::client::Event;
use mqtt_session::server::{Accept, Config as ServerConfig};
use mqtt_session::{AcknowledgeError, Acknowledgement, RestoreError};

const V5: Version = Version::V5_0;

/// Their numbers rise, and the answer to each names it, in whichever order the answers come.
#[test]
fn each_request_has_a_token_of_its_own() {
    let mut client = Client::connected(client_config(V5));
    let (machine, now) = (&mut client.machine, client.now);
    let subscriptions = [subscription("a", QoS::AtMostOnce)];
    let first = machine.subscribe(now, &subscriptions, Default::default());
    let second = machine.unsubscribe(now, &[filter("a")], UserProperties::EMPTY);
    let third = machine.subscribe(now, &subscriptions, Default::default());
    let [first, second, third] = [first.unwrap(), second.unwrap(), third.unwrap()];
    assert!(first.number() < second.number() && second.number() < third.number());
    assert!(first < second && second < third);
    client.drain();

    let granted = SubscribeReasonCode::Success;
    for (packet_id, token) in [(3, third), (1, first)] {
        let subscribed = Event::Subscribed {
            token,
            reason_codes: vec![granted],
            reason_string: None,
        };
        let outs = client.receive(suback(packet_id, &[granted]));
        assert_eq!(outs, [Out::Client(subscribed)]);
    }
    let reason_codes = [UnsubscribeReasonCode::Success];
    let outs = client.receive(Unsuback {
        packet_id: id(2),
        properties: Default::default(),
        reason_codes: UnsubscribeReasonCodes::new(&reason_codes).unwrap(),
    });
    let unsubscribed = Event::Unsubscribed {
        token: second,
        reason_codes: reason_codes.to_vec(),
        reason_string: None,
    };
    assert_eq!(outs, [Out::Client(unsubscribed)]);
}

/// The numbers of messages rise at both ends, also over a restart.
#[test]
fn each_message_has_a_token_of_its_own() {
    let mut numbers = Vec::new();
    let mut client = Client::connected(lasting(V5));
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        numbers.push(client.publish(message(qos, "a", "x")).0.number());
    }
    let mut state = Vec::new();
    client.machine.encode_state(&mut state);
    let mut client = Client::new(lasting(V5));
    client.machine.restore_state(&state).unwrap();
    client.reconnect(true);
    numbers.push(
        client
            .publish(message(QoS::AtLeastOnce, "a", "x"))
            .0
            .number(),
    );
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");

    let mut server = Server::connected(V5);
    let mut number = || {
        server
            .publish(message(QoS::AtLeastOnce, "a", "x"))
            .0
            .number()
    };
    assert!(number() < number());
}

/// A token of the machine that had the session before is none of the next one's connection, though that one counts its
/// connections from the start.
#[test]
fn a_token_goes_with_its_connection_to_no_other_machine() {
    for version in VERSIONS {
        for connections in 1..4 {
            let config = ServerConfig {
                acknowledgement: Acknowledgement::Manual,
                ..ServerConfig::default()
            };
            let mut before = Server::connected_with(config.clone(), &resuming(version));
            for _ in 1..connections {
                before.lose_connection();
                before.reconnect(&resuming(version));
            }
            before.receive(qos1(1, "a", "x"));
            let token = before.tokens.remove(0);
            before.lose_connection();

            let mut server = Server::new(config, version);
            server.open(&resuming(version));
            server.accept(Accept {
                session: before.machine.take_state(),
                ..Accept::default()
            });
            let gone = Err(AcknowledgeError::ConnectionGone);
            let reason = PublishReasonCode::Success;
            assert_eq!(server.acknowledge(token, reason), (gone, vec![]));
        }
    }
}

/// A session that is connected, or has messages of its own, is not replaced by a stored one.
#[test]
fn a_session_in_use_takes_no_stored_state() {
    for version in VERSIONS {
        let mut state = Vec::new();
        Client::connected(lasting(version))
            .machine
            .encode_state(&mut state);
        let in_use = Err(RestoreError::Connected);

        let mut client = Client::new(lasting(version));
        client.connect();
        assert_eq!(client.machine.restore_state(&state), in_use);
        client.receive(accepted());
        assert_eq!(client.machine.restore_state(&state), in_use);
        client.publish(message(QoS::AtLeastOnce, "a", "x"));
        client.lose_connection();
        assert_eq!(client.machine.restore_state(&state), in_use);

        let mut client = Client::connected(lasting(version));
        client.lose_connection();
        assert_eq!(client.machine.restore_state(&state), Ok(()));
    }
}

//! MQTT 3.1.1 §3.1.2.4, MQTT 5.0 §3.1.3.1: which session a client keeps, and whose it is.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::Connack;
use mqtt_codec::{ClientIdBuf, QoS, Version};
use mqtt_session::client::{CleanStart, Config as ClientConfig, Event as ClientEvent};
use mqtt_session::{AbandonCause, CloseReason, PublishOutcome};

/// [v3.1.1 MQTT-3.1.2-4] With Clean Session 0 a client keeps its session after the connection, and the next one goes on with
/// it.
#[test]
fn without_clean_session_a_client_keeps_its_session() {
    for version in [Version::V3_1, Version::V3_1_1] {
        let mut client = Client::connected(lasting(version));
        client.publish(message(QoS::AtLeastOnce, "a", "1"));
        client.receive(qos2(4, "a", "x"));
        assert_eq!(
            client.lose_connection(),
            [Out::Close(CloseReason::ConnectionLost)]
        );
        assert_eq!(client.machine.in_flight(), 1);
        assert!(!asks_for_a_clean_session(&client.connect()));
        client.receive(Connack {
            session_present: true,
            ..accepted()
        });
        assert_eq!(client.receive(puback(1)).len(), 1, "its outcome");
        assert_eq!(
            client.receive(again(qos2(4, "a", "x"))),
            [send(version, pubrec(4))]
        );
    }
}

/// [v3.1.1 MQTT-3.1.2-6] With Clean Session 1 a client discards an earlier session, and the new one ends with its connection.
#[test]
fn with_clean_session_a_client_keeps_nothing() {
    for version in [Version::V3_1, Version::V3_1_1] {
        let config = ClientConfig {
            clean_start: CleanStart::Always,
            ..client_config(version)
        };
        let mut before = Client::connected(lasting(version));
        let kept = message(QoS::AtLeastOnce, "a", "1");
        let (token, _) = before.publish(kept.clone());
        let mut state = Vec::new();
        before.machine.encode_state(&mut state);
        let cause = AbandonCause::SessionEnded;
        let abandoned = |token| {
            Out::Client(ClientEvent::Published(PublishOutcome::Abandoned {
                token,
                message: Some(Box::new(kept.clone())),
                cause,
            }))
        };

        let mut client = Client::new(config);
        client.machine.restore_state(&state).unwrap();
        let outs = client.connect();
        assert_eq!(outs[0], abandoned(token));
        assert!(asks_for_a_clean_session(&outs));
        client.receive(accepted());
        let (token, outs) = client.publish(kept.clone());
        assert_eq!(outs, [send(version, qos1(2, "a", "1"))]);
        client.receive(qos2(4, "a", "x"));
        assert_eq!(
            client.lose_connection(),
            [abandoned(token), Out::Close(CloseReason::ConnectionLost)]
        );

        assert!(asks_for_a_clean_session(&client.connect()));
        assert_eq!(client.receive(accepted()).len(), 1, "nothing goes again");
        assert_eq!(
            client.receive(qos2(4, "a", "x")),
            [deliver("a", "x"), send(version, pubrec(4))]
        );
    }
}

/// [MQTT-3.1.3-2] [v3.1.1 MQTT-3.1.3-2] A session is of one Client Identifier: that goes with its state and comes back with it,
/// whatever was configured.
#[test]
fn the_state_of_a_client_belongs_to_its_client_identifier() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let mut before = Client::connected(lasting(version));
        before.publish(message(QoS::AtLeastOnce, "a", "1"));
        let mut state = Vec::new();
        before.machine.encode_state(&mut state);

        let other = || ClientConfig {
            client_id: ClientIdBuf::new("other").unwrap(),
            ..lasting(version)
        };
        let mut client = Client::new(other());
        assert!(names(&client.connect(), "other"));
        assert_eq!(client.machine.in_flight(), 0);

        let mut client = Client::new(other());
        client.machine.restore_state(&state).unwrap();
        assert_eq!(client.machine.client_id().as_str(), "me");
        assert!(names(&client.connect(), "me"));
        let outs = client.receive(Connack {
            session_present: true,
            ..accepted()
        });
        assert_eq!(outs[1..], [send(version, again(qos1(1, "a", "1")))]);
    }
}

/// Whether the CONNECT that ends what came out has Clean Session 1.
fn asks_for_a_clean_session(outs: &[Out]) -> bool {
    match outs.last() {
        Some(Out::Send(sent)) => {
            let flags = if sent.version == Version::V3_1 { 11 } else { 9 };
            assert_eq!(sent.bytes[0], 0x10);
            sent.bytes[flags] & 0x02 != 0
        }
        other => panic!("no CONNECT: {other:?}"),
    }
}

/// Whether the CONNECT that came out ends with this Client Identifier.
fn names(outs: &[Out], client_id: &str) -> bool {
    let length = u8::try_from(client_id.len()).unwrap();
    let field = [&[0, length], client_id.as_bytes()].concat();
    matches!(outs, [Out::Send(sent)] if sent.bytes.ends_with(&field))
}

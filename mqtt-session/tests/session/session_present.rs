//! MQTT 5.0 §3.2.2.1: Session Present, at both ends. MQTT 3.1.1 §3.2.2.2.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Connack, Connect};
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{QoS, Version};
use mqtt_session::client::{
    CleanStart, Config as ClientConfig, Event as ClientEvent, UnknownSession,
};
use mqtt_session::server::{Accept, Config as ServerConfig};
use mqtt_session::{
    AbandonCause, AcknowledgeError, Acknowledgement, CloseReason, ProtocolError, PublishOutcome,
    SessionState,
};

/// [MQTT-3.2.2-2] [MQTT-3.2.2-3] [v3.1.1 MQTT-3.2.2-1] [v3.1.1 MQTT-3.2.2-2] [v3.1.1 MQTT-3.2.2-3] Session Present says
/// whether the server goes on with a session.
#[test]
fn session_present_says_whether_there_is_a_session() {
    for version in [Version::V3_1_1, Version::V5_0] {
        for (clean_start, stored, session_present) in [
            (true, false, false),
            (false, false, false),
            (false, true, true),
        ] {
            let mut server = Server::new(ServerConfig::default(), version);
            server.open(&Connect {
                clean_start,
                ..connect(version)
            });
            let session = stored.then(SessionState::new);
            let outs = server.accept(Accept {
                session,
                ..Accept::default()
            });
            let [Out::Resume, Out::Send(sent)] = outs.as_slice() else {
                panic!("{outs:?}")
            };
            assert_eq!(sent.bytes[2..4], [u8::from(session_present), 0]);
        }
    }
}

/// [MQTT-3.2.2-4] [often-wrong-31] A client without the session that the server goes on with closes the connection,
/// unless it was told to take it over.
#[test]
fn an_unknown_session_is_not_resumed() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let config = ClientConfig {
            clean_start: CleanStart::Never,
            ..lasting(version)
        };
        let present = Connack {
            session_present: true,
            ..accepted()
        };
        let close = Out::Close(CloseReason::Protocol(ProtocolError::UnknownSessionPresent));

        let mut client = Client::new(config.clone());
        client.connect();
        assert_eq!(client.receive(present).last(), Some(&close));

        let adopting = ClientConfig {
            unknown_session: UnknownSession::Adopt,
            ..config.clone()
        };
        let client = Client::connected_with(adopting, present);
        assert!(client.machine.poll_timeout().is_some());

        // Not even then where an empty session was asked for.
        let mut client = Client::new(ClientConfig {
            clean_start: CleanStart::Always,
            unknown_session: UnknownSession::Adopt,
            ..config
        });
        client.connect();
        assert_eq!(client.receive(present).last(), Some(&close));
    }
}

/// [MQTT-3.2.2-5] [often-wrong-31] A client whose session the server does not have discards it, and says what became of
/// its messages.
#[test]
fn a_session_that_the_server_has_lost_is_discarded() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let mut client = Client::connected(lasting(version));
        let kept = message(QoS::ExactlyOnce, "a", "x");
        let (first, _) = client.publish(kept.clone());
        let (second, _) = client.publish(message(QoS::ExactlyOnce, "a", "y"));
        client.receive(pubrec(2));
        client.receive(qos2(9, "a", "x"));
        client.lose_connection();
        let cause = AbandonCause::SessionEnded;
        assert_eq!(
            client.reconnect(false),
            [
                published(PublishOutcome::Abandoned {
                    token: first,
                    message: Some(Box::new(kept)),
                    cause
                }),
                published(PublishOutcome::Abandoned {
                    token: second,
                    message: None,
                    cause
                }),
            ]
        );
        assert_eq!(client.machine.in_flight(), 0);
        assert_eq!(
            client.receive(qos2(9, "a", "z")),
            [deliver("a", "z"), send(version, pubrec(9))]
        );
    }
}

/// A message of a session that is gone is not acknowledged with that session's token, though its identifier means another
/// message by now.
#[test]
fn a_token_of_a_lost_session_is_good_for_nothing() {
    let version = Version::V5_0;
    let config = ClientConfig {
        acknowledgement: Acknowledgement::Manual,
        ..lasting(version)
    };
    let mut client = Client::connected(config);
    client.receive(qos2(7, "a", "x"));
    client.receive(qos2(8, "a", "x"));
    client.lose_connection();
    client.reconnect(false);
    client.receive(qos2(7, "a", "new"));
    let acknowledge = |client: &mut Client| {
        let token = client.tokens.remove(0);
        let reason = PublishReasonCode::Success;
        client.machine.acknowledge(client.now, token, reason)
    };
    let gone = Err(AcknowledgeError::ConnectionGone);
    assert_eq!(acknowledge(&mut client), gone);
    assert_eq!(acknowledge(&mut client), gone);
    assert_eq!(client.drain(), []);
    assert_eq!(acknowledge(&mut client), Ok(()));
    assert_eq!(client.drain(), [send(version, pubrec(7))]);
}

/// 3.1 has no Session Present: who keeps its session goes on with it.
#[test]
fn mqtt_3_1_resumes_without_being_told() {
    let version = Version::V3_1;
    let mut client = Client::connected(lasting(version));
    client.publish(message(QoS::AtLeastOnce, "a", "x"));
    client.lose_connection();
    assert_eq!(
        client.reconnect(false),
        [send(version, again(qos1(1, "a", "x")))]
    );
}

/// A client that was started anew with what it had stored has a session.
#[test]
fn a_restored_session_is_resumed() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let mut client = Client::connected(lasting(version));
        client.publish(message(QoS::AtLeastOnce, "a", "x"));
        let mut state = Vec::new();
        client.machine.encode_state(&mut state);

        let mut client = Client::new(lasting(version));
        client.machine.restore_state(&state).unwrap();
        assert_eq!(
            client.reconnect(true),
            [send(version, again(qos1(1, "a", "x")))]
        );
    }
}

fn published(outcome: PublishOutcome) -> Out {
    Out::Client(ClientEvent::Published(outcome))
}

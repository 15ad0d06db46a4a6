//! Acknowledgements of the application for what came twice, or came on another connection: MQTT 5.0 §4.3 and §4.4. MQTT
//! 3.1.1 §4.3.

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
use mqtt_session::client::{CleanStart, Config as ClientConfig};
use mqtt_session::server::{Accept, Config as ServerConfig};
use mqtt_session::{AcknowledgeError, Acknowledgement, CloseReason, ProtocolError};

const SUCCESS: PublishReasonCode = PublishReasonCode::Success;

/// [3.1-9] [often-wrong-19] [MQTT-4.3.3-10] [v3.1.1 MQTT-4.3.3-2] A PUBLISH of QoS 2 that comes again on the same
/// connection before the application has acknowledged it is delivered once, and answered by PUBREC as often as it came;
/// what comes behind it is answered, too.
#[test]
fn each_repeat_of_an_unacknowledged_publish_gets_its_pubrec() {
    for version in VERSIONS {
        for acknowledgement in [Acknowledgement::Automatic, Acknowledgement::Manual] {
            repeats(&mut client(version, acknowledgement), acknowledgement);
            repeats(&mut server(version, acknowledgement), acknowledgement);
        }
    }
}

fn repeats<M: Machine>(side: &mut Side<M>, acknowledgement: Acknowledgement) {
    let version = side.version;
    let first = qos2(1, "a", "x");
    let bytes = [first, again(first), qos2(2, "a", "y"), again(first)]
        .map(|publish| encode(version, &publish.into()))
        .concat();
    let pubrecs = [1, 1, 2, 1].map(|n| send(version, pubrec(n)));
    let mut outs = side.receive_bytes(&bytes);
    match acknowledgement {
        Acknowledgement::Automatic => {
            assert_eq!(
                outs.drain(..2).as_slice(),
                [deliver("a", "x"), deliver("a", "y")]
            );
        }
        Acknowledgement::Manual => {
            assert_eq!(
                outs,
                [deliver_manually("a", "x"), deliver_manually("a", "y")]
            );
            let (one, two) = (side.tokens.remove(0), side.tokens.remove(0));
            assert_eq!(side.acknowledge(two, SUCCESS), (Ok(()), vec![]));
            outs = side.acknowledge(one, SUCCESS).1;
        }
    }
    assert_eq!(outs, pubrecs);
    for n in [1, 2] {
        assert_eq!(side.receive(pubrel(n)), [send(version, pubcomp(n))]);
    }
}

/// [often-wrong-19] [MQTT-4.3.3-10] [v3.1.1 MQTT-4.3.3-2] What came on an earlier connection and comes again is
/// answered as often as it came on this one.
#[test]
fn repeats_of_an_earlier_connection_are_not_answered_on_the_next() {
    for version in VERSIONS {
        let mut client = client(version, Acknowledgement::Manual);
        let first = qos2(1, "a", "x");
        assert_eq!(client.receive(first), [deliver_manually("a", "x")]);
        assert_eq!(client.receive(again(first)), []);
        client.lose_connection();
        client.reconnect(true);
        assert_eq!(client.receive(again(first)), []);
        let token = client.tokens.remove(0);
        let answer = client.acknowledge(token, SUCCESS);
        assert_eq!(answer, (Ok(()), vec![send(version, pubrec(1))]));
        assert_eq!(client.receive(pubrel(1)), [send(version, pubcomp(1))]);
    }
}

/// [MQTT-4.3.3-9] [MQTT-4.3.3-10] [v3.1.1 MQTT-4.3.3-2] A QoS 2 message that is refused when its connection is gone
/// comes again as a new one in 5.0, whose PUBREC can say so. 3.x cannot refuse: there the refusal is an
/// acknowledgement, and the message is not delivered again.
#[test]
fn a_late_refusal_is_an_acknowledgement_in_3_x() {
    for version in VERSIONS {
        let first = qos2(1, "a", "x");
        let reason = PublishReasonCode::NotAuthorized;
        let (answer, comes_again) = if version == Version::V5_0 {
            let gone = Err(AcknowledgeError::ConnectionGone);
            (gone, deliver_manually("a", "x"))
        } else {
            (Ok(()), send(version, pubrec(1)))
        };

        let mut client = client(version, Acknowledgement::Manual);
        client.receive(first);
        client.lose_connection();
        let token = client.tokens.remove(0);
        assert_eq!(client.acknowledge(token, reason), (answer, vec![]));
        client.reconnect(true);
        assert_eq!(client.receive(again(first)), [comes_again]);
    }
}

/// [often-wrong-22] A token of an earlier connection acknowledges nothing that came on a later one under the same
/// identifier, also when a session that began anew lies in between.
#[test]
fn a_token_of_an_earlier_connection_is_not_for_another_message() {
    for version in VERSIONS {
        for publish in [qos1(1, "a", "x"), qos2(1, "a", "x")] {
            for keeps in [true, false] {
                let mut server = server(version, Acknowledgement::Manual);
                for _ in 0..3 {
                    assert_eq!(server.receive(publish), [deliver_manually("a", "x")]);
                    begin_anew(&mut server, keeps);
                    assert_eq!(server.receive(publish), [deliver_manually("a", "x")]);
                    late(&mut server);
                    begin_anew(&mut server, keeps);
                }
            }
            let mut client = client(version, Acknowledgement::Manual);
            let mut state = Vec::new();
            client.machine.encode_state(&mut state);
            assert_eq!(client.receive(publish), [deliver_manually("a", "x")]);
            client.lose_connection();
            client.machine.restore_state(&state).unwrap();
            client.reconnect(true);
            assert_eq!(client.receive(publish), [deliver_manually("a", "x")]);
            late(&mut client);
        }
    }
}

fn begin_anew(server: &mut Server, keeps: bool) {
    server.lose_connection();
    // Who keeps sessions takes it away, and gives it to no connection.
    let _ = keeps.then(|| server.machine.take_state());
    server.open(&connect(server.version));
    server.accept(Accept::default());
}

/// The first of two tokens is late, the second one is not.
fn late<M: Machine>(side: &mut Side<M>) {
    let (late, good) = (side.tokens.remove(0), side.tokens.remove(0));
    let gone = Err(AcknowledgeError::ConnectionGone);
    assert_eq!(side.acknowledge(late, SUCCESS), (gone, vec![]));
    let (answer, outs) = side.acknowledge(good, SUCCESS);
    assert_eq!((answer, outs.len()), (Ok(()), 1));
}

/// Repeats take no place in the window, but each waits for its answer: there are at most as many as identifiers.
#[test]
fn repeats_that_wait_for_their_answer_are_limited() {
    let version = Version::V3_1_1;
    let mut client = client(version, Acknowledgement::Manual);
    let first = qos2(1, "a", "x");
    let repeats = encode(version, &again(first).into()).repeat(usize::from(u16::MAX) - 1);
    client.receive(first);
    assert_eq!(client.receive_bytes(&repeats), []);
    let over = ProtocolError::ReceiveMaximumExceeded { limit: u16::MAX };
    let close = Out::Close(CloseReason::Protocol(over));
    assert_eq!(client.receive(again(first)), [close]);
}

/// [MQTT-4.3.3-10] [MQTT-4.6.0-3] [v3.1.1 MQTT-4.3.3-2] [v3.1.1 MQTT-4.6.0-3] As many repeats as there may be, behind a
/// message that the application keeps: one acknowledgement answers them all, and they leave when that message is answered.
/// The work for each is the same however many there are, or this test would not end.
#[test]
fn as_many_repeats_as_there_may_be_have_one_answer() {
    for (version, reason) in [
        (Version::V3_1_1, SUCCESS),
        (Version::V5_0, PublishReasonCode::NotAuthorized),
    ] {
        many_repeats(&mut client(version, Acknowledgement::Manual), reason);
        many_repeats(&mut server(version, Acknowledgement::Manual), reason);
    }
}

fn many_repeats<M: Machine>(side: &mut Side<M>, reason: PublishReasonCode) {
    let version = side.version;
    let (kept, first) = (qos2(2, "a", "x"), qos2(1, "a", "y"));
    assert_eq!(side.receive(kept), [deliver_manually("a", "x")]);
    assert_eq!(side.receive(first), [deliver_manually("a", "y")]);
    let n = usize::from(u16::MAX) - 1;
    let repeats = encode(version, &again(first).into()).repeat(n - 1);
    assert_eq!(side.receive_bytes(&repeats), []);
    let (two, one) = (side.tokens.remove(0), side.tokens.remove(0));
    assert_eq!(side.acknowledge(one, reason), (Ok(()), vec![]));
    let (answer, outs) = side.acknowledge(two, SUCCESS);
    let many = Pubrec::new(id(1), reason);
    let mut expected = vec![send(version, pubrec(2))];
    expected.extend((0..n).map(|_| send(version, many)));
    assert!((answer, outs) == (Ok(()), expected), "{version:?}");
}

fn client(version: Version, acknowledgement: Acknowledgement) -> Client {
    Client::connected(ClientConfig {
        acknowledgement,
        clean_start: CleanStart::Never,
        ..lasting(version)
    })
}

fn server(version: Version, acknowledgement: Acknowledgement) -> Server {
    let config = ServerConfig {
        acknowledgement,
        ..ServerConfig::default()
    };
    Server::connected_with(config, &resuming(version))
}

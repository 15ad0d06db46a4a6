//! MQTT 5.0 §4.1: what outlives a connection, and its stored form. MQTT 3.1.1 §4.1.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{PublishProperties, PublishPropertiesBuf};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{QoS, Text, Version};
use mqtt_session::client::{Config as ClientConfig, Event as ClientEvent};
use mqtt_session::{
    AcknowledgedQoS, Acknowledgement, Connection, Kept, Message, Negotiated, OutboundExchange,
    PublishOutcome, RestoreError, Role, Session, SessionState,
};

/// [MQTT-4.1.0-1] [v3.1.1 MQTT-4.1.0-1] [v3.1.1 MQTT-4.1.0-2] The state stays while the connection is open, however long that is.
#[test]
fn the_state_stays_while_the_connection_is_open() {
    for version in VERSIONS {
        let mut client = Client::connected(ClientConfig {
            keep_alive: core::time::Duration::ZERO,
            ..client_config(version)
        });
        client.publish(message(QoS::ExactlyOnce, "a", "x"));
        client.receive(qos2(4, "a", "x"));
        client.advance(core::time::Duration::from_secs(1_000_000_000));
        assert_eq!(client.receive(pubrec(1)), [send(version, pubrel(1))]);
        assert_eq!(
            client.receive(again(qos2(4, "a", "x"))),
            [send(version, pubrec(4))]
        );
    }
}

/// The stored form of a client: what it writes today, byte by byte, so that a later version goes on reading it.
#[test]
fn the_stored_form_of_a_client_is_stable() {
    let mut client = Client::connected(lasting(Version::V5_0));
    client.publish(message(QoS::AtLeastOnce, "a", "1"));
    client.publish(message(QoS::ExactlyOnce, "b", "2"));
    client.publish(message(QoS::ExactlyOnce, "c", "3"));
    client.receive(pubrec(3));
    client.receive(qos2(77, "d", "4"));
    let mut state = Vec::new();
    client.machine.encode_state(&mut state);
    let expected = [
        b"\x01\0\0\0\x02me".as_slice(),            // format, client id
        b"\x01\0\0\0\0\0\0\0\x04",                 // format, next token
        b"\0\x01\0\x03\0\0\0\0\0\0\0\x03\0", // one release: Packet Identifier 3, token 3, Success
        b"\0\0\0\x3c",                       // length of the session
        b"\x01\0\x04\0\x03",                 // format, next Packet Identifier, three exchanges
        b"\x01\0\x01\0\0\0\x11\0\0\0\0\0\0\0\x01", // AwaitPuback 1, token 1
        b"\x32\x07\0\x01a\0\x01\0\x31",      // PUBLISH
        b"\x02\0\x02\0\0\0\x11\0\0\0\0\0\0\0\x02", // AwaitPubrec 2, token 2
        b"\x34\x07\0\x01b\0\x01\0\x32",      // PUBLISH
        b"\x03\0\x03",                       // AwaitPubcomp 3
        b"\0\x01\0\x4d",                     // unreleased: 77
    ]
    .concat();
    assert_eq!(state, expected);
}

/// A client that takes its stored state over goes on where it was, with the tokens that it had.
#[test]
fn a_client_goes_on_from_its_stored_state() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let mut before = Client::connected(lasting(version));
        let (first, _) = before.publish(message(QoS::AtLeastOnce, "a", "1"));
        let (second, _) = before.publish(message(QoS::ExactlyOnce, "b", "2"));
        before.receive(pubrec(2));
        before.receive(qos2(77, "d", "4"));
        let mut state = Vec::new();
        before.machine.encode_state(&mut state);

        let mut client = Client::new(lasting(version));
        client.machine.restore_state(&state).unwrap();
        assert_eq!(
            client.reconnect(true),
            [
                send(version, again(qos1(1, "a", "1"))),
                send(version, pubrel(2))
            ]
        );
        assert_eq!(
            client.receive(again(qos2(77, "d", "4"))),
            [send(version, pubrec(77))]
        );
        let reason = PublishReasonCode::Success;
        for (packet, token) in [
            (mqtt_codec::Packet::Puback(puback(1)), first),
            (pubcomp(2).into(), second),
        ] {
            let acknowledged = PublishOutcome::Acknowledged { token, reason };
            assert_eq!(
                client.receive(packet),
                [Out::Client(ClientEvent::Published(acknowledged))]
            );
        }
        let (third, outs) = client.publish(message(QoS::AtLeastOnce, "a", "5"));
        assert_eq!(outs, [send(version, qos1(3, "a", "5"))]);
        assert!(third > second);
        assert_eq!(
            client.machine.restore_state(&state),
            Err(RestoreError::Connected)
        );
    }
}

/// A QoS 2 message that the application had not taken over when the state was stored comes again after a restart.
#[test]
fn an_unacknowledged_message_is_not_in_the_stored_state() {
    let version = Version::V5_0;
    let config = ClientConfig {
        acknowledgement: Acknowledgement::Manual,
        ..lasting(version)
    };
    let mut before = Client::connected(config.clone());
    before.receive(qos2(7, "a", "x"));
    before.receive(qos2(8, "a", "y"));
    let token = before.tokens.remove(1);
    before
        .machine
        .acknowledge(before.now, token, PublishReasonCode::Success)
        .unwrap();
    let mut state = Vec::new();
    before.machine.encode_state(&mut state);

    let mut client = Client::new(config);
    client.machine.restore_state(&state).unwrap();
    client.reconnect(true);
    assert_eq!(
        client.receive(again(qos2(8, "a", "y"))),
        [send(version, pubrec(8))]
    );
    assert_eq!(
        client.receive(again(qos2(7, "a", "x"))),
        [deliver_manually("a", "x")]
    );
}

/// All that a message says is stored with it.
#[test]
fn a_stored_message_is_the_same_message() {
    let pairs = [(Text::new("name").unwrap(), Text::new("value").unwrap())];
    let properties = PublishProperties {
        message_expiry_interval: Some(60),
        content_type: Text::new("text/plain").ok(),
        response_topic: Some(topic("answers")),
        user_properties: UserProperties::new(&pairs),
        ..PublishProperties::default()
    };
    let kept = Message {
        retain: true,
        properties: PublishPropertiesBuf::from(&properties),
        ..message(QoS::ExactlyOnce, "a", "x")
    };
    let mut client = Client::connected(lasting(Version::V5_0));
    let (token, _) = client.publish(kept.clone());
    let mut state = Vec::new();
    client.machine.encode_state(&mut state);
    let mut client = Client::new(lasting(Version::V5_0));
    client.machine.restore_state(&state).unwrap();
    let cause = mqtt_session::AbandonCause::SessionEnded;
    let abandoned = PublishOutcome::Abandoned {
        token,
        message: Some(Box::new(kept)),
        cause,
    };
    assert_eq!(
        client.reconnect(false),
        [Out::Client(ClientEvent::Published(abandoned))]
    );
}

/// Bytes that are no state are refused, and nothing is changed by them.
#[test]
fn damaged_state_is_refused() {
    let mut client = Client::connected(lasting(Version::V5_0));
    client.publish(message(QoS::AtLeastOnce, "a", "1"));
    client.publish(message(QoS::ExactlyOnce, "b", "2"));
    client.receive(qos2(77, "d", "4"));
    let mut state = Vec::new();
    client.machine.encode_state(&mut state);

    let mut fresh = Client::new(lasting(Version::V5_0));
    for len in 0..state.len() {
        let error = fresh.machine.restore_state(&state[..len]).unwrap_err();
        assert!(
            matches!(error, RestoreError::Damaged { .. }),
            "{len}: {error}"
        );
    }
    let longer = [state.as_slice(), b"\0"].concat();
    assert!(matches!(
        fresh.machine.restore_state(&longer),
        Err(RestoreError::Damaged { .. })
    ));
    let mut newer = state.clone();
    newer[0] = 2;
    assert_eq!(
        fresh.machine.restore_state(&newer),
        Err(RestoreError::UnknownFormat { found: 2, known: 1 })
    );
    assert_eq!(fresh.machine.in_flight(), 0);
    assert_eq!(fresh.machine.restore_state(&state), Ok(()));

    let twice = b"\x01\0\x01\0\x02\x03\0\x05\x03\0\x05\0\0";
    let error = Session::<Text8>::decode_state(twice).unwrap_err();
    assert_eq!(error, RestoreError::RepeatedPacketId { packet_id: id(5) });
    let longer = b"\x01\0\x01\0\x01\x03\0\x05\0\0\0";
    let error = Session::<Text8>::decode_state(longer).unwrap_err();
    assert_eq!(error, RestoreError::Damaged { at: 10 });
    // A length that is not there takes no memory.
    let claims = b"\x01\0\x01\0\x01\x01\0\x05\xff\xff\xff\xff";
    assert!(matches!(
        Session::<Text8>::decode_state(claims),
        Err(RestoreError::Damaged { .. })
    ));
    assert!(SessionState::decode(b"").is_err());
}

/// A session that is put back piece by piece, as from a broker's records, is the one that was stored.
#[test]
fn a_session_can_be_put_back_piece_by_piece() {
    let connection = Connection::new(Negotiated::new(Version::V5_0, Role::Server));
    let mut session = Session::new();
    assert!(session.restore_outbound(id(9), OutboundExchange::AwaitPubrec(Text8(*b"first..."))));
    assert!(session.restore_outbound(id(4), OutboundExchange::AwaitPuback(Text8(*b"second.."))));
    assert!(session.restore_outbound(id(7), OutboundExchange::AwaitPubcomp));
    assert!(!session.restore_outbound(id(7), OutboundExchange::AwaitPubcomp));
    assert!(session.restore_unreleased(id(30)) && !session.restore_unreleased(id(30)));

    let mut bytes = Vec::new();
    session.encode_state(&mut bytes);
    let restored = Session::<Text8>::decode_state(&bytes).unwrap();
    assert!(restored.outbound().eq(session.outbound()));
    assert_eq!(restored.unreleased(), session.unreleased());
    assert_eq!(restored.kept(id(4)), Some(&Text8(*b"second..")));
    // New identifiers go on behind those that were put back.
    assert_eq!(
        session.start(
            &connection,
            AcknowledgedQoS::AtLeastOnce,
            Text8(*b"third...")
        ),
        Ok(id(10))
    );
    assert_eq!(session.drain_outbound().len(), 3);
    assert_eq!(
        session.outbound().collect::<Vec<_>>(),
        [(id(7), &OutboundExchange::AwaitPubcomp)]
    );
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Text8([u8; 8]);

impl Kept for Text8 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.0);
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

//! What a client leaves out, or does not send at all, where the server takes small packets only: MQTT 5.0 §3.2.2.3.6. See
//! `reason_strings.rs` for PUBACK and PUBREC.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::num::NonZeroU32;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{
    AcknowledgementProperties, Auth, AuthProperties, ConnackProperties, Disconnect,
    DisconnectProperties, Pubrec,
};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{AuthReasonCode, DisconnectReasonCode, PublishReasonCode};
use mqtt_codec::{Binary, DecodeError, Packet, QoS, Text, Version};
use mqtt_session::client::{Config, DisconnectError, InitialAuthentication};
use mqtt_session::{Acknowledgement, AuthenticateError, CloseReason};

const V5: Version = Version::V5_0;

/// [MQTT-3.14.2-3] [MQTT-3.14.2-4] [MQTT-3.2.2-15] A DISCONNECT leaves out its User Properties first, then its Reason String. Where it does not fit even so, nothing is sent,
/// and the connection goes on.
#[test]
fn a_disconnect_of_the_client_keeps_to_the_limit() {
    let make = |explanation: AcknowledgementProperties<'static>| Disconnect {
        reason_code: DisconnectReasonCode::AdministrativeAction,
        properties: DisconnectProperties {
            session_expiry_interval: Some(0),
            reason_string: explanation.reason_string,
            user_properties: explanation.user_properties,
            ..DisconnectProperties::default()
        },
    };
    let (full, some, bare) = (make(explain(true)), make(explain(false)), make(none()));
    let size = |disconnect: Disconnect<'static>| len(&disconnect.into());
    for (maximum, expected) in [
        (size(full), Some(full)),
        (size(full) - 1, Some(some)),
        (size(some), Some(some)),
        (size(some) - 1, Some(bare)),
        (size(bare), Some(bare)),
        (size(bare) - 1, None),
    ] {
        let mut client = client_of(maximum);
        let result = client.machine.disconnect(client.now, full);
        match expected {
            Some(expected) => {
                assert_eq!(result, Ok(()));
                let outs = [send(V5, expected), Out::Close(CloseReason::Requested)];
                assert_eq!(client.drain(), outs, "{maximum}");
            }
            None => {
                assert_eq!(result, Err(DisconnectError::TooLarge));
                assert_eq!(client.drain(), []);
                let outs = client.receive(qos0("a", "x"));
                assert_eq!(outs, [deliver("a", "x")]);
            }
        }
    }
}

/// [MQTT-3.15.2-2] [MQTT-3.15.2-3] [MQTT-3.2.2-15] An AUTH of the client never explains itself, so that it has nothing to
/// leave out. One that does not fit is not sent, and can be tried again.
#[test]
fn an_auth_of_the_client_keeps_to_the_limit() {
    let auth = |data: &'static [u8]| {
        let properties = AuthProperties {
            authentication_method: Text::new("m").ok(),
            authentication_data: Binary::new(data).ok(),
            ..AuthProperties::default()
        };
        Auth {
            reason_code: AuthReasonCode::ReAuthenticate,
            properties,
        }
    };
    let maximum = len(&auth(b"data").into());
    let authentication = InitialAuthentication {
        method: text("m"),
        data: None,
    };
    let config = Config {
        authentication: Some(authentication),
        ..client_config(V5)
    };
    let properties = ConnackProperties {
        authentication_method: Text::new("m").ok(),
        ..taking(maximum)
    };
    let mut client = Client::connected_with(config, connack(properties));
    let refused = client.machine.reauthenticate(client.now, Some(b"data."));
    assert_eq!(refused, Err(AuthenticateError::TooLarge));
    assert_eq!(client.drain(), []);
    client
        .machine
        .reauthenticate(client.now, Some(b"data"))
        .unwrap();
    assert_eq!(client.drain(), [send(V5, auth(b"data"))]);
}

/// [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3] [MQTT-3.2.2-15] PUBREL and PUBCOMP of the client never
/// explain themselves, and with their reason code they fit whatever a server takes that it can work with.
#[test]
fn pubrel_and_pubcomp_of_the_client_have_nothing_to_leave_out() {
    for maximum in 5..=64 {
        let mut client = client_of(maximum);
        let explained = Pubrec {
            properties: explain(true),
            ..pubrec(9)
        };
        let outs = client.receive(explained);
        assert_eq!(sent(&outs)[0].len(), 5, "PUBREL with 0x92");
        let outs = client.receive(pubrel(9));
        assert_eq!(sent(&outs)[0].len(), 5, "PUBCOMP with 0x92");
        client.receive(qos2(8, "a", "x"));
        let token = client.tokens.remove(0);
        let (machine, now) = (&mut client.machine, client.now);
        machine
            .acknowledge(now, token, PublishReasonCode::Success)
            .unwrap();
        client.drain();
        assert_eq!(client.receive(pubrel(8)), [send(V5, pubcomp(8))]);
        if maximum > 7 {
            client.publish(message(QoS::ExactlyOnce, "a", ""));
            assert_eq!(client.receive(pubrec(1)), [send(V5, pubrel(1))]);
        }
    }
}

/// [MQTT-3.2.2-15] A server that takes less than an acknowledgement with its reason code cannot be worked with: the client
/// leaves, and says why if that fits.
#[test]
fn a_server_that_takes_no_acknowledgement_is_left() {
    let reason = DisconnectReasonCode::PacketTooLarge;
    for maximum in 1..=5 {
        let mut client = Client::new(client_config(V5));
        client.connect();
        let outs = client.receive(connack(taking(maximum)));
        let close = || Out::Close(CloseReason::Disconnected { reason });
        match maximum {
            1 | 2 => assert_eq!(outs, [close()]),
            3 | 4 => assert_eq!(outs, [send(V5, disconnect(reason)), close()]),
            _ => {
                assert_eq!(outs.len(), 1);
                let outs = client.advance(core::time::Duration::from_secs(60));
                assert_eq!(outs, [send(V5, Packet::Pingreq)]);
            }
        }
    }
}

/// [often-wrong-28] Each direction has its own limit: what the server takes does not bind what it sends, and the other way
/// round.
#[test]
fn each_direction_has_its_own_limit() {
    let config = |maximum_packet_size| Config {
        maximum_packet_size,
        ..client_config(V5)
    };
    let large = "x".repeat(80);
    let mut client = Client::connected_with(config(100), connack(taking(20)));
    assert_eq!(client.receive(qos0("a", &large)), [deliver("a", &large)]);
    let refused = client
        .machine
        .publish(client.now, message(QoS::AtMostOnce, "a", &large));
    assert!(refused.is_err());

    let mut client = Client::connected_with(config(20), connack(taking(100)));
    let (_, outs) = client.publish(message(QoS::AtMostOnce, "a", &large));
    assert_eq!(outs, [send(V5, qos0("a", &large))]);
    let outs = client.receive_bytes(&encode(V5, &qos0("a", &large).into())[..2]);
    let error = DecodeError::PacketTooLarge { len: 86, limit: 20 };
    assert_eq!(
        outs,
        [
            send(V5, disconnect(DisconnectReasonCode::PacketTooLarge)),
            Out::Close(CloseReason::Malformed(error))
        ]
    );
}

/// A client that acknowledges by hand, at a server that takes packets of at most `maximum` bytes.
fn client_of(maximum: u32) -> Client {
    let config = Config {
        acknowledgement: Acknowledgement::Manual,
        ..client_config(V5)
    };
    Client::connected_with(config, connack(taking(maximum)))
}

fn taking(maximum: u32) -> ConnackProperties<'static> {
    ConnackProperties {
        maximum_packet_size: NonZeroU32::new(maximum),
        ..ConnackProperties::default()
    }
}

/// A Reason String, with two User Properties or without.
fn explain(with_pairs: bool) -> AcknowledgementProperties<'static> {
    let pair = (Text::new("name").unwrap(), Text::new("value").unwrap());
    let pairs = if with_pairs { vec![pair; 2] } else { vec![] };
    AcknowledgementProperties {
        reason_string: Text::new("because it is so").ok(),
        user_properties: UserProperties::new(pairs.leak()),
    }
}

fn none() -> AcknowledgementProperties<'static> {
    AcknowledgementProperties::default()
}

fn len(packet: &Packet<'_>) -> u32 {
    packet.encoded_len(V5).unwrap().try_into().unwrap()
}

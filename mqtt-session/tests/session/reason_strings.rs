//! MQTT 5.0 §3.4 to §3.7, §3.9, §3.11, §3.14 and §3.15: what packets leave out to fit. See `connack.rs` for CONNACK.

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
    AcknowledgementProperties, Auth, AuthProperties, Connack, ConnackProperties, Connect,
    ConnectProperties, Disconnect, DisconnectProperties, Puback, Pubcomp, Pubrec, Pubrel, Suback,
    SubscribeReasonCodes, Unsuback, UnsubscribeReasonCodes,
};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{
    AuthReasonCode, DisconnectReasonCode, PublishReasonCode, SubscribeReasonCode,
    UnsubscribeReasonCode,
};
use mqtt_codec::{Packet, Text, Version};
use mqtt_session::client::Config as ClientConfig;
use mqtt_session::server::Config as ServerConfig;
use mqtt_session::{
    Acknowledgement, CloseReason, Connection, Negotiated, ProblemInformation, ProtocolError, Role,
};

const V5: Version = Version::V5_0;

/// [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3]
/// [MQTT-3.9.2-1] [MQTT-3.9.2-2] [MQTT-3.11.2-1] [MQTT-3.11.2-2] [MQTT-3.14.2-3] [MQTT-3.14.2-4] [MQTT-3.15.2-2]
/// [MQTT-3.15.2-3] User Properties give way first, then the Reason String; a packet that fits is not changed, and one that
/// does not fit even so is not sent.
#[test]
fn user_properties_and_then_the_reason_string_give_way() {
    for role in [Role::Client, Role::Server] {
        for make in PACKETS {
            let (full, some, bare) = (
                make(Some(WHY), PAIRS),
                make(Some(WHY), &[]),
                make(None, &[]),
            );
            let trim = |packet_size_out| {
                connection(role, packet_size_out, ProblemInformation::Wanted).trim(full)
            };
            assert_eq!(trim(len(&full)), Some(full));
            assert_eq!(trim(len(&full) - 1), Some(some));
            assert_eq!(trim(len(&some)), Some(some));
            assert_eq!(trim(len(&some) - 1), Some(bare));
            assert_eq!(trim(len(&bare)), Some(bare));
            assert_eq!(trim(len(&bare) - 1), None);
        }
    }
}

/// [MQTT-3.1.2-29] [often-wrong-33] Where the client wants none, a server leaves both out of all but PUBLISH, CONNACK and
/// DISCONNECT. A client is not bound by what it has asked for.
#[test]
fn a_server_explains_nothing_to_who_does_not_want_it() {
    for make in PACKETS {
        let (full, bare) = (make(Some(WHY), PAIRS), make(None, &[]));
        let expected = if matches!(full, Packet::Disconnect(_)) {
            full
        } else {
            bare
        };
        let unwanted = ProblemInformation::Unwanted;
        assert_eq!(
            connection(Role::Server, 1_000, unwanted).trim(full),
            Some(expected)
        );
        assert_eq!(
            connection(Role::Client, 1_000, unwanted).trim(full),
            Some(full)
        );
    }
    let connack = Packet::Connack(connack(ConnackProperties {
        reason_string: Text::new(WHY).ok(),
        ..ConnackProperties::default()
    }));
    assert_eq!(
        connection(Role::Server, 1_000, ProblemInformation::Unwanted).trim(connack),
        Some(connack)
    );
}

/// [MQTT-3.1.2-29] [often-wrong-33] A client that wants none and gets one ends the connection with 0x82, but where a server may
/// explain itself all the same.
#[test]
fn a_client_takes_no_explanation_that_it_does_not_want() {
    for make in PACKETS {
        for full in [make(Some(WHY), &[]), make(None, PAIRS)] {
            let mut client = Client::connected(ClientConfig {
                problem_information: ProblemInformation::Unwanted,
                ..client_config(V5)
            });
            let outs = client.receive(full);
            let error = ProtocolError::UnwantedProblemInformation(full.packet_type());
            let goodbye = send(V5, disconnect(code(0x82)));
            let ends = [goodbye, Out::Close(CloseReason::Protocol(error))];
            let is_allowed = matches!(full, Packet::Disconnect(_));
            assert_eq!(outs.ends_with(&ends), !is_allowed, "{outs:?}");
        }
    }
}

/// [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3] A server's acknowledgements keep to the client's limit.
#[test]
fn a_servers_acknowledgement_keeps_to_the_limit() {
    let pairs = pairs();
    let reason = PublishReasonCode::NotAuthorized;
    let full = AcknowledgementProperties {
        reason_string: Text::new(WHY).ok(),
        user_properties: UserProperties::new(&pairs),
    };
    let some = AcknowledgementProperties {
        user_properties: UserProperties::EMPTY,
        ..full
    };
    let maximum = len(&Puback {
        packet_id: id(1),
        reason_code: reason,
        properties: some,
    }
    .into());
    let maximum_packet_size = NonZeroU32::new(maximum);
    let properties = ConnectProperties {
        maximum_packet_size,
        ..ConnectProperties::default()
    };
    let config = ServerConfig {
        acknowledgement: Acknowledgement::Manual,
        ..ServerConfig::default()
    };
    let mut server = Server::connected_with(
        config,
        &Connect {
            properties,
            ..connect(V5)
        },
    );
    server.receive(qos1(1, "a", "x"));
    server.receive(qos2(2, "a", "x"));
    for token in core::mem::take(&mut server.tokens) {
        server
            .machine
            .acknowledge(server.now, token, reason, &full)
            .unwrap();
    }
    let puback = Puback {
        packet_id: id(1),
        reason_code: reason,
        properties: some,
    };
    let pubrec = Pubrec {
        packet_id: id(2),
        reason_code: reason,
        properties: some,
    };
    assert_eq!(server.drain(), [send(V5, puback), send(V5, pubrec)]);
}

/// [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.2.2-15] [often-wrong-28] So do a client's, also behind
/// one that was held: User Properties give way first, then the Reason String. The reason code goes in any case.
#[test]
fn a_clients_acknowledgement_keeps_to_the_limit() {
    let pairs = pairs();
    let reason = PublishReasonCode::ImplementationSpecificError;
    let full = AcknowledgementProperties {
        reason_string: Text::new(WHY).ok(),
        user_properties: UserProperties::new(&pairs),
    };
    let some = AcknowledgementProperties {
        user_properties: UserProperties::EMPTY,
        ..full
    };
    let bare = AcknowledgementProperties::EMPTY;
    let refusal = |properties| Puback {
        properties,
        ..Puback::new(id(2), reason)
    };
    let len = |properties| len(&refusal(properties).into());
    for (maximum, fits) in [
        (len(full), full),
        (len(full) - 1, some),
        (len(some), some),
        (len(some) - 1, bare),
        (len(bare), bare),
    ] {
        let properties = ConnackProperties {
            maximum_packet_size: NonZeroU32::new(maximum),
            ..ConnackProperties::default()
        };
        let config = ClientConfig {
            acknowledgement: Acknowledgement::Manual,
            ..client_config(V5)
        };
        let mut client = Client::connected_with(config, connack(properties));
        client.receive(qos1(1, "a", "x"));
        client.receive(qos1(2, "a", "x"));
        client.receive(qos2(3, "a", "x"));
        let [first, second, third] = [0; 3].map(|at| client.tokens.remove(at));
        let now = client.now;
        let machine = &mut client.machine;
        machine
            .acknowledge_with(now, second, reason, &full)
            .unwrap();
        assert_eq!(client.drain(), []);
        let machine = &mut client.machine;
        machine
            .acknowledge(now, first, PublishReasonCode::Success)
            .unwrap();
        machine.acknowledge_with(now, third, reason, &full).unwrap();
        let pubrec = Pubrec {
            properties: fits,
            ..Pubrec::new(id(3), reason)
        };
        assert_eq!(
            client.drain(),
            [
                send(V5, puback(1)),
                send(V5, refusal(fits)),
                send(V5, pubrec)
            ]
        );
    }
}

/// [MQTT-3.14.2-3] [MQTT-3.14.2-4] DISCONNECT keeps to the limit at both ends.
#[test]
fn disconnect_keeps_to_the_limit() {
    let pairs = pairs();
    let reason_code = DisconnectReasonCode::AdministrativeAction;
    let properties = DisconnectProperties {
        reason_string: Text::new(WHY).ok(),
        user_properties: UserProperties::new(&pairs),
        ..DisconnectProperties::default()
    };
    let full = Disconnect {
        reason_code,
        properties,
    };
    let maximum_packet_size = NonZeroU32::new(40);
    let some = Disconnect {
        properties: DisconnectProperties {
            user_properties: UserProperties::EMPTY,
            ..properties
        },
        ..full
    };
    let connect_properties = ConnectProperties {
        maximum_packet_size,
        ..ConnectProperties::default()
    };
    let mut server = Server::connected_with(
        ServerConfig::default(),
        &Connect {
            properties: connect_properties,
            ..connect(V5)
        },
    );
    server.machine.disconnect(server.now, full).unwrap();
    assert_eq!(server.drain().first(), Some(&send(V5, some)));

    let connack = connack(ConnackProperties {
        maximum_packet_size,
        ..ConnackProperties::default()
    });
    let mut client = Client::connected_with(client_config(V5), Connack { ..connack });
    client.machine.disconnect(client.now, full).unwrap();
    assert_eq!(client.drain().first(), Some(&send(V5, some)));
}

const WHY: &str = "because it is so";
const PAIRS: &[(&str, &str)] = &[("name", "value"), ("name", "another value")];

type Make = fn(Option<&'static str>, &[(&str, &str)]) -> Packet<'static>;

/// Each packet that may explain itself, with a given Reason String and User Properties.
const PACKETS: [Make; 8] = [
    |why, pairs| {
        Puback {
            properties: explain(why, pairs),
            ..Puback::new(id(1), PublishReasonCode::QuotaExceeded)
        }
        .into()
    },
    |why, pairs| {
        Pubrec {
            properties: explain(why, pairs),
            ..Pubrec::new(id(1), PublishReasonCode::QuotaExceeded)
        }
        .into()
    },
    |why, pairs| {
        Pubrel {
            properties: explain(why, pairs),
            ..Pubrel::success(id(1))
        }
        .into()
    },
    |why, pairs| {
        Pubcomp {
            properties: explain(why, pairs),
            ..Pubcomp::success(id(1))
        }
        .into()
    },
    |why, pairs| {
        let reason_codes = SubscribeReasonCodes::new(&[SubscribeReasonCode::GrantedQoS1]).unwrap();
        Suback {
            packet_id: id(1),
            properties: explain(why, pairs),
            reason_codes,
        }
        .into()
    },
    |why, pairs| {
        let reason_codes = UnsubscribeReasonCodes::new(&[UnsubscribeReasonCode::Success]).unwrap();
        Unsuback {
            packet_id: id(1),
            properties: explain(why, pairs),
            reason_codes,
        }
        .into()
    },
    |why, pairs| {
        let AcknowledgementProperties {
            reason_string,
            user_properties,
        } = explain(why, pairs);
        let properties = DisconnectProperties {
            reason_string,
            user_properties,
            ..DisconnectProperties::default()
        };
        Disconnect {
            reason_code: DisconnectReasonCode::UnspecifiedError,
            properties,
        }
        .into()
    },
    |why, pairs| {
        let AcknowledgementProperties {
            reason_string,
            user_properties,
        } = explain(why, pairs);
        let authentication_method = Text::new("X").ok();
        let properties = AuthProperties {
            authentication_method,
            reason_string,
            user_properties,
            ..AuthProperties::default()
        };
        Auth {
            reason_code: AuthReasonCode::ContinueAuthentication,
            properties,
        }
        .into()
    },
];

fn explain(
    why: Option<&'static str>,
    pairs: &[(&str, &str)],
) -> AcknowledgementProperties<'static> {
    let owned: Vec<_> = if pairs.is_empty() {
        Vec::new()
    } else {
        self::pairs()
    };
    AcknowledgementProperties {
        reason_string: why.map(|why| Text::new(why).unwrap()),
        user_properties: UserProperties::new(owned.leak()),
    }
}

fn pairs() -> Vec<(Text<'static>, Text<'static>)> {
    PAIRS
        .iter()
        .map(|(name, value)| (Text::new(name).unwrap(), Text::new(value).unwrap()))
        .collect()
}

fn len(packet: &Packet<'_>) -> u32 {
    packet.encoded_len(V5).unwrap().try_into().unwrap()
}

fn connection(
    role: Role,
    packet_size_out: u32,
    problem_information: ProblemInformation,
) -> Connection {
    Connection::new(Negotiated {
        packet_size_out,
        problem_information,
        ..Negotiated::new(V5, role)
    })
}

//! What this side said that it takes, and what is more.

use core::num::NonZeroU16;

use super::{Case, V5};
use crate::support::packets::*;
use crate::support::*;
use crate::tables::{Place, framed};
use mqtt_codec::packet::Publish;
use mqtt_codec::{DecodeError, QoS};
use mqtt_session::{Capabilities, CloseReason, ProtocolError, client, server};

pub(super) fn more_in_flight() -> Vec<Case> {
    let receive_maximum = NonZeroU16::MIN;
    let client = || {
        Client::connected(client::Config {
            receive_maximum,
            ..client_config(V5)
        })
    };
    let server = || {
        let config = server::Config {
            receive_maximum,
            ..server::Config::default()
        };
        Server::connected_with(config, &connect(V5))
    };
    let receivers = [
        client().into(),
        server().into(),
        client().into(),
        server().into(),
    ];
    let second = [
        qos1(2, "a", "x"),
        qos1(2, "a", "x"),
        qos2(2, "a", "x"),
        qos2(2, "a", "x"),
    ];
    receivers
        .into_iter()
        .zip(second)
        .map(|(receiver, second)| Case {
            receiver,
            allowed: Some(encode(V5, &qos2(1, "a", "x").into())),
            refused: encode(V5, &second.into()),
            reason: CloseReason::Protocol(ProtocolError::ReceiveMaximumExceeded { limit: 1 }),
        })
        .collect()
}

/// The fixed header counts.
pub(super) fn larger_packet() -> Vec<Case> {
    let limit = 16;
    let publish = |len: usize| encode(V5, &qos0("a", &"x".repeat(len - 6)).into());
    let client = Client::connected(client::Config {
        maximum_packet_size: limit,
        ..client_config(V5)
    });
    let config = server::Config {
        maximum_packet_size: limit,
        ..server::Config::default()
    };
    let server = Server::connected_with(config, &connect(V5));
    [client.into(), server.into()]
        .map(|receiver| Case {
            receiver,
            allowed: Some(publish(16)),
            refused: publish(17),
            reason: CloseReason::Malformed(DecodeError::PacketTooLarge { len: 17, limit }),
        })
        .into()
}

/// With a maximum of 16, and of none.
pub(super) fn alias_above_maximum() -> Vec<Case> {
    let case = |(receiver, maximum): (Receiver, u16)| {
        let (alias, allowed) = (alias(maximum + 1), named(16));
        let [high, low] = alias.get().to_be_bytes();
        Case {
            receiver,
            allowed: (maximum > 0).then_some(allowed),
            refused: Place::Publish.packet(&[0x23, high, low]),
            reason: CloseReason::Protocol(ProtocolError::TopicAliasInvalid { alias, maximum }),
        }
    };
    [
        (Client::connected(client_config(V5)).into(), 16),
        (Server::connected(V5).into(), 16),
        (Client::connected(client_without_aliases()).into(), 0),
        (
            Server::connected_with(server_without_aliases(), &connect(V5)).into(),
            0,
        ),
    ]
    .map(case)
    .into()
}

/// Though there is another.
pub(super) fn unknown_alias() -> Vec<Case> {
    let error = ProtocolError::UnknownTopicAlias { alias: alias(1) };
    at_both_sides(|receiver| Case {
        receiver,
        allowed: Some(named(16)),
        refused: framed(0x30, b"\0\0\x03\x23\0\x01x"),
        reason: CloseReason::Protocol(error),
    })
}

pub(super) fn no_topic() -> Vec<Case> {
    at_both_sides(|receiver| Case {
        receiver,
        allowed: Some(named(16)),
        refused: framed(0x30, b"\0\0\0x"),
        reason: CloseReason::Malformed(DecodeError::NoTopic),
    })
}

pub(super) fn qos_above() -> Vec<Case> {
    let publish = |publish: Publish<'_>| encode(V5, &publish.into());
    [
        (QoS::AtMostOnce, qos0("a", "x"), qos1(1, "a", "x")),
        (QoS::AtLeastOnce, qos1(1, "a", "x"), qos2(2, "a", "x")),
    ]
    .map(|(maximum_qos, allowed, refused)| Case {
        receiver: offering(Capabilities {
            maximum_qos,
            ..Capabilities::default()
        }),
        allowed: Some(publish(allowed)),
        refused: publish(refused),
        reason: CloseReason::Protocol(ProtocolError::QoSNotSupported),
    })
    .into()
}

pub(super) fn retained() -> Vec<Case> {
    let publish = |retain| {
        let publish = Publish {
            retain,
            ..qos0("a", "x")
        };
        encode(V5, &publish.into())
    };
    vec![Case {
        receiver: offering(Capabilities {
            retain: false,
            ..Capabilities::default()
        }),
        allowed: Some(publish(false)),
        refused: publish(true),
        reason: CloseReason::Protocol(ProtocolError::RetainNotSupported),
    }]
}

pub(super) fn wildcard_filter() -> Vec<Case> {
    ["#", "+/a", "a/#"]
        .map(|filter| Case {
            receiver: offering(Capabilities {
                wildcard_subscriptions: false,
                ..Capabilities::default()
            }),
            allowed: Some(subscribe_to("a")),
            refused: subscribe_to(filter),
            reason: CloseReason::Protocol(ProtocolError::WildcardSubscriptionsNotSupported),
        })
        .into()
}

pub(super) fn identifier_in_subscribe() -> Vec<Case> {
    vec![Case {
        receiver: offering(Capabilities {
            subscription_identifiers: false,
            ..Capabilities::default()
        }),
        allowed: Some(subscribe_to("a")),
        refused: Place::Subscribe.packet(b"\x0B\x01"),
        reason: CloseReason::Protocol(ProtocolError::SubscriptionIdentifiersNotSupported),
    }]
}

pub(super) fn shared_filter() -> Vec<Case> {
    vec![Case {
        receiver: offering(Capabilities {
            shared_subscriptions: false,
            ..Capabilities::default()
        }),
        allowed: Some(subscribe_to("a")),
        refused: subscribe_to("$share/g/a"),
        reason: CloseReason::Protocol(ProtocolError::SharedSubscriptionsNotSupported),
    }]
}

fn at_both_sides(case: impl Fn(Receiver) -> Case) -> Vec<Case> {
    let client = Client::connected(client_config(V5));
    let server = Server::connected(V5);
    vec![case(client.into()), case(server.into())]
}

/// A server that has said so.
fn offering(capabilities: Capabilities) -> Receiver {
    let config = server::Config {
        capabilities,
        ..server::Config::default()
    };
    Server::connected_with(config, &connect(V5)).into()
}

fn client_without_aliases() -> client::Config {
    client::Config {
        topic_alias_maximum: 0,
        ..client_config(V5)
    }
}

fn server_without_aliases() -> server::Config {
    server::Config {
        topic_alias_maximum: 0,
        ..server::Config::default()
    }
}

/// With a name and an alias.
fn named(alias: u8) -> Vec<u8> {
    Place::Publish.packet(&[0x23, 0, alias])
}

fn subscribe_to(filter: &str) -> Vec<u8> {
    encode(
        V5,
        &subscribe(1, &[subscription(filter, QoS::AtMostOnce)]).into(),
    )
}

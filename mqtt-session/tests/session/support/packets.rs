//! Packets as the tests name them.

use core::num::{NonZeroU16, NonZeroU32};

use mqtt_codec::packet::{
    Auth, AuthProperties, Connack, ConnackProperties, Connect, ConnectProperties, Delivery,
    Disconnect, DisconnectProperties, Puback, Pubcomp, Publish, PublishProperties, PublishTopic,
    Pubrec, Pubrel, Suback, Subscribe, SubscribeProperties, SubscribeReasonCodes, Subscription,
    SubscriptionOptions, Subscriptions, TopicFilters, Unsuback, Unsubscribe,
    UnsubscribeReasonCodes,
};
use mqtt_codec::property::{TopicAlias, UserProperties};
use mqtt_codec::reason_code::{
    AuthReasonCode, DisconnectReasonCode, SubscribeReasonCode, UnsubscribeReasonCode,
};
use mqtt_codec::{
    Binary, Packet, PacketId, QoS, Text, TextBuf, TopicFilter, TopicName, TopicNameBuf, Version,
};
use mqtt_session::client::{Config as ClientConfig, InitialAuthentication};
use mqtt_session::{AcknowledgedQoS, Message, Password, Transmission};

use super::{Client, Server, encode};

pub(crate) fn id(value: u16) -> PacketId {
    PacketId::new(value).unwrap()
}

pub(crate) fn alias(value: u16) -> TopicAlias {
    TopicAlias::new(value).unwrap()
}

pub(crate) fn topic(name: &str) -> TopicName<'_> {
    TopicName::new(name).unwrap()
}

pub(crate) fn publish<'a>(delivery: Delivery, name: &'a str, payload: &'a str) -> Publish<'a> {
    Publish {
        delivery,
        retain: false,
        topic: PublishTopic::Name(topic(name)),
        properties: PublishProperties::default(),
        payload: payload.as_bytes(),
    }
}

pub(crate) fn qos0<'a>(name: &'a str, payload: &'a str) -> Publish<'a> {
    publish(Delivery::AtMostOnce, name, payload)
}

pub(crate) fn qos1<'a>(packet_id: u16, name: &'a str, payload: &'a str) -> Publish<'a> {
    publish(
        AcknowledgedQoS::AtLeastOnce.delivery(id(packet_id), Transmission::First),
        name,
        payload,
    )
}

pub(crate) fn qos2<'a>(packet_id: u16, name: &'a str, payload: &'a str) -> Publish<'a> {
    publish(
        AcknowledgedQoS::ExactlyOnce.delivery(id(packet_id), Transmission::First),
        name,
        payload,
    )
}

/// With DUP 1.
pub(crate) fn again(publish: Publish<'_>) -> Publish<'_> {
    let delivery = match publish.delivery {
        Delivery::AtMostOnce => Delivery::AtMostOnce,
        Delivery::AtLeastOnce { packet_id, .. } => Delivery::AtLeastOnce {
            packet_id,
            dup: true,
        },
        Delivery::ExactlyOnce { packet_id, .. } => Delivery::ExactlyOnce {
            packet_id,
            dup: true,
        },
    };
    Publish {
        delivery,
        ..publish
    }
}

pub(crate) fn puback(packet_id: u16) -> Puback<'static> {
    Puback::success(id(packet_id))
}

pub(crate) fn pubrec(packet_id: u16) -> Pubrec<'static> {
    Pubrec::success(id(packet_id))
}

pub(crate) fn pubrel(packet_id: u16) -> Pubrel<'static> {
    Pubrel::success(id(packet_id))
}

pub(crate) fn pubcomp(packet_id: u16) -> Pubcomp<'static> {
    Pubcomp::success(id(packet_id))
}

pub(crate) fn disconnect(reason_code: DisconnectReasonCode) -> Disconnect<'static> {
    Disconnect {
        reason_code,
        properties: DisconnectProperties::default(),
    }
}

pub(crate) fn message(qos: QoS, name: &str, payload: &str) -> Message {
    Message {
        qos,
        ..Message::new(TopicNameBuf::new(name).unwrap(), payload.to_owned())
    }
}

pub(crate) fn filter(filter: &str) -> TopicFilter<'_> {
    TopicFilter::new(filter).unwrap()
}

pub(crate) fn subscription(name: &str, maximum_qos: QoS) -> Subscription<'_> {
    Subscription {
        filter: filter(name),
        options: SubscriptionOptions {
            maximum_qos,
            ..Default::default()
        },
    }
}

pub(crate) fn subscribe<'a>(
    packet_id: u16,
    subscriptions: &'a [Subscription<'a>],
) -> Subscribe<'a> {
    let subscriptions = Subscriptions::new(subscriptions).unwrap();
    Subscribe {
        packet_id: id(packet_id),
        properties: SubscribeProperties::default(),
        subscriptions,
    }
}

pub(crate) fn unsubscribe<'a>(packet_id: u16, filters: &'a [TopicFilter<'a>]) -> Unsubscribe<'a> {
    let filters = TopicFilters::new(filters).unwrap();
    Unsubscribe {
        packet_id: id(packet_id),
        user_properties: UserProperties::EMPTY,
        filters,
    }
}

pub(crate) fn suback(packet_id: u16, reason_codes: &[SubscribeReasonCode]) -> Suback<'_> {
    let reason_codes = SubscribeReasonCodes::new(reason_codes).unwrap();
    Suback {
        packet_id: id(packet_id),
        properties: Default::default(),
        reason_codes,
    }
}

pub(crate) fn text(text: &str) -> TextBuf {
    TextBuf::new(text).unwrap()
}

/// What DISCONNECT says.
pub(crate) fn code(byte: u8) -> DisconnectReasonCode {
    DisconnectReasonCode::from_byte(byte).unwrap()
}

/// What a server with the default configuration announces.
pub(crate) fn announced() -> ConnackProperties<'static> {
    ConnackProperties {
        receive_maximum: NonZeroU16::new(1_024),
        maximum_packet_size: NonZeroU32::new(2 * 1024 * 1024),
        topic_alias_maximum: Some(16),
        ..ConnackProperties::default()
    }
}

/// A CONNECT of 5.0 that asks for enhanced authentication.
pub(crate) fn with_method(method: &str) -> Connect<'_> {
    let properties = ConnectProperties {
        authentication_method: Text::new(method).ok(),
        ..ConnectProperties::default()
    };
    Connect {
        properties,
        ..super::connect(Version::V5_0)
    }
}

/// A CONNACK that accepts it.
pub(crate) fn accepted_with(method: &str) -> Connack<'_> {
    super::connack(ConnackProperties {
        authentication_method: Text::new(method).ok(),
        ..ConnackProperties::default()
    })
}

pub(crate) fn auth<'a>(code: u8, method: &'a str, data: &'a str) -> Auth<'a> {
    let properties = AuthProperties {
        authentication_method: Text::new(method).ok(),
        authentication_data: Binary::new(data.as_bytes()).ok(),
        ..AuthProperties::default()
    };
    Auth {
        reason_code: AuthReasonCode::from_byte(code).unwrap(),
        properties,
    }
}

/// A client that asks for enhanced authentication.
pub(crate) fn authenticating(method: &str) -> ClientConfig {
    let data = Password::new("client first").ok();
    let authentication = Some(InitialAuthentication {
        method: text(method),
        data,
    });
    ClientConfig {
        authentication,
        ..super::client_config(Version::V5_0)
    }
}

/// The method is X.
pub(crate) fn authenticated() -> (Client, Server) {
    let client = Client::connected_with(authenticating("X"), accepted_with("X"));
    let server = Server::connected_with(Default::default(), &with_method("X"));
    (client, server)
}

pub(crate) fn unsuback(packet_id: u16, reason_codes: &[UnsubscribeReasonCode]) -> Unsuback<'_> {
    Unsuback {
        packet_id: id(packet_id),
        properties: Default::default(),
        reason_codes: UnsubscribeReasonCodes::new(reason_codes).unwrap(),
    }
}

/// A packet of every type, with identifier 7 where it has one, and bytes of the type 0, which no version has. In 3.x AUTH
/// is a reserved type, too.
pub(crate) fn every_type(version: Version) -> Vec<(&'static str, Vec<u8>)> {
    let subscriptions = [subscription("a", QoS::AtMostOnce)];
    let filters = [filter("a")];
    let encode = |packet: Packet<'_>| encode(version, &packet);
    let mut packets = vec![
        ("type 0", vec![0, 0]),
        ("CONNECT", encode(super::connect(version).into())),
        ("CONNACK", encode(super::accepted().into())),
        ("PUBLISH 0", encode(qos0("a", "x").into())),
        ("PUBLISH 1", encode(qos1(7, "a", "x").into())),
        ("PUBLISH 2", encode(qos2(7, "a", "x").into())),
        ("PUBACK", encode(puback(7).into())),
        ("PUBREC", encode(pubrec(7).into())),
        ("PUBREL", encode(pubrel(7).into())),
        ("PUBCOMP", encode(pubcomp(7).into())),
        ("SUBSCRIBE", encode(subscribe(7, &subscriptions).into())),
        (
            "SUBACK",
            encode(suback(7, &[SubscribeReasonCode::Success]).into()),
        ),
        ("UNSUBSCRIBE", encode(unsubscribe(7, &filters).into())),
        (
            "UNSUBACK",
            encode(unsuback(7, &[UnsubscribeReasonCode::Success]).into()),
        ),
        ("PINGREQ", encode(Packet::Pingreq)),
        ("PINGRESP", encode(Packet::Pingresp)),
        ("DISCONNECT", encode(disconnect(code(0)).into())),
    ];
    if version == Version::V5_0 {
        packets.push(("CONNACK X", encode(accepted_with("X").into())));
        packets.push(("AUTH 00", encode(auth(0x00, "X", "").into())));
        packets.push(("AUTH 18", encode(auth(0x18, "X", "").into())));
        packets.push(("AUTH 19", encode(auth(0x19, "X", "").into())));
        packets.push(("AUTH Y", encode(auth(0x18, "Y", "").into())));
        packets.push(("AUTH bare", vec![0xF0, 0]));
    } else {
        packets.push(("AUTH", vec![0xF0, 0]));
    }
    packets
}

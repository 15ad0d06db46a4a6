//! Packets as tests write them.

use std::num::{NonZeroU16, NonZeroU32};

use mqtt_codec::packet::{
    AcknowledgementProperties, Auth, AuthProperties, Connack, ConnackProperties, Connect,
    ConnectProperties, Delivery, Disconnect, DisconnectProperties, Puback, Pubcomp, Publish,
    PublishProperties, PublishTopic, Pubrec, Pubrel, Suback, Subscribe, SubscribeProperties,
    SubscribeReasonCodes, Subscription, SubscriptionOptions, Subscriptions, TopicFilters, Unsuback,
    Unsubscribe, UnsubscribeReasonCodes, Will, WillProperties,
};
use mqtt_codec::property::SubscriptionIdentifier;
use mqtt_codec::reason_code::{
    AuthReasonCode, ConnectReasonCode, DisconnectReasonCode, SubscribeReasonCode,
    UnsubscribeReasonCode,
};
use mqtt_codec::{Binary, ClientId, Packet, PacketId, QoS, Text, TopicFilter, TopicName, Version};

pub const VERSIONS: [Version; 3] = [Version::V3_1, Version::V3_1_1, Version::V5_0];

pub fn id(value: u16) -> PacketId {
    PacketId::new(value).unwrap()
}

pub fn name(topic: &str) -> TopicName<'_> {
    TopicName::new(topic).unwrap()
}

pub fn filter(filter: &str) -> TopicFilter<'_> {
    TopicFilter::new(filter).unwrap()
}

/// A CONNECT of 5.0 that begins anew, without Keep Alive.
pub fn connect(client_id: &str) -> Connect<'_> {
    connect_as(Version::V5_0, client_id)
}

/// A CONNECT that begins anew, without Keep Alive.
pub fn connect_as(version: Version, client_id: &str) -> Connect<'_> {
    Connect {
        version,
        bridge: false,
        clean_start: true,
        keep_alive: 0,
        properties: ConnectProperties::default(),
        client_id: ClientId::new(client_id).unwrap(),
        will: None,
        user_name: None,
        password: None,
    }
}

/// A CONNECT that resumes its session and keeps it for `expiry` seconds (in 3.x as long as the broker keeps any).
pub fn resuming(version: Version, client_id: &str, expiry: u32) -> Connect<'_> {
    let mut connect = connect_as(version, client_id);
    connect.clean_start = false;
    if version == Version::V5_0 {
        connect.properties.session_expiry_interval = Some(expiry);
    }
    connect
}

pub fn will<'a>(topic: &'a str, payload: &'a str) -> Will<'a> {
    Will {
        topic: name(topic),
        payload: Binary::new(payload.as_bytes()).unwrap(),
        qos: QoS::AtMostOnce,
        retain: false,
        properties: WillProperties::default(),
    }
}

/// What the broker answers to `connect(..)` with its default configuration.
pub fn connack() -> Packet<'static> {
    Packet::Connack(Connack {
        session_present: false,
        reason_code: ConnectReasonCode::Success,
        properties: ConnackProperties {
            receive_maximum: NonZeroU16::new(1024),
            maximum_packet_size: NonZeroU32::new(2 * 1024 * 1024),
            topic_alias_maximum: Some(16),
            server_keep_alive: Some(1200),
            ..ConnackProperties::default()
        },
    })
}

/// CONNACK with an error code and nothing else.
pub fn refused(reason_code: ConnectReasonCode) -> Packet<'static> {
    Packet::Connack(Connack {
        session_present: false,
        reason_code,
        properties: ConnackProperties::default(),
    })
}

pub fn qos0<'a>(topic: &'a str, payload: &'a str) -> Publish<'a> {
    publish(Delivery::AtMostOnce, topic, payload)
}

pub fn qos1<'a>(packet_id: u16, topic: &'a str, payload: &'a str) -> Publish<'a> {
    publish(
        Delivery::AtLeastOnce {
            packet_id: id(packet_id),
            dup: false,
        },
        topic,
        payload,
    )
}

pub fn qos2<'a>(packet_id: u16, topic: &'a str, payload: &'a str) -> Publish<'a> {
    publish(
        Delivery::ExactlyOnce {
            packet_id: id(packet_id),
            dup: false,
        },
        topic,
        payload,
    )
}

pub fn publish<'a>(delivery: Delivery, topic: &'a str, payload: &'a str) -> Publish<'a> {
    Publish {
        delivery,
        retain: false,
        topic: PublishTopic::Name(name(topic)),
        properties: PublishProperties::default(),
        payload: payload.as_bytes(),
    }
}

pub fn retained(mut publish: Publish<'_>) -> Publish<'_> {
    publish.retain = true;
    publish
}

/// With a Message Expiry Interval.
pub fn expiring(mut publish: Publish<'_>, seconds: u32) -> Publish<'_> {
    publish.properties.message_expiry_interval = Some(seconds);
    publish
}

pub fn again(mut publish: Publish<'_>) -> Publish<'_> {
    publish.delivery = match publish.delivery {
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
    publish
}

pub fn puback(packet_id: u16) -> Packet<'static> {
    Packet::Puback(Puback::success(id(packet_id)))
}

pub fn pubrec(packet_id: u16) -> Packet<'static> {
    Packet::Pubrec(Pubrec::success(id(packet_id)))
}

pub fn pubrel(packet_id: u16) -> Packet<'static> {
    Packet::Pubrel(Pubrel::success(id(packet_id)))
}

pub fn pubcomp(packet_id: u16) -> Packet<'static> {
    Packet::Pubcomp(Pubcomp::success(id(packet_id)))
}

/// SUBSCRIBE to one filter.
pub fn subscribe(packet_id: u16, to: &'static str, qos: QoS) -> Packet<'static> {
    subscribe_with(
        packet_id,
        to,
        SubscriptionOptions {
            maximum_qos: qos,
            ..SubscriptionOptions::default()
        },
    )
}

pub fn subscribe_with(
    packet_id: u16,
    to: &'static str,
    options: SubscriptionOptions,
) -> Packet<'static> {
    let subscription = Box::leak(Box::new([Subscription {
        filter: filter(to),
        options,
    }]));
    Packet::Subscribe(Subscribe {
        packet_id: id(packet_id),
        properties: SubscribeProperties::default(),
        subscriptions: Subscriptions::new(subscription).unwrap(),
    })
}

pub fn suback(packet_id: u16, codes: &[SubscribeReasonCode]) -> Packet<'_> {
    Packet::Suback(Suback {
        packet_id: id(packet_id),
        properties: AcknowledgementProperties::default(),
        reason_codes: SubscribeReasonCodes::new(codes).unwrap(),
    })
}

pub fn unsubscribe(packet_id: u16, from: &'static str) -> Packet<'static> {
    let filters = Box::leak(Box::new([filter(from)]));
    Packet::Unsubscribe(Unsubscribe {
        packet_id: id(packet_id),
        user_properties: Default::default(),
        filters: TopicFilters::new(filters).unwrap(),
    })
}

pub fn disconnect(reason_code: DisconnectReasonCode) -> Packet<'static> {
    Packet::Disconnect(Disconnect {
        reason_code,
        properties: DisconnectProperties::default(),
    })
}

/// The bytes of a packet.
pub fn encoded<'a>(version: Version, packet: impl Into<Packet<'a>>) -> Vec<u8> {
    let packet = packet.into();
    let mut bytes = vec![0; packet.encoded_len(version).unwrap()];
    packet.encode(version, &mut bytes);
    bytes
}

/// A text of a test's own making, for packets that are `'static`.
pub fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// SUBSCRIBE to several filters.
pub fn subscribe_all(packet_id: u16, to: &[(&'static str, QoS)]) -> Packet<'static> {
    let subscription = |&(to, maximum_qos): &(&'static str, QoS)| Subscription {
        filter: filter(to),
        options: options(maximum_qos),
    };
    let subscriptions: Vec<_> = to.iter().map(subscription).collect();
    Packet::Subscribe(Subscribe {
        packet_id: id(packet_id),
        properties: SubscribeProperties::default(),
        subscriptions: Subscriptions::new(subscriptions.leak()).unwrap(),
    })
}

/// SUBSCRIBE to one filter with a Subscription Identifier.
pub fn subscribe_as(identifier: u32, to: &'static str, qos: QoS) -> Packet<'static> {
    match subscribe(1, to, qos) {
        Packet::Subscribe(mut subscribe) => {
            subscribe.properties.subscription_identifier = SubscriptionIdentifier::new(identifier);
            Packet::Subscribe(subscribe)
        }
        other => other,
    }
}

pub fn options(maximum_qos: QoS) -> SubscriptionOptions {
    SubscriptionOptions {
        maximum_qos,
        ..SubscriptionOptions::default()
    }
}

pub fn unsubscribe_all(packet_id: u16, from: &[&'static str]) -> Packet<'static> {
    let filters: Vec<_> = from.iter().map(|from| filter(from)).collect();
    Packet::Unsubscribe(Unsubscribe {
        packet_id: id(packet_id),
        user_properties: Default::default(),
        filters: TopicFilters::new(filters.leak()).unwrap(),
    })
}

/// UNSUBACK; in 3.x it has no codes.
pub fn unsuback(packet_id: u16, codes: &[UnsubscribeReasonCode]) -> Packet<'_> {
    Packet::Unsuback(Unsuback {
        packet_id: id(packet_id),
        properties: AcknowledgementProperties::default(),
        reason_codes: UnsubscribeReasonCodes::new(codes).unwrap_or(UnsubscribeReasonCodes::EMPTY),
    })
}

/// With an Authentication Method.
pub fn with_method<'a>(client_id: &'a str, method: &'a str) -> Connect<'a> {
    let mut connect = connect(client_id);
    connect.properties.authentication_method = Some(text(method));
    connect
}

pub fn auth<'a>(reason_code: AuthReasonCode, method: &'a str, data: &'a str) -> Packet<'a> {
    let properties = AuthProperties {
        authentication_method: Some(text(method)),
        authentication_data: Some(Binary::new(data.as_bytes()).unwrap()),
        ..AuthProperties::default()
    };
    Packet::Auth(Auth {
        reason_code,
        properties,
    })
}

pub fn text(text: &str) -> Text<'_> {
    Text::new(text).unwrap()
}

/// A packet of every type, with identifier 7 where it has one, and bytes of the type 0, which no version has. In 3.x AUTH
/// is a reserved type, too.
pub fn every_type(version: Version) -> Vec<(&'static str, Vec<u8>)> {
    let encoded = |packet: Packet<'_>| encoded(version, packet);
    let mut packets = vec![
        ("type 0", vec![0, 0]),
        ("CONNECT", encoded(connect_as(version, "a").into())),
        ("CONNACK", encoded(connack())),
        ("PUBLISH 0", encoded(qos0("a", "x").into())),
        ("PUBLISH 1", encoded(qos1(7, "a", "x").into())),
        ("PUBLISH 2", encoded(qos2(7, "a", "x").into())),
        ("PUBACK", encoded(puback(7))),
        ("PUBREC", encoded(pubrec(7))),
        ("PUBREL", encoded(pubrel(7))),
        ("PUBCOMP", encoded(pubcomp(7))),
        ("SUBSCRIBE", encoded(subscribe(7, "a", QoS::AtMostOnce))),
        (
            "SUBACK",
            encoded(suback(7, &[SubscribeReasonCode::Success])),
        ),
        ("UNSUBSCRIBE", encoded(unsubscribe(7, "a"))),
        (
            "UNSUBACK",
            encoded(unsuback(7, &[UnsubscribeReasonCode::Success])),
        ),
        ("PINGREQ", encoded(Packet::Pingreq)),
        ("PINGRESP", encoded(Packet::Pingresp)),
        (
            "DISCONNECT",
            encoded(disconnect(DisconnectReasonCode::Success)),
        ),
    ];
    if version == Version::V5_0 {
        let with_will = DisconnectReasonCode::DisconnectWithWillMessage;
        packets.push(("DISCONNECT 04", encoded(disconnect(with_will))));
        packets.push(("AUTH 00", encoded(auth(AuthReasonCode::Success, "X", ""))));
        packets.push((
            "AUTH 18",
            encoded(auth(AuthReasonCode::ContinueAuthentication, "X", "")),
        ));
        packets.push((
            "AUTH 19",
            encoded(auth(AuthReasonCode::ReAuthenticate, "X", "")),
        ));
        packets.push((
            "AUTH Y",
            encoded(auth(AuthReasonCode::ContinueAuthentication, "Y", "")),
        ));
        packets.push(("AUTH bare", vec![0xF0, 0]));
    } else {
        packets.push(("AUTH", vec![0xF0, 0]));
    }
    packets
}

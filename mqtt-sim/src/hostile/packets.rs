//! Packets of hostile clients, before they are spoiled.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use mqtt_codec::packet::{
    Connect, ConnectProperties, Delivery, Puback, Pubcomp, Publish, PublishProperties,
    PublishTopic, Pubrec, Pubrel, Subscribe, SubscribeProperties, Subscription,
    SubscriptionOptions, Subscriptions, TopicFilters, Unsubscribe, Will,
};
use mqtt_codec::property::UserProperties;
use mqtt_codec::{ClientId, Packet, PacketId, QoS, TopicFilter, TopicName, Version};

/// CONNECT of the hostile client with this number.
pub(super) fn connect(
    version: Version,
    number: usize,
    keep_alive: u16,
    will: Option<Will<'_>>,
) -> Vec<u8> {
    let client_id = format!("x-{number}");
    let connect = Connect {
        version,
        bridge: false,
        clean_start: true,
        keep_alive,
        properties: ConnectProperties::default(),
        client_id: ClientId::new(&client_id).unwrap_or(ClientId::EMPTY),
        will,
        user_name: None,
        password: None,
    };
    encoded(version, &Packet::Connect(connect))
}

/// PUBLISH to the topic of this hostile client.
pub(super) fn publish(
    version: Version,
    number: usize,
    packet_id: u16,
    qos: QoS,
    bytes: usize,
) -> Vec<u8> {
    let topic = topic(number);
    let Ok(topic) = TopicName::new(&topic) else {
        return Vec::new();
    };
    let packet_id = PacketId::new(packet_id).unwrap_or(PacketId::MIN);
    let payload = vec![b'x'; bytes];
    let publish = Publish {
        delivery: match qos {
            QoS::AtMostOnce => Delivery::AtMostOnce,
            QoS::AtLeastOnce => Delivery::AtLeastOnce {
                packet_id,
                dup: false,
            },
            QoS::ExactlyOnce => Delivery::ExactlyOnce {
                packet_id,
                dup: false,
            },
        },
        retain: false,
        topic: PublishTopic::Name(topic),
        properties: PublishProperties::default(),
        payload: &payload,
    };
    encoded(version, &Packet::Publish(publish))
}

/// SUBSCRIBE to one filter.
pub(super) fn subscribe(version: Version, filter: &str, maximum_qos: QoS) -> Vec<u8> {
    let Ok(filter) = TopicFilter::new(filter) else {
        return Vec::new();
    };
    let subscription = Subscription {
        filter,
        options: SubscriptionOptions {
            maximum_qos,
            ..SubscriptionOptions::default()
        },
    };
    let Some(subscriptions) = Subscriptions::new(core::slice::from_ref(&subscription)) else {
        return Vec::new();
    };
    let subscribe = Subscribe {
        packet_id: PacketId::MIN,
        properties: SubscribeProperties::default(),
        subscriptions,
    };
    encoded(version, &Packet::Subscribe(subscribe))
}

/// UNSUBSCRIBE from one filter.
pub(super) fn unsubscribe(version: Version, filter: &str) -> Vec<u8> {
    let Ok(filter) = TopicFilter::new(filter) else {
        return Vec::new();
    };
    let Some(filters) = TopicFilters::new(core::slice::from_ref(&filter)) else {
        return Vec::new();
    };
    let unsubscribe = Unsubscribe {
        packet_id: PacketId::MIN,
        user_properties: UserProperties::EMPTY,
        filters,
    };
    encoded(version, &Packet::Unsubscribe(unsubscribe))
}

/// PUBACK, PUBREC, PUBREL and PUBCOMP of a message.
pub(super) fn acknowledgements(version: Version, packet_id: u16) -> [Vec<u8>; 4] {
    let packet_id = PacketId::new(packet_id).unwrap_or(PacketId::MIN);
    [
        Packet::Puback(Puback::success(packet_id)),
        Packet::Pubrec(Pubrec::success(packet_id)),
        Packet::Pubrel(Pubrel::success(packet_id)),
        Packet::Pubcomp(Pubcomp::success(packet_id)),
    ]
    .map(|packet| encoded(version, &packet))
}

/// The topic of the hostile client with this number: some have the same, so that they do not fill the cache of matches.
pub(super) fn topic(number: usize) -> String {
    format!("x/{}", number % TOPICS)
}

const TOPICS: usize = 50;

/// PINGREQ.
pub(super) const PINGREQ: [u8; 2] = [0xC0, 0];

fn encoded(version: Version, packet: &Packet<'_>) -> Vec<u8> {
    let mut bytes = vec![0; packet.encoded_len(version).unwrap_or(0)];
    packet.encode(version, &mut bytes);
    bytes
}

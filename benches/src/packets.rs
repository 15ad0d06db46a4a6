//! The packets that are measured.

use core::num::{NonZeroU16, NonZeroU32};

use mqtt_codec::packet::{
    Connect, ConnectProperties, Delivery, Publish, PublishProperties, PublishTopic, RetainHandling,
    Subscribe, SubscribeProperties, Subscription, SubscriptionOptions, Subscriptions, Will,
    WillProperties,
};
use mqtt_codec::property::{PayloadFormat, UserProperties};
use mqtt_codec::{
    Binary, ClientId, Packet, PacketId, QoS, Text, TextError, TopicFilter, TopicName, Version,
};

pub const PUBLISH_QOS_0_V3_1_1: &str = "PUBLISH QoS 0, 3.1.1";
pub const PUBLISH_QOS_0_V5: &str = "PUBLISH QoS 0, 5.0";
pub const PUBLISH_QOS_1_V5: &str = "PUBLISH QoS 1 with 3 properties, 5.0";
pub const CONNECT_V5: &str = "full CONNECT, 5.0";
pub const SUBSCRIBE_V3_1_1: &str = "SUBSCRIBE with 8 filters, 3.1.1";
pub const SUBSCRIBE_V5: &str = "SUBSCRIBE with 8 filters, 5.0";

/// All of 3.1.1.
pub const V3_1_1: [&str; 2] = [PUBLISH_QOS_0_V3_1_1, SUBSCRIBE_V3_1_1];
/// All of 5.0.
pub const V5_0: [&str; 4] = [PUBLISH_QOS_0_V5, PUBLISH_QOS_1_V5, CONNECT_V5, SUBSCRIBE_V5];

/// 26 bytes.
const TOPIC: &str = "factory/line4/temperature1";
const PAYLOAD: [u8; 64] =
    *b"{\"t\":21.5,\"u\":\"C\",\"ts\":1700000000,\"seq\":123456,\"ok\":true,\"x\":12}";

const FILTERS: [&str; 8] = [
    "factory/line1/temperature",
    "factory/line2/+/pressure",
    "factory/+/alarms/#",
    "office/floor3/room12/light",
    "office/floor3/+/light",
    "devices/0a1b2c3d/commands",
    "devices/0a1b2c3d/config/#",
    "broadcast",
];

pub fn version(packet: &str) -> Version {
    if V3_1_1.contains(&packet) {
        Version::V3_1_1
    } else {
        Version::V5_0
    }
}

/// Calls `f` with the packet of a name, built from slices.
pub fn with<R>(name: &str, f: impl FnOnce(&Packet<'_>) -> R) -> R {
    let built = match name {
        PUBLISH_QOS_0_V3_1_1 | PUBLISH_QOS_0_V5 => return f(&Packet::Publish(publish_qos_0())),
        PUBLISH_QOS_1_V5 => with_publish_qos_1(f),
        CONNECT_V5 => with_connect(f),
        _ => return with_subscribe(f),
    };
    built.expect("short strings without U+0000")
}

/// The encoded packet of a name.
pub fn bytes(name: &str) -> Vec<u8> {
    with(name, |packet| {
        let mut bytes = vec![0; packet.encoded_len(version(name)).expect("a small packet")];
        packet.encode(version(name), &mut bytes);
        bytes
    })
}

fn publish_qos_0() -> Publish<'static> {
    Publish {
        delivery: Delivery::AtMostOnce,
        retain: false,
        topic: PublishTopic::Name(TopicName::new(TOPIC).expect("a topic name")),
        properties: PublishProperties::default(),
        payload: &PAYLOAD,
    }
}

fn with_publish_qos_1<R>(f: impl FnOnce(&Packet<'_>) -> R) -> Result<R, TextError> {
    let users = [(Text::new("unit")?, Text::new("celsius")?)];
    let properties = PublishProperties {
        message_expiry_interval: Some(3600),
        content_type: Some(Text::new("application/json")?),
        user_properties: UserProperties::new(&users),
        ..PublishProperties::default()
    };
    let delivery = Delivery::AtLeastOnce {
        packet_id: PacketId::MIN,
        dup: false,
    };
    Ok(f(&Packet::Publish(Publish {
        delivery,
        properties,
        ..publish_qos_0()
    })))
}

fn with_connect<R>(f: impl FnOnce(&Packet<'_>) -> R) -> Result<R, TextError> {
    let users = [
        (Text::new("site")?, Text::new("north")?),
        (Text::new("firmware")?, Text::new("2.7.1")?),
    ];
    let will = Will {
        topic: TopicName::new("devices/0a1b2c3d/status").expect("a topic name"),
        payload: Binary::new(b"offline").expect("short"),
        qos: QoS::AtLeastOnce,
        retain: true,
        properties: WillProperties {
            will_delay_interval: Some(30),
            payload_format_indicator: Some(PayloadFormat::Utf8),
            message_expiry_interval: Some(3600),
            content_type: Some(Text::new("text/plain")?),
            response_topic: Some(TopicName::new("devices/0a1b2c3d/reply").expect("a topic name")),
            correlation_data: Some(Binary::new(b"will-1").expect("short")),
            user_properties: UserProperties::new(&users),
        },
    };
    Ok(f(&Packet::Connect(Connect {
        version: Version::V5_0,
        bridge: false,
        clean_start: true,
        keep_alive: 60,
        properties: ConnectProperties {
            session_expiry_interval: Some(86_400),
            receive_maximum: NonZeroU16::new(100),
            maximum_packet_size: NonZeroU32::new(1_048_576),
            topic_alias_maximum: Some(10),
            request_response_information: Some(true),
            request_problem_information: Some(true),
            user_properties: UserProperties::new(&users),
            authentication_method: Some(Text::new("SCRAM-SHA-256")?),
            authentication_data: Some(
                Binary::new(b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL").expect("short"),
            ),
        },
        client_id: ClientId::new("device-0a1b2c3d")?,
        will: Some(will),
        user_name: Some(Text::new("device-0a1b2c3d")?),
        password: Some(Binary::new(b"correct horse battery").expect("short")),
    })))
}

fn with_subscribe<R>(f: impl FnOnce(&Packet<'_>) -> R) -> R {
    let options = SubscriptionOptions {
        maximum_qos: QoS::AtLeastOnce,
        retain_handling: RetainHandling::SendAtSubscribe,
        ..SubscriptionOptions::default()
    };
    let list = FILTERS.map(|filter| Subscription {
        filter: TopicFilter::new(filter).expect("a filter"),
        options,
    });
    f(&Packet::Subscribe(Subscribe {
        packet_id: PacketId::MIN,
        properties: SubscribeProperties::default(),
        subscriptions: Subscriptions::new(&list).expect("eight"),
    }))
}

#[cfg(test)]
mod tests {
    use super::{CONNECT_V5, PUBLISH_QOS_0_V3_1_1, V3_1_1, V5_0, bytes, version, with};
    use mqtt_codec::{Limits, decode};

    #[test]
    fn each_packet_comes_back() {
        for name in V3_1_1.into_iter().chain(V5_0) {
            let bytes = bytes(name);
            with(name, |packet| {
                assert_eq!(
                    decode(version(name), &Limits::default(), &bytes),
                    Ok(Some((*packet, bytes.len())))
                );
            });
        }
    }

    #[test]
    fn the_sizes_are_those_of_the_goal() {
        assert_eq!(bytes(PUBLISH_QOS_0_V3_1_1).len(), 2 + 2 + 26 + 64);
        assert!(bytes(CONNECT_V5).len() > 300);
    }
}

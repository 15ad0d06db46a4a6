//! Messages of the broker's own, and of who embeds it.
#![allow(
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::{SECOND, VERSIONS, World, connect_as, expiring, publish, subscribe};
use bytes::Bytes;
use mqtt_broker_core::{Config, Message};
use mqtt_codec::packet::{Delivery, PublishProperties, PublishPropertiesBuf};
use mqtt_codec::{Packet, QoS, TopicNameBuf, Version};

/// [MQTT-3.3.2-6] What is left of their lifetime is sent, whatever interval they had once.
#[test]
fn what_is_left_of_their_lifetime_is_sent() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
        for (interval, left) in [
            (None, None),
            (None, Some(10)),
            (Some(99), Some(10)),
            (Some(99), None),
        ] {
            for version in VERSIONS {
                let mut world = World::new(Config::default());
                let reader = world.connect(connect_as(version, "reader"));
                world.send(reader, subscribe(1, "a", qos));
                world.forget();
                let properties = PublishPropertiesBuf::from(&PublishProperties {
                    message_expiry_interval: interval,
                    ..PublishProperties::default()
                });
                let message =
                    Message::builder(TopicNameBuf::new("a").unwrap(), Bytes::from_static(b"x"))
                        .qos(qos)
                        .properties(properties)
                        .expires_at(left.map(|seconds| world.now + seconds * SECOND))
                        .build();
                world.broker.publish(world.now, &message);
                world.settle();
                let delivery = match qos {
                    QoS::AtMostOnce => Delivery::AtMostOnce,
                    QoS::AtLeastOnce | QoS::ExactlyOnce => Delivery::AtLeastOnce {
                        packet_id: mqtt_codec::PacketId::MIN,
                        dup: false,
                    },
                };
                let plain = publish(delivery, "a", "x");
                let expected = match left {
                    Some(seconds) if version == Version::V5_0 => expiring(plain, seconds),
                    Some(_) | None => plain,
                };
                assert_eq!(world.take(reader).packets(), [Packet::Publish(expected)]);
            }
        }
    }
}

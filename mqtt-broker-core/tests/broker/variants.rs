//! One message to many subscribers: each gets it in its own version, at its own QoS, with its own flags and identifiers.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::{VERSIONS, World, connect, connect_as, id, leak, publish, subscribe_with};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::packet::{Delivery, Publish, SubscriptionOptions};
use mqtt_codec::property::{SubscriptionIdentifier, SubscriptionIdentifiers};
use mqtt_codec::{Packet, QoS, Version};

/// [MQTT-3.3.1-12] [MQTT-3.3.1-13] [MQTT-3.3.4-3] [MQTT-3.8.4-8] [v3.1.1 MQTT-3.3.1-9] Whoever got it just before, and in however
/// many forms it goes out: to the byte.
#[test]
fn each_subscriber_gets_the_packet_that_is_its_own() {
    for payload in ["short", leak("long ".repeat(1_000))] {
        let mut world = World::new(Config::default());
        let readers: Vec<_> = readers().collect();
        let links: Vec<_> = (0..)
            .zip(&readers)
            .map(|(n, reader)| reader.connect(&mut world, n))
            .collect();
        let writer = world.connect(connect("writer"));
        for (packet_id, retain) in [(1, true), (2, false), (3, true)] {
            let mut sent = publish(delivery(QoS::ExactlyOnce, packet_id), "a", payload);
            sent.retain = retain;
            world.send(writer, sent);
            for (reader, link) in readers.iter().zip(&links) {
                let outcome = world.take(*link);
                assert_eq!(outcome.bytes(), [reader.packet(sent)], "{reader:?}");
            }
        }
    }
}

/// How a client subscribed to `a`.
#[derive(Debug)]
struct Reader {
    version: Version,
    qos: QoS,
    retain_as_published: bool,
    identifier: Option<SubscriptionIdentifier>,
}

/// Each kind three times, far from each other, and so that neighbours differ in one thing or in many.
fn readers() -> impl Iterator<Item = Reader> {
    let kinds = move |round: u32| {
        let all = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];
        all.into_iter().flat_map(move |qos| {
            let of_3 = |version| Reader {
                version,
                qos,
                retain_as_published: false,
                identifier: None,
            };
            let of_5 = move |(retain_as_published, identifier)| Reader {
                version: Version::V5_0,
                qos,
                retain_as_published,
                identifier: SubscriptionIdentifier::new(identifier),
            };
            // No identifier is 0.
            let fives = [
                (false, 0),
                (true, 0),
                (true, 1 + round),
                (false, 100 + round),
            ];
            VERSIONS.map(of_3).into_iter().chain(fives.map(of_5))
        })
    };
    (0..3).flat_map(kinds)
}

impl Reader {
    fn connect(&self, world: &mut World, n: usize) -> LinkId {
        let link = world.connect(connect_as(self.version, leak(format!("reader {n}"))));
        let options = SubscriptionOptions {
            maximum_qos: self.qos,
            retain_as_published: self.retain_as_published,
            ..SubscriptionOptions::default()
        };
        let Packet::Subscribe(mut subscribe) = subscribe_with(1, "a", options) else {
            panic!("a SUBSCRIBE")
        };
        subscribe.properties.subscription_identifier = self.identifier;
        world.send(link, subscribe);
        assert_eq!(world.take(link).packets().len(), 1, "SUBACK");
        link
    }

    /// What it gets of a message.
    fn packet(&self, sent: Publish<'_>) -> Vec<u8> {
        let identifiers: Vec<_> = self.identifier.into_iter().collect();
        let packet_id = sent.delivery.packet_id().map_or(0, |id| id.get());
        let mut own = sent;
        own.delivery = delivery(self.qos, packet_id);
        own.retain = sent.retain && self.retain_as_published;
        own.properties.subscription_identifiers = SubscriptionIdentifiers::new(&identifiers);
        let mut bytes = vec![0; own.encoded_len(self.version).unwrap()];
        own.encode(self.version, &mut bytes);
        bytes
    }
}

fn delivery(qos: QoS, packet_id: u16) -> Delivery {
    let (packet_id, dup) = (id(packet_id), false);
    match qos {
        QoS::AtMostOnce => Delivery::AtMostOnce,
        QoS::AtLeastOnce => Delivery::AtLeastOnce { packet_id, dup },
        QoS::ExactlyOnce => Delivery::ExactlyOnce { packet_id, dup },
    }
}

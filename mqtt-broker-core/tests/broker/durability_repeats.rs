//! What is asked for once more while the first time is not durable: the answer waits for that, since it says the same.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::store::Durable;
use crate::harness::{connect_as, qos0, qos1, qos2, retained, unsuback, unsubscribe};
use mqtt_broker_core::{Config, Record};
use mqtt_codec::reason_code::UnsubscribeReasonCode;
use mqtt_codec::{TopicNameBuf, Version};

/// [3.1-9] [MQTT-3.10.4-4] UNSUBSCRIBE once more on a live connection: its UNSUBACK says the same as the first one.
#[test]
fn unsuback_of_a_repeated_unsubscribe_waits_for_the_first_one() {
    for version in crate::harness::VERSIONS {
        let mut world = Durable::new(Config::default());
        let reader = world.subscriber(version, "reader");
        world.send(reader, unsubscribe(2, "a"));
        world.send(reader, unsubscribe(2, "a"));
        assert_eq!(world.take(reader).packets(), []);
        world.commit();
        let codes = [
            UnsubscribeReasonCode::Success,
            UnsubscribeReasonCode::NoSubscriptionExisted,
        ];
        let said = |code: usize| match version {
            Version::V5_0 => unsuback(2, &codes[code..=code]),
            Version::V3_1 | Version::V3_1_1 => unsuback(2, &[]),
        };
        assert_eq!(world.take(reader).packets(), [said(0), said(1)]);
    }
}

/// [MQTT-3.3.1-6] A retained message that another client has cleared a moment ago.
#[test]
fn puback_of_a_repeated_clearing_waits_until_the_message_cannot_come_back() {
    for version in crate::harness::VERSIONS {
        let mut world = Durable::new(Config::default());
        let (first, _) = world.connect(connect_as(version, "first"));
        let (second, _) = world.connect(connect_as(version, "second"));
        world.exchange(first, retained(qos1(1, "a", "old")));
        world.send(first, retained(qos0("a", "")));
        world.send(second, retained(qos1(1, "a", "")));
        assert_eq!(world.take(second).packets(), []);
        world.commit_all();
        assert_eq!(world.take(second).packets().len(), 1);

        world.crash();
        assert_eq!(world.broker.gauges().retained_messages, 0);
        // With nothing on its way to the store there is nothing to wait for.
        let (third, _) = world.connect(connect_as(version, "third"));
        world.send(third, retained(qos1(1, "a", "")));
        assert_eq!(world.take(third).packets().len(), 1);
    }
}

/// [MQTT-3.3.1-7] What holds nothing has nothing to clear: no record says so, however often a client asks, and the
/// acknowledgements alone wait for what is on its way to the store.
#[test]
fn a_clearing_that_clears_nothing_is_not_recorded() {
    for version in crate::harness::VERSIONS {
        let mut world = Durable::new(Config::default());
        let (client, _) = world.connect(connect_as(version, "c"));
        let (other, _) = world.connect(connect_as(version, "other"));
        world.exchange(client, retained(qos1(1, "a", "old")));
        world.send(client, retained(qos0("a", "")));
        // What is empty and not retained clears nothing, and waits for nothing.
        world.send(other, qos1(1, "a", ""));
        assert_eq!(world.take(other).packets().len(), 1);
        let first = [Record::RetainedCleared {
            topic: TopicNameBuf::new("a").unwrap(),
        }];
        assert_eq!(world.records(), first);
        for (packet_id, topic) in [(2, "a"), (3, "b")] {
            world.send(client, retained(qos0(topic, "")));
            world.send(client, retained(qos1(1, topic, "")));
            world.send(client, retained(qos2(packet_id, topic, "")));
            assert_eq!(world.records(), first);
            assert_eq!(world.take(client).packets(), []);
        }
        world.commit();
        assert_eq!(world.take(client).packets().len(), 4);
        assert!(!world.commit());
    }
}

//! What the broker offers, as CONNACK says it: MQTT 5.0 §3.2.2.3.4 and §3.2.2.3.5. It lacks nothing of it.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::{
    World, connack, connect, puback, publish, pubrec, retained, suback, subscribe, will,
};
use mqtt_broker_core::Config;
use mqtt_codec::packet::{Delivery, Publish};
use mqtt_codec::reason_code::SubscribeReasonCode;
use mqtt_codec::{Packet, QoS};

const ALL: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

/// [MQTT-3.2.2-9] [MQTT-3.2.2-10] CONNACK has no Maximum QoS, and each QoS can be published and subscribed to.
#[test]
fn no_maximum_qos_is_said_and_each_qos_is_taken() {
    for qos in ALL {
        let mut world = World::new(Config::default());
        let (link, outcome) = world.offer(connect("c"));
        assert_eq!(outcome.packets(), [connack()]);
        world.send(link, subscribe(1, "a", qos));
        let granted = [SubscribeReasonCode::granted(qos)];
        assert_eq!(world.take(link).packets(), [suback(1, &granted)]);

        world.send(link, sent(qos, "a"));
        let answer = match qos {
            QoS::AtMostOnce => None,
            QoS::AtLeastOnce => Some(puback(1)),
            QoS::ExactlyOnce => Some(pubrec(1)),
        };
        let mut expected = vec![Packet::Publish(sent(qos, "a"))];
        expected.extend(answer);
        assert_eq!(world.take(link).packets(), expected);
    }
}

/// [MQTT-3.2.2-12] [MQTT-3.2.2-13] Who could not keep such a Will would have to refuse it: each is accepted and kept as it is.
#[test]
fn a_will_of_each_qos_is_kept_retained_or_not() {
    for qos in ALL {
        for retain in [false, true] {
            let mut world = World::new(Config::default());
            let watcher = world.connect(connect("watcher"));
            world.send(watcher, subscribe(1, "gone", QoS::ExactlyOnce));
            world.forget();
            let mut connect_with_will = connect("c");
            let mut last = will("gone", "x");
            (last.qos, last.retain) = (qos, retain);
            connect_with_will.will = Some(last);
            let (link, outcome) = world.offer(connect_with_will);
            assert_eq!(outcome.packets(), [connack()]);
            world.cut(link);
            let published = sent(qos, "gone");
            assert_eq!(world.take(watcher).packets(), [Packet::Publish(published)]);

            let late = world.connect(connect("late"));
            world.send(late, subscribe(1, "gone", QoS::ExactlyOnce));
            let kept = retain.then(|| Packet::Publish(retained(published)));
            assert_eq!(world.take(late).packets()[1..], Vec::from_iter(kept));
        }
    }
}

/// With Packet Identifier 1.
fn sent(qos: QoS, topic: &'static str) -> Publish<'static> {
    let (packet_id, dup) = (crate::harness::id(1), false);
    let delivery = match qos {
        QoS::AtMostOnce => Delivery::AtMostOnce,
        QoS::AtLeastOnce => Delivery::AtLeastOnce { packet_id, dup },
        QoS::ExactlyOnce => Delivery::ExactlyOnce { packet_id, dup },
    };
    publish(delivery, topic, "x")
}

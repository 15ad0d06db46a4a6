//! The shortest way of a message through the broker.

use crate::harness::{
    VERSIONS, World, connack, connect, connect_as, qos0, qos1, qos2, suback, subscribe,
};
use crate::harness::{puback, pubcomp, pubrec, pubrel};
use mqtt_broker_core::Config;
use mqtt_codec::reason_code::SubscribeReasonCode;
use mqtt_codec::{Packet, QoS};

#[test]
fn connect_is_answered_by_connack() {
    let mut world = World::new(Config::default());
    let link = world.link();
    world.send(link, connect("a"));
    assert_eq!(world.take(link).packets(), [connack()]);
}

#[test]
fn a_qos_0_message_goes_to_a_subscriber_of_every_version() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let subscriber = world.connect(connect_as(version, "subscriber"));
        let publisher = world.connect(connect("publisher"));
        world.send(subscriber, subscribe(1, "home/#", QoS::AtMostOnce));
        assert_eq!(
            world.take(subscriber).packets(),
            [suback(1, &[SubscribeReasonCode::Success])]
        );

        world.send(publisher, qos0("home/kitchen", "21.5"));
        assert_eq!(
            world.take(subscriber).packets(),
            [Packet::Publish(qos0("home/kitchen", "21.5"))]
        );
        assert_eq!(world.take(publisher).packets(), []);
    }
}

#[test]
fn a_qos_1_message_is_acknowledged_on_both_sides() {
    let mut world = World::new(Config::default());
    let subscriber = world.connect(connect("subscriber"));
    let publisher = world.connect(connect("publisher"));
    world.send(subscriber, subscribe(1, "a", QoS::AtLeastOnce));
    world.forget();

    world.send(publisher, qos1(7, "a", "x"));
    assert_eq!(world.take(publisher).packets(), [puback(7)]);
    assert_eq!(
        world.take(subscriber).packets(),
        [Packet::Publish(qos1(1, "a", "x"))]
    );
    world.send(subscriber, puback(1));
    assert_eq!(world.take(subscriber).packets(), []);
}

#[test]
fn a_qos_2_message_runs_its_four_steps_on_both_sides() {
    let mut world = World::new(Config::default());
    let subscriber = world.connect(connect("subscriber"));
    let publisher = world.connect(connect("publisher"));
    world.send(subscriber, subscribe(1, "a", QoS::ExactlyOnce));
    world.forget();

    world.send(publisher, qos2(7, "a", "x"));
    assert_eq!(world.take(publisher).packets(), [pubrec(7)]);
    assert_eq!(
        world.take(subscriber).packets(),
        [Packet::Publish(qos2(1, "a", "x"))]
    );
    world.send(publisher, pubrel(7));
    assert_eq!(world.take(publisher).packets(), [pubcomp(7)]);
    world.send(subscriber, pubrec(1));
    assert_eq!(world.take(subscriber).packets(), [pubrel(1)]);
    world.send(subscriber, pubcomp(1));
    assert_eq!(world.take(subscriber).packets(), []);
}

//! No Local and wills: MQTT 5.0 §3.8.3.1. See `forward.rs` for what a client publishes itself.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use std::time::Duration;

use crate::harness::{
    World, connect, options, qos1, resuming, suback, subscribe, subscribe_with, will,
};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::packet::SubscriptionOptions;
use mqtt_codec::reason_code::SubscribeReasonCode;
use mqtt_codec::{Packet, QoS, Version};

/// [MQTT-3.8.3-3] A will is its client's own message: the session that it left behind does not get it with No Local.
#[test]
fn no_local_keeps_a_client_from_its_own_will() {
    for (no_local, delay) in [(true, 0), (true, 30), (false, 0), (false, 30)] {
        let mut world = World::new(Config::default());
        let other = world.connect(connect("other"));
        world.send(other, subscribe(1, "a", QoS::AtLeastOnce));
        let client = with_will(&mut world, no_local, delay);
        world.forget();
        world.cut(client);
        world.advance(Duration::from_secs(60));
        let gone = Packet::Publish(qos1(1, "a", "gone"));
        assert_eq!(world.take(other).packets(), [gone]);
        let client = world.connect_and_keep(resuming(Version::V5_0, "client", 600));
        let own = if no_local { vec![] } else { vec![gone] };
        assert_eq!(world.take(client).packets(), own);
    }
}

/// [MQTT-3.8.3-3] What counts is the Client Identifier, not the connection.
#[test]
fn no_local_keeps_a_client_from_the_will_of_its_earlier_connection() {
    let mut world = World::new(Config::default());
    let old = with_will(&mut world, true, 0);
    let new = world.connect(resuming(Version::V5_0, "client", 600));
    world.cut(old);
    assert_eq!(world.take(new).packets(), []);
    let other = world.connect(connect("other"));
    world.send(other, qos1(1, "a", "other's"));
    let others = Packet::Publish(qos1(1, "a", "other's"));
    assert_eq!(world.take(new).packets(), [others]);
}

/// A client with a will to `a`, to which it is subscribed itself.
fn with_will(world: &mut World, no_local: bool, delay: u32) -> LinkId {
    let mut connect = resuming(Version::V5_0, "client", 600);
    let mut will = will("a", "gone");
    will.qos = QoS::AtLeastOnce;
    will.properties.will_delay_interval = Some(delay);
    connect.will = Some(will);
    let client = world.connect(connect);
    let options = SubscriptionOptions {
        no_local,
        ..options(QoS::AtLeastOnce)
    };
    world.send(client, subscribe_with(1, "a", options));
    let granted = suback(1, &[SubscribeReasonCode::GrantedQoS1]);
    assert_eq!(world.take(client).packets(), [granted]);
    client
}

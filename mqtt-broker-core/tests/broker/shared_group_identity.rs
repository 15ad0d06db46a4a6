//! A shared group that is gone is not taken for another one. MQTT 5.0 §4.8.2.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::{World, connect, qos1, suback, subscribe, unsubscribe};
use mqtt_broker_core::Config;
use mqtt_codec::reason_code::SubscribeReasonCode;
use mqtt_codec::{Packet, QoS};

/// What the last member of a group left unacknowledged goes to nobody, and not to whoever shares something else by now.
#[test]
fn a_message_of_a_group_that_is_gone_goes_to_no_other_group() {
    let mut world = World::new(Config::default());
    let member = world.connect(connect("member"));
    world.send(member, subscribe(1, "$share/g/secret", QoS::AtLeastOnce));
    let publisher = world.connect(connect("publisher"));
    world.forget();
    world.send(publisher, qos1(1, "secret", "x"));
    assert_eq!(
        world.take(member).packets(),
        [Packet::Publish(qos1(1, "secret", "x"))]
    );
    world.send(member, unsubscribe(2, "$share/g/secret"));

    let stranger = world.connect(connect("stranger"));
    world.send(
        stranger,
        subscribe(1, "$share/other/public", QoS::AtLeastOnce),
    );
    let granted = [SubscribeReasonCode::GrantedQoS1];
    assert_eq!(world.take(stranger).packets(), [suback(1, &granted)]);
    world.cut(member);
    assert_eq!(world.take(stranger).packets(), []);
}

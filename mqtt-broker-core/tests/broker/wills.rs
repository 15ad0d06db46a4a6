//! Will messages: MQTT 5.0 §3.1.2.5 and §3.1.3.2, MQTT 3.1.1 §3.1.2.5. When they are published is in `time_wills.rs`.
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
    VERSIONS, World, connect, connect_as, disconnect, qos0, qos1, resuming, retained, subscribe,
    will,
};
use mqtt_broker_core::{Cause, Config, Event, LinkId};
use mqtt_codec::packet::{Connect, Disconnect, DisconnectProperties, Publish};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Binary, Packet, QoS, Text, TopicName, Version};

const V5: Version = Version::V5_0;
const SECOND: Duration = Duration::from_secs(1);

/// [MQTT-3.1.2-7] [MQTT-3.1.2-8] [MQTT-3.1.2-10] [v3.1.1 MQTT-3.1.2-8] [v3.1.1 MQTT-3.1.2-10]
#[test]
fn a_will_is_published_once_when_the_connection_is_lost() {
    for version in VERSIONS {
        for expiry in [0, 600] {
            let (mut world, watcher) = watched();
            let link = world.connect(with_will(version, expiry, 0));
            assert_eq!(world.take(watcher).packets(), []);
            world.cut(link);
            assert_eq!(world.take(watcher).packets(), [Packet::Publish(gone())]);
            world.advance(1_000 * SECOND);
            assert_eq!(world.take(watcher).packets(), []);
        }
    }
}

/// [v3.1.1 MQTT-3.1.2-12] Will Flag 0: nothing is published.
#[test]
fn without_a_will_nothing_is_published() {
    for version in VERSIONS {
        let (mut world, watcher) = watched();
        let link = world.connect(with_will(version, 600, 0));
        world.send(link, disconnect(DisconnectReasonCode::Success));
        let link = world.connect(resuming(version, "c", 600));
        world.cut(link);
        assert_eq!(world.take(watcher).packets(), []);
    }
}

/// [MQTT-3.14.4-3] [v3.1.1 MQTT-3.14.4-3] DISCONNECT 0x00; in 3.x it has no other.
#[test]
fn disconnect_throws_the_will_away() {
    for version in VERSIONS {
        let (mut world, watcher) = watched();
        let link = world.connect(with_will(version, 600, 5));
        world.send(link, disconnect(DisconnectReasonCode::Success));
        world.cut(link);
        world.advance(1_000 * SECOND);
        assert_eq!(world.take(watcher).packets(), []);
    }
}

/// [MQTT-3.1.2-8] [MQTT-3.1.2-10] [often-wrong-11] Any other code leaves it.
#[test]
fn disconnect_with_another_code_publishes_the_will() {
    for code in [
        DisconnectReasonCode::DisconnectWithWillMessage,
        DisconnectReasonCode::UnspecifiedError,
        DisconnectReasonCode::ImplementationSpecificError,
    ] {
        let (mut world, watcher) = watched();
        let link = world.connect(with_will(V5, 600, 0));
        world.send(link, disconnect(code));
        assert_eq!(world.take(watcher).packets(), [Packet::Publish(gone())]);
    }
}

/// [often-wrong-11] A malformed one, or one that breaks a rule, is no DISCONNECT 0x00.
#[test]
fn a_disconnect_that_breaks_a_rule_publishes_the_will() {
    let (mut world, watcher) = watched();
    let link = world.connect(with_will(V5, 0, 0));
    let properties = DisconnectProperties {
        session_expiry_interval: Some(1),
        ..DisconnectProperties::default()
    };
    let reason_code = DisconnectReasonCode::Success;
    world.send(
        link,
        Packet::Disconnect(Disconnect {
            reason_code,
            properties,
        }),
    );
    assert_eq!(world.take(watcher).packets(), [Packet::Publish(gone())]);

    let link = world.connect(with_will(V5, 600, 0));
    world.send_bytes(link, &[0xE1, 0]);
    assert_eq!(world.take(watcher).packets(), [Packet::Publish(gone())]);
}

/// [MQTT-3.1.2-22] [MQTT-4.8.0-1] Silence and broken rules are lost connections.
#[test]
fn silence_and_broken_rules_publish_the_will() {
    for version in VERSIONS {
        let (mut world, watcher) = watched();
        let mut connect = with_will(version, 600, 0);
        connect.keep_alive = 10;
        let link = world.connect(connect);
        world.advance(15 * SECOND);
        assert_eq!(world.take(watcher).packets(), [Packet::Publish(gone())]);
        world.cut(link);

        let link = world.connect(connect);
        world.send(link, connect);
        assert_eq!(world.take(watcher).packets(), [Packet::Publish(gone())]);
    }
}

/// [MQTT-3.1.2-14] [MQTT-3.1.2-15] [v3.1.1 MQTT-3.1.2-16] [v3.1.1 MQTT-3.1.2-17]
#[test]
fn will_retain_decides_whether_the_will_is_retained() {
    for version in VERSIONS {
        for retain in [false, true] {
            let (mut world, watcher) = watched();
            let mut connect = with_will(version, 600, 0);
            connect.will.as_mut().unwrap().retain = retain;
            let link = world.connect(connect);
            world.cut(link);
            assert_eq!(world.take(watcher).packets(), [Packet::Publish(gone())]);
            let late = world.connect(connect_as(version, "late"));
            world.send(late, subscribe(1, "gone", QoS::ExactlyOnce));
            let expected = retain.then(|| Packet::Publish(retained(gone())));
            assert_eq!(world.take(late).packets()[1..], Vec::from_iter(expected));
        }
    }
}

/// The will's own QoS, at most what was granted.
#[test]
fn a_will_goes_out_with_its_qos() {
    for version in VERSIONS {
        let (mut world, watcher) = watched();
        let mut connect = with_will(version, 600, 0);
        connect.will.as_mut().unwrap().qos = QoS::AtLeastOnce;
        let link = world.connect(connect);
        world.cut(link);
        assert_eq!(
            world.take(watcher).packets(),
            [Packet::Publish(qos1(1, "gone", "c"))]
        );
    }
}

/// [MQTT-3.1.3-10] And all its other properties; the lifetime begins when it is published.
#[test]
fn a_will_is_published_with_its_properties() {
    let pairs = [("b", "1"), ("a", "2"), ("b", "1")]
        .map(|(name, value)| (Text::new(name).unwrap(), Text::new(value).unwrap()));
    let pairs: &'static [_] = Box::leak(Box::new(pairs));
    let mut connect = with_will(V5, 600, 30);
    let properties = &mut connect.will.as_mut().unwrap().properties;
    properties.user_properties = UserProperties::new(pairs);
    properties.content_type = Some(Text::new("text/plain").unwrap());
    properties.response_topic = Some(TopicName::new("answers").unwrap());
    properties.correlation_data = Some(Binary::new(b"7").unwrap());
    properties.message_expiry_interval = Some(60);
    properties.payload_format_indicator = Some(mqtt_codec::property::PayloadFormat::Utf8);
    let mut expected = gone();
    expected.properties.user_properties = UserProperties::new(pairs);
    expected.properties.content_type = Some(Text::new("text/plain").unwrap());
    expected.properties.response_topic = Some(TopicName::new("answers").unwrap());
    expected.properties.correlation_data = Some(Binary::new(b"7").unwrap());
    expected.properties.message_expiry_interval = Some(60);
    expected.properties.payload_format_indicator = Some(mqtt_codec::property::PayloadFormat::Utf8);

    let (mut world, watcher) = watched();
    let link = world.connect(connect);
    world.cut(link);
    world.advance(30 * SECOND);
    assert_eq!(world.take(watcher).packets(), [Packet::Publish(expected)]);
}

/// Wills to `$SYS/` and `$CONTROL/` are refused like any other publish there.
#[test]
fn a_will_to_a_topic_of_the_server_is_dropped() {
    for topic in ["$SYS/x", "$CONTROL/x"] {
        let mut world = World::new(Config::default());
        let watcher = world.connect(connect("watcher"));
        let filter = if topic == "$SYS/x" {
            "$SYS/#"
        } else {
            "$CONTROL/#"
        };
        world.send(watcher, subscribe(1, filter, QoS::AtMostOnce));
        world.forget();
        let mut connect = connect("c");
        connect.will = Some(will(topic, "c"));
        let link = world.connect(connect);
        world.cut(link);
        assert_eq!(world.take(watcher).packets(), []);
    }
}

/// A watcher that is subscribed to the wills of these tests.
fn watched() -> (World, LinkId) {
    let mut world = World::new(Config::default());
    let watcher = world.connect(connect("watcher"));
    world.send(watcher, subscribe(1, "gone", QoS::ExactlyOnce));
    world.forget();
    (world, watcher)
}

/// Without a delay in 3.x, which has none.
fn with_will(version: Version, expiry: u32, delay: u32) -> Connect<'static> {
    let mut connect = resuming(version, "c", expiry);
    let mut will = will("gone", "c");
    will.properties.will_delay_interval = (version == V5 && delay > 0).then_some(delay);
    connect.will = Some(will);
    connect
}

fn gone() -> Publish<'static> {
    qos0("gone", "c")
}

/// A log line says whose will was refused.
#[test]
fn a_refused_will_is_told() {
    let config = Config {
        retained_messages: 0,
        ..Config::default()
    };
    for (topic, cause) in [("$SYS/x", Cause::NotAuthorized), ("kept", Cause::Retained)] {
        let mut world = World::new(config.clone());
        let mut connect = connect("a");
        let mut will = will(topic, "x");
        will.retain = true;
        connect.will = Some(will);
        let link = world.connect(connect);
        world.events.clear();
        world.cut(link);
        let told = world.events.iter().any(|event| {
            matches!(event, Event::Refused { link: None, client_id: Some(id), cause: of }
                if id.as_str() == "a" && *of == cause)
        });
        assert!(told, "{:?}", world.events);
        assert_eq!(world.refused(cause), 1);
    }
}

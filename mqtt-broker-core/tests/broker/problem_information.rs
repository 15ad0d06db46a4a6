//! Reason String and User Property in what the broker sends: MQTT 5.0 §3.4 to §3.7, §3.9, §3.11, §3.14 and §3.15.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use std::num::NonZeroU32;

use crate::harness::{
    Saw, World, connect, disconnect, id, pubrec, pubrel, qos1, qos2, suback, subscribe, unsuback,
    unsubscribe,
};
use mqtt_broker_core::{Authentication, AuthenticationOutcome, Config};
use mqtt_codec::packet::{Auth, AuthProperties, Puback, Pubcomp, Pubrec, Pubrel};
use mqtt_codec::reason_code::{
    AuthReasonCode, DisconnectReasonCode, PublishReasonCode, ReleaseReasonCode,
    SubscribeReasonCode, UnsubscribeReasonCode,
};
use mqtt_codec::{Binary, Packet, QoS, Text};

/// [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3]
/// [MQTT-3.9.2-1] [MQTT-3.9.2-2] [MQTT-3.11.2-1] [MQTT-3.11.2-2] [MQTT-3.14.2-3] [MQTT-3.14.2-4] The broker has neither, so
/// that none of its answers grows beyond what the client takes.
#[test]
fn what_the_broker_refuses_it_refuses_by_the_code_alone() {
    for maximum_packet_size in [None, NonZeroU32::new(20)] {
        let mut world = World::new(Config {
            topic_bytes: 6,
            ..Config::default()
        });
        let mut connect = connect("c");
        connect.properties.request_problem_information = Some(true);
        connect.properties.maximum_packet_size = maximum_packet_size;
        let link = world.connect(connect);
        world.send(link, qos1(1, "$SYS/x", ""));
        world.send(link, qos2(2, "$SYS/x", ""));
        world.send(link, pubrec(3));
        world.send(link, pubrel(4));
        world.send(link, subscribe(5, "too/long", QoS::AtMostOnce));
        world.send(link, unsubscribe(6, "too/long"));
        // PUBLISH with QoS 3.
        world.send_bytes(link, &[0x36, 6, 0, 1, b'a', 0, 1, 0]);
        let (refused, unknown) = (
            PublishReasonCode::NotAuthorized,
            ReleaseReasonCode::PacketIdentifierNotFound,
        );
        assert_eq!(
            world.take(link).sent(),
            [
                Puback::new(id(1), refused).into(),
                Pubrec::new(id(2), refused).into(),
                Pubrel::new(id(3), unknown).into(),
                Pubcomp::new(id(4), unknown).into(),
                suback(5, &[SubscribeReasonCode::TopicFilterInvalid]),
                unsuback(6, &[UnsubscribeReasonCode::TopicFilterInvalid]),
                disconnect(DisconnectReasonCode::MalformedPacket),
            ]
        );
    }
}

/// [MQTT-3.15.2-2] [MQTT-3.15.2-3] AUTH, too, has neither.
#[test]
fn auth_has_what_the_method_asks_for_alone() {
    let mut world = World::new(Config::default());
    let link = world.link_from(Authentication::Ask);
    let mut connect = connect("c");
    connect.properties.authentication_method = Text::new("m").ok();
    connect.properties.maximum_packet_size = NonZeroU32::new(20);
    world.send(link, connect);
    world.forget();
    let data = b"data".to_vec();
    world.authenticated(link, AuthenticationOutcome::Continue { data });
    let properties = AuthProperties {
        authentication_method: Text::new("m").ok(),
        authentication_data: Binary::new(b"data").ok(),
        ..AuthProperties::default()
    };
    let auth = Packet::Auth(Auth {
        reason_code: AuthReasonCode::ContinueAuthentication,
        properties,
    });
    let outcome = world.take(link);
    assert_eq!(outcome.sent(), [auth]);
    assert!(outcome.all().contains(&Saw::Resumed));
}

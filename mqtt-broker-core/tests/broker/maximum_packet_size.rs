//! The Maximum Packet Size of a client binds every packet to it: MQTT 5.0 §3.1.2.11.4.
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
    Saw, World, connack, connect, disconnect, leak, refused, resuming, suback, subscribe_all,
    unsuback, unsubscribe_all,
};
use mqtt_broker_core::{Authentication, AuthenticationOutcome, Config, LinkId};
use mqtt_codec::packet::{Auth, AuthProperties, Connect};
use mqtt_codec::reason_code::{
    AuthReasonCode, ConnectReasonCode, DisconnectReasonCode, SubscribeReasonCode,
    UnsubscribeReasonCode,
};
use mqtt_codec::{Binary, Packet, QoS, Text, Version};
use mqtt_session::CloseReason;

const V5: Version = Version::V5_0;

/// [MQTT-3.1.2-24] [MQTT-3.2.2-19] [MQTT-3.2.2-20] Without Reason String and User Properties, which the broker never says;
/// who cannot be told that it is let in is refused, with a word as long as that fits.
#[test]
fn a_connack_is_never_larger_than_the_client_takes() {
    let len = connack().encoded_len(V5).unwrap();
    let reason = ConnectReasonCode::PacketTooLarge;
    let closed = || Saw::Closed(CloseReason::Refused(reason));
    for (limit, expected) in [
        (len, vec![Saw::Packet(connack())]),
        (len - 1, vec![Saw::Packet(refused(reason)), closed()]),
        (5, vec![Saw::Packet(refused(reason)), closed()]),
        (4, vec![closed()]),
        (1, vec![closed()]),
    ] {
        let mut world = World::new(Config::default());
        let (_, outcome) = world.offer(limited(connect("c"), limit));
        assert_eq!(outcome.all(), expected, "{limit}");
    }
}

/// A client that is not let in takes no session over.
#[test]
fn who_takes_no_connack_disturbs_nobody() {
    let mut world = World::new(Config::default());
    let old = world.connect(resuming(V5, "c", 600));
    world.offer(limited(connect("c"), 18));
    world.send(old, Packet::Pingreq);
    assert_eq!(world.take(old).packets(), [Packet::Pingresp]);
    assert_eq!(world.broker.gauges().sessions, 1);
}

/// [MQTT-3.1.2-24] There is no shorter answer, and none at all would be waited for.
#[test]
fn an_answer_larger_than_the_client_takes_ends_the_connection() {
    let filters = |count: usize| (0..count).map(|n| leak(n.to_string()));
    let subscribing = |count| {
        let filters: Vec<_> = filters(count).map(|it| (it, QoS::AtMostOnce)).collect();
        subscribe_all(1, &filters)
    };
    let unsubscribing = |count| unsubscribe_all(1, &filters(count).collect::<Vec<_>>());
    let success = [SubscribeReasonCode::Success; 25];
    let none = [UnsubscribeReasonCode::NoSubscriptionExisted; 25];
    for (fits, answer, too_many) in [
        (subscribing(25), suback(1, &success), subscribing(26)),
        (unsubscribing(25), unsuback(1, &none), unsubscribing(26)),
    ] {
        let mut world = World::new(Config::default());
        let link = world.connect(limited(connect("c"), 30));
        world.send(link, fits);
        assert_eq!(answer.encoded_len(V5), Some(30));
        assert_eq!(world.take(link).packets(), [answer]);
        world.send(link, too_many);
        assert_eq!(world.take(link).all(), too_large());
    }
}

/// [MQTT-3.1.2-24] Before CONNACK, and when a client authenticates again.
#[test]
fn an_auth_larger_than_the_client_takes_ends_the_connection() {
    for (data, fits) in [
        ("0123456789ABCDEFGHI", true),
        ("0123456789ABCDEFGHIJ", false),
    ] {
        let mut world = World::new(Config::default());
        let link = asked(&mut world, 30);
        world.authenticated(link, AuthenticationOutcome::Continue { data: data.into() });
        let step = auth(AuthReasonCode::ContinueAuthentication, Some(data));
        assert_eq!(step.encoded_len(V5), Some(if fits { 30 } else { 31 }));
        let reason = ConnectReasonCode::PacketTooLarge;
        let expected = if fits {
            vec![Saw::Packet(step), Saw::Resumed]
        } else {
            let closed = Saw::Closed(CloseReason::Refused(reason));
            vec![Saw::Packet(refused(reason)), closed]
        };
        assert_eq!(world.take(link).all(), expected);

        let mut world = World::new(Config::default());
        let link = asked(&mut world, 30);
        let principal = None;
        world.authenticated(
            link,
            AuthenticationOutcome::Accepted {
                principal,
                data: None,
            },
        );
        world.send(link, auth(AuthReasonCode::ReAuthenticate, None));
        world.forget();
        world.authenticated(link, AuthenticationOutcome::Continue { data: data.into() });
        let expected = if fits {
            vec![Saw::Packet(step), Saw::Resumed]
        } else {
            too_large()
        };
        assert_eq!(world.take(link).all(), expected);
    }
}

fn limited(mut connect: Connect<'static>, limit: usize) -> Connect<'static> {
    connect.properties.maximum_packet_size = NonZeroU32::new(u32::try_from(limit).unwrap());
    connect
}

/// DISCONNECT 0x95.
fn too_large() -> Vec<Saw<'static>> {
    let reason = DisconnectReasonCode::PacketTooLarge;
    vec![
        Saw::Packet(disconnect(reason)),
        Saw::Closed(CloseReason::Disconnected { reason }),
    ]
}

/// A link on which a CONNECT with the method `m` was asked about.
fn asked(world: &mut World, limit: usize) -> LinkId {
    let link = world.link_from(Authentication::Ask);
    let mut connect = limited(connect("c"), limit);
    connect.properties.authentication_method = Text::new("m").ok();
    world.send(link, connect);
    world.forget();
    link
}

fn auth(reason_code: AuthReasonCode, data: Option<&'static str>) -> Packet<'static> {
    let properties = AuthProperties {
        authentication_method: Text::new("m").ok(),
        authentication_data: data.map(|data| Binary::new(data.as_bytes()).unwrap()),
        ..AuthProperties::default()
    };
    Packet::Auth(Auth {
        reason_code,
        properties,
    })
}

//! How long a client may be silent: MQTT 5.0 §3.1.2.10 and §3.2.2.3.14, MQTT 3.1.1 §3.1.2.10.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use std::num::NonZeroU16;
use std::time::Duration;

use crate::harness::store::Durable;
use crate::harness::{
    MICRO, Saw, VERSIONS, World, connect_as, disconnect, puback, pubcomp, pubrec, pubrel, qos0,
    qos1, qos2, retained, subscribe, unsubscribe, will,
};
use mqtt_broker_core::{Authentication, AuthenticationOutcome, Config, LinkId};
use mqtt_codec::packet::Connect;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::CloseReason;

/// [MQTT-3.1.2-22] [v3.1.1 MQTT-3.1.2-24] [3.1-11] One and a half times the Keep Alive, from CONNECT and from each packet.
#[test]
fn a_client_that_is_silent_for_one_and_a_half_times_its_keep_alive_is_closed() {
    for version in VERSIONS {
        for keep_alive in [1, 2, 3, 10, u16::MAX] {
            let mut world = World::new(Config {
                maximum_keep_alive: NonZeroU16::MAX,
                ..Config::default()
            });
            let limit = seconds(keep_alive.into()) * 3 / 2;
            let silent = world.connect(with_keep_alive_as(version, "silent", keep_alive));
            let talks = world.connect(with_keep_alive_as(version, "talks", keep_alive));
            world.advance_until_just_before(limit);
            world.send(talks, Packet::Pingreq);
            assert_eq!(world.take(talks).packets(), [Packet::Pingresp]);
            assert_eq!(world.take(silent).all(), []);
            world.advance(MICRO);
            assert_timed_out(&mut world, silent, version);
            world.advance_until_just_before(limit - MICRO);
            assert_eq!(world.take(talks).all(), []);
            world.advance(MICRO);
            assert_timed_out(&mut world, talks, version);
        }
    }
}

/// [MQTT-3.1.2-22] [v3.1.1 MQTT-3.1.2-24] [3.1-11] Whatever kind it is, also one that is for nothing that is under way.
#[test]
fn every_whole_packet_of_a_client_begins_its_time_anew() {
    for version in VERSIONS {
        for packet in packets_of_a_client() {
            for whole in [false, true] {
                let mut world = World::new(Config::default());
                let link = world.connect(with_keep_alive(version, 10));
                world.advance_until_just_before(seconds(15));
                if whole {
                    assert!(world.send_whole(link, packet));
                } else {
                    world.send(link, packet);
                }
                world.forget();
                world.advance_until_just_before(seconds(15));
                assert_eq!(world.take(link).all(), [], "{packet:?}");
                world.advance(MICRO);
                assert_timed_out(&mut world, link, version);
            }
        }
    }
}

/// [MQTT-3.1.2-22] AUTH, too.
#[test]
fn an_auth_begins_the_time_of_a_client_anew() {
    let mut world = World::new(Config::default());
    let link = authenticated(&mut world);
    world.advance_until_just_before(seconds(15));
    world.send(link, authenticate_again());
    world.authenticated(link, accepted());
    world.forget();
    world.advance_until_just_before(seconds(15));
    assert_eq!(world.take(link).all(), []);
    world.advance(MICRO);
    assert_timed_out(&mut world, link, Version::V5_0);
}

/// [MQTT-3.1.2-22] [v3.1.1 MQTT-3.1.2-24] [3.1-11] Only the client's own packets count.
#[test]
fn what_a_client_is_sent_does_not_extend_its_time() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let link = world.connect(with_keep_alive(version, 10));
        world.send(link, subscribe(1, "t", QoS::ExactlyOnce));
        let publisher = world.connect(with_keep_alive_as(Version::V3_1_1, "publisher", 0));
        for packet_id in 1..15 {
            world.advance(seconds(1));
            world.send(publisher, qos0("t", "x"));
            world.send(publisher, qos1(packet_id, "t", "x"));
        }
        assert_eq!(world.take(link).packets().len(), 1 + 2 * 14);
        world.advance_until_just_before(seconds(1));
        assert_eq!(world.take(link).all(), []);
        world.advance(MICRO);
        assert_timed_out(&mut world, link, version);
    }
}

/// The timer of an earlier packet is not moved. It wakes the caller, nothing is seen, and the next one is announced.
#[test]
fn the_timer_of_an_earlier_packet_fires_without_a_trace() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let link = world.connect(with_keep_alive(version, 10));
        world.advance_until_just_before(seconds(15));
        world.send(link, Packet::Pingreq);
        world.forget();
        let lazy = world.now + MICRO;
        assert_eq!(world.broker.poll_timeout(), Some(lazy));
        world.advance(MICRO);
        assert_eq!(world.take(link).all(), []);
        let due = lazy + (seconds(15) - MICRO);
        assert_eq!(world.broker.poll_timeout(), Some(due));
    }
}

/// What is said first at the moment of the deadline counts: the packet, or the timer.
#[test]
fn a_packet_at_the_very_deadline_saves_its_client_when_it_comes_before_the_timer() {
    for version in VERSIONS {
        for packet_first in [true, false] {
            let mut world = World::new(Config::default());
            let link = world.connect(with_keep_alive(version, 10));
            world.advance_until_just_before(seconds(15));
            world.now = world.now + MICRO;
            if packet_first {
                world.send(link, Packet::Pingreq);
                world.time_out();
                assert_eq!(world.take(link).all(), [Saw::Packet(Packet::Pingresp)]);
            } else {
                world.time_out();
                world.send(link, Packet::Pingreq);
                assert_timed_out(&mut world, link, version);
            }
        }
    }
}

/// A broker that slept for hours closes who was silent, and nobody whose packet it takes before it looks at its timers.
#[test]
fn a_timer_that_comes_hours_late_closes_only_who_was_silent() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let silent = world.connect(with_keep_alive_as(version, "silent", 10));
        let talks = world.connect(with_keep_alive_as(version, "talks", 10));
        world.now = world.now + seconds(5 * 60 * 60);
        world.send(talks, Packet::Pingreq);
        world.forget();
        world.time_out();
        assert_timed_out(&mut world, silent, version);
        world.advance_until_just_before(seconds(15));
        assert_eq!(world.take(talks).all(), []);
        world.advance(MICRO);
        assert_timed_out(&mut world, talks, version);
    }
}

/// [often-wrong-32] [MQTT-3.2.2-22] The server's Keep Alive is told, and its own timer keeps to it; where none is told, to
/// the client's.
#[test]
fn a_longer_keep_alive_or_none_becomes_the_cap_in_5_0() {
    for (asked, told, silence) in [
        (2, None, 3),
        (20, None, 30),
        (21, Some(20), 30),
        (u16::MAX, Some(20), 30),
        (0, Some(20), 30),
    ] {
        let mut world = World::new(Config {
            maximum_keep_alive: NonZeroU16::new(20).unwrap(),
            ..Config::default()
        });
        let (link, outcome) = world.offer(with_keep_alive(Version::V5_0, asked));
        let Packet::Connack(connack) = outcome.packets()[0] else {
            panic!("CONNACK first")
        };
        assert_eq!(connack.properties.server_keep_alive, told);
        world.advance_until_just_before(seconds(silence));
        assert_eq!(world.take(link).all(), []);
        world.advance(MICRO);
        assert_timed_out(&mut world, link, Version::V5_0);
    }
}

/// 3.x cannot be told another one: what it says is kept, and 0 has the idle limit.
#[test]
fn a_client_of_3_x_has_its_own_keep_alive_or_the_idle_limit() {
    for version in [Version::V3_1, Version::V3_1_1] {
        for (asked, silence) in [
            (0, seconds(100)),
            (2, seconds(3)),
            (u16::MAX, seconds(65_535) * 3 / 2),
        ] {
            let mut world = World::new(Config {
                idle_limit: seconds(100),
                ..Config::default()
            });
            let link = world.connect(with_keep_alive(version, asked));
            world.advance_until_just_before(silence);
            assert_eq!(world.take(link).all(), []);
            world.advance(MICRO);
            assert_timed_out(&mut world, link, version);
        }
    }
}

/// [MQTT-3.1.2-22] [v3.1.1 MQTT-3.1.2-24] [3.1-11] Bytes that are no whole packet yet are no sign of life; the last one of a
/// packet is.
#[test]
fn a_drip_of_bytes_does_not_extend_the_keep_alive() {
    for version in VERSIONS {
        for complete in [false, true] {
            let mut world = World::new(Config::default());
            let link = world.connect(with_keep_alive(version, 10));
            let publish = Packet::Publish(qos0("t", "a payload of some length"));
            let mut bytes = vec![0; publish.encoded_len(version).unwrap()];
            publish.encode(version, &mut bytes);
            for byte in &bytes[..14] {
                world.advance(seconds(1));
                world.send_bytes(link, &[*byte]);
            }
            world.advance_until_just_before(seconds(1));
            if complete {
                world.send_bytes(link, &bytes[14..]);
                world.advance_until_just_before(seconds(15));
            }
            assert_eq!(world.take(link).all(), []);
            world.advance(MICRO);
            assert_timed_out(&mut world, link, version);
        }
    }
}

/// A client that is not read cannot be called silent; from then on it has its whole time again.
#[test]
fn a_client_that_is_not_read_is_not_silent() {
    let mut world = World::new(Config::default());
    let link = authenticated(&mut world);
    world.send(link, authenticate_again());
    assert_eq!(world.asked.len(), 2);
    world.forget();
    world.advance(seconds(100));
    assert_eq!(world.take(link).all(), []);
    world.authenticated(link, accepted());
    world.forget();
    world.advance_until_just_before(seconds(15));
    assert_eq!(world.take(link).all(), []);
    world.advance(MICRO);
    assert_timed_out(&mut world, link, Version::V5_0);
}

/// Whatever the configuration says: a link that is not read is looked at again later, and not for ever at one moment.
#[test]
fn an_idle_limit_of_nothing_does_not_stop_the_time() {
    let mut world = Durable::new(Config {
        idle_limit: Duration::ZERO,
        persist_backlog: 0,
        ..Config::default()
    });
    let link = world.link();
    world.send(link, with_keep_alive(Version::V3_1_1, 0));
    world.commit_all();
    world.forget();
    // The store is behind, so that the client is not read.
    world.send(link, retained(qos1(1, "a", "x")));
    assert_eq!(world.take(link).all(), [Saw::Paused]);
    let now = world.now;
    world.broker.handle_timeout(now + seconds(1));
    assert!(
        world
            .broker
            .poll_timeout()
            .is_some_and(|next| next > now + seconds(1))
    );
    assert_eq!(world.broker.gauges().connected, 1);
}

/// [MQTT-3.1.2-8] [MQTT-3.1.2-22] [v3.1.1 MQTT-3.1.2-24] The end by silence is no DISCONNECT: the will goes out.
#[test]
fn a_silent_client_leaves_its_will() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let watcher = world.connect(with_keep_alive(Version::V3_1_1, 0));
        world.send(watcher, subscribe(1, "w", QoS::AtMostOnce));
        world.forget();
        world.connect(Connect {
            will: Some(will("w", "gone")),
            ..with_keep_alive_as(version, "silent", 10)
        });
        world.advance_until_just_before(seconds(15));
        assert_eq!(world.take(watcher).packets(), []);
        world.advance(MICRO);
        assert_eq!(
            world.take(watcher).packets(),
            [Packet::Publish(qos0("w", "gone"))]
        );
    }
}

/// One of each kind, as far as all versions have it, and without regard to what is under way.
fn packets_of_a_client() -> [Packet<'static>; 10] {
    [
        Packet::Publish(qos0("t", "x")),
        Packet::Publish(qos1(1, "t", "x")),
        Packet::Publish(qos2(2, "t", "x")),
        puback(7),
        pubrec(7),
        pubrel(7),
        pubcomp(7),
        subscribe(3, "other", QoS::AtMostOnce),
        unsubscribe(4, "other"),
        Packet::Pingreq,
    ]
}

/// A client with a Keep Alive of 10 s that was authenticated by a method.
fn authenticated(world: &mut World) -> LinkId {
    let link = world.link_from(Authentication::Ask);
    let mut connect = with_keep_alive(Version::V5_0, 10);
    connect.properties.authentication_method = Some(text("m"));
    world.send(link, connect);
    world.authenticated(link, accepted());
    world.forget();
    link
}

fn accepted() -> AuthenticationOutcome {
    AuthenticationOutcome::Accepted {
        principal: None,
        data: None,
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn with_keep_alive(version: Version, keep_alive: u16) -> Connect<'static> {
    with_keep_alive_as(version, "a", keep_alive)
}

fn with_keep_alive_as(
    version: Version,
    client_id: &'static str,
    keep_alive: u16,
) -> Connect<'static> {
    Connect {
        keep_alive,
        ..connect_as(version, client_id)
    }
}

fn authenticate_again() -> Packet<'static> {
    Packet::Auth(mqtt_codec::packet::Auth {
        reason_code: mqtt_codec::reason_code::AuthReasonCode::ReAuthenticate,
        properties: mqtt_codec::packet::AuthProperties {
            authentication_method: Some(text("m")),
            ..Default::default()
        },
    })
}

fn text(text: &'static str) -> mqtt_codec::Text<'static> {
    mqtt_codec::Text::new(text).unwrap()
}

fn assert_timed_out(world: &mut World, link: LinkId, version: Version) {
    let closed = Saw::Closed(CloseReason::KeepAliveTimeout);
    let outcome = world.take(link);
    match version {
        Version::V5_0 => {
            let said = disconnect(DisconnectReasonCode::KeepAliveTimeout);
            assert_eq!(outcome.all(), [Saw::Packet(said), closed]);
        }
        Version::V3_1 | Version::V3_1_1 => assert_eq!(outcome.all(), [closed]),
    }
}

//! How long a client may be silent.
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

use crate::harness::{Saw, VERSIONS, World, connect_as, disconnect, qos0, will};
use mqtt_broker_core::{Authentication, AuthenticationOutcome, Config, LinkId};
use mqtt_codec::packet::Connect;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Packet, Version};
use mqtt_session::CloseReason;

/// [MQTT-3.1.2-22] [v3.1.1 MQTT-3.1.2-24] One and a half times the Keep Alive.
#[test]
fn a_client_that_is_silent_for_one_and_a_half_times_its_keep_alive_is_closed() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let link = world.connect(with_keep_alive(version, 10));
        world.send(link, Packet::Pingreq);
        world.forget();
        world.advance(seconds(15) - MICRO);
        world.send(link, Packet::Pingreq);
        assert_eq!(world.take(link).packets(), [Packet::Pingresp]);
        world.advance(seconds(15) - MICRO);
        assert_eq!(world.take(link).all(), []);
        world.advance(MICRO);
        assert_timed_out(&mut world, link, version);
    }
}

/// [MQTT-3.2.2-22] The server's Keep Alive is told and kept; where none is told the client's is.
#[test]
fn a_longer_keep_alive_or_none_becomes_the_cap_in_5_0() {
    for (asked, told, silence) in [
        (4, None, 6),
        (20, None, 30),
        (21, Some(20), 30),
        (u16::MAX, Some(20), 30),
        (0, Some(20), 30),
    ] {
        let mut world = World::new(Config {
            maximum_keep_alive: 20,
            ..Config::default()
        });
        let (link, outcome) = world.offer(with_keep_alive(Version::V5_0, asked));
        let Packet::Connack(connack) = outcome.packets()[0] else {
            panic!("CONNACK first")
        };
        assert_eq!(connack.properties.server_keep_alive, told);
        world.advance(seconds(silence) - MICRO);
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
            world.advance(silence - MICRO);
            assert_eq!(world.take(link).all(), []);
            world.advance(MICRO);
            assert_timed_out(&mut world, link, version);
        }
    }
}

/// Bytes that are no whole packet yet are no sign of life.
#[test]
fn a_drip_of_bytes_does_not_extend_the_keep_alive() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let link = world.connect(with_keep_alive(version, 10));
        let mut publish = vec![0x30, 100, 0, 1, b't'];
        publish.resize(102, b'x');
        for byte in publish.iter().take(14) {
            world.advance(seconds(1));
            world.send_bytes(link, &[*byte]);
        }
        world.advance(seconds(1) - MICRO);
        assert_eq!(world.take(link).all(), []);
        world.advance(MICRO);
        assert_timed_out(&mut world, link, version);
    }
}

/// A client that is not read cannot be called silent; from then on it has its whole time again.
#[test]
fn a_client_that_is_not_read_is_not_silent() {
    let mut world = World::new(Config::default());
    let link = world.link_from(Authentication::Ask);
    let mut connect = with_keep_alive(Version::V5_0, 10);
    connect.properties.authentication_method = Some(text("m"));
    world.send(link, connect);
    let accepted = || AuthenticationOutcome::Accepted {
        principal: None,
        data: None,
    };
    world.authenticated(link, accepted());
    world.send(link, authenticate_again());
    assert_eq!(world.asked.len(), 2);
    world.forget();
    world.advance(seconds(100));
    world.authenticated(link, accepted());
    world.forget();
    world.advance(seconds(15) - MICRO);
    assert_eq!(world.take(link).all(), []);
    world.advance(MICRO);
    assert_timed_out(&mut world, link, Version::V5_0);
}

/// [MQTT-3.1.2-8] [MQTT-3.1.2-22] [v3.1.1 MQTT-3.1.2-24] The end by silence is no DISCONNECT: the will goes out.
#[test]
fn a_silent_client_leaves_its_will() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let watcher = world.connect(with_keep_alive(Version::V3_1_1, 0));
        world.send(
            watcher,
            crate::harness::subscribe(1, "w", mqtt_codec::QoS::AtMostOnce),
        );
        world.forget();
        world.connect(Connect {
            will: Some(will("w", "gone")),
            ..with_keep_alive_as(version, "silent", 10)
        });
        world.advance(seconds(15));
        assert_eq!(
            world.take(watcher).packets(),
            [Packet::Publish(qos0("w", "gone"))]
        );
    }
}

const MICRO: Duration = Duration::from_micros(1);

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

//! What became of deadlines whose session went on or is gone.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::{
    MICRO, SECOND, VERSIONS, World, connect, leak, qos0, resuming, subscribe, will,
};
use mqtt_broker_core::Config;
use mqtt_codec::packet::Connect;
use mqtt_codec::{Packet, QoS};

/// A client that comes and goes all the time leaves a deadline of its CONNECT, of its Keep Alive and of its session each time.
#[test]
fn deadlines_that_nobody_waits_for_do_not_pile_up() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        for _ in 0..1_000 {
            let link = world.connect(resuming(version, "c", 600));
            world.cut(link);
            world.advance(MICRO);
        }
        let mut woken = 0;
        while let Some(at) = world.broker.poll_timeout() {
            world.now = at;
            world.time_out();
            woken += 1;
        }
        assert_eq!(world.broker.gauges().sessions, 0);
        assert!(woken <= 1_100, "{woken} of 3,000");
    }
}

/// [MQTT-4.1.0-2] Letting go of those takes nothing away that is waited for.
#[test]
fn every_session_of_many_ends_at_its_time() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            maximum_session_expiry: 600,
            ..Config::default()
        });
        for n in 0..1_000 {
            let link = world.connect(resuming(version, leak(format!("c{n}")), 600));
            world.cut(link);
        }
        world.advance(600 * SECOND - MICRO);
        assert_eq!(world.broker.gauges().sessions, 1_000);
        // Slice by slice, a microsecond apart.
        world.advance(10 * MICRO);
        assert_eq!(world.broker.gauges().sessions, 0);
    }
}

/// [MQTT-3.1.2-8] [v3.1.1 MQTT-3.1.2-8] The client is back before the will of its lost connection had its turn: that
/// will is published once, and the new one not while the client is there.
#[test]
fn a_will_that_waits_for_its_turn_is_not_that_of_the_next_connection() {
    for version in VERSIONS {
        for clean_start in [false, true] {
            let mut world = World::new(Config {
                slice: 1,
                ..Config::default()
            });
            let watcher = world.connect(connect("watcher"));
            world.send(watcher, subscribe(1, "w", QoS::AtMostOnce));
            let with_will = |client_id, payload, clean_start| Connect {
                will: Some(will("w", payload)),
                clean_start,
                ..resuming(version, client_id, 600)
            };
            let links = ["a", "b", "c"].map(|id| world.connect(with_will(id, id, false)));
            world.forget();
            for link in links {
                world.cut(link);
            }
            let again = world.connect(with_will("c", "new", clean_start));
            world.advance(SECOND);
            let outcome = world.take(watcher);
            let mut came = outcome.packets();
            came.sort_by_key(|packet| format!("{packet:?}"));
            let expected = ["a", "b", "c"].map(|id| Packet::Publish(qos0("w", id)));
            assert_eq!(came, expected, "{version:?} {clean_start}");
            world.cut(again);
            let new = Packet::Publish(qos0("w", "new"));
            assert_eq!(world.take(watcher).packets(), [new]);
        }
    }
}

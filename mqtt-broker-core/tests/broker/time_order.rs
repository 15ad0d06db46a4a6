//! What happens when several things are due at one moment, or when the time-out comes late by hours.
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

use crate::harness::store::Durable;
use crate::harness::{
    MICRO, SECOND, Saw, World, connack, connect, connect_as, expiring, leak, qos0, qos1, resuming,
    retained, subscribe, will,
};
use mqtt_broker_core::{Cause, Config, LinkId, Record};
use mqtt_codec::packet::Connect;
use mqtt_codec::{Packet, QoS, Version};

const V5: Version = Version::V5_0;
/// The topic of the wills; what is published beside is `t`.
const WILLS: &str = "a";
const HOURS: Duration = Duration::from_secs(5 * 60 * 60);

/// [MQTT-3.1.2-8] [5.0-7] The will of a session whose delay ends with the session goes out before the session is gone.
#[test]
fn a_will_is_published_before_its_session_ends() {
    for (delay, expiry) in [(10, 10), (11, 10), (5, 10)] {
        for late in [Duration::ZERO, 300 * SECOND] {
            let mut world = Durable::new(Config::default());
            let watcher = world.subscriber(V5, "watcher");
            world.cut(watcher);
            let (link, _) = world.connect(with_will("c", delay, expiry));
            world.cut(link);
            world.commit_all();
            world.oversleep(10 * SECOND + late);
            assert_will_before_end(&world.records());
            world.commit_all();
            assert_eq!(world.queue_of(V5, "watcher"), ["c"]);
        }
    }
}

/// [5.0-7] And so does the will of a session that Clean Start ends.
#[test]
fn a_will_is_published_before_clean_start_ends_its_session() {
    for gone in [true, false] {
        let mut world = Durable::new(Config::default());
        let watcher = world.subscriber(V5, "watcher");
        world.cut(watcher);
        let (link, _) = world.connect(with_will("c", 60, 600));
        if gone {
            world.cut(link);
        }
        world.commit_all();
        let link = world.link();
        world.send(link, connect("c"));
        assert_will_before_end(&world.records());
        world.commit_all();
        assert_eq!(world.queue_of(V5, "watcher"), ["c"]);
    }
}

/// Those who were lost at one moment are told of in the order of their losses, however many go in one turn.
#[test]
fn wills_of_one_moment_keep_their_order() {
    for delay in [0, 10] {
        for slice in [1, 2, 256] {
            let mut world = World::new(Config {
                slice,
                ..Config::default()
            });
            let watcher = watcher(&mut world);
            let clients: Vec<&'static str> = (0..7).map(|n| leak(format!("c{n}"))).collect();
            let connect = |&client| world.connect(with_will(client, delay, 600));
            let links: Vec<LinkId> = clients.iter().map(connect).collect();
            links.into_iter().for_each(|link| world.cut(link));
            let now = world.now;
            let came = world.watch(watcher, now, 60 * SECOND);
            let payloads: Vec<_> = came.iter().map(|came| came.payload.as_str()).collect();
            assert_eq!(payloads, clients, "{delay} {slice}");
        }
    }
}

/// A broker that slept for hours ends where one does that was awake: what was due is done once, in the order in which it was.
#[test]
fn a_late_time_out_does_what_was_due_once_and_in_its_order() {
    let mut outcomes = Vec::new();
    for late in [false, true] {
        let mut world = World::new(Config::default());
        let watcher = watcher(&mut world);
        let reader = world.connect(resuming(V5, "reader", 86_400));
        world.send(reader, subscribe(1, "t", QoS::AtLeastOnce));
        world.cut(reader);
        let writer = world.connect(connect_as(Version::V3_1_1, "writer"));
        let dated = world.connect(connect("dated"));
        world.send(dated, expiring(qos1(1, "t", "expires first"), 5));
        world.send(dated, expiring(qos1(2, "t", "expires last"), 50));
        world.send(dated, retained(expiring(qos0("r", "expires"), 7)));
        world.send(writer, qos1(3, "t", "lasting"));
        world.cut(dated);
        for (client, delay, expiry) in [("c30", 30, 40), ("c10", 10, 600), ("c20", 600, 20)] {
            let link = world.connect(with_will(client, delay, expiry));
            world.cut(link);
        }
        world.forget();
        if late {
            world.oversleep(HOURS);
        } else {
            world.advance(HOURS);
        }
        let now = world.now;
        let wills: Vec<_> = world
            .came(watcher, now)
            .into_iter()
            .map(|came| came.payload)
            .collect();
        let counters = (world.refused(Cause::Expired), world.broker.gauges());
        let reader = world.connect_and_keep(resuming(V5, "reader", 86_400));
        let queued = world.came(reader, now);
        let queued: Vec<_> = queued.into_iter().map(|came| came.payload).collect();
        outcomes.push((wills, counters, queued));
    }
    let (wills, (expired, gauges), queued) = &outcomes[0];
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(wills, &["c10", "c20", "c30"]);
    assert_eq!(queued, &["lasting"]);
    assert_eq!((*expired, gauges.retained_messages), (3, 0));
    assert_eq!(gauges.sessions, 3, "watcher, writer, reader");
}

/// [MQTT-4.1.0-2] [MQTT-3.1.2-8] A client that comes back to a broker that overslept: its old will first, and nothing of its old
/// session.
#[test]
fn a_connect_that_comes_before_the_late_time_out_finds_what_was_due_done() {
    let mut world = World::new(Config::default());
    let watcher = watcher(&mut world);
    let writer = world.connect(connect_as(Version::V3_1_1, "writer"));
    let link = world.connect(with_will("c", 60, 20));
    world.send(link, subscribe(1, "t", QoS::AtLeastOnce));
    world.cut(link);
    world.send(writer, qos1(1, "t", "in time"));
    world.now = world.now + HOURS;
    // Nobody has looked at the time yet.
    world.send(writer, qos1(2, "t", "too late"));
    assert_eq!(world.take(watcher).packets(), []);
    let (link, outcome) = world.offer(resuming(V5, "c", 600));
    assert_eq!(outcome.packets(), [connack()]);
    assert_eq!(
        world.take(watcher).packets(),
        [Packet::Publish(qos0(WILLS, "c"))]
    );
    world.time_out();
    assert_eq!(world.take(watcher).packets(), []);
    assert_eq!(world.take(link).packets(), []);
}

/// One connection has several deadlines at one moment, and one end.
#[test]
fn a_link_with_two_deadlines_at_one_moment_is_closed_once() {
    for version in crate::harness::VERSIONS {
        let mut world = World::new(Config::default());
        let mut connect = connect_as(version, "c");
        connect.keep_alive = 20;
        let link = world.connect(connect);
        world.draining = false;
        // The answer waits for 30 s, and the client says nothing more.
        world.send(link, Packet::Pingreq);
        world.advance_until_just_before(30 * SECOND);
        assert_eq!(world.take(link).all(), []);
        world.advance(MICRO);
        world.time_out();
        let outcome = world.take(link);
        let closes = |saw: &&Saw<'_>| matches!(saw, Saw::Closed(_));
        assert_eq!(outcome.all().iter().filter(closes).count(), 1);
        assert!(matches!(outcome.all().last(), Some(Saw::Closed(_))));
    }
}

/// What ends a session may itself be due at once: a will that expires with its publication. No caller spins.
#[test]
fn nothing_is_due_any_more_when_a_time_out_was_handled() {
    for retain in [false, true] {
        for store in [false, true] {
            let config = Config {
                slice: 1,
                ..Config::default()
            };
            let mut world = if store {
                Durable::new(config)
            } else {
                Durable::without_store(config)
            };
            let watcher = world.subscriber(V5, "watcher");
            world.cut(watcher);
            // The last one's session ends while the wills of the others have their turns.
            for (client, expiry) in [("c0", 600), ("c1", 600), ("c2", 10)] {
                let mut connect = with_will(client, 10, expiry);
                let will = connect.will.as_mut().unwrap();
                will.properties.message_expiry_interval = Some(0);
                will.retain = retain;
                let (link, _) = world.connect(connect);
                world.cut(link);
            }
            world.commit_all();
            // It is part of every step: see `time_out`.
            world.advance(20 * SECOND);
            let gauges = world.broker.gauges();
            assert_eq!((gauges.sessions, gauges.retained_messages), (3, 0));
            assert_eq!(world.queue_of(V5, "watcher"), [""; 0]);
        }
    }
}

fn assert_will_before_end(records: &[Record]) {
    let queued = |record: &Record| matches!(record, Record::Queued { .. });
    let ended = |record: &Record| matches!(record, Record::SessionEnded { .. });
    let order = (
        records.iter().position(queued),
        records.iter().position(ended),
    );
    assert!(
        matches!(order, (Some(will), Some(end)) if will < end),
        "{records:?}"
    );
}

/// A client of 3.1.1, which stays for a day, subscribed to the wills.
fn watcher(world: &mut World) -> LinkId {
    let link = world.connect(connect_as(Version::V3_1_1, "watcher"));
    world.send(link, subscribe(1, WILLS, QoS::AtMostOnce));
    world.forget();
    link
}

/// Of QoS 1, with its client as payload.
fn with_will(client: &'static str, delay: u32, expiry: u32) -> Connect<'static> {
    let mut connect = resuming(V5, client, expiry);
    let mut will = will(WILLS, client);
    will.qos = QoS::AtLeastOnce;
    will.properties.will_delay_interval = Some(delay);
    connect.will = Some(will);
    connect
}

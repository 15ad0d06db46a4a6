//! What is true of every life of every client.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

mod steps;

use std::time::Duration;

use crate::harness::{World, connect};
use bytes::Bytes;
use mqtt_broker_core::{Config, Counters, Gauges, Message, Overflow, Persistence};
use mqtt_codec::{Limits, TopicNameBuf, Version, decode};
use proptest::prelude::*;
use steps::{Pieces, Run, Step, TOPICS, steps};

proptest! {
    #[test]
    fn two_runs_of_one_list_of_inputs_give_the_same_actions(config in config(), steps in steps()) {
        let (first, second) = (run(&config, Pieces::Whole, &steps), run(&config, Pieces::Whole, &steps));
        prop_assert_eq!(first.log, second.log);
    }

    #[test]
    fn cutting_the_inbound_stream_anywhere_changes_nothing(
        config in config(),
        steps in steps(),
        size in 1..20usize,
    ) {
        let (whole, cut) = (run(&config, Pieces::Whole, &steps), run(&config, Pieces::Of(size), &steps));
        prop_assert_eq!(&whole.log, &cut.log);
        prop_assert_eq!(numbers(&whole), numbers(&cut));
    }

    /// The rule that no deadline lies before its time-out is part of every run: see `Run::wait`.
    #[test]
    fn no_send_buffer_passes_its_bound_by_more_than_a_packet(config in config(), steps in steps()) {
        let mut run = Run::new(config.clone(), Pieces::Whole);
        for step in &steps {
            run.step(step);
            for (_, waiting) in run.waiting() {
                prop_assert!(waiting <= 2 * config.send_buffer + LARGEST_PACKET, "{waiting}");
            }
            let gauges = run.broker.gauges();
            prop_assert!(gauges.sessions <= config.sessions);
            prop_assert!(gauges.retained_messages <= config.retained_messages);
            prop_assert!(gauges.connected <= gauges.links);
        }
    }

    #[test]
    fn no_session_has_more_waiting_than_its_queue_and_its_window(config in config(), steps in steps()) {
        let mut run = run(&config, Pieces::Whole, &steps);
        run.all_leave();
        let sessions = run.broker.gauges().sessions;
        let bound = usize::from(config.send_maximum.max(config.send_maximum_v3)) + config.queue_messages;
        // Each message of its own, at its largest, and what is retained beside.
        let messages = sessions * bound + config.retained_messages;
        let most = idle_memory(&config) + messages * 8_000 + 10_000;
        prop_assert!(run.broker.gauges().memory_bytes <= most);
    }

    #[test]
    fn nothing_is_left_once_everybody_left(config in config(), steps in steps()) {
        let mut run = run(&config, Pieces::Whole, &steps);
        run.all_leave();
        run.wait(Duration::from_secs(8 * 24 * 60 * 60));
        clear_retained(&mut run);
        prop_assert_eq!(run.broker.poll_timeout(), None);
        let gauges = run.broker.gauges();
        let counts = (gauges.links, gauges.connected, gauges.sessions, gauges.subscriptions, gauges.retained_messages);
        prop_assert_eq!(counts, (0, 0, 0, 0, 0));
        // One match result is kept at least, with the memory that an earlier one in its place took.
        let left = gauges.memory_bytes.saturating_sub(idle_memory(&config));
        prop_assert!(left <= 256, "{left} bytes");
    }

    #[test]
    fn hostile_bytes_are_answered_by_packets_or_by_the_close(
        before in prop::option::of(0..3usize),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut world = World::new(Config::default());
        let link = world.link();
        if let Some(version) = before {
            world.send(link, crate::harness::connect_as(crate::harness::VERSIONS[version], "a"));
        }
        world.send_bytes(link, &bytes);
        let other = world.connect(connect("other"));
        world.advance(Duration::from_secs(2 * 24 * 60 * 60));
        world.cut(link);
        world.cut(other);
        prop_assert_eq!(world.broker.gauges().links, 0);
        prop_assert_eq!(world.broker.gauges().connected, 0);
    }

    /// Packets that decode get further than any bytes.
    #[test]
    fn hostile_packets_do_no_harm(
        version in prop::sample::select(crate::harness::VERSIONS.to_vec()),
        packets in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..30)), 0..30),
    ) {
        let mut world = World::new(Config::default());
        let link = world.connect(crate::harness::connect_as(version, "a"));
        for (first, body) in packets {
            let mut packet = vec![first, u8::try_from(body.len()).unwrap()];
            packet.extend(body);
            if matches!(decode(version, &Limits::default(), &packet), Ok(Some(_))) {
                world.send_bytes(link, &packet);
            }
        }
        world.cut(link);
        prop_assert_eq!(world.broker.gauges().sessions, 0);
    }
}

/// A match result of each of many topics is kept, up to the bound and no further.
#[test]
fn the_cache_of_match_results_does_not_grow_without_bound() {
    let mut world = World::new(Config {
        match_cache_topics: 100,
        ..Config::default()
    });
    let publisher = world.connect(connect("publisher"));
    let mut after = Vec::new();
    for round in 0..5 {
        for number in 0..1_000 {
            let topic = crate::harness::leak(format!("{round}/{number:04}"));
            world.send(publisher, crate::harness::qos0(topic, "x"));
        }
        after.push(world.broker.gauges().memory_bytes);
    }
    assert_eq!(after, [after[0]; 5]);
}

/// Clients that come and go leave no more behind than the first one did.
#[test]
fn a_thousand_lives_take_no_more_than_one() {
    let mut world = World::new(Config::default());
    let mut after = Vec::new();
    for life in 0..1_000 {
        let client_id = crate::harness::leak(format!("client {life:04}"));
        let link = world.connect(crate::harness::resuming(Version::V5_0, client_id, 10));
        world.send(
            link,
            crate::harness::subscribe(1, "t/#", mqtt_codec::QoS::AtLeastOnce),
        );
        world.send(link, crate::harness::qos1(1, "t/x", "payload"));
        world.cut(link);
        world.advance(Duration::from_secs(10));
        after.push(world.broker.gauges().memory_bytes);
    }
    assert_eq!(after.iter().max(), after.first());
    world.advance(Duration::from_secs(2_000));
    assert_eq!(world.broker.poll_timeout(), None);
}

const LARGEST_PACKET: usize = 6_100;

fn config() -> impl Strategy<Value = Config> {
    let overflow = prop::sample::select(vec![Overflow::DropNewest, Overflow::DropOldest]);
    let persistence = prop::sample::select(vec![Persistence::None, Persistence::Store]);
    (overflow, persistence).prop_map(|(overflow, persistence)| Config {
        overflow,
        persistence,
        send_buffer: 4_000,
        send_maximum: 3,
        send_maximum_v3: 2,
        queue_messages: 5,
        queue_bytes: 20_000,
        sessions: 3,
        retained_messages: 2,
        retained_bytes: 10_000,
        slice: 2,
        persist_backlog: 10_000,
        match_cache_topics: 0,
        ..Config::default()
    })
}

fn run(config: &Config, pieces: Pieces, steps: &[Step]) -> Run {
    let mut run = Run::new(config.clone(), pieces);
    for step in steps {
        run.step(step);
    }
    run
}

/// What a broker counts that nobody ever came to.
fn idle_memory(config: &Config) -> usize {
    let mut run = Run::new(config.clone(), Pieces::Whole);
    clear_retained(&mut run);
    run.broker.gauges().memory_bytes
}

fn clear_retained(run: &mut Run) {
    for topic in TOPICS {
        let topic = TopicNameBuf::new(topic).unwrap();
        let message = Message::builder(topic, Bytes::new()).retain(true).build();
        run.broker.publish(run.now, &message);
    }
    run.all_leave();
}

/// But for the bytes behind an error, of which it is open how many were taken.
fn numbers(run: &Run) -> (Counters, Gauges) {
    let mut counters = *run.broker.counters();
    counters.bytes_received = 0;
    (counters, run.broker.gauges())
}

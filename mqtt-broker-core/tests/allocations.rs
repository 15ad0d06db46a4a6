//! Nothing per message on the heap: a QoS 0 PUBLISH of at most 4 KiB to connected subscribers. And what a kept message
//! takes there.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

#[path = "broker/harness/mod.rs"]
mod harness;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bytes::Bytes;
use harness::{World, connect, connect_as, leak, qos0, subscribe};
use mqtt_broker_core::{Config, LinkId, Message};
use mqtt_codec::packet::PublishTopic;
use mqtt_codec::property::{SubscriptionIdentifier, TopicAlias};
use mqtt_codec::{Packet, QoS, TopicNameBuf, Version};

#[test]
fn a_qos_0_message_to_subscribers_of_all_versions_allocates_nothing() {
    let mut world = World::new(Config::default());
    for (number, version) in harness::VERSIONS.into_iter().cycle().take(12).enumerate() {
        let link = world.connect(connect_as(version, leak(format!("s{number}"))));
        world.send(link, subscribe(1, "home/+/temperature", QoS::AtMostOnce));
    }
    assert_allocates_nothing(
        &mut world,
        &["home/kitchen/temperature", "home/hall/temperature"],
        64,
        12,
    );
}

/// The QoS of the subscription is not the message's: that is the lower one.
#[test]
fn nor_do_subscriptions_that_would_take_a_higher_qos() {
    let mut world = World::new(Config::default());
    for (client_id, version) in [("a", Version::V3_1_1), ("b", Version::V5_0)] {
        let link = world.connect(connect_as(version, client_id));
        world.send(link, subscribe(1, "t", QoS::ExactlyOnce));
    }
    assert_allocates_nothing(&mut world, &["t"], 1_000, 2);
}

#[test]
fn nor_do_overlapping_subscriptions_with_identifiers() {
    let mut world = World::new(Config::default());
    for (client_id, version) in [
        ("a", Version::V3_1_1),
        ("b", Version::V5_0),
        ("c", Version::V5_0),
    ] {
        let link = world.connect(connect_as(version, client_id));
        for (identifier, to) in [(1, "t/#"), (2, "t/+"), (300, "t/x")] {
            let mut packet = subscribe(1, to, QoS::AtLeastOnce);
            if let Packet::Subscribe(subscribe) = &mut packet {
                let identifier = SubscriptionIdentifier::new(identifier).unwrap();
                subscribe.properties.subscription_identifier =
                    (version == Version::V5_0).then_some(identifier);
            }
            world.send(link, packet);
        }
    }
    assert_allocates_nothing(&mut world, &["t/x", "t/y"], 100, 3);
}

#[test]
fn nor_does_a_payload_of_4_kib() {
    let mut world = World::new(Config::default());
    for (client_id, version) in [("a", Version::V3_1_1), ("b", Version::V5_0)] {
        let link = world.connect(connect_as(version, client_id));
        world.send(link, subscribe(1, "t", QoS::AtMostOnce));
    }
    assert_allocates_nothing(&mut world, &["t"], 4_096, 2);
}

#[test]
fn nor_does_a_message_by_an_alias_or_with_properties() {
    let mut world = World::new(Config::default());
    for (client_id, version) in [("a", Version::V3_1_1), ("b", Version::V5_0)] {
        let link = world.connect(connect_as(version, client_id));
        world.send(link, subscribe(1, "t", QoS::AtMostOnce));
    }
    let publisher = world.connect(connect("publisher"));
    let alias = TopicAlias::new(3).unwrap();
    let mut first = qos0("t", "x");
    first.topic = PublishTopic::Both(harness::name("t"), alias);
    first.properties.message_expiry_interval = Some(60);
    world.send(publisher, first);
    let mut second = first;
    second.topic = PublishTopic::Alias(alias);
    let packet = encoded(&Packet::Publish(second));
    assert_eq!(measure(&mut world, publisher, &[packet]), 0);
}

#[test]
fn nor_does_a_message_to_a_shared_group() {
    let mut world = World::new(Config::default());
    for client_id in ["a", "b", "c"] {
        let link = world.connect(connect(client_id));
        world.send(link, subscribe(1, "$share/group/t", QoS::AtMostOnce));
    }
    assert_allocates_nothing(&mut world, &["t"], 64, 1);
}

#[test]
fn nor_does_a_message_that_nobody_wants() {
    let mut world = World::new(Config::default());
    assert_allocates_nothing(&mut world, &["t"], 64, 0);
}

/// The counter counts.
#[test]
fn a_retained_message_does_allocate() {
    let mut world = World::new(Config::default());
    let publisher = world.connect(connect("publisher"));
    let packet = encoded(&Packet::Publish(harness::retained(qos0("t", "x"))));
    assert!(measure(&mut world, publisher, &[packet]) > 0);
}

/// An allocator takes some 16 bytes beside each allocation. The counts of a topic are not the message's; its length is a
/// multiple of 8 here, which is how allocations are aligned.
#[test]
fn a_message_counts_about_the_memory_that_it_takes() {
    let of_topic = 2 * size_of::<usize>();
    for (topic, payload) in [("a/topic8", 1), ("a/topic/of-24-characters", 1_000)] {
        let before = (ALLOCATIONS.with(Cell::get), BYTES.with(Cell::get));
        let topic = TopicNameBuf::new(topic).unwrap();
        let message = Message::new(topic, Bytes::from(vec![0; payload]));
        let allocations = ALLOCATIONS.with(Cell::get) - before.0;
        let bytes = BYTES.with(Cell::get) - before.1;
        assert_eq!(allocations, 3);
        assert_eq!(message.bytes(), bytes + 16 * allocations - of_topic);
    }
}

fn assert_allocates_nothing(world: &mut World, topics: &[&'static str], size: usize, copies: u64) {
    let publisher = world.connect(connect("publisher"));
    let payload = leak("x".repeat(size));
    let packets: Vec<_> = topics
        .iter()
        .map(|topic| encoded(&Packet::Publish(qos0(topic, payload))))
        .collect();
    let before = world.broker.counters().publishes_sent;
    assert_eq!(measure(world, publisher, &packets), 0);
    let sent = world.broker.counters().publishes_sent - before;
    assert_eq!(sent, (WARM_UP + MEASURED) * topics.len() as u64 * copies);
}

/// The allocations of [`MEASURED`] rounds of these packets, after a warm-up.
fn measure(world: &mut World, publisher: LinkId, packets: &[Vec<u8>]) -> usize {
    let mut links = Vec::with_capacity(64);
    world.settle();
    for _ in 0..WARM_UP {
        round(world, publisher, packets, &mut links);
    }
    let before = ALLOCATIONS.with(Cell::get);
    for _ in 0..MEASURED {
        round(world, publisher, packets, &mut links);
    }
    ALLOCATIONS.with(Cell::get) - before
}

/// As an adapter does it: bytes in, then everything out with vectored writes.
fn round(world: &mut World, publisher: LinkId, packets: &[Vec<u8>], links: &mut Vec<LinkId>) {
    for packet in packets {
        assert_eq!(
            world.broker.handle_bytes(world.now, publisher, packet),
            packet.len()
        );
    }
    while let Some(action) = world.broker.poll_action() {
        if let mqtt_broker_core::Action::Transmit { link } = action {
            links.push(link);
        }
    }
    for link in links.drain(..) {
        let written = world
            .broker
            .tx(link)
            .map_or(0, |tx| tx.segments().map(<[u8]>::len).sum());
        world.broker.handle_written(world.now, link, written);
    }
}

fn encoded(packet: &Packet<'_>) -> Vec<u8> {
    let mut bytes = vec![0; packet.encoded_len(Version::V5_0).unwrap()];
    packet.encode(Version::V5_0, &mut bytes);
    bytes
}

const WARM_UP: u64 = 10;
const MEASURED: u64 = 1_000;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, which counts what each thread asks it for, and how many bytes that is.
struct Counting;

// SAFETY: every call goes to the system's allocator as it came.
#[expect(unsafe_code, reason = "an allocator is unsafe by its nature")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the system's.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size);
        // SAFETY: the caller's promise is the system's.
        unsafe { System.realloc(at, layout, new_size) }
    }
}

fn count(size: usize) {
    // A thread that ends may have let go of its counters.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
    let _ = BYTES.try_with(|bytes| bytes.set(bytes.get() + size));
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

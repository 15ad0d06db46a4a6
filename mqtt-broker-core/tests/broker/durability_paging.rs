//! Only the head of an offline queue is in memory; the rest is in the store and is paged in.
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

use crate::harness::store::{Durable, answer};
use crate::harness::{connect, leak, puback, qos1, resuming};
use mqtt_broker_core::{Cause, Config, LinkId, Overflow, Page, Store};
use mqtt_codec::packet::Publish;
use mqtt_codec::{ClientIdBuf, Packet, Version};

const V5: Version = Version::V5_0;
const HEAD: usize = 4;

#[test]
fn a_queue_longer_than_its_head_arrives_whole_and_in_order() {
    for version in crate::harness::VERSIONS {
        let (mut world, writer) = offline(version, config());
        fill(&mut world, writer, 0..25);
        assert_eq!(world.queue_of(version, "reader"), numbers(0..25));
        assert_eq!(world.store.store().messages(), 0);
    }
}

#[test]
fn only_the_head_of_a_restored_queue_is_in_memory() {
    let mut memory = Vec::new();
    for count in [HEAD, HEAD + 1, 10 * HEAD] {
        let (mut world, writer) = offline(V5, config());
        fill(&mut world, writer, 0..count);
        world.crash();
        memory.push(world.broker.gauges().memory_bytes);
        assert_eq!(world.queue_of(V5, "reader"), numbers(0..count));
    }
    assert_eq!(memory[0], memory[1]);
    assert_eq!(memory[0], memory[2]);
}

#[test]
fn a_page_is_asked_for_when_the_head_has_become_short_and_not_before() {
    let (mut world, writer) = offline(V5, config());
    fill(&mut world, writer, 0..10);
    let reader = narrow(&mut world, 1);
    let mut asked = Vec::new();
    let mut got = Vec::new();
    loop {
        // The store does not answer a page before it was asked for the next message.
        asked.extend(
            world
                .pages
                .iter()
                .map(|&(_, from, messages, _)| (got.len(), from, messages)),
        );
        let payloads = one(&mut world, reader);
        if payloads.is_empty() {
            break;
        }
        got.extend(payloads);
    }
    assert_eq!(got, numbers(0..10));
    assert_eq!(asked, [(1, 4, HEAD), (5, 8, HEAD)]);
}

#[test]
fn messages_that_come_while_a_page_is_read_stay_behind_it() {
    let (mut world, writer) = offline(V5, config());
    fill(&mut world, writer, 0..10);
    let reader = narrow(&mut world, 1);
    let mut got = Vec::new();
    for n in 10..40 {
        // Published between the question for a page and its answer, too.
        let payload: &'static str = leak(n.to_string());
        world.send(writer, qos1(1, "a", payload));
        got.extend(one(&mut world, reader));
    }
    got.extend(world.drain(reader));
    assert_eq!(got, numbers(0..40));
    assert_eq!(world.store.store().messages(), 0);
}

/// [MQTT-3.3.2-5] Also when the message is in the store only.
#[test]
fn a_message_that_expires_in_the_tail_is_not_delivered_and_leaves_the_store() {
    let (mut world, writer) = offline(V5, config());
    for n in 0..20 {
        let mut publish = qos1(1, "a", leak(n.to_string()));
        publish.properties.message_expiry_interval = (n % 2 == 0).then_some(10);
        world.exchange(writer, publish);
    }
    world.advance(Duration::from_secs(11));
    let odd: Vec<String> = (0..20)
        .filter(|n| n % 2 == 1)
        .map(|n| n.to_string())
        .collect();
    assert_eq!(world.queue_of(V5, "reader"), odd);
    assert_eq!(world.store.store().messages(), 0);
    assert_eq!(world.refused(Cause::Expired), 10);
}

#[test]
fn a_whole_tail_that_expired_does_not_stop_what_comes_behind_it() {
    let (mut world, writer) = offline(V5, config());
    for n in 0..20 {
        let mut publish = qos1(1, "a", leak(n.to_string()));
        publish.properties.message_expiry_interval = Some(10);
        world.exchange(writer, publish);
    }
    fill(&mut world, writer, 20..22);
    world.advance(Duration::from_secs(11));
    assert_eq!(world.queue_of(V5, "reader"), numbers(20..22));
    assert_eq!(world.store.store().messages(), 0);
}

#[test]
fn a_queue_of_which_a_part_is_in_the_store_survives_a_crash_at_every_message() {
    for at in 0..25 {
        let (mut world, writer) = offline(V5, config());
        fill(&mut world, writer, 0..25);
        let reader = narrow(&mut world, 1);
        let mut got = Vec::new();
        for _ in 0..at {
            got.extend(one(&mut world, reader));
        }
        world.crash();
        // QoS 1: what was acknowledged and not durable may come once more.
        let rest = world.queue_of(V5, "reader");
        let first: usize = rest.first().map_or(25, |first| first.parse().unwrap());
        assert!(first <= at && at <= first + 1, "{first} after {at}");
        assert_eq!(rest, numbers(first..25));
        assert_eq!(got, numbers(0..at));
        assert_eq!(world.store.store().messages(), 0);
    }
}

#[test]
fn the_bound_of_a_queue_counts_what_is_in_the_store() {
    for overflow in [Overflow::DropNewest, Overflow::DropOldest] {
        let (mut world, writer) = offline(
            V5,
            Config {
                queue_messages: 10,
                overflow,
                ..config()
            },
        );
        fill(&mut world, writer, 0..10);
        assert_eq!(world.refused(Cause::QueueFull), 0);
        world.exchange(writer, qos1(1, "a", "10"));
        assert_eq!(world.refused(Cause::QueueFull), 1);
        let expected = match overflow {
            Overflow::DropNewest => numbers(0..10),
            Overflow::DropOldest => numbers(1..11),
        };
        assert_eq!(world.queue_of(V5, "reader"), expected);
        assert_eq!(world.store.store().messages(), 0);
    }
}

/// The session goes on with its whole queue when it is resumed for the last time.
#[test]
fn a_session_that_is_resumed_with_expiry_0_still_gets_its_tail_in_order() {
    let (mut world, writer) = offline(V5, config());
    fill(&mut world, writer, 0..20);
    let link = world.link();
    world.send(link, resuming(V5, "reader", 0));
    world.send(writer, qos1(1, "a", "20"));
    assert_eq!(world.drain(link), numbers(0..21));
    world.cut(link);
    world.commit_all();
    assert_eq!(
        (
            world.store.store().messages(),
            world.store.store().sessions()
        ),
        (0, 0)
    );
}

#[test]
fn an_answer_for_a_session_that_is_gone_or_went_on_is_ignored() {
    let (mut world, writer) = offline(V5, config());
    fill(&mut world, writer, 0..10);
    let reader = narrow(&mut world, 1);
    assert_eq!(take(&mut world, reader), numbers(0..1));
    world.send(reader, puback(1));
    assert_eq!(world.pages.len(), 1);
    // Clean Start while the store reads.
    let mut clean = connect("reader");
    clean.properties.session_expiry_interval = Some(600);
    let (reader, present) = world.connect(clean);
    assert!(!present);
    assert_eq!(world.take(reader).packets(), []);
    assert_eq!(world.store.store().messages(), 0);
}

/// It may be one that a session of the same name asked for before.
#[test]
fn a_page_that_was_not_asked_for_is_ignored() {
    let (mut world, writer) = offline(V5, config());
    fill(&mut world, writer, 0..10);
    let reader = narrow(&mut world, 1);
    let empty = |from| Page {
        client_id: ClientIdBuf::new("reader").unwrap(),
        from,
        messages: Vec::new(),
        next: None,
    };
    assert_eq!(take(&mut world, reader), numbers(0..1));
    assert_eq!(world.pages, []);
    let now = world.now;
    world.broker.handle_paged(now, empty(HEAD as u64));
    world.send(reader, puback(1));
    assert_eq!(world.pages.len(), 1);
    world.broker.handle_paged(now, empty(HEAD as u64 + 1));
    assert_eq!(world.drain(reader), numbers(1..10));
}

/// [MQTT-3.2.0-1] [v3.1.1 MQTT-3.2.0-1] The client has come again while the store read for its last connection.
#[test]
fn a_page_that_comes_before_connack_is_sent_behind_it() {
    for version in crate::harness::VERSIONS {
        let one_at_a_time = Config {
            send_maximum: 1,
            send_maximum_v3: 1,
            ..config()
        };
        let (mut world, writer) = offline(version, one_at_a_time);
        fill(&mut world, writer, 0..10);
        let reader = world.link();
        world.send(reader, resuming(version, "reader", 600));
        while world.take_first(reader).sent().is_empty() {
            assert!(world.commit() || world.waiting() == 0);
        }
        assert_eq!(take(&mut world, reader), numbers(0..1));
        world.send(reader, puback(1));
        assert_eq!(take(&mut world, reader), numbers(1..2));
        let (client_id, from, messages, bytes) = world.pages.remove(0);
        let page = world
            .store
            .store_mut()
            .page(&client_id, from, messages, bytes);

        let reader = world.link();
        world.send(reader, resuming(version, "reader", 600));
        let now = world.now;
        world.broker.handle_paged(now, page.unwrap());
        world.settle();
        assert_eq!(world.take(reader).sent(), []);
        world.commit_all();
        let connack = world.take_first(reader);
        assert!(
            matches!(connack.sent()[..], [Packet::Connack(_)]),
            "{version:?}"
        );
        assert_eq!(world.drain(reader), numbers(1..10));
    }
}

fn config() -> Config {
    Config {
        queue_head_messages: HEAD,
        ..Config::default()
    }
}

/// The session `reader` is offline and subscribed to `a`; the link is the publisher's.
fn offline(version: Version, config: Config) -> (Durable, LinkId) {
    let mut world = Durable::new(config);
    let reader = world.subscriber(version, "reader");
    world.cut(reader);
    world.commit_all();
    let (writer, _) = world.connect(connect("writer"));
    (world, writer)
}

/// Publishes the numbers, each made durable.
fn fill(world: &mut Durable, writer: LinkId, range: std::ops::Range<usize>) {
    for n in range {
        let publish: Publish<'static> = qos1(1, "a", leak(n.to_string()));
        world.exchange(writer, publish);
    }
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}

/// Resumes `reader` with a Receive Maximum. The CONNACK is taken off, what follows is not.
fn narrow(world: &mut Durable, receive_maximum: u16) -> LinkId {
    let mut connect = resuming(V5, "reader", 600);
    connect.properties.receive_maximum = std::num::NonZeroU16::new(receive_maximum);
    let link = world.link();
    world.send(link, connect);
    while world.take_first(link).sent().is_empty() {
        assert!(world.commit() || world.waiting() == 0);
    }
    link
}

/// What a link has got by now.
fn take(world: &mut Durable, link: LinkId) -> Vec<String> {
    let outcome = world.take(link);
    let text = |packet: &Packet<'_>| match packet {
        Packet::Publish(publish) => Some(String::from_utf8(publish.payload.to_vec()).unwrap()),
        _ => None,
    };
    outcome.sent().iter().filter_map(text).collect()
}

/// Makes everything durable and takes one message, which is acknowledged.
fn one(world: &mut Durable, link: LinkId) -> Vec<String> {
    world.commit_all();
    let outcome = world.take(link);
    let sent = outcome.sent();
    assert!(sent.len() <= 1, "the window is 1: {sent:?}");
    for packet in &sent {
        answer(packet)
            .into_iter()
            .for_each(|answer| world.send(link, answer));
    }
    let text = |packet: &Packet<'_>| match packet {
        Packet::Publish(publish) => String::from_utf8(publish.payload.to_vec()).unwrap(),
        other => panic!("unexpected {other:?}"),
    };
    sent.iter().map(text).collect()
}

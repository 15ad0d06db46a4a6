//! What is given to the store, and when a link waits because the store is behind.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::store::Durable;
use crate::harness::{
    SECOND, Saw, VERSIONS, World, connect_as, disconnect, expiring, id, leak, puback, pubrec, qos1,
    qos2, resuming, retained, subscribe, will,
};
use bytes::Bytes;
use mqtt_broker_core::{
    Authentication, AuthenticationOutcome, Config, LinkId, Message, Publisher, Record,
};
use mqtt_codec::packet::{Connect, Puback, Pubrec};
use mqtt_codec::reason_code::{DisconnectReasonCode, PublishReasonCode};
use mqtt_codec::{ClientIdBuf, Packet, QoS, TextBuf, TopicNameBuf, Version};
use mqtt_session::CloseReason;

/// For checks of its rights after it was published. Of other messages it is not kept.
#[test]
fn a_retained_message_is_kept_with_its_publisher() {
    for version in VERSIONS {
        let mut world = Durable::new(Config::default());
        let reader = world.subscriber(version, "reader");
        world.cut(reader);
        let mut last = will("will", "gone");
        last.retain = true;
        let writer = authenticated(
            &mut world,
            Connect {
                will: Some(last),
                ..connect_as(version, "writer")
            },
        );
        world.commit_all();
        let mut publisher_of = |act: &dyn Fn(&mut World)| {
            act(&mut world);
            let records = world.records();
            world.commit_all();
            let found = records
                .iter()
                .find(|record| matches!(record, Record::Message(_)));
            let Some(Record::Message(message)) = found else {
                panic!("no message: {records:?}")
            };
            message.publisher().cloned()
        };
        let writer_itself = Some(Publisher {
            client_id: ClientIdBuf::new("writer").unwrap(),
            principal: Some(TextBuf::new("principal").unwrap()),
        });
        let sent = publisher_of(&|world| world.send(writer, retained(qos1(1, "a", "x"))));
        assert_eq!(sent, writer_itself);
        assert_eq!(
            publisher_of(&|world| world.send(writer, qos1(1, "a", "x"))),
            None
        );
        assert_eq!(
            publisher_of(&|world| world.cut(writer)),
            writer_itself,
            "its will"
        );
        let own = publisher_of(&|world| {
            let topic = TopicNameBuf::new("own").unwrap();
            let message = Message::builder(topic, Bytes::from_static(b"x"))
                .retain(true)
                .build();
            world.broker.publish(world.now, &message);
            world.settle();
        });
        assert_eq!(own, None, "the broker's own");
    }
}

/// Its Message Expiry Interval is true for the moment at which it came, and is not kept.
#[test]
fn a_message_is_kept_with_its_end_alone() {
    let mut world = Durable::new(Config::default());
    let reader = world.subscriber(Version::V5_0, "reader");
    let (writer, _) = world.connect(connect_as(Version::V5_0, "writer"));
    world.send(writer, expiring(qos1(1, "a", "x"), 10));
    let records = world.records();
    let Some(Record::Message(message)) = records.first() else {
        panic!("no message: {records:?}")
    };
    assert_eq!(message.properties(), None);
    assert_eq!(message.expires_at(), Some(world.now + 10 * SECOND));
    let expected = expiring(qos1(1, "a", "x"), 10);
    assert_eq!(world.take(reader).packets(), [Packet::Publish(expected)]);
}

/// [MQTT-4.3.3-9] Nobody takes the message: 5.0 is told at once, and the exchange of QoS 2 is over; in 3.x, where it cannot be
/// said, it goes on, and PUBREC waits for the store.
#[test]
fn a_publish_that_nobody_takes_leaves_nothing_but_an_exchange_that_goes_on() {
    for version in VERSIONS {
        let mut world = Durable::new(Config {
            queue_messages: 0,
            ..Config::default()
        });
        let reader = world.subscriber(version, "reader");
        world.cut(reader);
        let (writer, _) = world.connect(resuming(version, "writer", 600));
        world.commit_all();
        let client_id = || ClientIdBuf::new("writer").unwrap();
        let unreleased = Record::Unreleased {
            client_id: client_id(),
            packet_id: id(2),
        };
        let released = Record::Released {
            client_id: client_id(),
            packet_id: id(2),
        };
        let quota = PublishReasonCode::QuotaExceeded;
        let (first, second, records, behind) = match version {
            Version::V5_0 => (
                Packet::Puback(Puback {
                    reason_code: quota,
                    ..Puback::success(id(1))
                }),
                vec![Packet::Pubrec(Pubrec {
                    reason_code: quota,
                    ..Pubrec::success(id(2))
                })],
                vec![unreleased, released],
                vec![],
            ),
            Version::V3_1 | Version::V3_1_1 => {
                (puback(1), vec![], vec![unreleased], vec![pubrec(2)])
            }
        };
        world.send(writer, qos1(1, "a", "x"));
        assert_eq!(world.take(writer).packets(), [first]);
        assert_eq!(world.records(), []);
        world.send(writer, qos2(2, "a", "x"));
        assert_eq!(world.take(writer).packets(), second);
        assert_eq!(world.records(), records);
        world.commit_all();
        assert_eq!(world.take(writer).packets(), behind);
    }
}

/// About as much as it takes, however long its Client Identifier is.
#[test]
fn the_backlog_counts_sessions_by_their_bytes() {
    for length in [1, 16, 200] {
        let of_one = 64 + length + 256;
        let mut world = Durable::new(Config {
            persist_backlog: 15 * of_one,
            ..Config::default()
        });
        let (writer, _) = world.connect(resuming(Version::V5_0, "writer", 600));
        world.commit_all();
        let mut paused = Vec::new();
        for n in 0..20 {
            let link = world.link();
            let client_id = leak(format!(
                "{}{}",
                char::from(b'a' + n),
                "x".repeat(length - 1)
            ));
            world.send(link, resuming(Version::V5_0, client_id, 600));
            if n == 10 || n == 19 {
                world.send(writer, subscribe(1, "a", QoS::AtMostOnce));
                paused.push(world.take(writer).all().contains(&Saw::Paused));
            }
        }
        assert_eq!(paused, [false, true], "{length}");
    }
}

/// What the end of a session's connection records does not pause the link any more.
#[test]
fn a_link_that_is_over_is_not_paused_for_the_store() {
    for version in VERSIONS {
        let mut world = Durable::new(Config {
            persist_backlog: 0,
            ..Config::default()
        });
        let (link, _) = world.connect(resuming(version, "c", 600));
        world.send(link, connect_as(version, "c"));
        let outcome = world.take(link);
        let all = outcome.all();
        assert!(matches!(
            all.last(),
            Some(Saw::Closed(CloseReason::Protocol(_)))
        ));
        assert!(!all.contains(&Saw::Paused));
        world.commit_all();

        let (link, _) = world.connect(resuming(version, "c", 600));
        world.send(link, disconnect(DisconnectReasonCode::Success));
        assert_eq!(world.take(link).all(), [], "it waits for the store");
        world.commit_all();
        let reason = DisconnectReasonCode::Success;
        let closed = Saw::Closed(CloseReason::PeerDisconnected { reason });
        assert_eq!(world.take(link).all(), [closed]);
    }
}

/// Lets a client in as `principal`.
fn authenticated(world: &mut Durable, connect: Connect<'static>) -> LinkId {
    let link = world.link_from(Authentication::Ask);
    world.send(link, connect);
    let accepted = AuthenticationOutcome::Accepted {
        principal: Some(TextBuf::new("principal").unwrap()),
        data: None,
    };
    world.authenticated(link, accepted);
    world.commit_all();
    assert_eq!(world.take(link).sent().len(), 1, "CONNACK");
    link
}

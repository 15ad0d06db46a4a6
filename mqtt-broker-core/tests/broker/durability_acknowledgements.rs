//! What an acknowledgement says: it leaves when its position is durable, and is true after a crash at any moment.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::store::Durable;
use crate::harness::{
    again, connect, connect_as, id, puback, pubcomp, pubrec, pubrel, qos1, qos2, resuming,
    retained, suback, subscribe, unsuback, unsubscribe,
};
use mqtt_broker_core::Config;
use mqtt_codec::packet::{Pubcomp, Pubrec};
use mqtt_codec::reason_code::{
    PublishReasonCode, ReleaseReasonCode, SubscribeReasonCode, UnsubscribeReasonCode,
};
use mqtt_codec::{Packet, QoS, Version};

const V5: Version = Version::V5_0;
const GRANTED: [SubscribeReasonCode; 1] = [SubscribeReasonCode::GrantedQoS2];

#[test]
fn puback_waits_until_the_message_is_in_the_queue_of_every_persistent_session() {
    for version in crate::harness::VERSIONS {
        let mut world = Durable::new(Config::default());
        let reader = world.subscriber(version, "reader");
        world.cut(reader);
        world.commit_all();
        let (writer, _) = world.connect(connect_as(version, "writer"));

        world.send(writer, qos1(1, "a", "kept"));
        assert_eq!(world.take(writer).packets(), []);
        assert!(world.commit());
        assert_eq!(world.take(writer).packets(), [puback(1)]);

        world.crash();
        assert_eq!(world.queue_of(version, "reader"), ["kept"]);
    }
}

#[test]
fn what_was_not_acknowledged_may_be_lost_in_a_crash_and_is_sent_again() {
    let mut world = Durable::new(Config::default());
    let reader = world.subscriber(V5, "reader");
    world.cut(reader);
    world.commit_all();
    let (writer, _) = world.connect(connect("writer"));
    world.send(writer, qos1(1, "a", "lost"));
    assert_eq!(world.take(writer).packets(), []);

    world.crash();
    assert_eq!(world.queue_of(V5, "reader"), [""; 0]);
}

#[test]
fn puback_of_a_retained_message_waits_until_it_is_the_retained_one() {
    let mut world = Durable::new(Config::default());
    let (writer, _) = world.connect(connect("writer"));
    world.send(writer, retained(qos1(1, "a", "kept")));
    assert_eq!(world.take(writer).packets(), []);
    assert!(world.commit());
    assert_eq!(world.take(writer).sent().len(), 1);

    world.crash();
    let (reader, _) = world.connect(connect("reader"));
    let expected = [
        suback(1, &GRANTED),
        Packet::Publish(retained(qos1(1, "a", "kept"))),
    ];
    let outcome = world.exchange(reader, subscribe(1, "a", QoS::ExactlyOnce));
    assert_eq!(outcome.packets(), expected);
}

#[test]
fn puback_of_a_cleared_retained_message_waits_until_it_cannot_come_back() {
    let mut world = Durable::new(Config::default());
    let (writer, _) = world.connect(connect("writer"));
    world.exchange(writer, retained(qos1(1, "a", "old")));
    world.send(writer, retained(qos1(2, "a", "")));
    assert_eq!(world.take(writer).packets(), []);
    world.commit_all();
    assert_eq!(world.take(writer).sent().len(), 1);

    world.crash();
    let (reader, _) = world.connect(connect("reader"));
    let outcome = world.exchange(reader, subscribe(1, "a", QoS::ExactlyOnce));
    assert_eq!(outcome.packets(), [suback(1, &GRANTED)]);
}

#[test]
fn an_acknowledgement_with_nothing_to_wait_for_does_not_wait() {
    let mut world = Durable::new(Config::default());
    let (reader, _) = world.connect(connect("reader"));
    world.exchange(reader, subscribe(1, "a", QoS::ExactlyOnce));
    let (writer, _) = world.connect(connect("writer"));
    world.send(writer, qos1(1, "a", "x"));
    world.send(writer, qos2(2, "a", "y"));
    assert_eq!(world.take(writer).packets(), [puback(1), pubrec(2)]);
    assert_eq!(
        world.take(reader).packets(),
        [
            Packet::Publish(qos1(1, "a", "x")),
            Packet::Publish(qos2(2, "a", "y"))
        ]
    );
    assert_eq!(world.waiting(), 0);
}

/// A resent PUBLISH is never routed again, also when the subscriber is not persistent and the publisher is.
#[test]
fn pubrec_waits_until_the_packet_id_is_durable_and_no_subscriber_meets_the_message_before() {
    let mut world = Durable::new(Config::default());
    let (reader, _) = world.connect(connect("reader"));
    world.exchange(reader, subscribe(1, "a", QoS::ExactlyOnce));
    let (writer, _) = world.connect(resuming(V5, "writer", 600));

    world.send(writer, qos2(7, "a", "x"));
    assert_eq!(world.take(writer).packets(), []);
    assert_eq!(world.take(reader).packets(), []);
    world.commit_all();
    assert_eq!(world.take(writer).packets(), [pubrec(7)]);
    assert_eq!(
        world.take(reader).packets(),
        [Packet::Publish(qos2(1, "a", "x"))]
    );

    world.crash();
    let (reader, _) = world.connect(connect("reader"));
    world.exchange(reader, subscribe(1, "a", QoS::ExactlyOnce));
    let (writer, present) = world.connect(resuming(V5, "writer", 600));
    assert!(present);
    assert_eq!(
        world.exchange(writer, again(qos2(7, "a", "x"))).packets(),
        [pubrec(7)]
    );
    assert_eq!(world.take(reader).packets(), []);
}

/// [MQTT-4.3.3-9] A PUBREC of 0x80 or above ends the exchange, for the store as well: the id means a new message then.
#[test]
fn a_refused_qos_2_message_leaves_no_packet_id_behind() {
    let config = Config {
        queue_messages: 1,
        ..Config::default()
    };
    let mut world = Durable::new(config);
    let reader = world.subscriber(V5, "reader");
    world.cut(reader);
    world.commit_all();
    let (writer, _) = world.connect(resuming(V5, "writer", 600));
    world.exchange(writer, qos2(1, "a", "fits"));
    let outcome = world.exchange(writer, qos2(2, "a", "does not"));
    assert!(
        matches!(outcome.packets()[..], [Packet::Pubrec(pubrec)] if pubrec.reason_code.is_error())
    );

    world.crash();
    assert_eq!(world.queue_of(V5, "reader"), ["fits"]);
    let (writer, _) = world.connect(resuming(V5, "writer", 600));
    let outcome = world.exchange(writer, qos2(2, "a", "new"));
    assert_eq!(outcome.packets(), [pubrec(2)]);
    assert_eq!(world.queue_of(V5, "reader"), ["new"]);
}

/// [MQTT-4.3.3-9] A refusal promises nothing, so it waits for nothing: were it lost with its connection, the message
/// would be taken for one that is there.
#[test]
fn a_refused_qos_2_message_is_refused_again_behind_a_lost_connection() {
    let config = Config {
        queue_messages: 1,
        ..Config::default()
    };
    let mut world = Durable::new(config);
    let reader = world.subscriber(V5, "reader");
    world.cut(reader);
    world.commit_all();
    let (writer, _) = world.connect(resuming(V5, "writer", 600));
    world.exchange(writer, qos2(1, "a", "fits"));
    world.send(writer, qos2(2, "a", "does not"));
    world.cut(writer);
    let (writer, present) = world.connect(resuming(V5, "writer", 600));
    assert!(present);
    let outcome = world.exchange(writer, again(qos2(2, "a", "does not")));
    let refused = Packet::Pubrec(Pubrec::new(id(2), PublishReasonCode::QuotaExceeded));
    assert_eq!(outcome.packets(), [refused]);
    assert_eq!(world.queue_of(V5, "reader"), ["fits"]);
}

#[test]
fn pubcomp_waits_until_the_packet_id_is_released() {
    let mut world = Durable::new(Config::default());
    let (writer, _) = world.connect(resuming(V5, "writer", 600));
    world.exchange(writer, qos2(7, "a", "x"));
    world.send(writer, pubrel(7));
    assert_eq!(world.take(writer).packets(), []);
    world.commit_all();
    assert_eq!(world.take(writer).packets(), [pubcomp(7)]);

    world.crash();
    let reader = world.subscriber(V5, "reader");
    let (writer, _) = world.connect(resuming(V5, "writer", 600));
    world.exchange(writer, qos2(7, "a", "another"));
    assert_eq!(
        world.take(reader).packets(),
        [Packet::Publish(qos2(1, "a", "another"))]
    );
}

/// [3.1-9] [MQTT-4.3.3-12] [v3.1.1 MQTT-4.3.3-2] PUBREL once more on a live connection: its PUBCOMP waits, too, since
/// it allows the client to use the id for another message.
#[test]
fn pubcomp_of_a_repeated_pubrel_waits_until_the_packet_id_is_released() {
    for version in crate::harness::VERSIONS {
        let mut world = Durable::new(Config::default());
        let (writer, _) = world.connect(resuming(version, "writer", 600));
        world.exchange(writer, qos2(7, "a", "x"));
        world.send(writer, pubrel(7));
        world.send(writer, pubrel(7));
        assert_eq!(world.take(writer).packets(), []);
        world.commit();
        assert_eq!(world.take(writer).packets(), [pubcomp(7), unknown(version)]);
        assert_eq!(world.take(writer).packets(), []);
    }
}

/// A lost PUBCOMP leads to PUBREL and PUBCOMP again, and nothing is delivered again.
#[test]
fn a_lost_pubcomp_leads_only_to_pubrel_and_pubcomp_again() {
    let mut world = Durable::new(Config::default());
    let reader = world.subscriber(V5, "reader");
    let (writer, _) = world.connect(resuming(V5, "writer", 600));
    world.exchange(writer, qos2(7, "a", "x"));
    assert_eq!(world.take(reader).sent().len(), 1);
    world.send(writer, pubrel(7));
    world.commit_silently();

    world.crash();
    let (reader, _) = world.connect(resuming(V5, "reader", 600));
    world.forget();
    let (writer, _) = world.connect(resuming(V5, "writer", 600));
    let outcome = world.exchange(writer, pubrel(7));
    assert!(
        matches!(outcome.packets()[..], [Packet::Pubcomp(pubcomp)] if pubcomp.reason_code.byte() == 0x92)
    );
    assert_eq!(world.take(reader).packets(), []);
}

#[test]
fn suback_waits_until_the_subscription_is_durable() {
    let mut world = Durable::new(Config::default());
    let (reader, _) = world.connect(resuming(V5, "reader", 600));
    world.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
    assert_eq!(world.take(reader).packets(), []);
    world.commit_all();
    assert_eq!(world.take(reader).packets(), [suback(1, &GRANTED)]);

    world.crash();
    let (writer, _) = world.connect(connect("writer"));
    world.exchange(writer, qos1(1, "a", "x"));
    assert_eq!(world.queue_of(V5, "reader"), ["x"]);
}

#[test]
fn unsuback_waits_until_the_subscription_cannot_come_back() {
    let mut world = Durable::new(Config::default());
    let reader = world.subscriber(V5, "reader");
    world.send(reader, unsubscribe(2, "a"));
    assert_eq!(world.take(reader).packets(), []);
    world.commit_all();
    assert_eq!(
        world.take(reader).packets(),
        [unsuback(2, &[UnsubscribeReasonCode::Success])]
    );

    world.crash();
    let (writer, _) = world.connect(connect("writer"));
    world.exchange(writer, qos1(1, "a", "x"));
    assert_eq!(world.queue_of(V5, "reader"), [""; 0]);
}

/// PUBREL out: after a crash PUBREL is sent again, and not PUBLISH.
#[test]
fn pubrel_waits_until_pubrec_is_stored() {
    for version in crate::harness::VERSIONS {
        let mut world = Durable::new(Config::default());
        let reader = world.subscriber(version, "reader");
        let (writer, _) = world.connect(connect("writer"));
        world.exchange(writer, qos2(1, "a", "x"));
        assert_eq!(
            world.take(reader).packets(),
            [Packet::Publish(qos2(1, "a", "x"))]
        );

        world.send(reader, pubrec(1));
        if version != V5 {
            // It may send again on a live connection.
            world.send(reader, pubrec(1));
        }
        assert_eq!(world.take(reader).packets(), []);
        world.commit_all();
        assert_eq!(world.take(reader).packets()[0], pubrel(1));

        world.crash();
        let (reader, _) = world.connect(resuming(version, "reader", 600));
        world.cut(reader);
        let link = world.link();
        world.send(link, resuming(version, "reader", 600));
        world.commit_all();
        assert_eq!(world.take(link).sent()[1..], [pubrel(1)]);
        world.exchange(link, pubcomp(1));
        world.crash();
        let link = world.link();
        world.send(link, resuming(version, "reader", 600));
        world.commit_all();
        assert_eq!(world.take(link).sent().len(), 1);
    }
}

/// PUBCOMP for an identifier that means nothing.
fn unknown(version: Version) -> Packet<'static> {
    let reason = match version {
        Version::V5_0 => ReleaseReasonCode::PacketIdentifierNotFound,
        Version::V3_1 | Version::V3_1_1 => ReleaseReasonCode::Success,
    };
    Packet::Pubcomp(Pubcomp::new(id(7), reason))
}

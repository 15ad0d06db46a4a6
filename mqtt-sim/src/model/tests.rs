mod crashes;

use alloc::vec::Vec;

use mqtt_codec::packet::{Pubrec, Pubrel, SubscriptionOptions};
use mqtt_codec::reason_code::{DisconnectReasonCode, PublishReasonCode};
use mqtt_codec::{Packet, PacketId, QoS, Version};
use mqtt_session::Instant;

use super::*;
use crate::check::wire_scene::{LASTING, Scene, Start, options};
use crate::check::{Broken, Check};
use crate::messages::MessageNumber;

/// The model with all that it did.
#[derive(Debug, Default)]
struct Watched {
    model: Model,
    effects: Vec<Effect>,
}

impl Check for Watched {
    fn observe(
        &mut self,
        context: &Context<'_>,
        observation: &Observation<'_>,
    ) -> Result<(), Broken> {
        self.model.observe(context, observation);
        self.effects.extend_from_slice(self.model.effects());
        Ok(())
    }
}

const CLEAN: Start = Start {
    clean_start: true,
    expiry: 0,
    will: None,
};
const OK: DisconnectReasonCode = DisconnectReasonCode::Success;
const WITH_WILL: DisconnectReasonCode = DisconnectReasonCode::DisconnectWithWillMessage;
const QOS_1: QoS = QoS::AtLeastOnce;

fn scene() -> Scene<Watched> {
    Scene::new(2)
}

/// Client 0 connects, with a will.
fn connect_with_will(
    scene: &mut Scene<Watched>,
    connection: u32,
    delay: u32,
    start: Start,
) -> MessageNumber {
    let will = scene.message("wills/0", QOS_1);
    let start = Start {
        will: Some((will, delay)),
        ..start
    };
    scene.connect(0, connection, start).unwrap();
    will
}

/// The wills that were published since the last time.
fn published(scene: &mut Scene<Watched>) -> Vec<MessageNumber> {
    let effects = scene.check.effects.drain(..);
    effects
        .filter_map(|effect| {
            if let Effect::WillPublished { message, .. } = effect {
                Some(message)
            } else {
                None
            }
        })
        .collect()
}

fn state(scene: &Scene<Watched>) -> &State {
    scene.check.model.state()
}

fn retained(scene: &Scene<Watched>) -> Vec<MessageNumber> {
    let retained = state(scene).retained.values();
    retained.map(|retained| retained.message).collect()
}

fn seconds_after_start(seconds: u64) -> Instant {
    Instant::from_micros(seconds * 1_000_000)
}

fn since(scene: &Scene<Watched>) -> Option<Instant> {
    match state(scene).sessions[&0].place {
        Place::On(_) => None,
        Place::Off { since, .. } => Some(since),
    }
}

/// What becomes of a will when another connection takes the session over.
#[test]
fn a_takeover_cancels_a_will_only_when_its_session_goes_on_within_its_delay() {
    let ended = Start {
        expiry: 0,
        ..LASTING
    };
    let anew = Start {
        clean_start: true,
        ..LASTING
    };
    for (first, delay, second, is_published) in [
        (LASTING, 0, LASTING, true),
        (LASTING, 5, LASTING, false),
        (LASTING, 5, anew, true),
        (ended, 5, LASTING, true),
    ] {
        let mut scene = scene();
        let will = connect_with_will(&mut scene, 1, delay, first);
        scene.connect(0, 2, second).unwrap();
        let expected = if is_published {
            [will].to_vec()
        } else {
            Vec::new()
        };
        assert_eq!(
            published(&mut scene),
            expected,
            "{first:?} {delay} {second:?}"
        );
        // The end of the old connection is over and done with.
        scene.end(0, 1).unwrap();
        scene.lose(0, 1).unwrap();
        scene.at(50).time_out().unwrap();
        assert_eq!(published(&mut scene), []);
        assert_eq!(
            state(&scene).sessions[&0].place,
            Place::On(ConnectionNumber(2))
        );
    }
}

#[test]
fn a_will_waits_for_its_delay_or_the_end_of_its_session() {
    for (expiry, delay, due) in [(100, 0, 0), (100, 10, 10), (10, 100, 10), (0, 100, 0)] {
        let mut scene = scene();
        let start = Start { expiry, ..LASTING };
        let will = connect_with_will(&mut scene, 1, delay, start);
        scene.lose(0, 1).unwrap();
        if due > 0 {
            scene.at(due - 1).time_out().unwrap();
            assert_eq!(published(&mut scene), [], "{expiry} {delay}");
            scene.at(due).time_out().unwrap();
        }
        assert_eq!(published(&mut scene), [will], "{expiry} {delay}");
        assert_eq!(
            state(&scene).sessions.contains_key(&0),
            due < u64::from(expiry)
        );
        scene.at(1_000).time_out().unwrap();
        assert_eq!(published(&mut scene), []);
    }
}

#[test]
fn a_client_that_is_back_cancels_its_will_unless_that_is_due() {
    for (back, is_published) in [(9, false), (10, true)] {
        let mut scene = scene();
        let will = connect_with_will(&mut scene, 1, 10, LASTING);
        scene.lose(0, 1).unwrap();
        scene.at(back).connect(0, 2, LASTING).unwrap();
        scene.time_out().unwrap();
        let expected = if is_published {
            [will].to_vec()
        } else {
            Vec::new()
        };
        assert_eq!(published(&mut scene), expected);
    }
}

#[test]
fn disconnect_drops_the_will_unless_it_says_otherwise() {
    for (code, delay, now, later) in [(OK, 0, 0, 0), (WITH_WILL, 0, 1, 0), (WITH_WILL, 5, 0, 1)] {
        let mut scene = scene();
        connect_with_will(&mut scene, 1, delay, LASTING);
        scene.disconnect(0, 1, code, None).unwrap();
        assert_eq!(published(&mut scene).len(), now);
        scene.lose(0, 1).unwrap();
        scene.at(5).time_out().unwrap();
        assert_eq!(published(&mut scene).len(), later);
    }
}

#[test]
fn disconnect_may_set_the_expiry() {
    let mut scene = scene();
    for (connection, expiry) in [(1, 20), (2, 0)] {
        scene.connect(0, connection, LASTING).unwrap();
        scene.disconnect(0, connection, OK, Some(expiry)).unwrap();
        let session = state(&scene).sessions.get(&0);
        let expected = (expiry > 0).then_some(expiry);
        assert_eq!(session.map(|session| session.expiry), expected);
    }
}

#[test]
fn a_session_ends_with_its_expiry_and_its_subscriptions_with_it() {
    for late in [false, true] {
        let mut scene = scene();
        scene.connect(0, 1, LASTING).unwrap();
        scene.subscribe(0, 1, "a", options(QOS_1)).unwrap();
        scene.at(10).lose(0, 1).unwrap();
        scene.at(109).time_out().unwrap();
        assert_eq!(state(&scene).subscriptions.len(), 1);
        match late {
            true => scene.at(110).connect(0, 2, LASTING).unwrap(),
            false => scene.at(110).time_out().unwrap(),
        }
        assert_eq!(state(&scene).subscriptions.len(), 0);
        assert_eq!(state(&scene).sessions.len(), usize::from(late));
    }
}

#[test]
fn the_expiry_is_what_the_client_asks_for_up_to_the_brokers() {
    for (version, clean_start, asked, expected) in [
        (Version::V5_0, false, 50, 50),
        (Version::V5_0, true, 200, 150),
        (Version::V3_1_1, false, 0, 150),
        (Version::V3_1_1, true, 0, 0),
    ] {
        let mut scene = scene();
        scene.setting.broker.maximum_session_expiry = 150;
        scene.setting.clients[0].version = version;
        let start = Start {
            clean_start,
            expiry: asked,
            will: None,
        };
        scene.connect(0, 1, start).unwrap();
        assert_eq!(state(&scene).sessions[&0].expiry, expected);
    }
}

#[test]
fn what_comes_behind_the_end_of_a_connection_does_not_count() {
    let mut scene = scene();
    scene.connect(0, 1, LASTING).unwrap();
    scene.subscribe(0, 1, "a", options(QOS_1)).unwrap();
    scene.connect(0, 2, LASTING).unwrap();
    scene.subscribe(0, 1, "+", options(QOS_1)).unwrap();
    scene.unsubscribe(0, 1, "a").unwrap();
    let filters: Vec<_> = state(&scene).subscriptions_of(0).collect();
    assert_eq!(filters, [(scene.filter("a"), options(QOS_1))]);
    scene.unsubscribe(0, 2, "a").unwrap();
    scene.subscribe(0, 2, "+", options(QOS_1)).unwrap();
    let other = SubscriptionOptions {
        no_local: true,
        ..options(QoS::AtMostOnce)
    };
    scene.subscribe(0, 2, "+", other).unwrap();
    let filters: Vec<_> = state(&scene).subscriptions_of(0).collect();
    assert_eq!(filters, [(scene.filter("+"), other)]);
}

#[test]
fn the_last_retained_message_stays_until_it_is_removed_or_expires() {
    let mut scene = scene();
    scene.connect(0, 1, LASTING).unwrap();
    let first = scene.retained("a", QOS_1);
    let second = scene.message_with("a", QOS_1, true, Some(5));
    let elsewhere = scene.retained("b", QOS_1);
    let other = scene.message("a", QOS_1);
    for message in [first, elsewhere, second, other] {
        scene.publish(0, 1, message, 1).unwrap();
    }
    assert_eq!(retained(&scene), [second, elsewhere]);
    scene.at(4).time_out().unwrap();
    assert_eq!(retained(&scene), [second, elsewhere]);
    scene.at(5).time_out().unwrap();
    assert_eq!(retained(&scene), [elsewhere]);
    scene.remove(0, 1, "b").unwrap();
    assert_eq!(retained(&scene), []);
}

#[test]
fn a_retained_will_is_retained() {
    let mut scene = scene();
    let will = scene.message_with("wills/0", QOS_1, true, Some(5));
    let start = Start {
        will: Some((will, 10)),
        ..LASTING
    };
    scene.connect(0, 1, start).unwrap();
    scene.lose(0, 1).unwrap();
    scene.at(10).time_out().unwrap();
    assert_eq!(retained(&scene), [will]);
    scene.at(15).time_out().unwrap();
    assert_eq!(retained(&scene), []);
}

/// Until PUBREL, a repeated PUBLISH does nothing.
#[test]
fn a_repeated_qos_2_publish_changes_nothing_until_it_is_released() {
    let packet_id = PacketId::new(1).unwrap();
    let refused = Pubrec::new(packet_id, PublishReasonCode::QuotaExceeded);
    for released_by in [
        Packet::Pubrel(Pubrel::success(packet_id)),
        Packet::Pubrec(refused),
    ] {
        let mut scene = scene();
        scene.connect(0, 1, LASTING).unwrap();
        let first = scene.retained("a", QoS::ExactlyOnce);
        let second = scene.retained("a", QOS_1);
        scene.publish(0, 1, first, 1).unwrap();
        scene.publish(0, 1, second, 2).unwrap();
        scene.connect(0, 2, LASTING).unwrap();
        scene.publish(0, 2, first, 1).unwrap();
        assert_eq!(retained(&scene), [second]);
        if let Packet::Pubrec(_) = released_by {
            scene.send(0, 2, released_by).unwrap();
        } else {
            scene.receive(0, 2, released_by).unwrap();
        }
        assert!(state(&scene).unreleased.is_empty());
        scene.publish(0, 2, first, 1).unwrap();
        assert_eq!(retained(&scene), [first]);
    }
}

use super::*;
use crate::check::wire_scene::{LASTING, Scene, assert_broken, delivery, options};

const QOS_0: QoS = QoS::AtMostOnce;
const QOS_1: QoS = QoS::AtLeastOnce;

/// Client 0 publishes on connection 1; the clients 1 and 2 are on connections 2 and 3.
fn scene() -> Scene<Subscribed> {
    let mut scene = Scene::new(3);
    for client in 0..3 {
        scene.connect(client as usize, client + 1, LASTING).unwrap();
    }
    scene
}

fn deliver(
    scene: &mut Scene<Subscribed>,
    client: usize,
    message: MessageNumber,
    retain: bool,
) -> Result<(), Broken> {
    let connection = u32::try_from(client).unwrap() + 1;
    scene.deliver(
        client,
        connection,
        message,
        delivery(QOS_0, 0, false),
        retain,
    )
}

fn assert_stray(result: Result<(), Broken>, client: usize, message: MessageNumber, what: &str) {
    assert_broken(result, Rule::Subscribed, &[client], Some(message), what);
}

#[test]
fn what_was_routed_is_delivered_behind_an_unsubscribe_and_a_crash() {
    let mut scene = scene();
    scene.subscribe(1, 2, "+", options(QOS_1)).unwrap();
    let message = scene.message("a", QOS_1);
    scene.publish(0, 1, message, 1).unwrap();
    scene.unsubscribe(1, 2, "+").unwrap();
    scene
        .deliver(1, 2, message, delivery(QOS_1, 1, false), false)
        .unwrap();
    scene.crash(0).unwrap();
    scene.connect(1, 4, LASTING).unwrap();
    scene
        .deliver(1, 4, message, delivery(QOS_1, 1, true), false)
        .unwrap();
}

#[test]
fn who_was_not_subscribed_when_it_was_published_gets_nothing() {
    let mut scene = scene();
    scene.subscribe(1, 2, "a", options(QOS_1)).unwrap();
    let early = scene.message("a", QOS_1);
    scene.publish(0, 1, early, 1).unwrap();
    scene.subscribe(2, 3, "a", options(QOS_1)).unwrap();
    deliver(&mut scene, 1, early, false).unwrap();
    let result = deliver(&mut scene, 2, early, false);
    assert_stray(result, 2, early, "not routed");
    scene.unsubscribe(1, 2, "a").unwrap();
    let late = scene.message("a", QOS_1);
    scene.publish(0, 1, late, 2).unwrap();
    let result = deliver(&mut scene, 1, late, false);
    assert_stray(result, 1, late, "not routed");
    let elsewhere = scene.message("b", QOS_1);
    scene.publish(0, 1, elsewhere, 3).unwrap();
    let result = deliver(&mut scene, 2, elsewhere, false);
    assert_stray(result, 2, elsewhere, "not routed");
}

/// What comes behind the end of a connection is not routed.
#[test]
fn what_the_server_did_not_take_goes_to_nobody() {
    let mut scene = scene();
    scene.subscribe(1, 2, "a", options(QOS_1)).unwrap();
    scene.end(0, 1).unwrap();
    let message = scene.message("a", QOS_1);
    scene.publish(0, 1, message, 1).unwrap();
    let result = deliver(&mut scene, 1, message, false);
    assert_stray(result, 1, message, "not routed");
}

#[test]
fn what_is_published_again_goes_to_who_came_meanwhile() {
    let mut scene = scene();
    let message = scene.message("a", QOS_1);
    scene.publish(0, 1, message, 1).unwrap();
    scene.subscribe(1, 2, "a", options(QOS_1)).unwrap();
    scene.publish(0, 1, message, 1).unwrap();
    deliver(&mut scene, 1, message, false).unwrap();
}

#[test]
fn a_clean_session_takes_its_subscriptions_with_it() {
    let mut scene = scene();
    scene.subscribe(1, 2, "a", options(QOS_1)).unwrap();
    let clean = crate::check::wire_scene::Start {
        clean_start: true,
        ..LASTING
    };
    scene.connect(1, 4, clean).unwrap();
    let message = scene.message("a", QOS_1);
    scene.publish(0, 1, message, 1).unwrap();
    let result = deliver(&mut scene, 1, message, false);
    assert_stray(result, 1, message, "not routed");
}

#[test]
fn no_local_holds_back_the_own_messages() {
    let mut scene = scene();
    let no_local = SubscriptionOptions {
        no_local: true,
        ..options(QOS_1)
    };
    scene.subscribe(0, 1, "a", no_local).unwrap();
    let message = scene.message("a", QOS_1);
    scene.publish(0, 1, message, 1).unwrap();
    let result = deliver(&mut scene, 0, message, false);
    assert_stray(result, 0, message, "not routed");
    // Another subscription of its own has no such option.
    scene.subscribe(0, 1, "+", options(QOS_1)).unwrap();
    let message = scene.message("a", QOS_1);
    scene.publish(0, 1, message, 2).unwrap();
    deliver(&mut scene, 0, message, false).unwrap();
}

#[test]
fn the_qos_is_at_most_what_was_granted_and_what_was_published() {
    let mut scene = scene();
    scene.subscribe(1, 2, "a", options(QOS_0)).unwrap();
    scene.subscribe(1, 2, "+", options(QOS_1)).unwrap();
    scene.subscribe(2, 3, "a", options(QOS_0)).unwrap();
    let message = scene.message("a", QoS::ExactlyOnce);
    scene.publish(0, 1, message, 1).unwrap();
    let at = |qos| delivery(qos, 1, false);
    scene.deliver(1, 2, message, at(QOS_1), false).unwrap();
    let result = scene.deliver(1, 2, message, at(QoS::ExactlyOnce), false);
    assert_stray(result, 1, message, "at ExactlyOnce, above AtLeastOnce");
    let result = scene.deliver(2, 3, message, at(QOS_1), false);
    assert_stray(result, 2, message, "at AtLeastOnce, above AtMostOnce");
    let message = scene.message("a", QOS_0);
    scene.publish(0, 1, message, 0).unwrap();
    let result = scene.deliver(1, 2, message, at(QOS_1), false);
    assert_stray(result, 1, message, "above AtMostOnce");
}

#[test]
fn retain_is_set_for_who_wants_it_as_published() {
    let mut scene = scene();
    let as_published = SubscriptionOptions {
        retain_as_published: true,
        retain_handling: RetainHandling::DoNotSend,
        ..options(QOS_1)
    };
    let plain = SubscriptionOptions {
        retain_handling: RetainHandling::DoNotSend,
        ..options(QOS_1)
    };
    scene.subscribe(1, 2, "a", as_published).unwrap();
    scene.subscribe(2, 3, "a", plain).unwrap();
    let message = scene.retained("a", QOS_1);
    scene.publish(0, 1, message, 1).unwrap();
    deliver(&mut scene, 1, message, true).unwrap();
    deliver(&mut scene, 2, message, false).unwrap();
    let result = deliver(&mut scene, 2, message, true);
    assert_stray(result, 2, message, "with RETAIN");
    let message = scene.message("a", QOS_1);
    scene.publish(0, 1, message, 2).unwrap();
    let result = deliver(&mut scene, 1, message, true);
    assert_stray(result, 1, message, "with RETAIN");
}

#[test]
fn a_retained_message_comes_with_subscribe_and_again_with_dup() {
    let mut scene = scene();
    let old = scene.retained("a", QOS_1);
    let first = scene.retained("a", QOS_1);
    let second = scene.retained("a", QOS_1);
    scene.publish(0, 1, old, 1).unwrap();
    scene.publish(0, 1, first, 2).unwrap();
    scene.subscribe(1, 2, "+", options(QOS_1)).unwrap();
    let result = deliver(&mut scene, 1, first, false);
    assert_stray(result, 1, first, "not routed");
    scene
        .deliver(1, 2, first, delivery(QOS_1, 1, false), true)
        .unwrap();
    scene.publish(0, 1, second, 3).unwrap();
    scene.connect(1, 4, LASTING).unwrap();
    scene
        .deliver(1, 4, first, delivery(QOS_1, 1, true), true)
        .unwrap();
    let result = deliver(&mut scene, 1, old, true);
    assert_stray(result, 1, old, "not routed");
    let result = deliver(&mut scene, 2, first, true);
    assert_stray(result, 2, first, "not routed");
}

/// A crash takes the new retained message back, and the old one is there again.
#[test]
fn what_is_retained_again_after_a_crash_may_come() {
    let mut scene = scene();
    let old = scene.retained("a", QOS_1);
    let new = scene.retained("a", QOS_1);
    scene.publish(0, 1, old, 1).unwrap();
    scene.hand_out(1).unwrap();
    scene.publish(0, 1, new, 2).unwrap();
    scene.hand_out(2).unwrap();
    scene.crash(1).unwrap();
    scene.connect(1, 4, LASTING).unwrap();
    scene.subscribe(1, 4, "a", options(QOS_1)).unwrap();
    let result = scene.deliver(1, 4, new, delivery(QOS_0, 0, false), true);
    assert_stray(result, 1, new, "not routed");
    scene
        .deliver(1, 4, old, delivery(QOS_0, 0, false), true)
        .unwrap();
}

#[test]
fn a_shared_message_goes_to_who_is_a_member_then_or_later() {
    let mut scene = scene();
    scene.subscribe(2, 3, "$share/g/a", options(QOS_1)).unwrap();
    scene.unsubscribe(2, 3, "$share/g/a").unwrap();
    scene.subscribe(1, 2, "$share/g/a", options(QOS_1)).unwrap();
    let message = scene.message("a", QOS_1);
    scene.publish(0, 1, message, 1).unwrap();
    deliver(&mut scene, 1, message, false).unwrap();
    let result = deliver(&mut scene, 2, message, false);
    assert_stray(result, 2, message, "not routed");
    scene.subscribe(2, 3, "$share/g/a", options(QOS_1)).unwrap();
    scene.unsubscribe(1, 2, "$share/g/a").unwrap();
    deliver(&mut scene, 2, message, false).unwrap();
    deliver(&mut scene, 1, message, false).unwrap();
}

/// The end of a connection is seen behind what the broker did because of it.
#[test]
fn a_will_may_be_sent_before_its_cause_is_seen() {
    let mut scene = scene();
    scene.subscribe(1, 2, "wills/#", options(QOS_1)).unwrap();
    let will = scene.message("wills/0", QOS_1);
    let start = crate::check::wire_scene::Start {
        will: Some((will, 0)),
        ..LASTING
    };
    scene.connect(0, 4, start).unwrap();
    deliver(&mut scene, 1, will, false).unwrap();
    scene.end(0, 4).unwrap();
    scene.time_out().unwrap();
    let next = scene.message("wills/0", QOS_1);
    let start = crate::check::wire_scene::Start {
        will: Some((next, 0)),
        ..LASTING
    };
    scene.connect(0, 5, start).unwrap();
    deliver(&mut scene, 1, next, false).unwrap();
    let result = scene.time_out();
    assert_stray(result, 1, next, "not routed");
}

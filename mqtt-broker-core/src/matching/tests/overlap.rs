//! MQTT 5.0 §3.3.4, §3.8.3.1, §3.8.4: several subscriptions of one session.

use super::*;
use crate::matching::{Change, NoLocal, Target};

fn only_target(subscriptions: &mut Subscriptions, name: &str) -> Target {
    let targets = &subscriptions.routes(topic(name)).matches.targets;
    assert_eq!(targets.len(), 1);
    targets[0].clone()
}

/// [MQTT-3.3.4-2] One copy with the highest QoS that was granted.
#[test]
fn overlapping_subscriptions_give_one_copy_with_the_highest_qos() {
    let mut subscriptions = subscriptions(ROOMY);
    subscriptions
        .subscribe(A, filter("a/#"), with_qos(QoS::AtMostOnce))
        .unwrap();
    subscriptions
        .subscribe(A, filter("a/+"), with_qos(QoS::ExactlyOnce))
        .unwrap();
    subscriptions
        .subscribe(A, filter("a/b"), with_qos(QoS::AtLeastOnce))
        .unwrap();
    assert_eq!(only_target(&mut subscriptions, "a/b").qos, QoS::ExactlyOnce);
    assert_eq!(only_target(&mut subscriptions, "a").qos, QoS::AtMostOnce);
}

/// [MQTT-3.3.1-13] The one copy keeps the publisher's RETAIN flag if one of the subscriptions says so, whichever it is.
#[test]
fn one_subscription_with_retain_as_published_is_enough() {
    let mut keeping = plain();
    keeping.options.retain_as_published = true;
    for (first, second, kept) in [
        (plain(), plain(), false),
        (keeping, plain(), true),
        (plain(), keeping, true),
        (keeping, keeping, true),
    ] {
        let mut subscriptions = subscriptions(ROOMY);
        subscriptions.subscribe(A, filter("a/+"), first).unwrap();
        subscriptions.subscribe(A, filter("a/b"), second).unwrap();
        let target = only_target(&mut subscriptions, "a/b");
        assert_eq!(target.retain_as_published, kept);
    }
}

/// [MQTT-3.3.4-4] One copy carries the identifiers of all subscriptions that match, one as often as it was given.
#[test]
fn one_copy_carries_all_identifiers() {
    let mut subscriptions = subscriptions(ROOMY);
    subscriptions
        .subscribe(A, filter("a/b"), with_identifier(9))
        .unwrap();
    subscriptions.subscribe(A, filter("a/+"), plain()).unwrap();
    subscriptions
        .subscribe(A, filter("a/#"), with_identifier(4))
        .unwrap();
    subscriptions
        .subscribe(A, filter("#"), with_identifier(9))
        .unwrap();
    subscriptions
        .subscribe(A, filter("c"), with_identifier(5))
        .unwrap();
    let numbers = |target: Target| {
        target
            .identifiers
            .map(|all| all.iter().map(|one| one.get()).collect::<Vec<_>>())
    };
    assert_eq!(
        numbers(only_target(&mut subscriptions, "a/b")),
        Some(alloc::vec![4, 9, 9])
    );
    subscriptions.unsubscribe(A, filter("a/#")).unwrap();
    subscriptions.unsubscribe(A, filter("a/b")).unwrap();
    subscriptions.unsubscribe(A, filter("#")).unwrap();
    assert_eq!(numbers(only_target(&mut subscriptions, "a/b")), None);
}

/// [MQTT-3.3.4-3] A session gets the identifiers of its own subscriptions; equal ones are shared in memory.
#[test]
fn identifiers_of_other_sessions_stay_with_them() {
    let mut subscriptions = subscriptions(ROOMY);
    for (session, number) in [(A, 1), (B, 1), (C, 2)] {
        subscriptions
            .subscribe(session, filter("a"), with_identifier(number))
            .unwrap();
    }
    let targets = &subscriptions.routes(topic("a")).matches.targets;
    let identifiers: Vec<_> = targets
        .iter()
        .map(|target| target.identifiers.clone().unwrap())
        .collect();
    assert_eq!(
        identifiers
            .iter()
            .map(|all| all[0].get())
            .collect::<Vec<_>>(),
        [1, 1, 2]
    );
    assert!(alloc::sync::Arc::ptr_eq(&identifiers[0], &identifiers[1]));
}

/// [MQTT-3.8.3-3] No Local of one subscription does not take away what another one of the same session brings.
#[test]
fn no_local_suppresses_the_subscriptions_that_have_it_only() {
    let mut subscriptions = subscriptions(ROOMY);
    subscriptions
        .subscribe(A, filter("a/+"), with_no_local())
        .unwrap();
    assert_eq!(
        only_target(&mut subscriptions, "a/b").no_local,
        NoLocal::Always
    );
    assert_eq!(subscriptions.routes(topic("a/b")).for_publisher(A), None);

    let mut other = with_identifier(3);
    other.options.maximum_qos = QoS::AtLeastOnce;
    subscriptions.subscribe(A, filter("a/b"), other).unwrap();
    let target = only_target(&mut subscriptions, "a/b");
    assert_eq!(
        (target.no_local, target.qos),
        (NoLocal::Mixed, QoS::AtLeastOnce)
    );
    let own = subscriptions.routes(topic("a/b")).for_publisher(A).unwrap();
    assert_eq!((own.qos, own.no_local), (QoS::AtLeastOnce, NoLocal::Never));
    assert_eq!(own.identifiers.map(|all| all[0].get()), Some(3));
    assert_eq!(subscriptions.routes(topic("a/b")).for_publisher(B), None);
}

/// [MQTT-3.8.4-3] The same filter again replaces the subscription, at once and for the cache as well.
#[test]
fn the_same_filter_again_replaces_the_subscription() {
    let mut subscriptions = subscriptions(ROOMY);
    let first = subscriptions
        .subscribe(A, filter("a"), with_qos(QoS::AtLeastOnce))
        .unwrap();
    assert_eq!(first.change, Change::New);
    assert_eq!(only_target(&mut subscriptions, "a").qos, QoS::AtLeastOnce);
    let second = subscriptions.subscribe(A, filter("a"), plain()).unwrap();
    assert_eq!(
        (second.key, second.change),
        (first.key, Change::Replaced(with_qos(QoS::AtLeastOnce)))
    );
    assert_eq!(only_target(&mut subscriptions, "a").qos, QoS::AtMostOnce);
    assert_eq!(
        (subscriptions.len(), subscriptions.get(A, filter("a"))),
        (1, Some(plain()))
    );
}

/// As [MQTT-3.8.4-3] says of others; each member of a group has its own.
#[test]
fn the_same_shared_filter_again_replaces_the_subscription_of_that_member() {
    let mut subscriptions = subscriptions(ROOMY);
    let shared = filter("$share/s/a");
    assert_eq!(subscriptions.get(A, shared), None);
    for session in [A, B] {
        let new = subscriptions
            .subscribe(session, shared, with_qos(QoS::AtLeastOnce))
            .unwrap();
        assert_eq!(new.change, Change::New);
    }
    let second = subscriptions.subscribe(A, shared, plain()).unwrap();
    assert_eq!(second.change, Change::Replaced(with_qos(QoS::AtLeastOnce)));
    assert_eq!(subscriptions.len(), 2);
    let kept = [A, B, C].map(|session| subscriptions.get(session, shared));
    assert_eq!(
        kept,
        [Some(plain()), Some(with_qos(QoS::AtLeastOnce)), None]
    );
}

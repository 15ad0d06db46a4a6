use alloc::boxed::Box;

use mqtt_codec::packet::SubscriptionOptions;

use super::inbox::OVERHEAD;
use super::*;
use crate::check::stage::{Connecting, Stage, assert_broken, at_most, resuming};
use crate::observation::Kept;

const RULE: Rule = Rule::AcknowledgedIsDelivered;
const ONCE: QoS = QoS::AtLeastOnce;

type Change = dyn Fn(&mut Stage, &mut Delivered, Filter);
type Edit = fn(&mut PublishedMessage);

/// Client 0 publishes, client 1 is subscribed.
fn subscribed() -> (Stage, Delivered) {
    let (mut stage, mut check) = (Stage::default(), Delivered::new());
    for client in 0..4 {
        stage.begin(&mut check, client);
    }
    let filter = stage.filter;
    stage.subscribe(&mut check, 1, filter, ONCE);
    (stage, check)
}

#[test]
fn what_was_acknowledged_and_not_delivered_is_missed() {
    let (mut stage, mut check) = subscribed();
    let first = stage.published(&mut check, 0);
    stage.deliver(&mut check, 1, first, ONCE).unwrap();
    assert_eq!(stage.quiet(&mut check), Ok(()));
    let second = stage.message(0, QoS::ExactlyOnce);
    stage.publish(&mut check, second);
    stage.acknowledge(&mut check, second);
    let late = stage.published(&mut check, 0);
    stage.deliver(&mut check, 1, late, ONCE).unwrap();
    assert_broken(stage.quiet(&mut check), RULE, 1, Some(second));
}

#[test]
fn delivery_before_the_acknowledgement_counts_and_what_has_none_is_not_owed() {
    let (mut stage, mut check) = subscribed();
    let early = stage.message(0, ONCE);
    stage.publish(&mut check, early);
    stage.deliver(&mut check, 1, early, ONCE).unwrap();
    stage.acknowledge(&mut check, early);
    let open = stage.message(0, ONCE);
    stage.publish(&mut check, open);
    let refused = stage.message(0, ONCE);
    stage.publish(&mut check, refused);
    let answer = Observation::Acknowledged {
        client: 0,
        message: refused,
        answer: Answer::Refused,
    };
    stage.fine(&mut check, &answer);
    assert_eq!(stage.quiet(&mut check), Ok(()));
}

#[test]
fn only_subscriptions_that_are_surely_in_force_throughout_owe() {
    let cases: [(bool, Box<Change>); 6] = [
        (true, Box::new(|_, _, _| {})),
        (false, Box::new(unsubscribing)),
        (true, subscribing(QoS::ExactlyOnce)),
        (false, subscribing(QoS::AtMostOnce)),
        (
            false,
            Box::new(|stage, check, filter| {
                stage.subscribe(check, 1, filter, QoS::AtMostOnce);
                stage.subscribe(check, 1, filter, ONCE);
            }),
        ),
        (
            false,
            Box::new(|stage, check, filter| {
                stage.subscribing(check, 1, filter, at_most(ONCE));
                stage.subscribed(check, 1, filter, None);
            }),
        ),
    ];
    for (case, (is_owed, change)) in cases.into_iter().enumerate() {
        let (mut stage, mut check) = subscribed();
        let filter = stage.filter;
        let message = stage.message(0, ONCE);
        stage.publish(&mut check, message);
        change(&mut stage, &mut check, filter);
        stage.acknowledge(&mut check, message);
        assert_eq!(stage.quiet(&mut check).is_err(), is_owed, "{case}");
    }
}

#[test]
fn only_the_session_that_was_subscribed_is_owed() {
    for (clean_start, is_owed) in [(true, false), (false, true)] {
        let (mut stage, mut check) = subscribed();
        let message = stage.message(0, ONCE);
        stage.publish(&mut check, message);
        let connecting = Connecting {
            clean_start,
            ..resuming(1)
        };
        stage.connect(&mut check, connecting, !clean_start).unwrap();
        stage.acknowledge(&mut check, message);
        assert_eq!(stage.quiet(&mut check).is_err(), is_owed);
    }
}

#[test]
fn what_was_published_before_suback_is_not_owed() {
    let (mut stage, mut check) = subscribed();
    let wider = stage.wider;
    let message = stage.message(0, ONCE);
    stage.subscribing(&mut check, 2, wider, at_most(ONCE));
    stage.publish(&mut check, message);
    stage.subscribed(&mut check, 2, wider, Some(ONCE));
    stage.acknowledge(&mut check, message);
    stage.deliver(&mut check, 1, message, ONCE).unwrap();
    assert_eq!(stage.quiet(&mut check), Ok(()));
}

#[test]
fn an_answer_counts_when_no_later_request_waits() {
    for answer_of_the_last in [true, false] {
        let (mut stage, mut check) = subscribed();
        let filter = stage.wider;
        stage.subscribing(&mut check, 2, filter, at_most(ONCE));
        stage.fine(
            &mut check,
            &Observation::Unsubscribing { client: 2, filter },
        );
        stage.subscribing(&mut check, 2, filter, at_most(ONCE));
        stage.subscribed(&mut check, 2, filter, Some(ONCE));
        stage.fine(&mut check, &Observation::Unsubscribed { client: 2, filter });
        if answer_of_the_last {
            stage.subscribed(&mut check, 2, filter, Some(ONCE));
        }
        let message = stage.published(&mut check, 0);
        stage.deliver(&mut check, 1, message, ONCE).unwrap();
        assert_eq!(stage.quiet(&mut check).is_err(), answer_of_the_last);
    }
}

#[test]
fn a_session_that_has_or_may_have_ended_is_owed_nothing() {
    for (seconds, is_owed) in [(99, true), (101, false)] {
        let (mut stage, mut check) = subscribed();
        let second = stage.connect(&mut check, resuming(1), true).unwrap();
        stage.published(&mut check, 0);
        stage.cut(&mut check, 1, second);
        assert_eq!(stage.quiet(&mut check), Ok(()), "it is not connected");
        stage.published(&mut check, 0);
        stage.pass(seconds);
        stage.connect(&mut check, resuming(1), is_owed).unwrap();
        assert_eq!(stage.quiet(&mut check).is_err(), is_owed);
    }
}

#[test]
fn a_crash_excuses_nothing() {
    let (mut stage, mut check) = subscribed();
    let message = stage.published(&mut check, 0);
    stage.crash(&mut check);
    stage.start(&mut check, 0);
    stage.connect(&mut check, resuming(1), true).unwrap();
    assert_broken(stage.quiet(&mut check), RULE, 1, Some(message));
}

#[test]
fn what_may_be_dropped_is_excused() {
    let cases: [(bool, Edit); 5] = [
        (true, |_| {}),
        (true, |it| it.bytes = 10_000 - 3 - OVERHEAD),
        (false, |it| it.bytes = 10_001 - 3 - OVERHEAD),
        (false, |it| it.expiry = Some(1_000)),
        (false, |it| it.qos = QoS::AtMostOnce),
    ];
    for (is_owed, change) in cases {
        let (mut stage, mut check) = subscribed();
        let message = stage.message_with(0, ONCE, change);
        stage.publish(&mut check, message);
        stage.acknowledge(&mut check, message);
        assert_eq!(stage.quiet(&mut check).is_err(), is_owed);
    }
}

#[test]
fn what_a_full_queue_may_have_dropped_is_excused() {
    for (queue, is_owed) in [(12, true), (11, false)] {
        let (mut stage, mut check) = subscribed();
        stage.setting.broker.queue_messages = queue;
        for _ in 0..10 {
            let message = stage.published(&mut check, 0);
            stage.deliver(&mut check, 1, message, ONCE).unwrap();
        }
        for _ in 0..3 {
            stage.published(&mut check, 0);
        }
        assert_eq!(stage.quiet(&mut check).is_err(), is_owed);
    }
}

#[test]
fn how_much_of_a_shared_group_waits_is_not_known() {
    for (queue, is_owed) in [(LONG_QUEUE, true), (LONG_QUEUE - 1, false)] {
        for is_member in [true, false] {
            let (mut stage, mut check) = subscribed();
            stage.setting.broker.queue_messages = queue;
            let shared = stage.shared;
            let member = if is_member { 1 } else { 2 };
            stage.subscribe(&mut check, member, shared, ONCE);
            let message = stage.published(&mut check, 0);
            stage.deliver(&mut check, 2, message, ONCE).unwrap();
            let expected = is_owed || !is_member;
            assert_eq!(stage.quiet(&mut check).is_err(), expected, "{queue}");
        }
    }
}

#[test]
fn a_publisher_of_3_x_does_not_hear_of_a_refusal() {
    for (version, memory, is_owed) in [
        (Version::V3_1_1, usize::MAX, true),
        (Version::V3_1_1, 1_000, false),
        (Version::V5_0, 1_000, true),
    ] {
        let (mut stage, mut check) = subscribed();
        stage.setting.clients[0].version = version;
        stage.setting.broker.memory_bytes = memory;
        stage.published(&mut check, 0);
        assert_eq!(stage.quiet(&mut check).is_err(), is_owed);
    }
}

#[test]
fn no_local_excuses_own_messages_unless_another_filter_matches() {
    let no_local = SubscriptionOptions {
        no_local: true,
        ..at_most(ONCE)
    };
    for (publisher, another, is_owed) in [(1, false, false), (1, true, true), (0, false, true)] {
        let (mut stage, mut check) = subscribed();
        let (filter, wider) = (stage.filter, stage.wider);
        stage.subscribing(&mut check, 1, filter, no_local);
        stage.subscribed(&mut check, 1, filter, Some(ONCE));
        if another {
            stage.subscribe(&mut check, 1, wider, ONCE);
        }
        stage.published(&mut check, publisher);
        assert_eq!(stage.quiet(&mut check).is_err(), is_owed);
    }
}

#[test]
fn a_client_that_forgot_its_identifiers_may_lose_messages_of_qos_2() {
    for (state, is_owed) in [(Kept::Nothing, false), (Kept::State, true)] {
        let (mut stage, mut check) = subscribed();
        stage.restart(&mut check, 0, state);
        stage.connect(&mut check, resuming(0), true).unwrap();
        let message = stage.message(0, QoS::ExactlyOnce);
        stage.publish(&mut check, message);
        stage.acknowledge(&mut check, message);
        assert_eq!(stage.quiet(&mut check).is_err(), is_owed);
    }
}

#[test]
fn a_subscriber_of_3_1_may_not_know_that_its_session_is_new() {
    for (version, qos, is_owed) in [
        (Version::V3_1, QoS::ExactlyOnce, false),
        (Version::V3_1, ONCE, true),
        (Version::V3_1_1, QoS::ExactlyOnce, true),
    ] {
        let (mut stage, mut check) = (Stage::default(), Delivered::new());
        stage.setting.clients[1].version = version;
        stage.setting.broker.maximum_session_expiry = 100;
        stage.begin(&mut check, 0);
        let first = stage.begin(&mut check, 1);
        stage.cut(&mut check, 1, first);
        stage.pass(101);
        stage.times_out(&mut check);
        stage.connect(&mut check, resuming(1), true).unwrap();
        let filter = stage.filter;
        stage.subscribe(&mut check, 1, filter, QoS::ExactlyOnce);
        let message = stage.message(0, qos);
        stage.publish(&mut check, message);
        stage.acknowledge(&mut check, message);
        assert_eq!(stage.quiet(&mut check).is_err(), is_owed, "{version:?}");
    }
}

/// Clients 2 and 3 are a group.
fn grouped() -> (Stage, Delivered) {
    let (mut stage, mut check) = (Stage::default(), Delivered::new());
    for client in 0..4 {
        stage.begin(&mut check, client);
    }
    let shared = stage.shared;
    for client in [2, 3] {
        stage.subscribe(&mut check, client, shared, ONCE);
    }
    (stage, check)
}

#[test]
fn one_member_of_a_shared_group_has_to_have_it() {
    let (mut stage, mut check) = grouped();
    let first = stage.published(&mut check, 0);
    stage.deliver(&mut check, 3, first, ONCE).unwrap();
    assert_eq!(stage.quiet(&mut check), Ok(()));
    let second = stage.published(&mut check, 0);
    assert_broken(stage.quiet(&mut check), RULE, 2, Some(second));
}

#[test]
fn a_shared_group_that_changed_meanwhile_is_excused() {
    let cases: [(bool, Box<Change>); 5] = [
        (
            true,
            Box::new(|stage, check, _| {
                stage.connect(check, resuming(2), true).unwrap();
            }),
        ),
        (
            false,
            Box::new(|stage, check, filter| {
                stage.fine(check, &Observation::Unsubscribing { client: 2, filter });
            }),
        ),
        (
            false,
            Box::new(|stage, check, filter| {
                stage.subscribing(check, 2, filter, at_most(QoS::AtMostOnce));
            }),
        ),
        (
            false,
            Box::new(|stage, check, _| {
                let clean = Connecting {
                    clean_start: true,
                    ..resuming(3)
                };
                stage.connect(check, clean, false).unwrap();
            }),
        ),
        (
            false,
            Box::new(|stage, check, filter| stage.subscribing(check, 1, filter, at_most(ONCE))),
        ),
    ];
    for (is_owed, change) in cases {
        let (mut stage, mut check) = grouped();
        let filter = stage.shared;
        stage.published(&mut check, 0);
        change(&mut stage, &mut check, filter);
        assert_eq!(stage.quiet(&mut check).is_err(), is_owed);
    }
}

#[test]
fn who_left_a_shared_group_before_is_no_member_of_it() {
    let (mut stage, mut check) = grouped();
    let filter = stage.shared;
    stage.fine(
        &mut check,
        &Observation::Unsubscribing { client: 2, filter },
    );
    let hazard = stage.published(&mut check, 0);
    assert_eq!(stage.quiet(&mut check), Ok(()), "{hazard:?}");
    stage.fine(&mut check, &Observation::Unsubscribed { client: 2, filter });
    let message = stage.published(&mut check, 0);
    assert_broken(stage.quiet(&mut check), RULE, 3, Some(message));
}

#[test]
fn what_was_paid_is_forgotten_and_the_rest_is_not() {
    let (mut stage, mut check) = subscribed();
    let lost = stage.published(&mut check, 0);
    for _ in 0..3 * AT_LEAST {
        let message = stage.published(&mut check, 0);
        stage.deliver(&mut check, 1, message, ONCE).unwrap();
    }
    assert!(check.debts.len() <= AT_LEAST, "{}", check.debts.len());
    assert_broken(stage.quiet(&mut check), RULE, 1, Some(lost));
}

fn unsubscribing(stage: &mut Stage, check: &mut Delivered, filter: Filter) {
    stage.fine(check, &Observation::Unsubscribing { client: 1, filter });
}

fn subscribing(qos: QoS) -> Box<Change> {
    Box::new(move |stage, check, filter| stage.subscribing(check, 1, filter, at_most(qos)))
}

use super::*;
use crate::check::stage::{Connecting, Stage, assert_broken, resuming};

const ALL: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

/// Client 0 publishes two messages with some QoS, client 1 is subscribed.
fn two_messages(qos: QoS) -> (Stage, Order, [MessageNumber; 2]) {
    two_messages_with(qos, |_| {})
}

fn two_messages_with(
    qos: QoS,
    change: impl Fn(&mut PublishedMessage),
) -> (Stage, Order, [MessageNumber; 2]) {
    let (mut stage, mut check) = (Stage::default(), Order::new());
    for client in 0..4 {
        stage.begin(&mut check, client);
    }
    let filter = stage.filter;
    stage.subscribe(&mut check, 1, filter, QoS::ExactlyOnce);
    let messages = [(); 2].map(|()| {
        let message = stage.message_with(0, qos, &change);
        stage.publish(&mut check, message);
        message
    });
    (stage, check, messages)
}

#[test]
fn messages_come_in_the_order_in_which_they_were_published() {
    for qos in ALL {
        let (mut stage, mut check, [first, second]) = two_messages(qos);
        for message in [first, second, first] {
            stage.deliver(&mut check, 1, message, qos).unwrap();
        }
        let (mut stage, mut check, [first, second]) = two_messages(qos);
        stage.deliver(&mut check, 1, second, qos).unwrap();
        let late = stage.deliver(&mut check, 1, first, qos);
        assert_broken(late, Rule::Order, 1, Some(first));
    }
}

#[test]
fn other_subscribers_publishers_topics_and_qos_have_an_order_of_their_own() {
    let other_topic = |stage: &mut Stage| stage.setting.names.add_topic("a/c").unwrap();
    let (mut stage, mut check, [first, second]) = two_messages(QoS::ExactlyOnce);
    let topic = other_topic(&mut stage);
    let elsewhere = stage.message_with(0, QoS::ExactlyOnce, |it| it.topic = topic);
    let of_another = stage.message(2, QoS::ExactlyOnce);
    let of_qos_1 = stage.message(0, QoS::AtLeastOnce);
    let last = stage.message(0, QoS::ExactlyOnce);
    for (client, message, qos) in [
        (1, last, QoS::ExactlyOnce),
        (2, first, QoS::ExactlyOnce),
        (1, of_another, QoS::ExactlyOnce),
        (1, elsewhere, QoS::ExactlyOnce),
        (1, of_qos_1, QoS::AtLeastOnce),
        (1, first, QoS::AtLeastOnce),
        (1, second, QoS::AtMostOnce),
    ] {
        stage.deliver(&mut check, client, message, qos).unwrap();
    }
}

#[test]
fn the_order_goes_on_across_connections_and_begins_anew_with_a_session() {
    for (clean_start, is_fine) in [(true, true), (false, false)] {
        let (mut stage, mut check, [first, second]) = two_messages(QoS::ExactlyOnce);
        stage
            .deliver(&mut check, 1, second, QoS::ExactlyOnce)
            .unwrap();
        let connecting = Connecting {
            clean_start,
            ..resuming(1)
        };
        stage.connect(&mut check, connecting, !clean_start).unwrap();
        let late = stage.deliver(&mut check, 1, first, QoS::ExactlyOnce);
        assert_eq!(late.is_ok(), is_fine);
    }
    for (state, is_fine) in [(Kept::Nothing, true), (Kept::State, false)] {
        let (mut stage, mut check, [first, second]) = two_messages(QoS::ExactlyOnce);
        stage
            .deliver(&mut check, 1, second, QoS::ExactlyOnce)
            .unwrap();
        stage.restart(&mut check, 1, state);
        let late = stage.deliver(&mut check, 1, first, QoS::ExactlyOnce);
        assert_eq!(late.is_ok(), is_fine);
    }
}

#[test]
fn retained_messages_and_wills_have_no_order() {
    for change in [
        |it: &mut PublishedMessage| it.retain = true,
        |it: &mut PublishedMessage| it.origin = Origin::Will,
    ] {
        let (mut stage, mut check, [first, second]) = two_messages_with(QoS::AtLeastOnce, change);
        for message in [second, first] {
            stage
                .deliver(&mut check, 1, message, QoS::AtLeastOnce)
                .unwrap();
        }
    }
}

#[test]
fn what_may_have_come_by_a_shared_subscription_has_no_order() {
    let (mut stage, mut check, [first, second]) = two_messages(QoS::AtLeastOnce);
    let shared = stage.shared;
    stage.subscribe(&mut check, 1, shared, QoS::AtLeastOnce);
    for message in [second, first] {
        stage
            .deliver(&mut check, 1, message, QoS::AtLeastOnce)
            .unwrap();
    }
}

#[test]
fn what_was_sent_again_may_come_late_to_who_was_not_subscribed_before() {
    use QoS::{AtLeastOnce, AtMostOnce, ExactlyOnce};
    for (published, delivered, subscriber, is_fine) in [
        (AtLeastOnce, AtLeastOnce, 1, false),
        (AtLeastOnce, AtLeastOnce, 2, true),
        (AtLeastOnce, AtMostOnce, 1, true),
        (AtMostOnce, AtMostOnce, 2, false),
        (ExactlyOnce, ExactlyOnce, 2, false),
    ] {
        let (mut stage, mut check, [first, second]) = two_messages(published);
        let filter = stage.filter;
        stage.subscribe(&mut check, 2, filter, delivered);
        stage.connect(&mut check, resuming(0), true).unwrap();
        stage
            .deliver(&mut check, subscriber, second, delivered)
            .unwrap();
        let late = stage.deliver(&mut check, subscriber, first, delivered);
        assert_eq!(late.is_ok(), is_fine, "{published:?} {delivered:?}");
    }
}

#[test]
fn what_a_crash_undid_may_come_late() {
    let (mut stage, mut check, [first, second]) = two_messages(QoS::ExactlyOnce);
    stage
        .deliver(&mut check, 1, second, QoS::AtLeastOnce)
        .unwrap();
    stage.crash(&mut check);
    stage.start(&mut check, 0);
    for client in [0, 1] {
        stage.connect(&mut check, resuming(client), true).unwrap();
    }
    stage
        .deliver(&mut check, 1, first, QoS::AtLeastOnce)
        .unwrap();
}

#[test]
fn a_lifetime_or_a_drop_may_have_lost_the_first_sending() {
    for (qos, expiry, dropped, is_fine) in [
        (QoS::AtLeastOnce, None, None, false),
        (QoS::AtLeastOnce, Some(10), None, true),
        (QoS::AtLeastOnce, None, Some(1), true),
        (QoS::ExactlyOnce, None, None, false),
        (QoS::ExactlyOnce, None, Some(1), true),
    ] {
        let (mut stage, mut check, [first, second]) =
            two_messages_with(qos, |it| it.expiry = expiry);
        if let Some(count) = dropped {
            stage.fine(&mut check, &Observation::Dropped { count });
        }
        stage.connect(&mut check, resuming(0), true).unwrap();
        stage.deliver(&mut check, 1, second, qos).unwrap();
        let late = stage.deliver(&mut check, 1, first, qos);
        assert_eq!(late.is_ok(), is_fine, "{qos:?} {expiry:?} {dropped:?}");
    }
}

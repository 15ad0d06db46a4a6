use mqtt_codec::Version;

use super::*;
use crate::check::stage::{Connecting, Stage, assert_broken, resuming};
use crate::profile::Server;

const ALL: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

fn twice(published: QoS, delivered: [QoS; 2]) -> Result<(), Broken> {
    let (mut stage, mut check) = (Stage::default(), Once::new());
    stage.begin(&mut check, 1);
    let message = stage.message(0, published);
    stage.deliver(&mut check, 1, message, delivered[0])?;
    stage.deliver(&mut check, 1, message, delivered[1])
}

#[test]
fn what_was_published_with_qos_0_or_2_comes_once() {
    use QoS::{AtLeastOnce, AtMostOnce, ExactlyOnce};
    for qos in [AtMostOnce, ExactlyOnce] {
        for delivered in [[qos, qos], [AtMostOnce, AtMostOnce]] {
            assert!(twice(qos, delivered).is_err(), "{qos:?} {delivered:?}");
        }
    }
    for delivered in [[AtMostOnce, ExactlyOnce], [ExactlyOnce, AtMostOnce]] {
        assert!(twice(ExactlyOnce, delivered).is_err(), "{delivered:?}");
    }
    assert!(twice(ExactlyOnce, [AtLeastOnce; 2]).is_err());
    for qos in ALL {
        assert_eq!(twice(AtLeastOnce, [qos; 2]), Ok(()));
    }
    let (mut stage, mut check) = (Stage::default(), Once::new());
    stage.begin(&mut check, 1);
    let (first, second) = (stage.message(0, ExactlyOnce), stage.message(0, ExactlyOnce));
    for message in [first, second] {
        stage.deliver(&mut check, 1, message, ExactlyOnce).unwrap();
        stage.deliver(&mut check, 2, message, ExactlyOnce).unwrap();
    }
    let again = stage.deliver(&mut check, 1, second, ExactlyOnce);
    assert_broken(again, Rule::DeliveredOnce, 1, Some(second));
}

#[test]
fn a_repeat_of_qos_1_says_so_or_is_on_another_connection() {
    let (mut stage, mut check) = (Stage::default(), Once::new());
    let first = stage.begin(&mut check, 1);
    let message = stage.message(0, QoS::ExactlyOnce);
    let deliver = |dup| Observation::Delivered {
        client: 1,
        message,
        qos: QoS::AtLeastOnce,
        dup,
        retain: false,
    };
    stage.fine(&mut check, &deliver(false));
    stage.fine(&mut check, &deliver(true));
    stage.cut(&mut check, 1, first);
    stage.connect(&mut check, resuming(1), true).unwrap();
    stage.fine(&mut check, &deliver(false));
    let again = stage.observe(&mut check, &deliver(false));
    assert_broken(again, Rule::DeliveredOnce, 1, Some(message));
}

#[test]
fn another_connection_of_the_same_session_changes_nothing_and_another_session_does() {
    for (clean_start, is_fine) in [(false, false), (true, true)] {
        let (mut stage, mut check) = (Stage::default(), Once::new());
        let first = stage.begin(&mut check, 1);
        let message = stage.message(0, QoS::ExactlyOnce);
        stage
            .deliver(&mut check, 1, message, QoS::ExactlyOnce)
            .unwrap();
        stage.cut(&mut check, 1, first);
        let connecting = Connecting {
            clean_start,
            ..resuming(1)
        };
        stage.connect(&mut check, connecting, !clean_start).unwrap();
        let again = stage.deliver(&mut check, 1, message, QoS::ExactlyOnce);
        assert_eq!(again.is_ok(), is_fine);
    }
}

#[test]
fn a_client_that_forgot_all_begins_anew() {
    for (state, is_fine) in [(Kept::Nothing, true), (Kept::State, false)] {
        let (mut stage, mut check) = (Stage::default(), Once::new());
        stage.begin(&mut check, 1);
        let message = stage.message(0, QoS::ExactlyOnce);
        stage
            .deliver(&mut check, 1, message, QoS::ExactlyOnce)
            .unwrap();
        stage.restart(&mut check, 1, state);
        stage.connect(&mut check, resuming(1), true).unwrap();
        let again = stage.deliver(&mut check, 1, message, QoS::ExactlyOnce);
        assert_eq!(again.is_ok(), is_fine);
    }
}

#[test]
fn a_crash_may_undo_what_came_by_qos_0_and_nothing_else() {
    use QoS::{AtMostOnce, ExactlyOnce};
    for (origin, published, delivered, is_fine) in [
        (Origin::Application, ExactlyOnce, AtMostOnce, true),
        (Origin::Application, ExactlyOnce, ExactlyOnce, false),
        (Origin::Application, AtMostOnce, AtMostOnce, false),
        (Origin::Will, AtMostOnce, AtMostOnce, true),
        (Origin::Will, ExactlyOnce, ExactlyOnce, false),
    ] {
        let (mut stage, mut check) = (Stage::default(), Once::new());
        stage.begin(&mut check, 1);
        let message = stage.message_with(0, published, |it| it.origin = origin);
        stage.deliver(&mut check, 1, message, delivered).unwrap();
        stage.crash(&mut check);
        stage.start(&mut check, 0);
        stage.connect(&mut check, resuming(1), true).unwrap();
        let again = stage.deliver(&mut check, 1, message, delivered);
        assert_eq!(again.is_ok(), is_fine, "{origin:?} {published:?}");
        let again = stage.deliver(&mut check, 1, message, delivered);
        assert_broken(again, Rule::DeliveredOnce, 1, Some(message));
    }
}

#[test]
fn retained_messages_may_come_again_for_each_subscribe() {
    for (retain, subscribes) in [(true, 3), (false, 3), (true, 0)] {
        let (mut stage, mut check) = (Stage::default(), Once::new());
        stage.begin(&mut check, 1);
        let (filter, wider) = (stage.filter, stage.wider);
        for _ in 0..subscribes {
            stage.subscribe(&mut check, 1, filter, QoS::ExactlyOnce);
            stage.subscribe(&mut check, 1, wider, QoS::ExactlyOnce);
        }
        let message = stage.message_with(0, QoS::ExactlyOnce, |it| it.retain = retain);
        let may_come = 1 + 2 * subscribes * usize::from(retain);
        for _ in 0..may_come {
            stage
                .deliver(&mut check, 1, message, QoS::ExactlyOnce)
                .unwrap();
        }
        let again = stage.deliver(&mut check, 1, message, QoS::ExactlyOnce);
        assert_broken(again, Rule::DeliveredOnce, 1, Some(message));
    }
}

#[test]
fn a_shared_subscription_brings_a_message_once_more() {
    let (mut stage, mut check) = (Stage::default(), Once::new());
    stage.begin(&mut check, 1);
    let (filter, shared) = (stage.filter, stage.shared);
    stage.subscribe(&mut check, 1, filter, QoS::ExactlyOnce);
    stage.subscribe(&mut check, 1, shared, QoS::ExactlyOnce);
    stage.subscribe(&mut check, 1, shared, QoS::ExactlyOnce);
    let message = stage.message(0, QoS::ExactlyOnce);
    for _ in 0..2 {
        stage
            .deliver(&mut check, 1, message, QoS::ExactlyOnce)
            .unwrap();
    }
    let again = stage.deliver(&mut check, 1, message, QoS::ExactlyOnce);
    assert_broken(again, Rule::DeliveredOnce, 1, Some(message));
}

#[test]
fn what_a_crash_undid_may_come_by_all_subscriptions_again() {
    let (mut stage, mut check) = (Stage::default(), Once::new());
    stage.begin(&mut check, 1);
    let shared = stage.shared;
    stage.subscribe(&mut check, 1, shared, QoS::AtMostOnce);
    let message = stage.message(0, QoS::ExactlyOnce);
    let twice = |stage: &mut Stage, check: &mut Once| {
        for _ in 0..2 {
            stage.deliver(check, 1, message, QoS::AtMostOnce).unwrap();
        }
    };
    twice(&mut stage, &mut check);
    stage.crash(&mut check);
    stage.start(&mut check, 0);
    stage.connect(&mut check, resuming(1), true).unwrap();
    twice(&mut stage, &mut check);
    let again = stage.deliver(&mut check, 1, message, QoS::AtMostOnce);
    assert_broken(again, Rule::DeliveredOnce, 1, Some(message));
}

#[test]
fn a_publisher_of_3_1_may_send_again_in_a_new_session() {
    for (version, seconds, is_fine) in [
        (Version::V3_1, 101, true),
        (Version::V3_1, 99, false),
        (Version::V3_1_1, 101, false),
    ] {
        let (mut stage, mut check) = (Stage::default(), Once::new());
        stage.setting.clients[0].version = version;
        stage.setting.broker.maximum_session_expiry = 100;
        let first = stage.begin(&mut check, 0);
        let message = stage.message(0, QoS::ExactlyOnce);
        stage.publish(&mut check, message);
        stage.cut(&mut check, 0, first);
        stage.pass(seconds);
        stage.times_out(&mut check);
        stage.connect(&mut check, resuming(0), true).unwrap();
        stage
            .deliver(&mut check, 1, message, QoS::ExactlyOnce)
            .unwrap();
        let again = stage.deliver(&mut check, 1, message, QoS::ExactlyOnce);
        assert_eq!(again.is_ok(), is_fine, "{version:?} {seconds}");
    }
}

/// The CONNACK that tells of the new session is lost, and the next one says that the session goes on.
#[test]
fn a_publisher_that_was_not_told_of_its_new_session_may_send_again_in_it() {
    for is_lost in [true, false] {
        let (mut stage, mut check) = (Stage::default(), Once::new());
        stage.setting.broker.maximum_session_expiry = 100;
        let first = stage.begin(&mut check, 0);
        let message = stage.message(0, QoS::ExactlyOnce);
        stage.publish(&mut check, message);
        stage.cut(&mut check, 0, first);
        if is_lost {
            stage.pass(101);
            stage.times_out(&mut check);
            let second = stage.connecting(&mut check, resuming(0));
            stage.arrives(&mut check, resuming(0), second);
            stage.answers(&mut check, 0, second);
            stage.cut(&mut check, 0, second);
        }
        stage.connect(&mut check, resuming(0), true).unwrap();
        stage
            .deliver(&mut check, 1, message, QoS::ExactlyOnce)
            .unwrap();
        let again = stage.deliver(&mut check, 1, message, QoS::ExactlyOnce);
        assert_eq!(again.is_ok(), is_lost);
    }
}

#[test]
fn each_connection_to_another_server_stands_for_itself() {
    let (mut stage, mut check) = (Stage::default(), Once::new());
    stage.setting.clients[1].server = Server::Echo;
    stage.begin(&mut check, 1);
    let message = stage.message(1, QoS::ExactlyOnce);
    stage
        .deliver(&mut check, 1, message, QoS::ExactlyOnce)
        .unwrap();
    stage.connect(&mut check, resuming(1), true).unwrap();
    stage
        .deliver(&mut check, 1, message, QoS::ExactlyOnce)
        .unwrap();
    let again = stage.deliver(&mut check, 1, message, QoS::ExactlyOnce);
    assert_broken(again, Rule::DeliveredOnce, 1, Some(message));
}

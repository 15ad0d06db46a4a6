//! What is left behind the end of the process.

use super::*;

/// What the broker has stored of a message that it refuses is the whole exchange.
#[test]
fn a_refused_qos_2_publish_is_not_open_after_a_crash() {
    let packet_id = PacketId::new(1).unwrap();
    let refused = Pubrec::new(packet_id, PublishReasonCode::QuotaExceeded);
    for batches_before_pubrec in 0..=2 {
        let mut scene = scene();
        scene.connect(0, 1, LASTING).unwrap();
        let message = scene.message("a", QoS::ExactlyOnce);
        scene.publish(0, 1, message, 1).unwrap();
        for position in 1..=batches_before_pubrec {
            scene.hand_out(position).unwrap();
        }
        if batches_before_pubrec == 2 {
            let position = Position(1);
            scene.see(Observation::Durable { position }).unwrap();
        }
        scene.send(0, 1, Packet::Pubrec(refused)).unwrap();
        let lost = scene.message("a", QoS::ExactlyOnce);
        scene.publish(0, 1, lost, 2).unwrap();
        scene.hand_out(3).unwrap();
        scene
            .crash(if batches_before_pubrec == 0 { 3 } else { 1 })
            .unwrap();
        let unreleased = |number| {
            state(&scene)
                .unreleased
                .contains(&(0, PacketId::new(number).unwrap()))
        };
        assert!(!unreleased(1), "{batches_before_pubrec}");
        assert_eq!(unreleased(2), batches_before_pubrec == 0);
    }
}

#[test]
fn a_crash_takes_back_what_was_not_found_again() {
    let mut scene = scene();
    scene.connect(0, 1, LASTING).unwrap();
    scene.subscribe(0, 1, "a", options(QOS_1)).unwrap();
    let kept = scene.retained("a", QOS_1);
    scene.publish(0, 1, kept, 1).unwrap();
    scene.hand_out(1).unwrap();
    scene.subscribe(0, 1, "+", options(QOS_1)).unwrap();
    scene.hand_out(2).unwrap();
    scene.unsubscribe(0, 1, "a").unwrap();
    let lost = scene.retained("a", QOS_1);
    scene.publish(0, 1, lost, 2).unwrap();
    scene.connect(1, 2, LASTING).unwrap();
    scene.hand_out(3).unwrap();
    scene.at(7).crash(2).unwrap();
    assert_eq!(retained(&scene), [kept]);
    assert_eq!(state(&scene).subscriptions_of(0).count(), 2);
    assert!(!state(&scene).sessions.contains_key(&1));
    assert_eq!(since(&scene), Some(seconds_after_start(7)));
    let (client, filter) = (0, scene.filter("a"));
    let effects = &scene.check.effects;
    assert!(effects.contains(&Effect::SessionEnded { client: 1 }));
    assert!(effects.contains(&Effect::Unretained { message: lost }));
    assert_eq!(effects.last(), Some(&Effect::Retained { message: kept }));
    assert!(effects.contains(&Effect::Subscribed {
        client,
        filter,
        options: options(QOS_1),
        before: None,
    }));
}

#[test]
fn what_is_durable_is_there_whatever_comes_behind_it() {
    let mut scene = scene();
    scene.connect(0, 1, LASTING).unwrap();
    scene.hand_out(1).unwrap();
    scene
        .see(Observation::Durable {
            position: Position(1),
        })
        .unwrap();
    scene.disconnect(0, 1, OK, Some(0)).unwrap();
    scene.hand_out(2).unwrap();
    scene.crash(1).unwrap();
    assert_eq!(state(&scene).sessions.len(), 1);
}

#[test]
fn a_crash_takes_clean_sessions_with_their_wills() {
    let mut scene = scene();
    let will = connect_with_will(&mut scene, 1, 0, CLEAN);
    scene.hand_out(1).unwrap();
    scene.crash(1).unwrap();
    scene.time_out().unwrap();
    assert!(state(&scene).sessions.is_empty());
    let dropped = Effect::WillDropped {
        client: 0,
        message: will,
    };
    assert_eq!(scene.check.effects.last(), Some(&dropped));
    assert_eq!(published(&mut scene), []);
}

/// Wills of connections that a crash ended are due after it, on the clock of the new process.
#[test]
fn a_crash_is_the_loss_of_all_connections() {
    let mut scene = scene();
    let will = connect_with_will(&mut scene, 1, 10, LASTING);
    scene.hand_out(1).unwrap();
    scene.at(1_000).crash(1).unwrap();
    // That it was lost is not durable yet, so the next process counts anew.
    scene.hand_out(1).unwrap();
    scene.at(1_005).crash(0).unwrap();
    scene.hand_out(1).unwrap();
    scene.at(1_014).time_out().unwrap();
    assert_eq!(published(&mut scene), []);
    // Now it is.
    scene.at(1_014).crash(1).unwrap();
    assert_eq!(since(&scene), Some(seconds_after_start(1_005)));
    scene.at(1_015).time_out().unwrap();
    assert_eq!(published(&mut scene), [will]);
}

#[test]
fn a_retained_message_expires_while_there_is_no_process() {
    let mut scene = scene();
    scene.connect(0, 1, LASTING).unwrap();
    let message = scene.message_with("a", QOS_1, true, Some(5));
    scene.publish(0, 1, message, 1).unwrap();
    scene.hand_out(1).unwrap();
    scene.at(5).crash(1).unwrap();
    assert_eq!(retained(&scene), []);
}

#[test]
fn without_a_store_a_crash_takes_everything() {
    let mut scene = scene();
    scene.setting.broker.persistence = Persistence::None;
    scene.connect(0, 1, LASTING).unwrap();
    let message = scene.retained("a", QOS_1);
    scene.publish(0, 1, message, 1).unwrap();
    scene.crash(0).unwrap();
    assert!(state(&scene).sessions.is_empty() && retained(&scene).is_empty());
}

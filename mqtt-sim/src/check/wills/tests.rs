use mqtt_codec::reason_code::DisconnectReasonCode;

use super::*;
use crate::check::wire_scene::{LASTING, Scene, Start, assert_broken, options};
use crate::observation::ConnectionNumber;

const QOS_2: QoS = QoS::ExactlyOnce;

/// The watcher, client 1, is subscribed, and everything is durable.
fn scene() -> Scene<Wills> {
    let mut scene = Scene::new(1);
    scene.connect(1, 1, LASTING).unwrap();
    let connected = Observation::Connected {
        client: 1,
        connection: ConnectionNumber(1),
        session_present: false,
    };
    scene.see(connected).unwrap();
    scene.subscribe(1, 1, "wills/#", options(QOS_2)).unwrap();
    scene.hand_out(1).unwrap();
    scene
}

fn will(scene: &mut Scene<Wills>, connection: u32, qos: QoS, delay: u32) -> MessageNumber {
    let will = scene.message("wills/0", qos);
    let start = Start {
        will: Some((will, delay)),
        ..LASTING
    };
    scene.connect(0, connection, start).unwrap();
    will
}

fn deliver(scene: &mut Scene<Wills>, message: MessageNumber, qos: QoS) -> Result<(), Broken> {
    scene.see(Observation::Delivered {
        client: 1,
        message,
        qos,
        dup: false,
        retain: false,
    })
}

fn assert_wrong(result: Result<(), Broken>, will: MessageNumber, what: &str) {
    assert_broken(result, Rule::Wills, &[0, 1], Some(will), what);
}

#[test]
fn a_will_comes_once_when_its_connection_is_lost() {
    let mut scene = scene();
    let message = will(&mut scene, 2, QOS_2, 0);
    scene.lose(0, 2).unwrap();
    deliver(&mut scene, message, QOS_2).unwrap();
    scene.quiet_alone().unwrap();
    let result = deliver(&mut scene, message, QOS_2);
    assert_wrong(result, message, "got will 0 of client 0 2 times");
}

#[test]
fn a_will_of_qos_1_may_come_twice_and_one_of_qos_0_may_be_lost() {
    let mut scene = scene();
    let message = will(&mut scene, 2, QoS::AtLeastOnce, 0);
    scene.lose(0, 2).unwrap();
    deliver(&mut scene, message, QoS::AtLeastOnce).unwrap();
    deliver(&mut scene, message, QoS::AtLeastOnce).unwrap();
    let message = will(&mut scene, 3, QoS::AtMostOnce, 0);
    scene.lose(0, 3).unwrap();
    scene.quiet_alone().unwrap();
    deliver(&mut scene, message, QoS::AtMostOnce).unwrap();
    let result = deliver(&mut scene, message, QoS::AtMostOnce);
    assert_wrong(result, message, "2 times");
}

#[test]
fn a_will_that_does_not_come_is_missed() {
    for qos in [QoS::AtLeastOnce, QOS_2] {
        let mut scene = scene();
        let message = will(&mut scene, 2, qos, 0);
        scene.quiet_alone().unwrap();
        scene.lose(0, 2).unwrap();
        let result = scene.quiet_alone();
        assert_wrong(result, message, "client 1 did not get will 0 of client 0");
    }
}

#[test]
fn a_will_that_is_not_due_or_was_cancelled_does_not_come() {
    let mut scene = scene();
    let first = will(&mut scene, 2, QOS_2, 0);
    assert_wrong(deliver(&mut scene, first, QOS_2), first, "is not due");
    let code = DisconnectReasonCode::Success;
    scene.disconnect(0, 2, code, None).unwrap();
    scene.lose(0, 2).unwrap();
    assert_wrong(deliver(&mut scene, first, QOS_2), first, "was cancelled");
    // One that waits for its delay is cancelled by the next CONNECT.
    let second = will(&mut scene, 3, QOS_2, 10);
    scene.lose(0, 3).unwrap();
    scene.at(9).connect(0, 4, LASTING).unwrap();
    scene.at(10).time_out().unwrap();
    assert_wrong(deliver(&mut scene, second, QOS_2), second, "was cancelled");
    scene.quiet_alone().unwrap();
}

/// Its session is there again, and so is the will; the watcher gets it once.
#[test]
fn a_will_that_a_crash_took_back_comes_once() {
    let mut scene = scene();
    let message = will(&mut scene, 2, QOS_2, 0);
    scene.hand_out(2).unwrap();
    scene.lose(0, 2).unwrap();
    scene.hand_out(3).unwrap();
    scene.crash(2).unwrap();
    scene.quiet_alone().unwrap();
    scene.time_out().unwrap();
    assert_wrong(scene.quiet_alone(), message, "did not get");
    deliver(&mut scene, message, QOS_2).unwrap();
    scene.quiet_alone().unwrap();
    assert_wrong(deliver(&mut scene, message, QOS_2), message, "2 times");
}

#[test]
fn a_will_whose_publication_is_durable_comes_in_spite_of_a_crash() {
    let mut scene = scene();
    let message = will(&mut scene, 2, QOS_2, 0);
    scene.lose(0, 2).unwrap();
    scene.hand_out(2).unwrap();
    scene.crash(2).unwrap();
    scene.time_out().unwrap();
    assert_wrong(scene.quiet_alone(), message, "did not get");
}

#[test]
fn a_watcher_that_lost_its_session_is_owed_nothing() {
    let mut scene = scene();
    will(&mut scene, 2, QOS_2, 0);
    scene.lose(0, 2).unwrap();
    let clean = Start {
        clean_start: true,
        ..LASTING
    };
    scene.connect(1, 3, clean).unwrap();
    scene.quiet_alone().unwrap();
}

/// Its packet identifiers may be those of a session that is over.
#[test]
fn a_watcher_that_was_not_told_of_its_new_session_may_miss_a_will() {
    let mut scene = scene();
    scene.lose(1, 1).unwrap();
    scene.at(200).time_out().unwrap();
    for connection in [3, 4] {
        scene.connect(1, connection, LASTING).unwrap();
    }
    scene.subscribe(1, 4, "wills/#", options(QOS_2)).unwrap();
    will(&mut scene, 5, QOS_2, 0);
    scene.lose(0, 5).unwrap();
    scene.quiet_alone().unwrap();
}

#[test]
fn a_full_queue_owes_nothing() {
    let mut scene = scene();
    scene.setting.broker.queue_messages = 1;
    will(&mut scene, 2, QOS_2, 0);
    scene.lose(0, 2).unwrap();
    will(&mut scene, 3, QOS_2, 0);
    scene.lose(0, 3).unwrap();
    scene.quiet_alone().unwrap();
}

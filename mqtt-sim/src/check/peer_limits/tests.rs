use mqtt_codec::QoS;
use mqtt_codec::packet::{Puback, Pubcomp, Pubrec, Pubrel};
use mqtt_codec::reason_code::PublishReasonCode;

use super::*;
use crate::check::wire_scene::{LASTING, Scene, assert_broken, delivery};

const QOS_1: QoS = QoS::AtLeastOnce;
const QOS_2: QoS = QoS::ExactlyOnce;

fn id(packet_id: u16) -> PacketId {
    PacketId::new(packet_id).unwrap()
}

/// Client 1 is connected with a Receive Maximum of 2.
fn scene() -> Scene<PeerLimits> {
    let mut scene = Scene::new(2);
    scene.connect(1, 1, LASTING).unwrap();
    scene.connack(1, 1, true).unwrap();
    scene
}

fn deliver(scene: &mut Scene<PeerLimits>, qos: QoS, packet_id: u16) -> Result<(), Broken> {
    let message = scene.message("a", qos);
    scene.deliver(1, 1, message, delivery(qos, packet_id, false), false)
}

#[test]
fn what_is_acknowledged_makes_room() {
    let mut scene = scene();
    deliver(&mut scene, QOS_1, 1).unwrap();
    deliver(&mut scene, QOS_2, 2).unwrap();
    deliver(&mut scene, QoS::AtMostOnce, 0).unwrap();
    scene
        .receive(1, 1, Packet::Puback(Puback::success(id(1))))
        .unwrap();
    deliver(&mut scene, QOS_2, 1).unwrap();
    scene
        .receive(1, 1, Packet::Pubrec(Pubrec::success(id(2))))
        .unwrap();
    scene
        .receive(1, 1, Packet::Pubcomp(Pubcomp::success(id(2))))
        .unwrap();
    deliver(&mut scene, QOS_2, 2).unwrap();
    let refused = Pubrec::new(id(2), PublishReasonCode::QuotaExceeded);
    scene.receive(1, 1, Packet::Pubrec(refused)).unwrap();
    deliver(&mut scene, QOS_2, 2).unwrap();
}

#[test]
fn pubrec_makes_no_room_for_a_message_to_a_client() {
    let mut scene = scene();
    deliver(&mut scene, QOS_2, 1).unwrap();
    deliver(&mut scene, QOS_2, 2).unwrap();
    scene
        .receive(1, 1, Packet::Pubrec(Pubrec::success(id(1))))
        .unwrap();
    let message = scene.message("a", QOS_1);
    let result = scene.deliver(1, 1, message, delivery(QOS_1, 3, false), false);
    let what = "client 1 was sent: 3 unacknowledged messages, above 2";
    assert_broken(result, Rule::PeerLimits, &[1], Some(message), what);
}

#[test]
fn a_new_connection_begins_with_all_of_the_room() {
    let mut scene = scene();
    deliver(&mut scene, QOS_1, 1).unwrap();
    deliver(&mut scene, QOS_1, 2).unwrap();
    scene.connect(1, 2, LASTING).unwrap();
    scene.end(1, 1).unwrap();
    scene.connack(1, 2, true).unwrap();
    for packet_id in [1, 2] {
        let message = scene.message("a", QOS_1);
        let delivery = delivery(QOS_1, packet_id, true);
        scene.deliver(1, 2, message, delivery, false).unwrap();
    }
}

#[test]
fn the_server_takes_no_more_than_it_announced() {
    let mut scene = scene();
    for packet_id in [1, 2] {
        let message = scene.message("a", QOS_1);
        scene.publish(1, 1, message, packet_id).unwrap();
    }
    scene
        .send(1, 1, Packet::Puback(Puback::success(id(1))))
        .unwrap();
    let message = scene.message("a", QOS_2);
    scene.publish(1, 1, message, 1).unwrap();
    let message = scene.message("a", QOS_2);
    let result = scene.publish(1, 1, message, 3);
    let what = "client 1 sent: 3 unacknowledged messages, above 2";
    assert_broken(result, Rule::PeerLimits, &[1], Some(message), what);
}

#[test]
fn clients_of_3_x_have_a_limit_of_the_servers() {
    let mut scene = Scene::<PeerLimits>::new(2);
    scene.setting.clients[1].version = Version::V3_1_1;
    scene.setting.broker.send_maximum_v3 = 3;
    scene.connect(1, 1, LASTING).unwrap();
    for packet_id in 1..=3 {
        deliver(&mut scene, QOS_1, packet_id).unwrap();
    }
    let message = scene.message("a", QOS_1);
    let result = scene.deliver(1, 1, message, delivery(QOS_1, 4, false), false);
    assert_broken(
        result,
        Rule::PeerLimits,
        &[1],
        Some(message),
        "4 unacknowledged",
    );
}

#[test]
fn a_packet_identifier_in_use_means_no_other_message() {
    let mut scene = scene();
    deliver(&mut scene, QOS_1, 1).unwrap();
    let message = scene.message("a", QOS_1);
    let result = scene.deliver(1, 1, message, delivery(QOS_1, 1, false), false);
    assert_broken(
        result,
        Rule::PeerLimits,
        &[1],
        Some(message),
        "which is in use",
    );
}

#[test]
fn a_packet_identifier_whose_pubrel_goes_again_is_in_use() {
    let mut scene = scene();
    scene
        .send(1, 1, Packet::Pubrel(Pubrel::success(id(1))))
        .unwrap();
    let message = scene.message("a", QOS_1);
    let result = scene.deliver(1, 1, message, delivery(QOS_1, 1, false), false);
    assert_broken(
        result,
        Rule::PeerLimits,
        &[1],
        Some(message),
        "which is in use",
    );
}

#[test]
fn a_packet_identifier_is_free_when_its_release_is_complete() {
    let mut scene = scene();
    scene
        .send(1, 1, Packet::Pubrel(Pubrel::success(id(1))))
        .unwrap();
    scene
        .receive(1, 1, Packet::Pubcomp(Pubcomp::success(id(1))))
        .unwrap();
    deliver(&mut scene, QOS_1, 1).unwrap();
    deliver(&mut scene, QOS_1, 2).unwrap();
}

#[test]
fn no_packet_is_larger_than_the_other_side_takes() {
    let mut scene = scene();
    let see = |scene: &mut Scene<PeerLimits>, bytes| {
        scene.see(Observation::Sent {
            connection: ConnectionNumber(1),
            client: Some(1),
            packet: &Packet::Pingresp,
            bytes,
        })
    };
    see(&mut scene, 1_000).unwrap();
    let result = see(&mut scene, 1_001);
    assert_broken(
        result,
        Rule::PeerLimits,
        &[1],
        None,
        "of 1001 bytes, above 1000",
    );
    let most = scene.setting.broker.maximum_packet_size as usize;
    let see = |scene: &mut Scene<PeerLimits>, bytes| {
        scene.see(Observation::Received {
            connection: ConnectionNumber(1),
            client: Some(1),
            packet: &Packet::Pingreq,
            bytes,
        })
    };
    see(&mut scene, most).unwrap();
    let result = see(&mut scene, most + 1);
    assert_broken(
        result,
        Rule::PeerLimits,
        &[1],
        None,
        "client 1 sent: Pingreq",
    );
}

#[test]
fn dup_is_not_set_in_a_new_session() {
    let mut scene = scene();
    let message = scene.message("a", QOS_1);
    let dup = delivery(QOS_1, 1, true);
    scene.deliver(1, 1, message, dup, false).unwrap();
    scene.connect(1, 2, LASTING).unwrap();
    scene.connack(1, 2, false).unwrap();
    let result = scene.deliver(1, 2, message, dup, false);
    assert_broken(result, Rule::PeerLimits, &[1], Some(message), "DUP is set");
}

//! MQTT 5.0 §4.6: the order of acknowledgements, over all orders of what leads to them. MQTT 3.1.1 §4.6.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::acknowledger::{Acknowledger, Back, orders, publish_of, qualities, schedules};
use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::{QoS, Version};
use mqtt_session::Acknowledgement;
use mqtt_session::client::{CleanStart, Config as ClientConfig};
use mqtt_session::server::Config as ServerConfig;

/// [MQTT-4.6.0-2] [MQTT-4.6.0-3] [v3.1.1 MQTT-4.6.0-2] [v3.1.1 MQTT-4.6.0-3] [3.1-13] Four messages of any QoS,
/// acknowledged by the application in any order and at any moment: PUBACKs leave in the order of their PUBLISHes, and
/// so do PUBRECs, each as soon as it can.
#[test]
fn acknowledgements_leave_in_the_order_of_the_publishes() {
    for version in VERSIONS {
        let (mut client, mut server) = (client(version), server(version));
        for (schedule, qos) in schedules(4) {
            Acknowledger::new(&mut client, qos.clone()).run(&schedule);
            Acknowledger::new(&mut server, qos).run(&schedule);
        }
    }
}

/// [MQTT-4.4.0-1] [MQTT-4.6.0-2] [MQTT-4.6.0-3] [v3.1.1 MQTT-4.6.0-2] [v3.1.1 MQTT-4.6.0-3] [often-wrong-19]
/// [often-wrong-22] The same with three messages and a connection that is lost before any of these steps: what was held
/// is not sent on the next one; what had no answer comes again, and is answered in the order in which it comes.
#[test]
fn what_was_held_on_a_lost_connection_is_answered_on_the_next_in_order() {
    for version in VERSIONS {
        let (mut client, mut server) = (client(version), server(version));
        for (schedule, qos) in schedules(3) {
            for cut in 0..=schedule.len() {
                let (steps, back) = (schedule.split_at(cut), Back::Reconnected);
                let mut receiver = Acknowledger::new(&mut client, qos.clone());
                receiver.run_over_a_cut(steps, back, |client| {
                    client.lose_connection();
                    assert_eq!(client.reconnect(true), []);
                });
                let mut receiver = Acknowledger::new(&mut server, qos.clone());
                receiver.run_over_a_cut(steps, back, |server| {
                    server.lose_connection();
                    assert_eq!(server.reconnect(&resuming(version)).len(), 1);
                });
            }
        }
    }
}

/// [MQTT-4.3.3-10] [v3.1.1 MQTT-4.3.3-2] The same when the client's program ends there and another one
/// goes on from its stored state: what the application has not acknowledged is handed out again, and what it has
/// acknowledged of QoS 2 is not.
#[test]
fn a_restored_client_gets_again_what_its_application_has_not_acknowledged() {
    for version in VERSIONS {
        let mut client = client(version);
        for (schedule, qos) in schedules(3) {
            for cut in 0..=schedule.len() {
                let mut receiver = Acknowledger::new(&mut client, qos.clone());
                receiver.run_over_a_cut(schedule.split_at(cut), Back::Restarted, |client| {
                    let mut state = Vec::new();
                    client.machine.encode_state(&mut state);
                    *client = Client::new(client_config(version));
                    client.machine.restore_state(&state).unwrap();
                    assert_eq!(client.reconnect(true), []);
                });
            }
        }
    }
}

/// [MQTT-4.6.0-1] [MQTT-4.6.0-4] [MQTT-4.3.3-6] [v3.1.1 MQTT-4.6.0-1] [v3.1.1 MQTT-4.6.0-4] [v3.1.1 MQTT-4.6.0-6]
/// [often-wrong-20] [often-wrong-37] [3.1-13] Four messages of any QoS, acknowledged by the peer in any order, and a
/// connection that is lost behind any of these: PUBRELs leave in the order of the PUBRECs. What has no answer goes
/// again: first PUBLISHes in the order in which they were first sent, then PUBRELs in the order of their PUBRECs.
#[test]
fn what_goes_again_keeps_its_order_whatever_was_acknowledged() {
    for version in VERSIONS {
        for (qos, order) in qualities(4).into_iter().flat_map(orders) {
            for cut in 0..=order.len() {
                sender(&mut client(version), &qos, order.split_at(cut), |client| {
                    client.lose_connection();
                    client.reconnect(true)
                });
                sender(&mut server(version), &qos, order.split_at(cut), |server| {
                    server.lose_connection();
                    server.reconnect(&resuming(version)).split_off(1)
                });
            }
        }
    }
}

/// Publishes, gets acknowledgements in this order, and loses the connection in between.
fn sender<M: Machine>(
    side: &mut Side<M>,
    qos: &[QoS],
    (before, behind): (&[u16], &[u16]),
    reconnect: impl FnOnce(&mut Side<M>) -> Vec<Out>,
) {
    let version = side.version;
    for (&qos, id) in qos.iter().zip(1..) {
        let (_, outs) = side.publish(message(qos, "a", "x"));
        assert_eq!(outs, [send(version, publish_of(qos, id))]);
    }
    let is_two = |id: &u16| qos[usize::from(*id) - 1] == QoS::ExactlyOnce;
    acknowledge_all(side, before, is_two);
    let again_at = (1..=4u16)
        .filter(|id| !before.contains(id))
        .map(|id| send(version, again(publish_of(qos[usize::from(id) - 1], id))));
    let releases = before
        .iter()
        .filter(|id| is_two(id))
        .map(|&id| send(version, pubrel(id)));
    assert_eq!(reconnect(side), Vec::from_iter(again_at.chain(releases)));
    acknowledge_all(side, behind, is_two);
    for id in (1..)
        .zip(qos)
        .filter(|(_, qos)| **qos == QoS::ExactlyOnce)
        .map(|(id, _)| id)
    {
        side.receive(pubcomp(id));
    }
    assert_eq!(side.machine.send_quota(), 1_024);
}

/// Each PUBREC is answered by PUBREL at once.
fn acknowledge_all<M: Machine>(side: &mut Side<M>, ids: &[u16], is_two: impl Fn(&u16) -> bool) {
    for &id in ids {
        let version = side.version;
        let outs = if is_two(&id) {
            side.receive(pubrec(id))
        } else {
            side.receive(puback(id))
        };
        let sent: Vec<&Out> = outs
            .iter()
            .filter(|out| matches!(out, Out::Send(_)))
            .collect();
        let pubrel = send(version, pubrel(id));
        assert_eq!(sent, Vec::from_iter(is_two(&id).then_some(&pubrel)));
    }
}

fn client(version: Version) -> Client {
    Client::connected(client_config(version))
}

fn client_config(version: Version) -> ClientConfig {
    ClientConfig {
        acknowledgement: Acknowledgement::Manual,
        clean_start: CleanStart::Never,
        ..lasting(version)
    }
}

fn server(version: Version) -> Server {
    let config = ServerConfig {
        acknowledgement: Acknowledgement::Manual,
        ..ServerConfig::default()
    };
    Server::connected_with(config, &resuming(version))
}

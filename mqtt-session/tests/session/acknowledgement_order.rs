//! MQTT 5.0 §4.6: the order of acknowledgements, over all orders of what leads to them. MQTT 3.1.1 §4.6.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use std::collections::VecDeque;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::Publish;
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{QoS, Version};
use mqtt_session::client::{CleanStart, Config as ClientConfig};
use mqtt_session::server::Config as ServerConfig;
use mqtt_session::{AcknowledgeError, Acknowledgement, DeliveryToken};

/// [MQTT-4.6.0-2] [MQTT-4.6.0-3] [v3.1.1 MQTT-4.6.0-2] [v3.1.1 MQTT-4.6.0-3] [3.1-13] Four messages of any QoS, acknowledged
/// by the application in any order and at any moment: PUBACKs leave in the order of their PUBLISHes, and so do PUBRECs, each
/// as soon as it can.
#[test]
fn acknowledgements_leave_in_the_order_of_the_publishes() {
    for version in VERSIONS {
        let (mut client, mut server) = (client(version), server(version));
        for (schedule, qos) in schedules(4) {
            Receiver::new(&mut client, qos.clone()).run(&schedule);
            Receiver::new(&mut server, qos).run(&schedule);
        }
    }
}

/// [MQTT-4.4.0-1] [MQTT-4.6.0-2] [MQTT-4.6.0-3] [v3.1.1 MQTT-4.6.0-2] [v3.1.1 MQTT-4.6.0-3] [often-wrong-19] [often-wrong-22]
/// The same with three messages and a connection that is lost before any of these steps: what was held is not sent on the
/// next one; what had no answer comes again, and is answered in the order in which it comes.
#[test]
fn what_was_held_on_a_lost_connection_is_answered_on_the_next_in_order() {
    for version in VERSIONS {
        let (mut client, mut server) = (client(version), server(version));
        for (schedule, qos) in schedules(3) {
            for cut in 0..=schedule.len() {
                let (before, behind) = schedule.split_at(cut);
                Receiver::new(&mut client, qos.clone()).run_over_a_cut(before, behind, |client| {
                    client.lose_connection();
                    assert_eq!(client.reconnect(true), []);
                });
                Receiver::new(&mut server, qos.clone()).run_over_a_cut(before, behind, |server| {
                    server.lose_connection();
                    assert_eq!(server.reconnect(&resuming(version)).len(), 1);
                });
            }
        }
    }
}

/// [MQTT-4.6.0-1] [MQTT-4.6.0-4] [MQTT-4.3.3-6] [v3.1.1 MQTT-4.6.0-1] [v3.1.1 MQTT-4.6.0-4] [v3.1.1 MQTT-4.6.0-6]
/// [often-wrong-20] [often-wrong-37] [3.1-13] Four messages of any QoS, acknowledged by the peer in any order, and a connection
/// that is lost behind any of these: PUBRELs leave in the order of the PUBRECs. What has no answer goes again: first
/// PUBLISHes in the order in which they were first sent, then PUBRELs in the order of their PUBRECs.
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

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The next PUBLISH comes.
    Arrive,
    /// The application acknowledges the message of that place.
    Acknowledge(usize),
}

/// A receiver, and what it has to hold.
struct Receiver<'a, M> {
    side: &'a mut Side<M>,
    qos: Vec<QoS>,
    tokens: Vec<Option<DeliveryToken>>,
    is_answered: Vec<bool>,
    /// The orders of PUBACKs and PUBRECs: places, and whether they are acknowledged.
    orders: [VecDeque<(usize, bool)>; 2],
}

impl<'a, M: Machine> Receiver<'a, M> {
    fn new(side: &'a mut Side<M>, qos: Vec<QoS>) -> Self {
        Self {
            side,
            is_answered: vec![false; qos.len()],
            qos,
            tokens: Vec::new(),
            orders: [VecDeque::new(), VecDeque::new()],
        }
    }

    /// Everything is acknowledged and released in the end.
    fn run(&mut self, steps: &[Step]) {
        self.take(steps);
        for place in 0..self.tokens.len() {
            if self.tokens[place].is_some() {
                self.acknowledge(place);
            }
            if self.qos[place] == QoS::ExactlyOnce {
                let outs = self.side.receive(pubrel(id_of(place)));
                assert_eq!(outs, [send(self.side.version, pubcomp(id_of(place)))]);
            }
        }
    }

    fn run_over_a_cut(
        &mut self,
        before: &[Step],
        behind: &[Step],
        reconnect: impl FnOnce(&mut Side<M>),
    ) {
        self.take(before);
        reconnect(self.side);
        self.orders = Default::default();
        for place in 0..self.tokens.len() {
            if !self.is_answered[place] {
                self.come_again(place);
            }
        }
        self.run(behind);
    }

    fn take(&mut self, steps: &[Step]) {
        for &step in steps {
            match step {
                Step::Arrive => {
                    let place = self.tokens.len();
                    let publish = publish_of(self.qos[place], id_of(place));
                    assert_eq!(self.side.receive(publish), [deliver_manually("a", "x")]);
                    self.tokens.push(self.side.tokens.pop());
                    self.order(place).push_back((place, false));
                }
                Step::Acknowledge(place) => self.acknowledge(place),
            }
        }
    }

    fn acknowledge(&mut self, place: usize) {
        let token = self.tokens[place].take().unwrap();
        let answer = self.side.acknowledge(token, PublishReasonCode::Success);
        let held = self.order(place).iter_mut().find(|held| held.0 == place);
        held.unwrap().1 = true;
        assert_eq!(answer, (Ok(()), self.leave(place)));
    }

    /// The PUBLISH of that place comes on the next connection. What the application had of QoS 1 is of no use any more; what
    /// it had of QoS 2 is.
    fn come_again(&mut self, place: usize) {
        let late = self.tokens[place].take();
        let outs = self
            .side
            .receive(again(publish_of(self.qos[place], id_of(place))));
        if self.qos[place] == QoS::AtLeastOnce {
            assert_eq!(outs, [deliver_manually("a", "x")]);
            self.tokens[place] = self.side.tokens.pop();
            self.order(place).push_back((place, false));
            if let Some(late) = late {
                let answer = self.side.acknowledge(late, PublishReasonCode::Success);
                assert_eq!(answer, (Err(AcknowledgeError::ConnectionGone), vec![]));
            }
        } else {
            self.order(place).push_back((place, late.is_none()));
            self.tokens[place] = late;
            assert_eq!(outs, self.leave(place));
        }
    }

    fn order(&mut self, place: usize) -> &mut VecDeque<(usize, bool)> {
        &mut self.orders[usize::from(self.qos[place] == QoS::ExactlyOnce)]
    }

    /// What leaves now, in the order in which that place is.
    fn leave(&mut self, place: usize) -> Vec<Out> {
        let mut outs = Vec::new();
        while let Some(&(first, true)) = self.order(place).front() {
            self.order(place).pop_front();
            self.is_answered[first] = true;
            outs.push(match self.qos[first] {
                QoS::ExactlyOnce => send(self.side.version, pubrec(id_of(first))),
                QoS::AtMostOnce | QoS::AtLeastOnce => send(self.side.version, puback(id_of(first))),
            });
        }
        outs
    }
}

fn id_of(place: usize) -> u16 {
    u16::try_from(place).unwrap() + 1
}

fn publish_of(qos: QoS, id: u16) -> Publish<'static> {
    match qos {
        QoS::AtMostOnce | QoS::AtLeastOnce => qos1(id, "a", "x"),
        QoS::ExactlyOnce => qos2(id, "a", "x"),
    }
}

/// Each order in which `n` messages come, one after the other, and are acknowledged, with each mix of QoS.
fn schedules(n: usize) -> Vec<(Vec<Step>, Vec<QoS>)> {
    let mut schedules = vec![Vec::new()];
    for _ in 0..2 * n {
        schedules = schedules
            .iter()
            .flat_map(|schedule| next_steps(schedule, n))
            .collect();
    }
    let with_qos = |schedule: Vec<Step>| {
        qualities(n)
            .into_iter()
            .map(move |qos| (schedule.clone(), qos))
    };
    schedules.into_iter().flat_map(with_qos).collect()
}

fn next_steps(schedule: &[Step], n: usize) -> Vec<Vec<Step>> {
    let arrived = schedule
        .iter()
        .filter(|step| matches!(step, Step::Arrive))
        .count();
    let open = (0..arrived).filter(|&place| {
        !schedule
            .iter()
            .any(|step| matches!(step, Step::Acknowledge(it) if *it == place))
    });
    let arrive = (arrived < n).then_some(Step::Arrive);
    open.map(Step::Acknowledge)
        .chain(arrive)
        .map(|step| [schedule, &[step]].concat())
        .collect()
}

/// Each mix of QoS 1 and 2.
fn qualities(n: usize) -> Vec<Vec<QoS>> {
    let qos = |bits: usize, place: usize| match bits >> place & 1 {
        0 => QoS::AtLeastOnce,
        _ => QoS::ExactlyOnce,
    };
    (0..1 << n)
        .map(|bits| (0..n).map(|place| qos(bits, place)).collect())
        .collect()
}

/// With each order of their identifiers.
fn orders(qos: Vec<QoS>) -> Vec<(Vec<QoS>, Vec<u16>)> {
    let mut orders = vec![Vec::new()];
    for _ in 0..qos.len() {
        let longer = |order: &Vec<u16>| {
            let order = order.clone();
            let free = (1..=4).filter({
                let order = order.clone();
                move |id| !order.contains(id)
            });
            free.map(move |id| [order.as_slice(), &[id]].concat())
                .collect::<Vec<_>>()
        };
        orders = orders.iter().flat_map(longer).collect();
    }
    orders
        .into_iter()
        .map(|order| (qos.clone(), order))
        .collect()
}

fn client(version: Version) -> Client {
    Client::connected(ClientConfig {
        acknowledgement: Acknowledgement::Manual,
        clean_start: CleanStart::Never,
        ..lasting(version)
    })
}

fn server(version: Version) -> Server {
    let config = ServerConfig {
        acknowledgement: Acknowledgement::Manual,
        ..ServerConfig::default()
    };
    Server::connected_with(config, &resuming(version))
}

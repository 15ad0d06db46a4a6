//! A receiver whose application acknowledges, and a model of the order in which its answers leave.

use std::collections::VecDeque;

use mqtt_codec::QoS;
use mqtt_codec::packet::Publish;
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_session::{AcknowledgeError, DeliveryToken};

use super::packets::*;
use super::{Machine, Out, Side, deliver_manually, send};

/// What happens to a receiver.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// The next PUBLISH comes.
    Arrive,
    /// The application acknowledges the message of that place.
    Acknowledge(usize),
}

/// How it comes back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Back {
    /// As it was.
    Reconnected,
    /// As another program, from what was stored.
    Restarted,
}

/// A receiver, and what it has to hold.
pub(crate) struct Acknowledger<'a, M> {
    side: &'a mut Side<M>,
    qos: Vec<QoS>,
    tokens: Vec<Option<DeliveryToken>>,
    is_answered: Vec<bool>,
    /// The orders of PUBACKs and PUBRECs: places, and whether they are acknowledged.
    orders: [VecDeque<(usize, bool)>; 2],
}

impl<'a, M: Machine> Acknowledger<'a, M> {
    pub(crate) fn new(side: &'a mut Side<M>, qos: Vec<QoS>) -> Self {
        Self {
            side,
            is_answered: vec![false; qos.len()],
            qos,
            tokens: Vec::new(),
            orders: [VecDeque::new(), VecDeque::new()],
        }
    }

    /// Everything is acknowledged and released in the end.
    pub(crate) fn run(&mut self, steps: &[Step]) {
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

    /// In the middle the receiver comes back on another connection, as `come_back` makes it.
    pub(crate) fn run_over_a_cut(
        &mut self,
        (before, behind): (&[Step], &[Step]),
        back: Back,
        come_back: impl FnOnce(&mut Side<M>),
    ) {
        self.take(before);
        come_back(self.side);
        self.orders = Default::default();
        for place in 0..self.tokens.len() {
            if !self.is_answered[place] {
                self.come_again(place, back);
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

    /// The PUBLISH of that place comes on the next connection. What the application had of QoS 1 is of no use any more;
    /// what it had of QoS 2 is, if it is the same program.
    fn come_again(&mut self, place: usize, back: Back) {
        let late = self.tokens[place].take();
        let publish = publish_of(self.qos[place], id_of(place));
        let outs = self.side.receive(again(publish));
        let is_lost = back == Back::Restarted && late.is_some();
        if self.qos[place] == QoS::ExactlyOnce && !is_lost {
            self.order(place).push_back((place, late.is_none()));
            self.tokens[place] = late;
            assert_eq!(outs, self.leave(place));
            return;
        }
        assert_eq!(outs, [deliver_manually("a", "x")]);
        self.tokens[place] = self.side.tokens.pop();
        self.order(place).push_back((place, false));
        if let Some(late) = late.filter(|_| back == Back::Reconnected) {
            let answer = self.side.acknowledge(late, PublishReasonCode::Success);
            assert_eq!(answer, (Err(AcknowledgeError::ConnectionGone), vec![]));
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

pub(crate) fn publish_of(qos: QoS, id: u16) -> Publish<'static> {
    match qos {
        QoS::AtMostOnce | QoS::AtLeastOnce => qos1(id, "a", "x"),
        QoS::ExactlyOnce => qos2(id, "a", "x"),
    }
}

/// Each order in which `n` messages come, one after the other, and are acknowledged, with each mix of QoS.
pub(crate) fn schedules(n: usize) -> Vec<(Vec<Step>, Vec<QoS>)> {
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
pub(crate) fn qualities(n: usize) -> Vec<Vec<QoS>> {
    let qos = |bits: usize, place: usize| match bits >> place & 1 {
        0 => QoS::AtLeastOnce,
        _ => QoS::ExactlyOnce,
    };
    (0..1 << n)
        .map(|bits| (0..n).map(|place| qos(bits, place)).collect())
        .collect()
}

/// With each order of their identifiers.
pub(crate) fn orders(qos: Vec<QoS>) -> Vec<(Vec<QoS>, Vec<u16>)> {
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

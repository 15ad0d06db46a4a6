//! The order of the acknowledgements that wait for the store, on one link: over all orders of what comes, and of what
//! becomes durable when.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use std::collections::VecDeque;

use crate::harness::schedule::Recorded::{No, Yes};
use crate::harness::schedule::{Event, Input, Session, client, schedules};
use crate::harness::store::Durable;
use crate::harness::{VERSIONS, qos1, qos2, retained, subscribe};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::{Packet, QoS, Version};

const ONE: QoS = QoS::AtLeastOnce;
const TWO: QoS = QoS::ExactlyOnce;

/// PUBACKs leave in the order of their PUBLISHes and so do PUBRECs, also those that have nothing to wait for, each as
/// soon as it can. SUBACK and PINGRESP wait for neither.
#[test]
fn acknowledgements_leave_in_their_order_and_nothing_else_waits_for_them() {
    let (one, one_kept) = (Input::Publish(ONE, No), Input::Publish(ONE, Yes));
    let (two, two_kept) = (Input::Publish(TWO, No), Input::Publish(TWO, Yes));
    let passing = [one, one_kept, two, two_kept, Input::Ping];
    let lasting = [one, one_kept, two, Input::Subscribe, Input::Ping];
    for version in VERSIONS {
        let mut world = Durable::new(Config::default());
        for (session, inputs) in [(Session::Passing, passing), (Session::Lasting, lasting)] {
            for schedule in schedules(&inputs, |input| input.is_recorded_of(session)) {
                Publisher::new(&mut world, version, session).run(&schedule);
            }
        }
    }
}

/// A publisher, and what the broker has to hold for it.
struct Publisher<'a> {
    world: &'a mut Durable,
    link: LinkId,
    version: Version,
    session: Session,
    packet_id: u16,
    /// The orders of PUBACKs and PUBRECs: what is to be sent, and whether it may.
    orders: [VecDeque<(String, bool)>; 2],
    /// What waits for each batch, and in which order it is.
    batches: VecDeque<(String, Option<usize>)>,
}

impl<'a> Publisher<'a> {
    fn new(world: &'a mut Durable, version: Version, session: Session) -> Self {
        let link = client(world, version, session);
        Self {
            world,
            link,
            version,
            session,
            packet_id: 0,
            orders: Default::default(),
            batches: VecDeque::new(),
        }
    }

    fn run(&mut self, schedule: &[Event<Input>]) {
        for event in schedule {
            let expected = match *event {
                Event::Input(input) => self.send(input),
                Event::Commit => self.commit(),
            };
            let words = self.world.take(self.link).words();
            assert_eq!(words, expected, "{event:?} of {schedule:?}");
        }
        self.world.cut(self.link);
    }

    /// Sends it, and says what leaves because of that.
    fn send(&mut self, input: Input) -> Vec<String> {
        self.packet_id += 1;
        let id = self.packet_id;
        let (packet, word, order) = match input {
            Input::Publish(qos, recorded) => {
                let (publish, name) = match qos {
                    QoS::AtMostOnce | QoS::AtLeastOnce => (qos1(id, "a", "x"), "PUBACK"),
                    QoS::ExactlyOnce => (qos2(id, "a", "x"), "PUBREC"),
                };
                // Nobody is subscribed to it, as 5.0 says.
                let code = if self.version == Version::V5_0 {
                    " 0x10"
                } else {
                    ""
                };
                let publish = if recorded == Yes {
                    retained(publish)
                } else {
                    publish
                };
                (
                    publish.into(),
                    format!("{name} {id}{code}"),
                    Some(usize::from(qos == TWO)),
                )
            }
            Input::Subscribe => (subscribe(id, "b", TWO), "SUBACK".to_owned(), None),
            Input::Ping => (Packet::Pingreq, "PINGRESP".to_owned(), None),
        };
        self.world.send(self.link, packet);
        let waits = input.is_recorded_of(self.session);
        if waits {
            self.batches.push_back((word.clone(), order));
        }
        match order {
            Some(order) => {
                self.orders[order].push_back((word, !waits));
                self.leave(order)
            }
            None => Vec::from_iter((!waits).then_some(word)),
        }
    }

    /// Commits the oldest batch, and says what leaves because of that.
    fn commit(&mut self) -> Vec<String> {
        assert!(self.world.commit());
        let (word, order) = self.batches.pop_front().unwrap();
        let Some(order) = order else {
            return vec![word];
        };
        let held = self.orders[order].iter_mut().find(|held| held.0 == word);
        held.unwrap().1 = true;
        self.leave(order)
    }

    fn leave(&mut self, order: usize) -> Vec<String> {
        let order = &mut self.orders[order];
        let ready = order.iter().take_while(|(_, may_leave)| *may_leave).count();
        order.drain(..ready).map(|(word, _)| word).collect()
    }
}

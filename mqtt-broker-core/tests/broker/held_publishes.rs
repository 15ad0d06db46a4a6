//! The order of the messages that wait for the store, on one link: over all orders of what comes, and of what becomes
//! durable when.
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
use crate::harness::schedule::{Event, Input, Recorded, Session, client, schedules};
use crate::harness::store::Durable;
use crate::harness::{VERSIONS, connect, leak, pubrel, qos1, qos2, resuming, subscribe};
use bytes::Bytes;
use mqtt_broker_core::{Config, LinkId, Message};
use mqtt_codec::{Packet, QoS, TopicNameBuf, Version};

const ZERO: QoS = QoS::AtMostOnce;
const ONE: QoS = QoS::AtLeastOnce;
const TWO: QoS = QoS::ExactlyOnce;

/// [MQTT-4.6.0-5] [MQTT-4.6.0-6] [v3.1.1 MQTT-4.6.0-5] [v3.1.1 MQTT-4.6.0-6] [3.1-13] PUBLISHes of QoS 2 leave in the
/// order in which they came, also those that have nothing to wait for; those of QoS 0 and 1, and PINGRESP, leave at
/// once.
#[test]
fn publishes_of_qos_2_leave_in_their_order_and_others_overtake() {
    let inputs = [
        Input::Publish(ZERO, No),
        Input::Publish(ONE, No),
        Input::Publish(TWO, Yes),
        Input::Publish(TWO, No),
        Input::Ping,
    ];
    for version in VERSIONS {
        let mut world = Durable::new(Config::default());
        let (writer, _) = world.connect(resuming(version, "writer", 600));
        for session in [Session::Passing, Session::Lasting] {
            for schedule in schedules(&inputs, |input| input.is_recorded_for(session)) {
                Subscriber::new(&mut world, writer, version, session).run(&schedule);
            }
        }
    }
}

/// [MQTT-3.2.0-1] [v3.1.1 MQTT-3.2.0-1] Nothing precedes CONNACK, whatever comes for the client and from it while
/// CONNACK waits. What comes for it then is sent behind it, but for QoS 0.
#[test]
fn nothing_precedes_connack_whatever_comes() {
    let inputs = [
        Input::Publish(ZERO, No),
        Input::Publish(ONE, No),
        Input::Publish(TWO, Yes),
        Input::Publish(TWO, No),
        Input::Ping,
    ];
    for version in VERSIONS {
        let mut world = Durable::new(Config::default());
        let (writer, _) = world.connect(resuming(version, "writer", 600));
        let is_recorded = |input: Input| input.is_recorded_for(Session::Lasting);
        for schedule in schedules(&inputs, is_recorded) {
            let mut subscriber = Subscriber::new(&mut world, writer, version, Session::Lasting);
            subscriber.connect_again(version);
            subscriber.run_behind_connect(&schedule);
        }
    }
}

/// A subscriber, and what the broker has to hold for it.
struct Subscriber<'a> {
    world: &'a mut Durable,
    /// With a lasting session.
    writer: LinkId,
    link: LinkId,
    session: Session,
    packet_id: u16,
    /// What waits for each batch.
    batches: VecDeque<Vec<String>>,
}

impl<'a> Subscriber<'a> {
    fn new(world: &'a mut Durable, writer: LinkId, version: Version, session: Session) -> Self {
        let link = client(world, version, session);
        world.exchange(link, subscribe(1, "a", TWO));
        Self {
            world,
            writer,
            link,
            session,
            packet_id: 0,
            batches: VecDeque::new(),
        }
    }
}

impl Subscriber<'_> {
    fn run(&mut self, schedule: &[Event<Input>]) {
        for event in schedule {
            let expected = match *event {
                Event::Input(Input::Publish(qos, recorded)) => self.publish(qos, recorded),
                Event::Input(Input::Subscribe | Input::Ping) => {
                    self.world.send(self.link, Packet::Pingreq);
                    vec!["PINGRESP".to_owned()]
                }
                Event::Commit => {
                    assert!(self.world.commit());
                    self.batches.pop_front().unwrap()
                }
            };
            let words = self.world.take(self.link).words();
            assert_eq!(words, expected, "{event:?} of {schedule:?}");
        }
        self.end();
    }

    /// Publishes it, and says what leaves because of that.
    fn publish(&mut self, qos: QoS, recorded: Recorded) -> Vec<String> {
        if recorded == Yes {
            self.world.send(self.writer, qos2(1, "a", "x"));
        } else {
            let topic = TopicNameBuf::new("a").unwrap();
            let message = Message::builder(topic, Bytes::from_static(b"x"))
                .qos(qos)
                .build();
            let now = self.world.now;
            self.world.broker.publish(now, &message);
            self.world.settle();
        }
        if Input::Publish(qos, recorded).is_recorded_for(self.session) {
            self.batches.push_back(Vec::new());
        }
        if qos == ZERO {
            return vec!["PUBLISH x".to_owned()];
        }
        self.packet_id += 1;
        let word = format!("PUBLISH {} x", self.packet_id);
        match self.batches.back_mut().filter(|_| qos == TWO) {
            Some(batch) => {
                batch.push(word);
                Vec::new()
            }
            None => vec![word],
        }
    }

    /// CONNECT has come again and waits for the store.
    fn connect_again(&mut self, version: Version) {
        self.world.cut(self.link);
        self.world.commit_all();
        self.link = self.world.link();
        self.world.send(self.link, resuming(version, "client", 600));
    }

    fn run_behind_connect(&mut self, schedule: &[Event<Input>]) {
        let mut words = Vec::new();
        let (mut is_accepted, mut expected) = (false, Vec::new());
        for event in schedule {
            match *event {
                Event::Input(Input::Publish(qos, recorded)) => {
                    self.publish(qos, recorded);
                    let word = match self.packet_id {
                        _ if qos == ZERO => "PUBLISH x".to_owned(),
                        id => format!("PUBLISH {id} x"),
                    };
                    expected.extend((is_accepted || qos != ZERO).then_some((qos, word)));
                }
                Event::Input(Input::Subscribe | Input::Ping) => {
                    self.world.send(self.link, Packet::Pingreq);
                }
                Event::Commit => is_accepted |= self.world.commit(),
            }
            words.extend(self.world.take(self.link).sent_words());
            assert_eq!(is_accepted, !words.is_empty(), "{event:?} of {schedule:?}");
        }
        self.world.commit_all();
        words.extend(self.world.take(self.link).sent_words());
        assert_eq!(words[0], "CONNACK", "{schedule:?}");
        for qos in [ZERO, ONE, TWO] {
            let of_qos = expected.iter().filter(|it| it.0 == qos).map(|it| &it.1);
            let seen = words
                .iter()
                .filter(|word| of_qos.clone().any(|it| it == *word));
            assert!(seen.eq(of_qos.clone()), "{words:?} of {schedule:?}");
        }
        assert_eq!(
            words.len(),
            expected.len() + 2,
            "CONNACK and PINGRESP, {words:?}"
        );
        self.end();
    }

    fn end(&mut self) {
        self.world.send(self.writer, pubrel(1));
        self.world.cut(self.link);
        self.world.commit_all();
    }
}

/// [MQTT-4.6.0-5] [v3.1.1 MQTT-4.6.0-5] What has waited for room does not go before what the store lets go in the same
/// moment.
#[test]
fn a_queued_qos_2_publish_does_not_overtake_those_that_become_durable_together() {
    for (written_behind, bytes) in (0..5).flat_map(|step| [(step, 2_100), (step, 2_300)]) {
        let mut world = Durable::new(Config {
            send_buffer: 1_000,
            ..Config::default()
        });
        let (writer, _) = world.connect(resuming(Version::V5_0, "writer", 600));
        let (reader, _) = world.connect(connect("reader"));
        world.exchange(reader, subscribe(1, "#", QoS::ExactlyOnce));
        world.draining = false;
        let large = leak("x".repeat(3_000));
        let publishes = [
            qos2(1, "a", "first"),
            qos2(2, "a", "second"),
            qos1(3, "b", large),
            qos2(4, "a", "third"),
        ];
        for (step, publish) in publishes.into_iter().enumerate() {
            world.send(writer, publish);
            if step == written_behind {
                world.write(reader, bytes);
            }
        }
        // All of it becomes durable at once.
        let (last, _) = std::mem::take(&mut world.persists).pop().unwrap();
        world.persisted(last);
        world.draining = true;
        world.write(reader, usize::MAX);
        let payloads = world.drain(reader);
        let of_a: Vec<&str> = payloads
            .iter()
            .map(String::as_str)
            .filter(|it| *it != large)
            .collect();
        assert_eq!(
            of_a,
            ["first", "second", "third"],
            "{written_behind}, {bytes}"
        );
    }
}

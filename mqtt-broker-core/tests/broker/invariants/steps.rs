//! Any life of a few clients, as inputs to a broker, and a run of it that notes everything that comes out.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use mqtt_broker_core::{
    Action, Authentication, AuthenticationOutcome, Broker, Config, LinkId, Peer, Position,
};
use mqtt_codec::packet::{Connect, SubscriptionOptions};
use mqtt_codec::{ClientIdBuf, Packet, QoS, Version};
use mqtt_session::Instant;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::harness::*;

/// One input.
#[derive(Clone, Debug)]
pub enum Step {
    /// A client opens a connection; one that it has stays open until it is taken over.
    Connect {
        client: usize,
        version: Version,
        clean: bool,
        expiry: u32,
        will: bool,
        keep_alive: u16,
        ask: bool,
    },
    /// A client sends something.
    Send { client: usize, packet: Sent },
    /// A client sends any bytes.
    Bytes { client: usize, bytes: Vec<u8> },
    /// A client's connection breaks.
    Cut { client: usize },
    /// A client takes what waits for it, up to so many bytes.
    Write { client: usize, bytes: usize },
    /// Time passes.
    Wait { millis: u64 },
    /// The store makes the oldest batch durable.
    Persist,
    /// Everybody who asks is let in.
    Authenticate,
}

/// A packet after CONNECT.
#[derive(Clone, Debug)]
pub enum Sent {
    Publish {
        topic: usize,
        qos: QoS,
        packet_id: u16,
        retain: bool,
        size: usize,
        expiry: Option<u32>,
    },
    Subscribe {
        filter: usize,
        qos: QoS,
    },
    Unsubscribe {
        filter: usize,
    },
    Puback(u16),
    Pubrec(u16),
    Pubrel(u16),
    Pubcomp(u16),
    Pingreq,
    Disconnect,
}

const PAYLOAD: &[u8] = &[b'x'; 6_000];
pub const CLIENTS: [&str; 4] = ["a", "b", "c", "d"];
pub const TOPICS: [&str; 4] = ["t/1", "t/2", "u", "$SYS/x"];
const FILTERS: [&str; 5] = ["t/+", "#", "u", "$share/g/t/1", "t/1"];

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 0..120)
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..CLIENTS.len();
    let version = prop::sample::select(VERSIONS.to_vec());
    prop_oneof![
        4 => (client.clone(), version, any::<bool>(), 0..100u32, any::<bool>(), 0..20u16, prop::bool::weighted(0.2))
            .prop_map(|(client, version, clean, expiry, will, keep_alive, ask)| {
                Step::Connect { client, version, clean, expiry, will, keep_alive, ask }
            }),
        20 => (client.clone(), sent()).prop_map(|(client, packet)| Step::Send { client, packet }),
        1 => (client.clone(), vec(any::<u8>(), 0..40)).prop_map(|(client, bytes)| Step::Bytes { client, bytes }),
        1 => client.clone().prop_map(|client| Step::Cut { client }),
        6 => (client, 0..4_000usize).prop_map(|(client, bytes)| Step::Write { client, bytes }),
        3 => (0..40_000u64).prop_map(|millis| Step::Wait { millis }),
        6 => Just(Step::Persist),
        2 => Just(Step::Authenticate),
    ]
}

fn sent() -> impl Strategy<Value = Sent> {
    let qos = prop::sample::select(vec![QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce]);
    let id = 1..6u16;
    prop_oneof![
        8 => (0..TOPICS.len(), qos.clone(), id.clone(), any::<bool>(), 0..6_000usize, prop::option::of(0..30u32))
            .prop_map(|(topic, qos, packet_id, retain, size, expiry)| {
                Sent::Publish { topic, qos, packet_id, retain, size, expiry }
            }),
        4 => (0..FILTERS.len(), qos).prop_map(|(filter, qos)| Sent::Subscribe { filter, qos }),
        1 => (0..FILTERS.len()).prop_map(|filter| Sent::Unsubscribe { filter }),
        3 => id.clone().prop_map(Sent::Puback),
        2 => id.clone().prop_map(Sent::Pubrec),
        2 => id.clone().prop_map(Sent::Pubrel),
        2 => id.prop_map(Sent::Pubcomp),
        1 => Just(Sent::Pingreq),
        1 => Just(Sent::Disconnect),
    ]
}

/// How a stream is cut before it is presented.
#[derive(Clone, Copy, Debug)]
pub enum Pieces {
    Whole,
    Of(usize),
}

/// A run of steps.
pub struct Run {
    pub broker: Broker,
    pub now: Instant,
    /// Everything that came out, in order.
    pub log: Vec<String>,
    pieces: Pieces,
    links: BTreeMap<usize, (LinkId, Version)>,
    unread: BTreeMap<LinkId, Vec<u8>>,
    asked: Vec<LinkId>,
    positions: Vec<Position>,
    made: usize,
}

impl Run {
    pub fn new(config: Config, pieces: Pieces) -> Self {
        let now = Instant::from_micros(1_000_000);
        Self {
            broker: Broker::new(config, [3; 16], now),
            now,
            log: Vec::new(),
            pieces,
            links: BTreeMap::new(),
            unread: BTreeMap::new(),
            asked: Vec::new(),
            positions: Vec::new(),
            made: 0,
        }
    }

    pub fn step(&mut self, step: &Step) {
        match step {
            Step::Connect { client, ask, .. } => self.connect(*client, *ask, &connect_of(step)),
            Step::Send { client, packet } => {
                if let Some((link, version)) = self.links.get(client).copied() {
                    self.present(link, &encoded(version, packet_of(packet)));
                }
            }
            Step::Bytes { client, bytes } => {
                if let Some((link, _)) = self.links.get(client).copied() {
                    self.present(link, bytes);
                }
            }
            Step::Cut { client } => {
                if let Some((link, _)) = self.links.remove(client) {
                    self.unread.remove(&link);
                    self.broker.handle_closed(self.now, link);
                }
            }
            Step::Write { client, bytes } => {
                if let Some((link, _)) = self.links.get(client).copied() {
                    self.write(link, *bytes);
                }
            }
            Step::Wait { millis } => self.wait(Duration::from_millis(*millis)),
            Step::Persist if self.positions.is_empty() => {}
            Step::Persist => {
                let position = self.positions.remove(0);
                self.broker.handle_persisted(self.now, position);
            }
            Step::Authenticate => {
                for link in std::mem::take(&mut self.asked) {
                    let outcome = AuthenticationOutcome::Accepted {
                        principal: None,
                        data: None,
                    };
                    self.broker.handle_authenticated(self.now, link, outcome);
                }
            }
        }
        self.settle();
    }

    fn connect(&mut self, client: usize, ask: bool, connect: &Connect<'_>) {
        self.made += 1;
        let peer = Peer {
            address: None,
            connect_deadline: self.now + Duration::from_secs(10),
            assigned_client_id: ClientIdBuf::new(&format!("assigned-{}", self.made)).unwrap(),
            authentication: if ask {
                Authentication::Ask
            } else {
                Authentication::Anonymous
            },
        };
        let link = self.broker.handle_connected(self.now, peer).unwrap();
        if let Some((old, _)) = self.links.insert(client, (link, connect.version)) {
            // Nobody looks at it any more, but it is there for a while: its socket closes below.
            self.present(link, &encoded(connect.version, *connect));
            self.unread.remove(&old);
            self.broker.handle_closed(self.now, old);
        } else {
            self.present(link, &encoded(connect.version, *connect));
        }
    }

    fn present(&mut self, link: LinkId, bytes: &[u8]) {
        let size = match self.pieces {
            Pieces::Whole => bytes.len().max(1),
            Pieces::Of(size) => size,
        };
        for piece in bytes.chunks(size) {
            let mut unread = self.unread.remove(&link).unwrap_or_default();
            unread.extend_from_slice(piece);
            let used = self.broker.handle_bytes(self.now, link, &unread);
            assert!(used <= unread.len());
            unread.drain(..used);
            self.unread.insert(link, unread);
        }
    }

    fn write(&mut self, link: LinkId, bytes: usize) {
        let Some(tx) = self.broker.tx(link) else {
            return;
        };
        let written: Vec<u8> = tx.segments().flatten().copied().take(bytes).collect();
        self.log.push(format!("{link:?} < {written:?}"));
        self.broker.handle_written(self.now, link, written.len());
    }

    /// Time passes; every timer fires at its own moment, and once too early.
    pub fn wait(&mut self, span: Duration) {
        let end = self.now + span;
        self.broker.handle_timeout(self.now);
        self.settle();
        while let Some(at) = self.broker.poll_timeout().filter(|at| *at <= end) {
            assert!(
                at > self.now,
                "a deadline is later than the time-out that was handled"
            );
            self.now = at;
            self.broker.handle_timeout(at);
            self.settle();
        }
        self.now = end;
    }

    /// Carries out what is asked for, but for writing and persisting, which are steps.
    pub fn settle(&mut self) {
        while let Some(action) = self.broker.poll_action() {
            self.log.push(format!("{action:?}"));
            match action {
                Action::Resume { link } => {
                    let unread = self.unread.remove(&link).unwrap_or_default();
                    let used = self.broker.handle_bytes(self.now, link, &unread);
                    self.unread.insert(link, unread[used..].to_vec());
                }
                Action::Close { link, .. } => {
                    self.write(link, usize::MAX);
                    self.broker.handle_closed(self.now, link);
                    self.links.retain(|_, (other, _)| *other != link);
                    self.unread.remove(&link);
                }
                Action::Authenticate { link, .. } => self.asked.push(link),
                Action::Persist { position, .. } => self.positions.push(position),
                Action::Page { .. } => panic!("the queues of these tests are in memory"),
                Action::Transmit { .. }
                | Action::Flush { .. }
                | Action::Pause { .. }
                | Action::Notify(_) => {}
            }
        }
    }

    /// Everybody leaves, the store catches up, and what is retained is cleared.
    pub fn all_leave(&mut self) {
        for (link, _) in std::mem::take(&mut self.links).into_values() {
            self.broker.handle_closed(self.now, link);
        }
        self.settle();
        while let Some(position) = self.positions.pop() {
            self.broker.handle_persisted(self.now, position);
            self.settle();
        }
    }

    /// The links that are there, with what waits for each.
    pub fn waiting(&self) -> impl Iterator<Item = (LinkId, usize)> + '_ {
        self.links
            .values()
            .map(|(link, _)| (*link, self.broker.tx(*link).map_or(0, |tx| tx.len())))
    }
}

fn connect_of(step: &Step) -> Connect<'static> {
    let Step::Connect {
        client,
        version,
        clean,
        expiry,
        will: has_will,
        keep_alive,
        ..
    } = *step
    else {
        panic!("{step:?} is no connect")
    };
    let mut connect = match clean {
        true => connect_as(version, CLIENTS[client]),
        false => resuming(version, CLIENTS[client], expiry),
    };
    connect.keep_alive = keep_alive;
    connect.will = has_will.then(|| {
        let mut will = will("t/1", "will");
        will.qos = QoS::AtLeastOnce;
        will.retain = expiry % 2 == 0;
        if version == Version::V5_0 {
            will.properties.will_delay_interval = Some(expiry / 2);
            will.properties.message_expiry_interval = (expiry % 3 > 0).then_some(expiry % 5);
        }
        will
    });
    connect
}

fn packet_of(sent: &Sent) -> Packet<'static> {
    match *sent {
        Sent::Publish {
            topic,
            qos,
            packet_id,
            retain,
            size,
            expiry,
        } => {
            let topic = TOPICS[topic];
            let mut publish = match qos {
                QoS::AtMostOnce => qos0(topic, ""),
                QoS::AtLeastOnce => qos1(packet_id, topic, ""),
                QoS::ExactlyOnce => qos2(packet_id, topic, ""),
            };
            publish.payload = &PAYLOAD[..size];
            publish.retain = retain;
            publish.properties.message_expiry_interval = expiry;
            Packet::Publish(publish)
        }
        Sent::Subscribe { filter, qos } => {
            let options = SubscriptionOptions {
                maximum_qos: qos,
                ..SubscriptionOptions::default()
            };
            subscribe_with(1, FILTERS[filter], options)
        }
        Sent::Unsubscribe { filter } => unsubscribe(1, FILTERS[filter]),
        Sent::Puback(packet_id) => puback(packet_id),
        Sent::Pubrec(packet_id) => pubrec(packet_id),
        Sent::Pubrel(packet_id) => pubrel(packet_id),
        Sent::Pubcomp(packet_id) => pubcomp(packet_id),
        Sent::Pingreq => Packet::Pingreq,
        Sent::Disconnect => disconnect(mqtt_codec::reason_code::DisconnectReasonCode::Success),
    }
}

//! A broker with its store, its clients, and the checks.

mod client;
mod requests;

use core::num::NonZeroU16;
use core::time::Duration;

use alloc::collections::{BTreeMap, VecDeque};

use mqtt_broker_core::{
    Action, Broker, Config, LinkId, MemoryStore, Persistence, Position, Record, Store,
};
use mqtt_codec::packet::SubscriptionOptions;
use mqtt_codec::{Limits, Packet, QoS, Version, decode};
use mqtt_session::{CloseReason, Instant};
use mqtt_sim::check::{OneConnection, PeerLimits, Retained, SameAsModel, Subscribed, Wills};
use mqtt_sim::{
    Check, ConnectionNumber, Context, Lasting, Messages, Names, Observation, Profile, Quiet,
    Random, Server, Setting, Stream, WillProfile,
};

use client::{Answering, Client};

const CLIENTS: usize = 7;
const WATCHER: usize = CLIENTS - 1;
const TOPICS: [&str; 4] = ["t/0", "t/1", "t/2", "u"];
const WILL_TOPICS: [&str; 2] = ["w/0", "w/1"];
const FILTERS: [&str; 6] = ["t/0", "t/+", "#", "u", "$share/g/t/+", "w/#"];

pub(crate) struct World {
    seed: u64,
    random: Random,
    setting: Setting,
    messages: Messages,
    checks: Vec<Box<dyn Check>>,
    step: u64,
    now: Instant,
    broker: Broker,
    starts: u64,
    store: MemoryStore,
    /// Handed out, and not durable yet.
    batches: VecDeque<(Position, Vec<Record>)>,
    recovered: Position,
    clients: Vec<Client>,
    links: BTreeMap<LinkId, (ConnectionNumber, usize)>,
    connections: u32,
    /// What applications hear when the broker has done all of its work.
    heard: Vec<Observation<'static>>,
}

impl World {
    pub(crate) fn new(seed: u64, persistence: Persistence) -> Self {
        let mut names = Names::default();
        for topic in TOPICS.iter().chain(&WILL_TOPICS) {
            names.add_topic(topic).unwrap();
        }
        for filter in FILTERS {
            names.add_filter(filter).unwrap();
        }
        let clients = (0..CLIENTS).map(|client| profile(client, &names)).collect();
        let broker = Config {
            persistence,
            receive_maximum: 5,
            maximum_session_expiry: 100,
            ..Config::default()
        };
        let now = Instant::from_micros(1_000_000);
        Self {
            seed,
            random: Random::new(seed, Stream::World),
            broker: Broker::new(broker.clone(), [0; 16], now),
            setting: Setting {
                names,
                clients,
                broker,
            },
            messages: Messages::default(),
            checks: vec![
                Box::new(SameAsModel::new()),
                Box::new(OneConnection::new()),
                Box::new(PeerLimits::new()),
                Box::new(Subscribed::new()),
                Box::new(Wills::new()),
                Box::new(Retained::new()),
            ],
            step: 0,
            now,
            starts: 0,
            store: MemoryStore::new(),
            batches: VecDeque::new(),
            recovered: Position(0),
            clients: (0..CLIENTS).map(|_| Client::default()).collect(),
            links: BTreeMap::new(),
            connections: 0,
            heard: Vec::new(),
        }
    }

    pub(crate) fn step(&mut self) {
        let client = self.random.below(CLIENTS);
        match self.random.below(100) {
            0..10 if self.clients[client].link.is_none() || self.random.percent(10) => {
                self.connect(client);
            }
            10..40 => self.publish(client),
            40..46 => self.subscribe(client),
            46..48 => self.unsubscribe(client),
            48..51 => self.disconnect(client),
            51..54 => self.lose(client),
            54..80 => self.answer(client),
            80..91 => self.make_durable(),
            91..99 => {
                let most = if self.random.percent(5) {
                    60_000
                } else {
                    1_500
                };
                let span = self.random.between(1..=most);
                self.pass(Duration::from_millis(span));
            }
            99 if self.random.percent(30) => self.crash(),
            _ => {}
        }
    }

    pub(crate) fn come_to_rest(&mut self) {
        for _ in 0..10_000 {
            let mut is_quiet = self.batches.is_empty();
            for client in 0..CLIENTS {
                let is_clean = self.setting.clients[client].session == Lasting::Clean;
                match self.clients[client].link {
                    None if !is_clean => self.connect(client),
                    None => continue,
                    Some(_) if self.clients[client].answers.is_empty() => {
                        let at = &self.clients[client];
                        is_quiet &= at.is_connected && at.under_way.is_empty();
                        continue;
                    }
                    Some(_) => self.answer(client),
                }
                is_quiet = false;
            }
            if is_quiet {
                break;
            }
            self.make_durable();
        }
        let context = Context {
            step: self.step,
            now: self.now,
            broker_now: self.now,
            messages: &self.messages,
            setting: &self.setting,
        };
        let quiet = Quiet {
            broker: &self.broker,
            store: &self.store,
        };
        for check in &mut self.checks {
            let result = check.quiet(&context, &quiet);
            result.unwrap_or_else(|broken| panic!("seed {}: {broken}", self.seed));
        }
    }

    fn see(&mut self, observation: Observation<'_>) {
        self.step += 1;
        let context = Context {
            step: self.step,
            now: self.now,
            broker_now: self.now,
            messages: &self.messages,
            setting: &self.setting,
        };
        for check in &mut self.checks {
            let result = check.observe(&context, &observation);
            result.unwrap_or_else(|broken| {
                panic!("seed {}, step {}: {broken}", self.seed, self.step)
            });
        }
    }

    /// Carries out what the broker wants.
    fn drain(&mut self) {
        while let Some(action) = self.broker.poll_action() {
            match action {
                Action::Transmit { link } | Action::Flush { link } => self.transmit(link),
                Action::Close { link, reason } => self.close(link, reason),
                Action::Persist { records, position } => {
                    self.see(Observation::HandedOut { position });
                    self.batches.push_back((position, records));
                }
                Action::Page {
                    client_id,
                    from,
                    messages,
                    bytes,
                } => {
                    // A page sees what was handed out before it was asked for.
                    while !self.batches.is_empty() {
                        self.store_and_tell();
                    }
                    let page = self.store.page(&client_id, from, messages, bytes).unwrap();
                    self.broker.handle_paged(self.now, page);
                }
                Action::Pause { .. } | Action::Resume { .. } | Action::Notify(_) => {}
                Action::Authenticate { .. } => unreachable!(),
            }
        }
        for observation in core::mem::take(&mut self.heard) {
            self.see(observation);
        }
    }

    fn transmit(&mut self, link: LinkId) {
        let Some(tx) = self.broker.tx(link) else {
            return;
        };
        let bytes: Vec<u8> = tx.segments().flatten().copied().collect();
        let (connection, client) = self.links[&link];
        let version = self.setting.clients[client].version;
        let limits = Limits {
            packet_size: Limits::MAX_PACKET_SIZE,
        };
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (packet, len) = decode(version, &limits, rest).unwrap().unwrap();
            self.see(Observation::Sent {
                connection,
                client: Some(client),
                packet: &packet,
                bytes: len,
            });
            if self.clients[client].link == Some((link, connection)) {
                self.hear(client, &packet);
            }
            rest = &rest[len..];
        }
        self.broker.handle_written(self.now, link, bytes.len());
    }

    fn close(&mut self, link: LinkId, reason: CloseReason) {
        self.transmit(link);
        let Some((connection, client)) = self.links.remove(&link) else {
            return;
        };
        self.see(Observation::Ended {
            connection,
            client: Some(client),
            reason,
        });
        self.forget(client, link);
        self.broker.handle_closed(self.now, link);
    }

    fn forget(&mut self, client: usize, link: LinkId) {
        let client = &mut self.clients[client];
        if client.link.is_some_and(|(it, _)| it == link) {
            client.link = None;
            client.is_connected = false;
            client.answers.clear();
        }
    }

    /// The broker takes a packet.
    fn send(&mut self, client: usize, packet: &Packet<'_>) {
        let Some((link, connection)) = self.clients[client].link else {
            return;
        };
        let version = self.setting.clients[client].version;
        let mut bytes = vec![0; packet.encoded_len(version).unwrap()];
        packet.encode(version, &mut bytes);
        self.see(Observation::Received {
            connection,
            client: Some(client),
            packet,
            bytes: bytes.len(),
        });
        assert_eq!(
            self.broker.handle_bytes(self.now, link, &bytes),
            bytes.len()
        );
        self.drain();
    }

    fn make_durable(&mut self) {
        self.store_and_tell();
        self.drain();
    }

    /// Some batches become durable, and the broker hears of it.
    fn store_and_tell(&mut self) {
        if self.store_some() {
            let position = self.recovered;
            self.see(Observation::Durable { position });
            self.broker.handle_persisted(self.now, position);
        }
    }

    fn store_some(&mut self) -> bool {
        let most = self.batches.len();
        let count = self.random.below(most + 1).max(most.min(1));
        for (position, records) in self.batches.drain(..count) {
            self.store.commit(&records).unwrap();
            self.recovered = position;
        }
        count > 0
    }

    fn pass(&mut self, span: Duration) {
        let until = self.now + span;
        while let Some(at) = self.broker.poll_timeout().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.see(Observation::TimedOut);
            self.broker.handle_timeout(self.now);
            self.drain();
        }
        self.now = until;
    }

    fn crash(&mut self) {
        self.see(Observation::Crashed);
        if self.random.percent(50) {
            _ = self.store_some();
        }
        self.batches.clear();
        self.links.clear();
        for client in 0..CLIENTS {
            if let Some((link, _)) = self.clients[client].link {
                self.forget(client, link);
            }
        }
        let jump = self.random.between(0..=40);
        self.now = self.now + Duration::from_secs(jump);
        self.starts += 1;
        self.broker = Broker::new(self.setting.broker.clone(), [0; 16], self.now);
        let incarnation = self.store.incarnation().unwrap();
        let (broker, now) = (&mut self.broker, self.now);
        self.store
            .load(5, &mut |loaded| broker.restore(now, incarnation, loaded))
            .unwrap();
        let recovered = core::mem::take(&mut self.recovered);
        self.see(Observation::Started { recovered });
        self.drain();
    }

    fn qos(&mut self) -> QoS {
        let all = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];
        *self.random.pick(&all).unwrap()
    }
}

fn profile(client: usize, names: &Names) -> Profile {
    Profile {
        version: match client {
            0 | 1 | 4 | WATCHER => Version::V5_0,
            2 | 5 => Version::V3_1_1,
            _ => Version::V3_1,
        },
        server: Server::Broker,
        session: match client {
            4 | 5 => Lasting::Clean,
            WATCHER => Lasting::For(u32::MAX),
            _ => Lasting::For(30),
        },
        receive_maximum: NonZeroU16::new(3).unwrap(),
        maximum_packet_size: 1_000,
        keep_alive: Duration::from_secs(10),
        will: (client != WATCHER).then(|| WillProfile {
            topic: names.find_topic(WILL_TOPICS[client % 2]).unwrap(),
            qos: QoS::ExactlyOnce,
            retain: false,
            delay: 0,
        }),
        subscriptions: if client == WATCHER {
            let filter = names.find_filter("w/#").unwrap();
            vec![(filter, options(QoS::ExactlyOnce))]
        } else {
            Vec::new()
        },
    }
}

fn options(maximum_qos: QoS) -> SubscriptionOptions {
    SubscriptionOptions {
        maximum_qos,
        ..SubscriptionOptions::default()
    }
}

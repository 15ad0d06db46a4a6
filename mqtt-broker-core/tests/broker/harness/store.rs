//! A broker with a store that commits when the test says so, and that can crash.

use std::ops::{Deref, DerefMut};

use mqtt_broker_core::{
    Broker, Config, DelayedStore, LinkId, Loaded, MemoryStore, Persistence, Record, Store,
};
use mqtt_codec::{Packet, QoS, Version};

use super::{Outcome, World, puback, pubcomp, pubrec, resuming, subscribe};

/// A world whose broker has a store. Nothing is durable before `commit`.
pub struct Durable {
    world: World,
    pub store: DelayedStore<MemoryStore>,
    config: Config,
}

impl Durable {
    pub fn new(config: Config) -> Self {
        let config = Config {
            persistence: Persistence::Store,
            ..config
        };
        Self {
            world: World::new(config.clone()),
            store: DelayedStore::new(MemoryStore::new()),
            config,
        }
    }

    /// A world without a store: there is never anything to commit.
    pub fn without_store(config: Config) -> Self {
        let config = Config {
            persistence: Persistence::None,
            ..config
        };
        let world = World::new(config.clone());
        Self {
            world,
            store: DelayedStore::default(),
            config,
        }
    }

    /// Commits the oldest batch and tells the broker. False when nothing waits.
    pub fn commit(&mut self) -> bool {
        self.submit();
        let Some(done) = self.store.commit_next() else {
            return self.answer_page();
        };
        let position = done.expect("a batch that keeps what the store was promised");
        self.world.persisted(position);
        true
    }

    /// Commits the oldest batch without telling the broker: a crash comes between. False when nothing waits.
    pub fn commit_silently(&mut self) -> bool {
        self.submit();
        let Some(done) = self.store.commit_next() else {
            return false;
        };
        done.expect("a batch that keeps what the store was promised");
        true
    }

    /// Commits and answers until the broker asks for nothing more.
    pub fn commit_all(&mut self) {
        while self.commit() {}
    }

    /// How many batches are not durable.
    pub fn waiting(&mut self) -> usize {
        self.submit();
        self.store.waiting()
    }

    /// The records that are not durable, in their order.
    pub fn records(&self) -> Vec<Record> {
        self.world
            .persists
            .iter()
            .flat_map(|(_, records)| records.clone())
            .collect()
    }

    /// What was not committed is gone, and every connection. A new broker starts from the rest.
    pub fn crash(&mut self) {
        self.store.crash();
        let draining = self.world.draining;
        self.world = start(&self.config, self.store.store_mut(), self.world.now);
        self.world.draining = draining;
    }

    /// Connects, commits everything and takes the CONNACK off: the link, and whether it said Session Present.
    pub fn connect(&mut self, connect: impl Into<Packet<'static>>) -> (LinkId, bool) {
        let link = self.link();
        self.send(link, connect);
        self.commit_all();
        let outcome = self.take(link);
        match outcome.sent().first() {
            Some(Packet::Connack(connack)) => (link, connack.session_present),
            other => panic!("expected CONNACK first, saw {other:?}"),
        }
    }

    /// Resumes a session of 5.0 and commits everything. What the link saw is still to be looked at.
    pub fn connect_only(&mut self, client_id: &'static str) -> LinkId {
        let link = self.link();
        self.send(link, resuming(Version::V5_0, client_id, 600));
        self.commit_all();
        link
    }

    /// Sends a packet, commits everything, and says what the link saw.
    pub fn exchange(&mut self, link: LinkId, packet: impl Into<Packet<'static>>) -> Outcome {
        self.send(link, packet);
        self.commit_all();
        self.take(link)
    }

    /// A client with a lasting session that is subscribed to `a`.
    pub fn subscriber(&mut self, version: Version, client_id: &'static str) -> LinkId {
        let (link, _) = self.connect(resuming(version, client_id, 600));
        let outcome = self.exchange(link, subscribe(1, "a", QoS::ExactlyOnce));
        assert_eq!(outcome.sent().len(), 1);
        link
    }

    /// The payloads that an offline session gets when it is resumed. It acknowledges everything and goes.
    pub fn queue_of(&mut self, version: Version, client_id: &'static str) -> Vec<String> {
        let link = self.link();
        self.send(link, resuming(version, client_id, 600));
        let payloads = self.drain(link);
        self.cut(link);
        self.commit_all();
        payloads
    }

    /// The payloads that a client gets until nothing more comes. It acknowledges everything.
    pub fn drain(&mut self, link: LinkId) -> Vec<String> {
        let mut payloads = Vec::new();
        loop {
            self.commit_all();
            let outcome = self.take(link);
            let sent = outcome.sent();
            if sent.is_empty() {
                return payloads;
            }
            for packet in &sent {
                if let Packet::Publish(publish) = packet {
                    payloads.push(String::from_utf8(publish.payload.to_vec()).expect("a text"));
                }
                if let Some(answer) = answer(packet) {
                    self.send(link, answer);
                }
            }
        }
    }

    /// No message, no exchange, and no identifier of one.
    pub fn nothing_is_stored(&mut self) {
        assert_eq!(self.store.store().messages(), 0);
        let store = self.store.store_mut();
        let loaded = store.load(usize::MAX, &mut |loaded| {
            if let Loaded::Session(session) = loaded {
                assert_eq!((session.unreleased, session.queue), (vec![], vec![]));
            }
        });
        loaded.expect("a store in memory reads");
    }

    fn submit(&mut self) {
        for (position, records) in std::mem::take(&mut self.world.persists) {
            self.store.submit(position, records);
        }
    }

    /// Reads one page that was asked for. What was handed out before is committed by now.
    fn answer_page(&mut self) -> bool {
        if self.world.pages.is_empty() {
            return false;
        }
        let (client_id, from, messages, bytes) = self.world.pages.remove(0);
        let page = self
            .store
            .store_mut()
            .page(&client_id, from, messages, bytes);
        self.world
            .broker
            .handle_paged(self.world.now, page.expect("a store in memory reads"));
        self.world.settle();
        true
    }
}

/// What a subscriber answers.
pub fn answer(packet: &Packet<'_>) -> Option<Packet<'static>> {
    match packet {
        Packet::Publish(publish) => {
            let id = publish.delivery.packet_id()?.get();
            let is_qos_1 = publish.delivery.qos() == QoS::AtLeastOnce;
            Some(if is_qos_1 { puback(id) } else { pubrec(id) })
        }
        Packet::Pubrel(pubrel) => Some(pubcomp(pubrel.packet_id.get())),
        _ => None,
    }
}

fn start(config: &Config, store: &mut MemoryStore, now: mqtt_session::Instant) -> World {
    let mut world = World::new(config.clone());
    world.now = now;
    world.broker = Broker::new(config.clone(), [7; 16], now);
    let incarnation = store.incarnation().expect("a store in memory reads");
    let broker = &mut world.broker;
    store
        .load(config.queue_head_messages, &mut |loaded| {
            broker.restore(now, incarnation, loaded)
        })
        .expect("a store in memory reads");
    world.settle();
    world
}

impl Deref for Durable {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Durable {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

//! With a store, without one, and after a crash: clients see the same.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use std::time::Duration;

use crate::harness::store::{Durable, answer};
use crate::harness::{
    connect_as, leak, publish, pubrel, resuming, retained, subscribe_with, unsubscribe,
};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::packet::{Delivery, RetainHandling, SubscriptionOptions};
use mqtt_codec::{Packet, QoS, Version};

/// With no store the broker behaves the same, in memory.
#[test]
fn a_store_that_commits_at_once_changes_nothing_that_a_client_sees() {
    for seed in 0..60 {
        let mut without = Script::new(seed, Durable::without_store(config()), Interruption::None);
        let mut with = Script::new(seed, Durable::new(config()), Interruption::None);
        for step in 0..250 {
            assert_eq!(with.step(), without.step(), "seed {seed}, step {step}");
        }
    }
}

/// Restoring from the records gives the same state: a client cannot tell a crash from a cut.
#[test]
fn a_crash_with_everything_durable_is_a_cut_of_all_connections() {
    for seed in 0..60 {
        let mut without = Script::new(seed, Durable::without_store(wide()), Interruption::Cut);
        let mut with = Script::new(seed, Durable::new(wide()), Interruption::Crash);
        for step in 0..250 {
            assert_eq!(with.step(), without.step(), "seed {seed}, step {step}");
        }
    }
}

/// What a broker takes back it does not write again, and loses nothing of.
#[test]
fn a_broker_that_only_starts_leaves_its_store_as_it_was() {
    for seed in 0..50 {
        let mut script = Script::new(seed, Durable::new(config()), Interruption::Crash);
        for _ in 0..100 {
            script.step();
        }
        script.interrupt();
        script.world.commit_all();
        let first = script.world.store.store().clone();
        script.world.crash();
        assert_eq!(script.world.waiting(), 0);
        assert_eq!(*script.world.store.store(), first);
    }
}

fn config() -> Config {
    Config {
        queue_head_messages: 3,
        send_maximum: 4,
        send_maximum_v3: 4,
        ..Config::default()
    }
}

/// No window is ever full: retained messages that wait for one survive a cut, but not a crash.
fn wide() -> Config {
    Config {
        queue_head_messages: 3,
        ..Config::default()
    }
}

/// What happens to all connections now and then.
#[derive(Clone, Copy, PartialEq)]
enum Interruption {
    None,
    Cut,
    Crash,
}

/// Clients that do the same for the same seed.
struct Script {
    world: Durable,
    random: u64,
    interruption: Interruption,
    clients: Vec<Client>,
}

struct Client {
    id: &'static str,
    version: Version,
    expiry: u32,
    link: Option<LinkId>,
    /// What it is about to answer, and does later.
    answers: Vec<Packet<'static>>,
    next_id: u16,
}

const TOPICS: [&str; 3] = ["a", "a/b", "c"];
const FILTERS: [&str; 4] = ["a", "#", "a/+", "c"];

impl Script {
    fn new(seed: u64, world: Durable, interruption: Interruption) -> Self {
        let client = |id, version, expiry| {
            let (answers, next_id) = (Vec::new(), 1);
            Client {
                id,
                version,
                expiry,
                link: None,
                answers,
                next_id,
            }
        };
        let clients = vec![
            client("lasting", Version::V5_0, 600),
            client("old", Version::V3_1_1, 600),
            client("passing", Version::V5_0, 0),
        ];
        Self {
            world,
            random: seed * 2 + 1,
            interruption,
            clients,
        }
    }

    fn pick(&mut self, n: usize) -> usize {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.random >> 33) as usize % n
    }

    /// One thing that a client does. What all of them see of it, in an order of its own: QoS 1 may overtake QoS 2.
    fn step(&mut self) -> Vec<String> {
        let (who, what) = (self.pick(self.clients.len()), self.pick(20));
        let (topic, filter, number) = (self.pick(3), self.pick(4), self.pick(1_000));
        let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][self.pick(3)];
        let client = &mut self.clients[who];
        match (client.link, what) {
            (_, 0) if number < 300 => self.interrupt(),
            (None, _) => self.connect(who),
            (Some(link), 0..=1) => {
                client.link = None;
                client.answers.clear();
                self.world.cut(link);
            }
            (Some(link), 2..=4) => {
                let options = SubscriptionOptions {
                    maximum_qos: qos,
                    retain_as_published: number % 2 == 0 && client.version == Version::V5_0,
                    retain_handling: match client.version {
                        Version::V5_0 if number % 3 == 0 => RetainHandling::SendIfNew,
                        _ => RetainHandling::SendAtSubscribe,
                    },
                    ..SubscriptionOptions::default()
                };
                self.world
                    .send(link, subscribe_with(9_999, FILTERS[filter], options));
            }
            (Some(link), 5) => self.world.send(link, unsubscribe(9_999, FILTERS[filter])),
            (Some(link), 6..=12) => {
                let packet_id = crate::harness::id(client.next_id);
                client.next_id += 1;
                let delivery = match qos {
                    QoS::AtMostOnce => Delivery::AtMostOnce,
                    QoS::AtLeastOnce => Delivery::AtLeastOnce {
                        packet_id,
                        dup: false,
                    },
                    QoS::ExactlyOnce => Delivery::ExactlyOnce {
                        packet_id,
                        dup: false,
                    },
                };
                let payload = if number % 10 == 0 {
                    String::new()
                } else {
                    number.to_string()
                };
                let message = publish(delivery, TOPICS[topic], leak(payload));
                self.world.send(
                    link,
                    if number % 4 == 0 {
                        retained(message)
                    } else {
                        message
                    },
                );
            }
            (Some(link), _) => {
                for answer in std::mem::take(&mut client.answers) {
                    self.world.send(link, answer);
                    self.world.commit_all();
                }
            }
        }
        self.world.commit_all();
        // Retained messages are sent in slices, a turn each.
        self.world.advance(Duration::from_millis(1));
        self.world.commit_all();
        self.look()
    }

    fn connect(&mut self, who: usize) {
        let client = &mut self.clients[who];
        let link = self.world.link();
        client.link = Some(link);
        let connect = match client.expiry {
            0 => connect_as(client.version, client.id),
            expiry => resuming(client.version, client.id, expiry),
        };
        self.world.send(link, connect);
    }

    fn interrupt(&mut self) {
        match self.interruption {
            Interruption::None => return,
            Interruption::Cut => {
                for link in self.clients.iter().filter_map(|client| client.link) {
                    self.world.cut(link);
                }
            }
            Interruption::Crash => self.world.crash(),
        }
        for client in &mut self.clients {
            client.link = None;
            client.answers.clear();
        }
    }

    fn look(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        for client in &mut self.clients {
            let Some(link) = client.link else { continue };
            let outcome = self.world.take(link);
            let mut seen: Vec<String> = Vec::new();
            for packet in outcome.sent() {
                seen.push(format!("{} {}", client.id, described(&packet)));
                client.answers.extend(answer(&packet));
                if let Packet::Pubrec(pubrec) = packet {
                    client.answers.push(pubrel(pubrec.packet_id.get()));
                }
            }
            seen.sort();
            all.extend(seen);
        }
        all
    }
}

/// Without the ids that the broker chose: a start begins to count anew.
fn described(packet: &Packet<'_>) -> String {
    match packet {
        Packet::Publish(publish) => {
            let mut publish = *publish;
            publish.delivery = match publish.delivery {
                Delivery::AtMostOnce => Delivery::AtMostOnce,
                Delivery::AtLeastOnce { dup, .. } => Delivery::AtLeastOnce {
                    packet_id: crate::harness::id(1),
                    dup,
                },
                Delivery::ExactlyOnce { dup, .. } => Delivery::ExactlyOnce {
                    packet_id: crate::harness::id(1),
                    dup,
                },
            };
            format!("{publish:?}")
        }
        Packet::Pubrel(_) => "PUBREL".into(),
        other => format!("{other:?}"),
    }
}

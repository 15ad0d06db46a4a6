//! Clients around a broker, over networks that cut packets anywhere and lose connections, with a broker that ends now
//! and then: MQTT 5.0 §4.3, §4.4, §4.6 and §4.8.2 at work together. MQTT 3.1.1 alike.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use std::mem::take;

use crate::harness::VERSIONS;
use crate::harness::ledger::{Ledger, Wire};
use crate::harness::network::{Network, lasting};
use crate::harness::store::Durable;
use mqtt_broker_core::Config;
use mqtt_codec::{QoS, Version};
use mqtt_session::CloseReason;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// [MQTT-4.3.2-4] [MQTT-4.3.3-6] [MQTT-4.3.3-10] [MQTT-4.4.0-1] [MQTT-4.5.0-1] [MQTT-4.6.0-5] [MQTT-4.6.0-6]
    /// [MQTT-4.8.2-4] [v3.1.1 MQTT-4.3.2-2] [v3.1.1 MQTT-4.3.3-1] [v3.1.1 MQTT-4.3.3-2] [v3.1.1 MQTT-4.4.0-1]
    /// [v3.1.1 MQTT-4.6.0-5] [often-wrong-19] [often-wrong-20] [often-wrong-22] [often-wrong-37] [3.1-13] Whatever the
    /// network does and the broker loses, what publishers and subscribers with a session get is what their QoS
    /// promises, each publisher's messages of a topic and QoS in order.
    #[test]
    fn messages_arrive_as_their_qos_promises(setting in setting(), fates in prop::collection::vec(fate(), 0..250)) {
        let mut world = World::new(&setting);
        for fate in fates {
            world.happen(fate);
        }
        world.finish();
        world.check_promises();
    }

    /// [MQTT-4.6.0-5] [MQTT-4.6.0-6] [MQTT-4.8.2-5] [v3.1.1 MQTT-4.6.0-5] [often-wrong-37] [3.1-13] Sessions may end,
    /// too: then a message may be lost, but none of QoS 2 is delivered twice, and the order is kept.
    #[test]
    fn messages_keep_their_order_over_sessions_that_end(
        setting in setting(),
        fates in prop::collection::vec(prop_oneof![30 => fate(), 1 => (0..4usize).prop_map(Fate::Forgotten)], 0..250),
    ) {
        let mut world = World::new(&setting);
        for fate in fates {
            world.happen(fate);
        }
        world.finish();
    }
}

/// Two publishers; two subscribers, which are a group, too.
const WRITERS: [usize; 2] = [0, 1];
const READERS: [usize; 2] = [2, 3];

#[derive(Clone, Debug)]
struct Setting {
    versions: Vec<Version>,
    windows: Vec<u16>,
    has_store: bool,
    send_maximum: u16,
    queue_head_messages: usize,
    /// The bound of the send buffers, where the wires are those.
    send_buffer: Option<usize>,
}

fn setting() -> impl Strategy<Value = Setting> {
    let versions = prop::collection::vec(prop::sample::select(VERSIONS.to_vec()), 4);
    let windows = prop::collection::vec(1..=8u16, 4);
    let send_buffer = prop::option::of(20..60usize);
    let limits = (1..=8u16, 1..=8usize, send_buffer);
    (versions, windows, any::<bool>(), limits).prop_map(|(versions, windows, has_store, limits)| {
        let (send_maximum, queue_head_messages, send_buffer) = limits;
        Setting {
            versions,
            windows,
            has_store,
            send_maximum,
            queue_head_messages,
            send_buffer,
        }
    })
}

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Publish(usize, QoS, &'static str),
    /// So many bytes arrive at the broker, or at the client.
    Up(usize, usize),
    Down(usize, usize),
    Commit,
    /// A connection is lost.
    Lost(usize),
    /// Since the program of the client ends: another one goes on from what is stored, with this window.
    Restarted(usize, u16),
    /// The broker ends, with what is not durable.
    Crash,
    /// A client begins anew.
    Forgotten(usize),
}

fn fate() -> impl Strategy<Value = Fate> {
    let qos = prop::sample::select(vec![QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce]);
    let message = (0..2usize, qos, prop::sample::select(vec!["a", "b", "c"]));
    let bytes = (0..4usize, 1..30usize);
    prop_oneof![
        20 => message.prop_map(|(client, qos, topic)| Fate::Publish(client, qos, topic)),
        30 => bytes.clone().prop_map(|(client, n)| Fate::Up(client, n)),
        30 => bytes.prop_map(|(client, n)| Fate::Down(client, n)),
        25 => Just(Fate::Commit),
        3 => (0..4usize).prop_map(Fate::Lost),
        2 => (0..4usize, 1..=8u16).prop_map(|(client, window)| Fate::Restarted(client, window)),
        1 => Just(Fate::Crash),
    ]
}

struct World {
    network: Network,
    ledgers: [Ledger; 2],
    /// What each client has sent, and got.
    sent: [Wire; 4],
    got: [Wire; 4],
    has_store: bool,
}

impl World {
    fn new(setting: &Setting) -> Self {
        let default = Config::default();
        let config = Config {
            send_maximum: setting.send_maximum,
            send_maximum_v3: setting.send_maximum,
            queue_head_messages: setting.queue_head_messages,
            send_buffer: setting.send_buffer.unwrap_or(default.send_buffer),
            ..default
        };
        let mut network = Network::new(match setting.has_store {
            true => Durable::new(config),
            false => Durable::without_store(config),
        });
        network.world.draining = setting.send_buffer.is_none();
        for client in WRITERS.into_iter().chain(READERS) {
            let (version, window) = (setting.versions[client], setting.windows[client]);
            network.client(lasting(version, &client_id(client), window));
            network.open(client);
            network.settle();
            if READERS.contains(&client) {
                subscribe(&mut network, client);
            }
        }
        Self {
            network,
            ledgers: Default::default(),
            sent: Default::default(),
            got: Default::default(),
            has_store: setting.has_store,
        }
    }

    fn happen(&mut self, fate: Fate) {
        let network = &mut self.network;
        match fate {
            Fate::Publish(client, qos, topic) => {
                self.ledgers[client].publish(network, client, qos, topic);
            }
            Fate::Up(client, n) => _ = network.up(client, n),
            Fate::Down(client, n) => _ = network.down(client, n),
            Fate::Commit => _ = network.commit(),
            Fate::Lost(client) => self.reconnect(client),
            Fate::Restarted(client, window) => {
                let version = network.peers[client].session.config().version;
                let config = lasting(version, &client_id(client), window);
                network.peers[client].restart_with(config);
                self.reconnect(client);
            }
            Fate::Crash if self.has_store => {
                (0..4).for_each(|client| self.check_wires(client));
                self.network.crash();
                (0..4).for_each(|client| self.network.open(client));
            }
            // It would lose everything.
            Fate::Crash => {}
            Fate::Forgotten(client) => self.begin_anew(client),
        }
        self.note_outcomes();
    }

    fn reconnect(&mut self, client: usize) {
        self.check_wires(client);
        self.network.cut(client);
        self.network.open(client);
    }

    fn begin_anew(&mut self, client: usize) {
        self.check_wires(client);
        self.network.begin_anew(client);
        self.note_outcomes();
        (self.sent[client], self.got[client]) = Default::default();
        match self.ledgers.get_mut(client) {
            Some(ledger) => ledger.forget(),
            None => subscribe(&mut self.network, client),
        }
    }

    fn note_outcomes(&mut self) {
        for client in WRITERS {
            let outcomes = take(&mut self.network.peers[client].outcomes);
            self.ledgers[client].note(outcomes);
        }
    }

    /// What went over the client's connection, which ends.
    fn check_wires(&mut self, client: usize) {
        let peer = &self.network.peers[client];
        self.sent[client].check(&peer.sent);
        self.got[client].check(&peer.got);
    }

    /// Nothing goes wrong any more, and nothing is left.
    fn finish(&mut self) {
        self.network.settle();
        self.note_outcomes();
        assert!(self.ledgers.iter().all(Ledger::is_done));
        for client in 0..4 {
            self.check_wires(client);
            let peer = &self.network.peers[client];
            assert_eq!(peer.session.in_flight(), 0);
            assert!(
                peer.closed
                    .iter()
                    .all(|it| *it == CloseReason::ConnectionLost)
            );
        }
        if self.has_store {
            self.network.world.nothing_is_stored();
        }
        for (client, reader) in WRITERS
            .iter()
            .flat_map(|&it| READERS.map(|reader| (it, reader)))
        {
            let delivered = &self.network.peers[reader].delivered;
            self.ledgers[client].check_order(client, &["a", "b"], delivered);
        }
        for (qos, deliveries) in self.counts() {
            assert!(
                qos == QoS::AtLeastOnce || deliveries < 2,
                "{qos:?}: {deliveries}"
            );
        }
    }

    /// Nobody's session ended, so that nothing of QoS 1 and 2 was lost.
    fn check_promises(&self) {
        for (qos, deliveries) in self.counts() {
            assert!(
                qos == QoS::AtMostOnce || deliveries > 0,
                "{qos:?}: {deliveries}"
            );
        }
    }

    /// Of each message for each subscriber, and for the group: how often it was delivered.
    fn counts(&self) -> Vec<(QoS, usize)> {
        let [first, second] = READERS.map(|reader| &self.network.peers[reader].delivered);
        let group = [first.as_slice(), second].concat();
        let seen = [
            ("a", first),
            ("a", second),
            ("b", first),
            ("b", second),
            ("c", &group),
        ];
        let of = |client: usize| {
            let ledger = &self.ledgers[client];
            seen.iter()
                .flat_map(move |(topic, delivered)| ledger.count(client, topic, delivered))
        };
        WRITERS.into_iter().flat_map(of).collect()
    }
}

fn client_id(client: usize) -> String {
    format!("client-{client}")
}

fn subscribe(network: &mut Network, client: usize) {
    for filter in ["a", "b", "$share/g/c"] {
        network.subscribe(client, filter);
    }
}

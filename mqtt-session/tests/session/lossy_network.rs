//! A client and a server over a network that cuts packets anywhere and loses connections: MQTT 5.0 §4.3, §4.4 and §4.6 at
//! work together.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::num::NonZeroU16;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Connect, ConnectProperties};
use mqtt_codec::{QoS, Version};
use mqtt_session::client::{CleanStart, Config as ClientConfig, UnknownSession};
use mqtt_session::server::{Accept, Config as ServerConfig};
use proptest::prelude::*;

/// What the network does next.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// So many bytes arrive at the server.
    Up(usize),
    /// So many bytes arrive at the client.
    Down(usize),
    /// The connection is lost, with what was under way.
    Lost,
    /// A side publishes, if it can.
    ClientPublishes,
    ServerPublishes,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        10 => (1..40usize).prop_map(Fate::Up),
        10 => (1..40usize).prop_map(Fate::Down),
        1 => Just(Fate::Lost),
        4 => Just(Fate::ClientPublishes),
        4 => Just(Fate::ServerPublishes),
    ]
}

/// One end, with the bytes that are on their way to the other one and what its application received.
struct End<M> {
    side: Side<M>,
    wire: Vec<u8>,
    received: Vec<String>,
    published: usize,
}

impl<M: Machine> End<M> {
    fn new(side: Side<M>) -> Self {
        Self {
            side,
            wire: Vec::new(),
            received: Vec::new(),
            published: 0,
        }
    }

    /// Publishes the next message, alternating between QoS 1 and 2.
    fn publish(&mut self) {
        let qos = if self.published % 2 == 0 {
            QoS::AtLeastOnce
        } else {
            QoS::ExactlyOnce
        };
        let payload = self.published.to_string();
        if self
            .side
            .machine
            .publish(self.side.now, message(qos, "a", &payload))
            .is_ok()
        {
            self.published += 1;
        }
    }

    /// Takes `n` bytes off the other end's wire. What is not a whole packet waits.
    fn arrive(&mut self, from: &mut Vec<u8>, kept: &mut Vec<u8>, n: usize) {
        kept.extend(from.drain(..n.min(from.len())));
        let consumed = self.side.machine.handle_bytes(self.side.now, kept);
        kept.drain(..consumed);
    }

    fn collect(&mut self) {
        for out in self.side.drain() {
            match out {
                Out::Deliver(_, payload) => self.received.push(String::from_utf8(payload).unwrap()),
                Out::Send(sent) => self.wire.extend(sent.bytes),
                Out::Client(_) | Out::Server(_) | Out::Pause | Out::Resume => {}
                out @ (Out::DeliverManually(..) | Out::Close(_)) => panic!("{out:?}"),
            }
        }
    }
}

struct World {
    client: End<mqtt_session::ClientSession>,
    server: End<mqtt_session::ServerSession>,
    kept_up: Vec<u8>,
    kept_down: Vec<u8>,
}

impl World {
    fn new(version: Version, window: NonZeroU16) -> Self {
        let client = Client::new(ClientConfig {
            clean_start: CleanStart::Never,
            unknown_session: UnknownSession::Adopt,
            receive_maximum: window,
            in_flight: window,
            ..lasting(version)
        });
        let config = ServerConfig {
            receive_maximum: window,
            in_flight: window,
            ..ServerConfig::default()
        };
        let server = Server::new(config, version);
        let mut world = Self {
            client: End::new(client),
            server: End::new(server),
            kept_up: Vec::new(),
            kept_down: Vec::new(),
        };
        world.connect(window);
        world
    }

    /// The client connects, and the server goes on with the session.
    fn connect(&mut self, window: NonZeroU16) {
        let properties = ConnectProperties {
            receive_maximum: Some(window),
            session_expiry_interval: Some(3_600),
            ..ConnectProperties::default()
        };
        let session = self.server.side.machine.take_state();
        self.server.side.open(&Connect {
            clean_start: false,
            properties,
            ..connect(self.server.side.version)
        });
        self.server
            .side
            .machine
            .accept(
                self.server.side.now,
                Accept {
                    session,
                    ..Accept::default()
                },
            )
            .unwrap();
        self.client.side.connect();
        for wire in [
            &mut self.client.wire,
            &mut self.server.wire,
            &mut self.kept_up,
            &mut self.kept_down,
        ] {
            wire.clear();
        }
        self.collect();
    }

    fn collect(&mut self) {
        self.client.collect();
        self.server.collect();
    }

    fn happen(&mut self, fate: Fate, window: NonZeroU16) {
        match fate {
            Fate::Up(n) => self
                .server
                .arrive(&mut self.client.wire, &mut self.kept_up, n),
            Fate::Down(n) => self
                .client
                .arrive(&mut self.server.wire, &mut self.kept_down, n),
            Fate::Lost => {
                self.client.side.lose_connection();
                self.server.side.lose_connection();
                self.connect(window);
            }
            Fate::ClientPublishes => self.client.publish(),
            Fate::ServerPublishes => self.server.publish(),
        }
        self.collect();
    }

    /// Nothing goes wrong any more.
    fn settle(&mut self, window: NonZeroU16) {
        while !self.client.wire.is_empty() || !self.server.wire.is_empty() {
            self.happen(Fate::Up(usize::MAX), window);
            self.happen(Fate::Down(usize::MAX), window);
        }
    }
}

/// QoS 1 at least once, QoS 2 exactly once, both in order.
fn check(received: &[String], published: usize) {
    let expected = |remainder| (0..published).filter(move |n| n % 2 == remainder);
    let numbers: Vec<usize> = received
        .iter()
        .map(|payload| payload.parse().unwrap())
        .collect();
    let exactly_once: Vec<usize> = numbers.iter().copied().filter(|n| n % 2 == 1).collect();
    assert!(
        exactly_once.iter().copied().eq(expected(1)),
        "QoS 2: {exactly_once:?} of {published}"
    );
    let mut first_seen: Vec<usize> = Vec::new();
    for n in numbers.into_iter().filter(|n| n % 2 == 0) {
        if !first_seen.contains(&n) {
            first_seen.push(n);
        }
    }
    assert!(
        first_seen.iter().copied().eq(expected(0)),
        "QoS 1: {first_seen:?} of {published}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// [MQTT-4.3.2-3] [MQTT-4.3.3-5] [MQTT-4.4.0-1] [MQTT-4.6.0-1] Whatever the network does, QoS 1 arrives at least once and
    /// QoS 2 exactly once, in order, and nothing is left under way.
    #[test]
    fn messages_arrive_as_their_qos_promises(
        version in prop::sample::select(&[Version::V3_1_1, Version::V5_0][..]),
        window in 1..6u16,
        fates in prop::collection::vec(fate(), 0..300),
    ) {
        let window = NonZeroU16::new(window).unwrap();
        let mut world = World::new(version, window);
        for fate in fates {
            world.happen(fate, window);
        }
        world.settle(window);
        check(&world.server.received, world.client.published);
        check(&world.client.received, world.server.published);
        prop_assert_eq!(world.client.side.machine.in_flight(), 0);
        prop_assert_eq!(world.server.side.machine.state().in_flight(), 0);
        prop_assert_eq!(world.client.side.machine.counters().ignored_acknowledgements, 0);
    }
}

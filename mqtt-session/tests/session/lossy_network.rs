//! A client and a server over a network that cuts packets anywhere and loses connections, sessions and programs: MQTT
//! 5.0 §4.3, §4.4 and §4.6 at work together. MQTT 3.1.1 alike.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::mem::take;
use core::num::NonZeroU16;

use crate::support::ledger::Ledger;
use crate::support::wire::{Memory, Pair};
use crate::support::{Client, VERSIONS, lasting};
use mqtt_codec::{PacketType, QoS, Version};
use mqtt_session::CloseReason;
use mqtt_session::client::{CleanStart, Config as ClientConfig, UnknownSession};
use mqtt_session::server::Config as ServerConfig;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// [MQTT-4.3.2-3] [MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT-4.3.3-10] [MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-4.6.0-1]
    /// [v3.1.1 MQTT-4.3.2-1] [v3.1.1 MQTT-4.3.3-1] [v3.1.1 MQTT-4.3.3-2] [v3.1.1 MQTT-4.4.0-1] [v3.1.1 MQTT-4.6.0-1]
    /// [often-wrong-19] [often-wrong-20] [often-wrong-21] [often-wrong-22] [often-wrong-37] [3.1-13] Whatever the
    /// network does, QoS 0 arrives at most once, QoS 1 at least once and QoS 2 exactly once, each topic and QoS in
    /// order; what goes again does so once for each connection, in order and before anything new; nothing is left. A
    /// message of a session that was lost has been abandoned, and of QoS 2 it arrives at most once.
    #[test]
    fn messages_arrive_as_their_qos_promises(
        version in prop::sample::select(VERSIONS.to_vec()),
        windows in (window(), window()),
        fates in prop::collection::vec(fate(), 0..200),
    ) {
        let mut world = World::new(version, windows);
        for fate in fates {
            world.happen(fate);
        }
        world.finish();
    }
}

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// So many bytes arrive at the server.
    Up(usize),
    /// So many bytes arrive at the client.
    Down(usize),
    /// The connection is lost, with what was under way.
    Lost,
    /// And the server loses the session.
    Forgotten,
    /// The connection is lost, since the client's program ends: another one goes on from what is stored, with this
    /// window.
    Restarted(NonZeroU16),
    /// A side publishes, if it can.
    ClientPublishes(QoS, &'static str),
    ServerPublishes(QoS, &'static str),
}

fn window() -> impl Strategy<Value = NonZeroU16> {
    (1..=8u16).prop_map(|window| NonZeroU16::new(window).unwrap())
}

fn fate() -> impl Strategy<Value = Fate> {
    let qos = prop::sample::select(vec![QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce]);
    let message = (qos, prop::sample::select(vec!["a", "b"]));
    prop_oneof![
        12 => (1..20usize).prop_map(Fate::Up),
        12 => (1..20usize).prop_map(Fate::Down),
        2 => Just(Fate::Lost),
        1 => Just(Fate::Forgotten),
        2 => window().prop_map(Fate::Restarted),
        8 => message.clone().prop_map(|(qos, topic)| Fate::ClientPublishes(qos, topic)),
        8 => message.prop_map(|(qos, topic)| Fate::ServerPublishes(qos, topic)),
    ]
}

struct World {
    version: Version,
    /// The client's and the server's.
    windows: (NonZeroU16, NonZeroU16),
    pair: Pair,
    /// What each end has published.
    client: Ledger,
    server: Ledger,
    /// The server has lost the session, and no CONNACK has told the client.
    is_secret: bool,
}

impl World {
    fn new(version: Version, windows: (NonZeroU16, NonZeroU16)) -> Self {
        let server = ServerConfig {
            receive_maximum: windows.1,
            in_flight: windows.1,
            ..ServerConfig::default()
        };
        let mut pair = Pair::new(client_config(version, windows.0), server);
        pair.open();
        Self {
            version,
            windows,
            pair,
            client: Ledger::default(),
            server: Ledger::default(),
            is_secret: false,
        }
    }

    fn happen(&mut self, fate: Fate) {
        match fate {
            Fate::Up(n) => self.pair.up(n),
            Fate::Down(n) => self.pair.down(n),
            Fate::Lost => self.reconnect(Memory::Kept),
            // In 3.1 the client would not get to know.
            Fate::Forgotten if self.version == Version::V3_1 => self.reconnect(Memory::Kept),
            Fate::Forgotten => self.reconnect(Memory::Lost),
            Fate::Restarted(window) => {
                self.windows.0 = window;
                let stored = self.pair.client.stored();
                self.lose(Memory::Kept);
                self.pair.client.side = Client::new(client_config(self.version, window));
                let machine = &mut self.pair.client.side.machine;
                machine.restore_state(&stored).unwrap();
                self.pair.open();
            }
            Fate::ClientPublishes(qos, topic) => {
                self.client.publish(&mut self.pair.client, qos, topic)
            }
            Fate::ServerPublishes(qos, topic) => {
                self.server.publish(&mut self.pair.server, qos, topic)
            }
        }
        self.pair.collect();
        self.client.note(take(&mut self.pair.client.outcomes));
        self.server.note(take(&mut self.pair.server.outcomes));
    }

    fn reconnect(&mut self, memory: Memory) {
        self.lose(memory);
        self.pair.open();
    }

    /// The connection ends, and it is looked at what went over it.
    fn lose(&mut self, memory: Memory) {
        self.is_secret &= !self.pair.client.arrived.contains(&PacketType::Connack);
        // A session that began with a CONNACK which never arrived is taken by the client for the one before it. No end can
        // tell, so here the server loses it again.
        self.is_secret |= memory == Memory::Lost;
        let memory = if self.is_secret { Memory::Lost } else { memory };
        self.client.check_sent(&self.pair.client.sent);
        self.server.check_sent(&self.pair.server.sent);
        self.pair.cut(memory);
    }

    /// Nothing goes wrong any more.
    fn finish(mut self) {
        self.pair.settle();
        self.happen(Fate::Lost);
        self.pair.settle();
        self.happen(Fate::Up(0));
        let (client, server) = (&self.pair.client, &self.pair.server);
        self.client.check_delivered(&server.delivered);
        self.server.check_delivered(&client.delivered);
        for reason in client.closed.iter().chain(&server.closed) {
            assert_eq!(*reason, CloseReason::ConnectionLost);
        }
        assert_eq!(client.side.machine.in_flight(), 0);
        assert_eq!(server.side.machine.state().in_flight(), 0);
        // 3.x does not announce a window: each end keeps to its own.
        let (ours, theirs) = (self.windows.0.get(), self.windows.1.get());
        let (up, down) = if self.version == Version::V5_0 {
            (ours.min(theirs), ours.min(theirs))
        } else {
            (ours, theirs)
        };
        assert_eq!(client.side.machine.send_quota(), up);
        assert_eq!(server.side.machine.send_quota(), down);
        assert_eq!(client.side.machine.counters().ignored_acknowledgements, 0);
    }
}

fn client_config(version: Version, window: NonZeroU16) -> ClientConfig {
    ClientConfig {
        clean_start: CleanStart::Never,
        unknown_session: UnknownSession::Adopt,
        receive_maximum: window,
        in_flight: window,
        ..lasting(version)
    }
}

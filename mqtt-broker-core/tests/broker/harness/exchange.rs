//! One message from a client of ours by the broker to another one, and what the standard promises when a connection or
//! the broker is lost on the way.

mod promise;

use std::fmt;
use std::time::Duration;

use mqtt_broker_core::Config;
use mqtt_codec::{PacketType, QoS, Version};
use mqtt_session::{CloseReason, PublishToken};

use super::VERSIONS;
use super::network::{Network, lasting};
use super::store::Durable;
use promise::acknowledged;

/// What is published, and what becomes durable when.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub version: Version,
    pub qos: QoS,
    pub commits: Commits,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Commits {
    /// There is no store.
    None,
    /// As soon as there is something.
    First,
    /// Only when nothing else can happen.
    Last,
}

/// How a client comes back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Back {
    /// As it was.
    Resumed,
    /// As another program, from its stored state.
    Restarted,
    /// As another program that begins anew.
    CleanStart,
    /// When the broker has let its session expire.
    Expired,
}

/// Whom the message is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum To {
    Subscriber,
    Group,
}

/// Where the broker ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Behind {
    /// With nothing more than it knows of.
    Nothing,
    /// The oldest batch was committed, and it did not get to know.
    Commit,
}

pub fn cases() -> impl Iterator<Item = Case> {
    VERSIONS.into_iter().flat_map(|version| {
        [QoS::AtLeastOnce, QoS::ExactlyOnce]
            .into_iter()
            .flat_map(move |qos| {
                [Commits::None, Commits::First, Commits::Last].map(|commits| Case {
                    version,
                    qos,
                    commits,
                })
            })
    })
}

pub const READER: usize = 0;
pub const WRITER: usize = 1;
/// Another member of the group, which is away while the message is routed.
const OTHER: usize = 2;
const EXPIRY: u32 = 100;

/// A broker with windows of one, a subscriber, and a publisher whose message is on its way.
pub struct Run {
    case: Case,
    to: To,
    pub network: Network,
    token: PublishToken,
    /// How many bytes arrive in a step, for each client.
    grain: [usize; 2],
    /// For each client: how many packets of the exchange with it have arrived, and how often PUBLISH.
    progress: [usize; 2],
    publishes: [usize; 2],
}

impl Run {
    /// The bytes of the clients that are looked at arrive one by one.
    pub fn new(case: Case, to: To, looked_at: &[usize]) -> Self {
        let config = Config {
            receive_maximum: 1,
            send_maximum: 1,
            send_maximum_v3: 1,
            maximum_session_expiry: EXPIRY,
            ..Config::default()
        };
        let world = match case.commits {
            Commits::None => Durable::without_store(config),
            Commits::First | Commits::Last => Durable::new(config),
        };
        let mut network = Network::new(world);
        network.subscriber(lasting(case.version, "reader", 1), to.filter());
        network.client(lasting(case.version, "writer", 1));
        network.open(WRITER);
        network.settle();
        if to == To::Group {
            network.subscriber(lasting(case.version, "other", 1), to.filter());
            network.cut(OTHER);
            network.settle();
        }
        network.peers[WRITER].forget();
        let token = network.publish(WRITER, case.qos, "a", "x").unwrap();
        let grain = [READER, WRITER].map(|client| match looked_at.contains(&client) {
            true => 1,
            false => usize::MAX,
        });
        let mut run = Self {
            case,
            to,
            network,
            token,
            grain,
            progress: [0; 2],
            publishes: [0; 2],
        };
        if to == To::Group {
            // The message has its member when the other one comes.
            run.step();
            run.network.open(OTHER);
        }
        run
    }

    /// Takes so many steps, in each of which something arrives or is committed. False when there are not so many.
    pub fn steps(&mut self, steps: usize) -> bool {
        (0..steps).all(|_| self.step())
    }

    fn step(&mut self) -> bool {
        let Self { network, grain, .. } = self;
        if self.case.commits == Commits::First && network.commit() {
            return true;
        }
        let mut arrive = |client: usize| {
            let grain = grain.get(client).copied().unwrap_or(usize::MAX);
            network.up(client, grain) || network.down(client, grain)
        };
        let is_group = self.to == To::Group;
        arrive(WRITER) || arrive(READER) || (is_group && arrive(OTHER)) || network.commit()
    }

    /// The connection of a client is lost, and it makes another one.
    pub fn come_back(&mut self, client: usize, back: Back) {
        self.note_progress();
        let network = &mut self.network;
        if back == Back::Restarted {
            network.peers[client].restart();
        }
        network.cut(client);
        if self.to == To::Group {
            // The other member is there before a session ends.
            network.settle();
        }
        match back {
            Back::Resumed | Back::Restarted => {}
            Back::CleanStart => network.peers[client].begin_anew(),
            Back::Expired => network
                .world
                .advance(Duration::from_secs(u64::from(EXPIRY) + 1)),
        }
        network.open(client);
    }

    /// The broker ends, with what is not durable, and all connections are made again.
    pub fn crash(&mut self, behind: Behind) {
        self.note_progress();
        if behind == Behind::Commit {
            self.network.world.commit_silently();
        }
        self.network.crash();
        (0..self.network.peers.len()).for_each(|client| self.network.open(client));
    }

    /// Nothing is lost any more: the message was delivered as its QoS promises, whatever came in between.
    pub fn settle(&mut self) {
        self.network.settle();
        self.note_progress();
        let delivered = self.network.delivered();
        let deliveries = match (self.case.qos, self.to) {
            (QoS::ExactlyOnce, _) => 1,
            (QoS::AtMostOnce | QoS::AtLeastOnce, To::Subscriber) => self.publishes[READER].max(1),
            // One member may have got it, and not said so, when another one is picked.
            (QoS::AtMostOnce | QoS::AtLeastOnce, To::Group) => delivered.len().max(1),
        };
        assert_eq!(delivered, vec!["x"; deliveries], "{self}");
        let outcome = acknowledged(self.token);
        assert_eq!(self.network.peers[WRITER].outcomes, [outcome], "{self}");
        self.nothing_is_left();
    }

    /// What arrived on the connections that there are, which end now or have nothing more to do.
    fn note_progress(&mut self) {
        for client in [READER, WRITER] {
            for packet_type in std::mem::take(&mut self.network.peers[client].arrived) {
                let at = self.exchange().iter().position(|it| *it == packet_type);
                self.progress[client] = self.progress[client].max(at.map_or(0, |at| at + 1));
                self.publishes[client] += usize::from(packet_type == PacketType::Publish);
            }
        }
    }

    /// Nothing is lost any more: everything that was promised is there, and nothing else.
    pub fn finish(&mut self, client: usize, back: Back) {
        let promise = self.promise(client, back);
        let outcome = self.outcome(&promise, back);
        self.network.settle();
        let peer = &self.network.peers[client];
        let (by_client, by_broker) = match client {
            WRITER => (&promise.sent, &promise.answered),
            _ => (&promise.answered, &promise.sent),
        };
        assert_eq!(
            (peer.sent[0].as_str(), peer.got[0].as_str()),
            ("CONNECT", "CONNACK")
        );
        assert_eq!(peer.sent[1..], *by_client, "{self}, {back:?}");
        assert_eq!(peer.got[1..], *by_broker, "{self}, {back:?}");
        self.note_progress();
        let publishes = self.publishes[client];
        let deliveries = if promise.is_once {
            publishes.min(1)
        } else {
            publishes
        };
        assert_eq!(
            self.network.peers[READER].delivered,
            vec!["x"; deliveries],
            "{self}, {back:?}"
        );
        assert_eq!(
            self.network.peers[WRITER].outcomes,
            Vec::from_iter(outcome),
            "{self}, {back:?}"
        );
        if self.to == To::Group {
            let taken = vec!["x"; usize::from(self.goes_to_another(client, back))];
            assert_eq!(
                self.network.peers[OTHER].delivered, taken,
                "{self}, {back:?}"
            );
        }
        if client == READER && !self.broker_remembers(back) {
            if self.waits_for_nobody(back) {
                return;
            }
            self.network.subscribe(READER, self.to.filter());
        }
        self.nothing_is_left();
    }

    /// No exchange, no identifier, no place in a window and no message in the store: another message arrives.
    pub fn nothing_is_left(&mut self) {
        if self.case.commits != Commits::None {
            self.network.world.nothing_is_stored();
        }
        for peer in &self.network.peers {
            let left = (peer.session.in_flight(), peer.session.send_quota());
            assert_eq!(left, (0, 1), "{self}");
            let mut closed = peer.closed.iter();
            assert!(
                closed.all(|it| *it == CloseReason::ConnectionLost),
                "{self}"
            );
        }
        let network = &mut self.network;
        let delivered = network.delivered().len();
        network.peers[WRITER].outcomes.clear();
        let token = network.publish(WRITER, QoS::ExactlyOnce, "a", "another");
        network.settle();
        assert_eq!(network.delivered().len(), delivered + 1, "{self}");
        let another = network
            .peers
            .iter()
            .filter(|peer| peer.delivered.last().is_some_and(|last| last == "another"));
        assert_eq!(another.count(), 1, "{self}");
        let outcome = acknowledged(token.unwrap());
        assert_eq!(self.network.peers[WRITER].outcomes, [outcome], "{self}");
    }
}

impl To {
    const fn filter(self) -> &'static str {
        match self {
            Self::Subscriber => "a",
            Self::Group => "$share/g/a",
        }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} behind {:?} packets", self.case, self.progress)
    }
}

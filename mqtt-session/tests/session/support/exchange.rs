//! One message between a client and a server, and what the standard promises when the connection is lost.

mod promise;

use core::fmt;
use core::num::NonZeroU16;

use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{QoS, Version};
use mqtt_session::client::{CleanStart, Config as ClientConfig, UnknownSession};
use mqtt_session::server::Config as ServerConfig;
use mqtt_session::{PublishOutcome, PublishToken, SessionState};

use super::packets::*;
use super::wire::{Memory, Pair};
use super::{Client, Sent, Server, VERSIONS, lasting};

/// What is published, and by whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    version: Version,
    qos: QoS,
    publisher: Publisher,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Publisher {
    Client,
    Server,
}

/// How both ends come back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ending {
    /// As they were.
    Resumed,
    /// One of them by its stored state.
    ClientRestarted,
    ServerRestarted,
    /// The server without the session.
    ServerForgot,
    /// The client with Clean Start, which it had at first as well.
    CleanStart,
    /// A client that was started anew, with Clean Start.
    NewCleanClient,
    /// A client that was started anew and takes over what the server has.
    ClientForgot,
}

/// Whether the application looks at what the last byte led to before the connection is gone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Polled {
    Yes,
    No,
}

pub(crate) fn cases() -> impl Iterator<Item = Case> {
    VERSIONS.into_iter().flat_map(|version| {
        [QoS::AtLeastOnce, QoS::ExactlyOnce]
            .into_iter()
            .flat_map(move |qos| {
                [Publisher::Client, Publisher::Server].map(|publisher| Case {
                    version,
                    qos,
                    publisher,
                })
            })
    })
}

/// One message between a client and a server, each with a window of one.
pub(crate) struct Run {
    case: Case,
    ending: Ending,
    pair: Pair,
    token: PublishToken,
    /// How many packets of the exchange have arrived.
    progress: usize,
    /// How often PUBLISH has arrived.
    publishes: usize,
    connections: usize,
}

impl Run {
    pub(crate) fn new(case: Case, ending: Ending) -> Self {
        let mut pair = Pair::new(client_config_of(case.version, ending), server_config());
        pair.open();
        pair.settle();
        pair.forget();
        let (client, server) = (&mut pair.client, &mut pair.server);
        let message = message(case.qos, "a", "x");
        let token = match case.publisher {
            Publisher::Client => client.publish(message),
            Publisher::Server => server.publish(message),
        };
        pair.collect();
        Self {
            case,
            ending,
            pair,
            token: token.unwrap(),
            progress: 0,
            publishes: 0,
            connections: 1,
        }
    }

    /// Loses the connection when `bytes` bytes have arrived, and makes the next one. False when there are not so many.
    pub(crate) fn cut_behind(&mut self, bytes: usize, polled: Polled) -> bool {
        for n in 1..=bytes {
            let collects = n < bytes || polled == Polled::Yes;
            if !self.carry_byte(collects) {
                return false;
            }
        }
        self.cut();
        true
    }

    /// As `cut_behind`, when `packets` whole packets have arrived on this connection.
    pub(crate) fn cut_behind_packets(&mut self, packets: usize) -> bool {
        while self.arrived() < packets {
            if !self.carry_byte(true) {
                return false;
            }
        }
        self.cut();
        true
    }

    fn arrived(&self) -> usize {
        self.pair.client.arrived.len() + self.pair.server.arrived.len()
    }

    /// One byte arrives, if one is on its way.
    fn carry_byte(&mut self, collects: bool) -> bool {
        let before = self.arrived();
        match (self.pair.client.wire.len(), self.pair.server.wire.len()) {
            (0, 0) => return false,
            (0, _) => self.pair.down(1),
            (_, 0) => self.pair.up(1),
            (_, _) => panic!("{self}: something is on its way in both directions"),
        }
        if collects && self.arrived() > before {
            self.pair.collect();
        }
        true
    }

    fn cut(&mut self) {
        let promise = self.promise();
        assert!(
            promise.sent.starts_with(&self.sent()),
            "{self}: {:?}",
            self.sent()
        );
        assert!(
            promise.answered.starts_with(&self.answered()),
            "{self}: {:?}",
            self.answered()
        );
        self.note_progress();
        self.come_back();
    }

    fn come_back(&mut self) {
        let (version, pair) = (self.case.version, &mut self.pair);
        let (client, server) = (pair.client.stored(), pair.server.stored());
        pair.cut(match self.ending {
            Ending::ServerForgot | Ending::CleanStart | Ending::NewCleanClient => Memory::Lost,
            Ending::Resumed
            | Ending::ClientRestarted
            | Ending::ServerRestarted
            | Ending::ClientForgot => Memory::Kept,
        });
        match self.ending {
            Ending::Resumed | Ending::ServerForgot | Ending::CleanStart => {}
            Ending::ClientRestarted => {
                pair.client.side = Client::new(client_config_of(version, self.ending));
                pair.client.side.machine.restore_state(&client).unwrap();
            }
            Ending::NewCleanClient => {
                pair.client.side = Client::new(client_config_of(version, Ending::CleanStart));
            }
            Ending::ClientForgot => {
                pair.client.side = Client::new(ClientConfig {
                    clean_start: CleanStart::Never,
                    ..client_config_of(version, self.ending)
                });
            }
            Ending::ServerRestarted => {
                pair.server.side = Server::new(server_config(), version);
                pair.kept = Some(SessionState::decode(&server).unwrap());
            }
        }
        self.pair.open();
        self.connections += 1;
    }

    /// Nothing is lost any more: everything that was promised is there, and nothing else.
    pub(crate) fn finish(&mut self) {
        let promise = self.promise();
        let outcome = self.outcome();
        self.pair.settle();
        assert_eq!(self.sent(), promise.sent, "{self}");
        assert_eq!(self.answered(), promise.answered, "{self}");
        self.note_progress();
        let deliveries = match self.case.qos {
            QoS::ExactlyOnce if self.remembers(self.receiver()) => self.publishes.min(1),
            QoS::AtMostOnce | QoS::AtLeastOnce | QoS::ExactlyOnce => self.publishes,
        };
        assert_eq!(*self.delivered(), vec!["x"; deliveries], "{self}");
        assert_eq!(*self.outcomes(), Vec::from_iter(outcome), "{self}");
        self.nothing_is_left();
    }

    /// No exchange, no identifier and no place in the window, so that another message arrives as the first one should.
    fn nothing_is_left(&mut self) {
        let (client, server) = (&self.pair.client, &self.pair.server);
        assert_eq!(client.side.machine.in_flight(), 0, "{self}");
        assert_eq!(server.side.machine.state().in_flight(), 0, "{self}");
        assert_eq!(
            (
                client.side.machine.send_quota(),
                server.side.machine.send_quota()
            ),
            (1, 1),
            "{self}"
        );
        let ignored = client.side.machine.counters().ignored_acknowledgements;
        assert_eq!(ignored, 0, "{self}");
        let is_open = self.case.qos == QoS::ExactlyOnce && matches!(self.progress, 1 | 2);
        if is_open && self.remembers(self.receiver()) && !self.remembers(self.case.publisher) {
            // The receiver waits for a PUBREL that nobody will send.
            return;
        }
        let empty = Pair::new(
            client_config_of(self.case.version, self.ending),
            server_config(),
        );
        let len = |stored: Vec<u8>| stored.len();
        assert_eq!(len(client.stored()), len(empty.client.stored()), "{self}");
        assert_eq!(len(server.stored()), len(empty.server.stored()), "{self}");
        let before = (self.delivered().len(), self.outcomes().len());
        let message = message(QoS::ExactlyOnce, "a", "another");
        let token = match self.case.publisher {
            Publisher::Client => self.pair.client.publish(message),
            Publisher::Server => self.pair.server.publish(message),
        };
        let (token, reason) = (token.unwrap(), PublishReasonCode::Success);
        self.pair.collect();
        self.pair.settle();
        assert_eq!(self.delivered()[before.0..], ["another"], "{self}");
        let outcome = PublishOutcome::Acknowledged { token, reason };
        assert_eq!(self.outcomes()[before.1..], [outcome], "{self}");
    }

    /// What the publisher has sent on this connection, behind CONNECT or CONNACK.
    fn sent(&self) -> Vec<Sent> {
        self.sent_by(self.case.publisher)
    }

    fn answered(&self) -> Vec<Sent> {
        self.sent_by(self.receiver())
    }

    fn sent_by(&self, end: Publisher) -> Vec<Sent> {
        let sent = match end {
            Publisher::Client => &self.pair.client.sent,
            Publisher::Server => &self.pair.server.sent,
        };
        let is_hello = |sent: &&Sent| matches!(sent.bytes[0], 0x10 | 0x20);
        sent.iter().skip_while(is_hello).cloned().collect()
    }

    fn delivered(&self) -> &Vec<String> {
        match self.case.publisher {
            Publisher::Client => &self.pair.server.delivered,
            Publisher::Server => &self.pair.client.delivered,
        }
    }

    fn outcomes(&self) -> &Vec<PublishOutcome> {
        match self.case.publisher {
            Publisher::Client => &self.pair.client.outcomes,
            Publisher::Server => &self.pair.server.outcomes,
        }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            case,
            ending,
            progress,
            ..
        } = self;
        write!(f, "{case:?}, {ending:?} behind {progress} packets")
    }
}

const ONE: NonZeroU16 = NonZeroU16::MIN;

fn client_config_of(version: Version, ending: Ending) -> ClientConfig {
    let lasting = lasting(version);
    ClientConfig {
        clean_start: if ending == Ending::CleanStart {
            CleanStart::Always
        } else {
            lasting.clean_start
        },
        unknown_session: if ending == Ending::ClientForgot {
            UnknownSession::Adopt
        } else {
            UnknownSession::Close
        },
        receive_maximum: ONE,
        in_flight: ONE,
        ..lasting
    }
}

fn server_config() -> ServerConfig {
    ServerConfig {
        receive_maximum: ONE,
        in_flight: ONE,
        ..ServerConfig::default()
    }
}

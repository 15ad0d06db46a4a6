//! A broker with clients around it, in virtual time: what tests say and what they see.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::indexing_slicing,
    clippy::large_enum_variant,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "each test file uses a part of it, and the helpers of a test may what the test may"
)]

pub mod enhanced;
pub mod exchange;
pub mod ledger;
pub mod network;
mod packets;
pub mod schedule;
pub mod store;
pub mod table;
mod time;
pub mod waiting;
mod words;

use std::collections::BTreeMap;
use std::time::Duration;

use mqtt_broker_core::{
    Action, Authentication, AuthenticationOutcome, AuthenticationRequest, Broker, Cause, Config,
    Event, LinkId, Peer, Position, Record,
};
use mqtt_codec::{ClientIdBuf, Limits, Packet, Version, decode};
use mqtt_session::{CloseReason, Instant};

pub use packets::*;
pub use time::*;

/// A broker, the moment it is, and what came out of it that no test has looked at yet.
pub struct World {
    pub broker: Broker,
    pub now: Instant,
    links: BTreeMap<LinkId, Seen>,
    /// Whether `handle_written` is called at once for what is to be written.
    pub draining: bool,
    pub persists: Vec<(Position, Vec<Record>)>,
    pub pages: Vec<(ClientIdBuf, u64, usize, usize)>,
    pub asked: Vec<(LinkId, AuthenticationRequest)>,
    pub events: Vec<Event>,
    /// How many links were made, for assigned Client Identifiers.
    made: usize,
}

/// What one link saw since it was last looked at, in order.
#[derive(Default)]
struct Seen {
    version: Option<Version>,
    items: Vec<Item>,
    /// Bytes of a packet that is not whole yet.
    partial: Vec<u8>,
    /// What was read of the peer and not taken.
    unread: Vec<u8>,
    closed: bool,
}

enum Item {
    Packet(Vec<u8>),
    Closed(CloseReason),
    Paused,
    Resumed,
}

/// What a link saw. Borrows packets, so that tests compare them as they build them.
#[derive(Debug, PartialEq)]
pub enum Saw<'a> {
    Packet(Packet<'a>),
    Closed(CloseReason),
    Paused,
    Resumed,
}

/// What a link saw since it was last looked at.
pub struct Outcome {
    version: Version,
    items: Vec<Item>,
}

impl Outcome {
    /// Everything, in order.
    pub fn all(&self) -> Vec<Saw<'_>> {
        self.items
            .iter()
            .map(|item| match item {
                Item::Packet(bytes) => Saw::Packet(decoded(self.version, bytes)),
                Item::Closed(reason) => Saw::Closed(*reason),
                Item::Paused => Saw::Paused,
                Item::Resumed => Saw::Resumed,
            })
            .collect()
    }

    /// The packets, whatever else was seen.
    pub fn sent(&self) -> Vec<Packet<'_>> {
        let only = |saw| match saw {
            Saw::Packet(packet) => Some(packet),
            Saw::Closed(_) | Saw::Paused | Saw::Resumed => None,
        };
        self.all().into_iter().filter_map(only).collect()
    }

    /// The packets as they were sent, whatever else was seen.
    pub fn bytes(&self) -> Vec<&[u8]> {
        let mut packets = Vec::new();
        for item in &self.items {
            if let Item::Packet(bytes) = item {
                packets.push(bytes.as_slice());
            }
        }
        packets
    }

    /// The packets; anything else that was seen fails the test.
    pub fn packets(&self) -> Vec<Packet<'_>> {
        self.all()
            .into_iter()
            .map(|saw| match saw {
                Saw::Packet(packet) => packet,
                other => panic!("expected only packets, saw {other:?}"),
            })
            .collect()
    }
}

fn decoded(version: Version, bytes: &[u8]) -> Packet<'_> {
    let limits = Limits {
        packet_size: Limits::MAX_PACKET_SIZE,
    };
    let (packet, len) = decode(version, &limits, bytes)
        .expect("the broker sends what decodes")
        .expect("whole");
    assert_eq!(len, bytes.len());
    packet
}

impl World {
    pub fn new(config: Config) -> Self {
        let now = Instant::from_micros(1_700_000_000_000_000);
        Self {
            broker: Broker::new(config, [7; 16], now),
            now,
            links: BTreeMap::new(),
            draining: true,
            persists: Vec::new(),
            pages: Vec::new(),
            asked: Vec::new(),
            events: Vec::new(),
            made: 0,
        }
    }

    /// A network connection without a CONNECT yet.
    pub fn link(&mut self) -> LinkId {
        self.link_from(Authentication::Anonymous)
    }

    pub fn link_from(&mut self, authentication: Authentication) -> LinkId {
        self.made += 1;
        let peer = Peer {
            address: None,
            connect_deadline: self.now + Duration::from_secs(10),
            assigned_client_id: ClientIdBuf::new(&format!("assigned-{}", self.made)).unwrap(),
            authentication,
        };
        let link = self.broker.handle_connected(self.now, peer).unwrap();
        self.links.insert(link, Seen::default());
        self.settle();
        link
    }

    /// Sends a packet on a link, encoded for the version of its connection.
    pub fn send(&mut self, link: LinkId, packet: impl Into<Packet<'static>>) {
        let packet = packet.into();
        if let Packet::Connect(connect) = &packet {
            self.seen(link).version = Some(connect.version);
        }
        let version = self.version(link);
        self.send_bytes(link, &encoded(version, packet));
    }

    /// Sends bytes on a link. What the broker does not take now is presented again when it resumes.
    pub fn send_bytes(&mut self, link: LinkId, bytes: &[u8]) {
        self.seen(link).unread.extend_from_slice(bytes);
        self.present(link);
        self.settle();
    }

    fn present(&mut self, link: LinkId) {
        let unread = std::mem::take(&mut self.seen(link).unread);
        let used = self.broker.handle_bytes(self.now, link, &unread);
        let rest = unread[used..].to_vec();
        self.seen(link).unread = rest;
    }

    /// Sends a packet in a buffer of its own.
    pub fn send_whole(&mut self, link: LinkId, packet: impl Into<Packet<'static>>) -> bool {
        let bytes = encoded(self.version(link), packet);
        let taken = self.broker.handle_packet(self.now, link, bytes.into());
        self.settle();
        taken
    }

    /// Connects and takes the CONNACK off, whatever it says.
    pub fn connect(&mut self, connect: impl Into<Packet<'static>>) -> LinkId {
        let link = self.link();
        self.send(link, connect);
        let outcome = self.take(link);
        let first = outcome.packets().into_iter().next();
        assert!(
            matches!(first, Some(Packet::Connack(_))),
            "expected CONNACK first, saw {first:?}"
        );
        link
    }

    /// Connects and takes the CONNACK off, but not what follows it.
    pub fn connect_and_keep(&mut self, connect: impl Into<Packet<'static>>) -> LinkId {
        let link = self.link();
        self.send(link, connect);
        let first = self.take_first(link);
        assert!(matches!(first.packets()[..], [Packet::Connack(_)]));
        link
    }

    /// The connection of a link breaks.
    pub fn cut(&mut self, link: LinkId) {
        self.broker.handle_closed(self.now, link);
        self.settle();
        self.links.remove(&link);
    }

    /// Time passes; every timer fires at its own moment.
    pub fn advance(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(at) = self.broker.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.time_out();
        }
        self.now = end;
    }

    /// What a link saw since it was last looked at.
    pub fn take(&mut self, link: LinkId) -> Outcome {
        let version = self.version(link);
        let items = std::mem::take(&mut self.seen(link).items);
        Outcome { version, items }
    }

    /// The first that a link saw since it was last looked at, if it saw something.
    pub fn take_first(&mut self, link: LinkId) -> Outcome {
        let version = self.version(link);
        let seen = self.seen(link);
        let first = seen.items.len().min(1);
        let items = seen.items.drain(..first).collect();
        Outcome { version, items }
    }

    /// Forgets what every link saw.
    pub fn forget(&mut self) {
        for seen in self.links.values_mut() {
            seen.items.clear();
        }
    }

    /// The bytes of a link that the broker has not taken.
    pub fn unread(&mut self, link: LinkId) -> usize {
        self.seen(link).unread.len()
    }

    /// Takes `n` bytes off a link's send buffer, as a socket does.
    pub fn write(&mut self, link: LinkId, n: usize) {
        self.take_written(link, n);
        self.settle();
    }

    pub fn persisted(&mut self, position: Position) {
        self.broker.handle_persisted(self.now, position);
        self.settle();
    }

    /// The store catches up.
    pub fn persisted_all(&mut self) {
        while !self.persists.is_empty() {
            let (position, _) = self.persists.remove(0);
            self.persisted(position);
        }
    }

    /// Answers `Action::Authenticate`.
    pub fn authenticated(&mut self, link: LinkId, outcome: AuthenticationOutcome) {
        self.broker.handle_authenticated(self.now, link, outcome);
        self.settle();
    }

    /// How often something was refused or dropped for this cause.
    pub fn refused(&self, cause: Cause) -> u64 {
        self.broker.counters().refused(cause)
    }

    /// A new link that offers a CONNECT, and everything it saw of the answer.
    pub fn offer(&mut self, connect: impl Into<Packet<'static>>) -> (LinkId, Outcome) {
        let link = self.link();
        self.send(link, connect);
        let outcome = self.take(link);
        (link, outcome)
    }

    /// What version a link's packets are of, when its CONNECT is sent as bytes.
    pub fn speaks(&mut self, link: LinkId, version: Version) {
        self.seen(link).version = Some(version);
    }

    /// Whether a CONNECT was sent on a link.
    pub fn has_connect(&self, link: LinkId) -> bool {
        self.links
            .get(&link)
            .is_some_and(|seen| seen.version.is_some())
    }

    fn seen(&mut self, link: LinkId) -> &mut Seen {
        self.links.get_mut(&link).expect("a link of this world")
    }

    /// The version of its connection; 5.0 before CONNECT.
    pub fn version(&mut self, link: LinkId) -> Version {
        self.seen(link).version.unwrap_or(Version::V5_0)
    }

    /// Does what the broker asks for until it asks for nothing more.
    pub fn settle(&mut self) {
        while let Some(action) = self.broker.poll_action() {
            match action {
                Action::Transmit { link } | Action::Flush { link } => {
                    if self.draining {
                        let len = self.broker.tx(link).map_or(0, |tx| tx.len());
                        self.take_written(link, len);
                    }
                }
                Action::Pause { link } => self.see(link, Item::Paused),
                Action::Resume { link } => {
                    self.see(link, Item::Resumed);
                    self.present(link);
                }
                Action::Close { link, reason } => {
                    let len = self.broker.tx(link).map_or(0, |tx| tx.len());
                    self.take_written(link, len);
                    self.see(link, Item::Closed(reason));
                }
                Action::Authenticate { link, request } => self.asked.push((link, *request)),
                Action::Persist { records, position } => self.persists.push((position, records)),
                Action::Page {
                    client_id,
                    from,
                    messages,
                    bytes,
                } => {
                    self.pages.push((client_id, from, messages, bytes));
                }
                Action::Notify(event) => self.events.push(event),
            }
        }
    }

    fn see(&mut self, link: LinkId, item: Item) {
        if let Some(seen) = self.links.get_mut(&link) {
            assert!(!seen.closed, "nothing follows Close");
            seen.closed = matches!(item, Item::Closed(_));
            seen.items.push(item);
        }
    }

    fn take_written(&mut self, link: LinkId, n: usize) {
        let Some(tx) = self.broker.tx(link) else {
            return;
        };
        let bytes: Vec<u8> = tx.segments().flatten().copied().take(n).collect();
        if let Some(seen) = self.links.get_mut(&link) {
            assert!(!seen.closed || bytes.is_empty(), "nothing follows Close");
            seen.partial.extend_from_slice(&bytes);
            while let Some(header) =
                mqtt_codec::fixed_header(&seen.partial).expect("a header of ours")
            {
                if seen.partial.len() < header.packet_len() {
                    break;
                }
                let packet: Vec<u8> = seen.partial.drain(..header.packet_len()).collect();
                seen.items.push(Item::Packet(packet));
            }
        }
        self.broker.handle_written(self.now, link, bytes.len());
    }
}

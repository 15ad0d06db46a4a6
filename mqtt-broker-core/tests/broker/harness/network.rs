//! Clients of ours around the broker, over wires that lose what is on its way when they are cut.

use std::num::NonZeroU16;
use std::time::Duration;

use mqtt_broker_core::LinkId;
use mqtt_codec::packet::{SubscribeProperties, Subscription};
use mqtt_codec::{ClientIdBuf, PacketType, QoS, TopicNameBuf, Version, fixed_header};
use mqtt_session::client::{Action, CleanStart, Config as ClientConfig, Event, UnknownSession};
use mqtt_session::{
    ClientSession, CloseReason, Message, PublishError, PublishOutcome, PublishToken,
};

use super::store::Durable;
use super::words::short;
use super::{Item, filter, options};

/// A broker and its clients. When the world is `draining`, what the broker has to say is on its way at once, and
/// otherwise when it arrives: until then its send buffer is the wire.
pub struct Network {
    pub world: Durable,
    pub peers: Vec<Peer>,
}

/// A client with its wire, and what its application and the network saw.
pub struct Peer {
    pub session: ClientSession,
    link: Option<LinkId>,
    /// On their way to the broker, and to the client.
    up: Vec<u8>,
    down: Vec<u8>,
    /// Came to the client, and are no whole packet yet.
    partial: Vec<u8>,
    /// Came to the broker of a packet that is not whole yet.
    partial_up: Vec<u8>,
    /// What the client and the broker have sent on this connection, in short.
    pub sent: Vec<String>,
    pub got: Vec<String>,
    /// Whole packets that arrived on this connection, at either end.
    pub arrived: Vec<PacketType>,
    pub delivered: Vec<String>,
    pub outcomes: Vec<PublishOutcome>,
    pub closed: Vec<CloseReason>,
}

impl Network {
    pub fn new(world: Durable) -> Self {
        Self {
            world,
            peers: Vec::new(),
        }
    }

    /// A client that is not connected yet; which one it is.
    pub fn client(&mut self, config: ClientConfig) -> usize {
        self.peers.push(Peer::new(config));
        self.peers.len() - 1
    }

    /// The client makes a network connection: CONNECT is on its way.
    pub fn open(&mut self, client: usize) {
        let link = self.world.link();
        let peer = &mut self.peers[client];
        self.world.speaks(link, peer.session.config().version);
        peer.link = Some(link);
        for bytes in [
            &mut peer.up,
            &mut peer.down,
            &mut peer.partial,
            &mut peer.partial_up,
        ] {
            bytes.clear();
        }
        peer.forget();
        peer.session.handle_connected(self.world.now);
        self.collect();
    }

    /// The connection is lost, and both ends get to know.
    pub fn cut(&mut self, client: usize) {
        if let Some(link) = self.peers[client].link.take() {
            self.world.cut(link);
        }
        self.peers[client].session.handle_closed(self.world.now);
        self.collect();
    }

    /// The client's program ends, and another one goes on with an empty session.
    pub fn begin_anew(&mut self, client: usize) {
        let config = self.peers[client].session.config().clone();
        self.cut(client);
        self.peers[client].begin_anew();
        self.open(client);
        self.settle();
        self.cut(client);
        // Now without Clean Start.
        self.peers[client].session = ClientSession::new(config).unwrap();
        self.open(client);
        self.settle();
    }

    /// The broker ends, with all that is not durable, and another one starts from the rest.
    pub fn crash(&mut self) {
        self.world.crash();
        for peer in &mut self.peers {
            peer.link = None;
            peer.session.handle_closed(self.world.now);
        }
        self.collect();
    }

    /// At most `n` bytes of the client's arrive. False when none is on its way.
    pub fn up(&mut self, client: usize, n: usize) -> bool {
        let peer = &mut self.peers[client];
        let bytes: Vec<u8> = peer.up.drain(..n.min(peer.up.len())).collect();
        let Some(link) = peer.link.filter(|_| !bytes.is_empty()) else {
            return false;
        };
        peer.partial_up.extend(&bytes);
        let whole = whole_packets(&peer.partial_up, &mut peer.arrived);
        peer.partial_up.drain(..whole);
        self.world.send_bytes(link, &bytes);
        self.collect();
        true
    }

    /// At most `n` bytes of the broker's arrive. False when none is on its way.
    pub fn down(&mut self, client: usize, n: usize) -> bool {
        let peer = &mut self.peers[client];
        if let Some(link) = peer.link.filter(|_| !self.world.draining) {
            let tx = self.world.broker.tx(link);
            let waiting = tx.into_iter().flat_map(|tx| tx.segments().flatten());
            peer.down.extend(waiting.copied().take(n));
            self.world.write(link, peer.down.len());
        }
        let bytes: Vec<u8> = peer.down.drain(..n.min(peer.down.len())).collect();
        if bytes.is_empty() {
            return false;
        }
        peer.partial.extend(&bytes);
        whole_packets(&peer.partial, &mut peer.arrived);
        let taken = peer.session.handle_bytes(self.world.now, &peer.partial);
        peer.partial.drain(..taken);
        self.collect();
        true
    }

    pub fn commit(&mut self) -> bool {
        let moved = self.world.commit();
        self.collect();
        moved
    }

    /// Everything arrives and is committed until nothing is on its way.
    pub fn settle(&mut self) {
        loop {
            let mut moved = self.commit();
            for client in 0..self.peers.len() {
                moved |= self.up(client, usize::MAX);
                moved |= self.down(client, usize::MAX);
            }
            if !moved {
                return;
            }
        }
    }

    /// Connects and subscribes, and forgets how.
    pub fn subscriber(&mut self, config: ClientConfig, to: &str) -> usize {
        let client = self.client(config);
        self.open(client);
        self.settle();
        self.subscribe(client, to);
        client
    }

    pub fn subscribe(&mut self, client: usize, to: &str) {
        let subscription = Subscription {
            filter: filter(to),
            options: options(QoS::ExactlyOnce),
        };
        let peer = &mut self.peers[client];
        peer.session
            .subscribe(
                self.world.now,
                &[subscription],
                SubscribeProperties::default(),
            )
            .unwrap();
        self.collect();
        self.settle();
        self.peers[client].forget();
    }

    /// What was delivered to all clients.
    pub fn delivered(&self) -> Vec<String> {
        let delivered = self.peers.iter().flat_map(|peer| &peer.delivered);
        delivered.cloned().collect()
    }

    pub fn publish(
        &mut self,
        client: usize,
        qos: QoS,
        topic: &str,
        payload: &str,
    ) -> Result<PublishToken, PublishError> {
        let message = message(qos, topic, payload);
        let token = self.peers[client].session.publish(self.world.now, message);
        self.collect();
        token
    }

    /// What the broker has to say is on its way, and so is what the clients have.
    fn collect(&mut self) {
        let Self { world, peers } = self;
        for peer in peers {
            let version = peer.session.config().version;
            if let Some(link) = peer.link {
                for item in world.take(link).items {
                    match item {
                        Item::Packet(bytes) => {
                            peer.got.push(short(version, &bytes));
                            if world.draining {
                                peer.down.extend(bytes);
                            }
                        }
                        Item::Closed(reason) => peer.closed.push(reason),
                        Item::Paused | Item::Resumed => {}
                    }
                }
            }
            peer.collect(world.now);
        }
    }
}

impl Peer {
    fn new(config: ClientConfig) -> Self {
        Self {
            session: ClientSession::new(config).unwrap(),
            link: None,
            up: Vec::new(),
            down: Vec::new(),
            partial: Vec::new(),
            partial_up: Vec::new(),
            sent: Vec::new(),
            got: Vec::new(),
            arrived: Vec::new(),
            delivered: Vec::new(),
            outcomes: Vec::new(),
            closed: Vec::new(),
        }
    }

    /// What came and went is of no interest any more.
    pub fn forget(&mut self) {
        self.sent.clear();
        self.got.clear();
        self.arrived.clear();
    }

    /// Does what the session asks for.
    fn collect(&mut self, now: mqtt_session::Instant) {
        let version = self.session.config().version;
        loop {
            while let Some(action) = self.session.poll_action() {
                match action {
                    Action::Transmit => {}
                    Action::Deliver(delivered) => {
                        let payload = delivered.message.payload.to_vec();
                        self.delivered.push(String::from_utf8(payload).unwrap());
                    }
                    Action::Notify(Event::Published(outcome)) => self.outcomes.push(outcome),
                    Action::Notify(_) => {}
                    Action::Close(reason) => self.closed.push(reason),
                }
            }
            let bytes: Vec<u8> = self.session.tx().segments().flatten().copied().collect();
            if bytes.is_empty() {
                return;
            }
            self.session.handle_written(now, bytes.len());
            let mut rest = bytes.as_slice();
            while let Ok(Some(header)) = fixed_header(rest) {
                let (packet, behind) = rest.split_at(header.packet_len());
                self.sent.push(short(version, packet));
                rest = behind;
            }
            self.up.extend(bytes);
        }
    }

    /// The client's program ends, and another one begins anew.
    pub fn begin_anew(&mut self) {
        let config = ClientConfig {
            clean_start: CleanStart::Always,
            ..self.session.config().clone()
        };
        self.session = ClientSession::new(config).unwrap();
    }

    /// The client's program ends, and another one goes on from what it had stored.
    pub fn restart(&mut self) {
        self.restart_with(self.session.config().clone());
    }

    /// The same, with another configuration.
    pub fn restart_with(&mut self, config: ClientConfig) {
        let mut state = Vec::new();
        self.session.encode_state(&mut state);
        self.session = ClientSession::new(config).unwrap();
        self.session.restore_state(&state).unwrap();
    }
}

/// With a session that outlives its connections.
pub fn lasting(version: Version, client_id: &str, window: u16) -> ClientConfig {
    let window = NonZeroU16::new(window).unwrap();
    ClientConfig {
        version,
        client_id: ClientIdBuf::new(client_id).unwrap(),
        clean_start: CleanStart::Never,
        session_expiry: Duration::from_secs(600),
        keep_alive: Duration::ZERO,
        unknown_session: UnknownSession::Adopt,
        receive_maximum: window,
        in_flight: window,
        ..ClientConfig::default()
    }
}

pub fn message(qos: QoS, topic: &str, payload: &str) -> Message {
    Message {
        qos,
        ..Message::new(TopicNameBuf::new(topic).unwrap(), payload.to_owned())
    }
}

/// Notes the whole packets at the front of `bytes`, and says how many bytes they are.
fn whole_packets(bytes: &[u8], arrived: &mut Vec<PacketType>) -> usize {
    let mut rest = bytes;
    while let Ok(Some(header)) = fixed_header(rest) {
        let Some((_, behind)) = rest.split_at_checked(header.packet_len()) else {
            break;
        };
        arrived.push(header.packet_type);
        rest = behind;
    }
    bytes.len() - rest.len()
}

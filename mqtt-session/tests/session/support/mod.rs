//! Both machines behind one small vocabulary: packets in, a list of what comes out.

#![allow(dead_code, reason = "each test program uses its part of it")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

pub(crate) mod exchange;
pub(crate) mod ledger;
mod machine;
pub(crate) mod packets;
pub(crate) mod receiver;
pub(crate) mod wire;

pub(crate) use machine::Machine;

use core::fmt;
use core::time::Duration;

use mqtt_codec::packet::{Connack, ConnackProperties, Connect, ConnectProperties};
use mqtt_codec::reason_code::{ConnectReasonCode, PublishReasonCode};
use mqtt_codec::{
    ClientId, ClientIdBuf, Limits, Packet, TopicNameBuf, Version, decode, fixed_header,
};
use mqtt_session::client::{self, CleanStart, ClientSession};
use mqtt_session::server::{self, Accept, ServerSession};
use mqtt_session::{AcknowledgeError, CloseReason, DeliveryToken, Instant, Message, PublishToken};

/// The versions whose rules are numbered, and 3.1, which is to behave as 3.1.1 where nothing else is said.
pub(crate) const VERSIONS: [Version; 3] = [Version::V3_1, Version::V3_1_1, Version::V5_0];

/// What a machine gives out, in order. What it sends stands before a close and behind everything else.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Out {
    Deliver(TopicNameBuf, Vec<u8>),
    /// With a token, which the machine keeps for `acknowledge`.
    DeliverManually(TopicNameBuf, Vec<u8>),
    Client(client::Event),
    Server(server::Event),
    Pause,
    Resume,
    Send(Sent),
    Close(CloseReason),
}

/// An encoded packet.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) version: Version,
    pub(crate) bytes: Vec<u8>,
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match decode(self.version, &limits(), &self.bytes) {
            Ok(Some((packet, _))) => packet.fmt(f),
            other => write!(f, "{:02x?} ({other:?})", self.bytes),
        }
    }
}

pub(crate) fn limits() -> Limits {
    Limits {
        packet_size: Limits::MAX_PACKET_SIZE,
    }
}

pub(crate) fn send<'a>(version: Version, packet: impl Into<Packet<'a>>) -> Out {
    Out::Send(Sent {
        version,
        bytes: encode(version, &packet.into()),
    })
}

pub(crate) fn deliver(topic: &str, payload: &str) -> Out {
    Out::Deliver(TopicNameBuf::new(topic).unwrap(), payload.into())
}

pub(crate) fn deliver_manually(topic: &str, payload: &str) -> Out {
    Out::DeliverManually(TopicNameBuf::new(topic).unwrap(), payload.into())
}

pub(crate) fn encode(version: Version, packet: &Packet<'_>) -> Vec<u8> {
    let mut bytes = vec![0; packet.encoded_len(version).unwrap()];
    assert_eq!(packet.encode(version, &mut bytes), bytes.len());
    bytes
}

/// The packets in `bytes`.
pub(crate) fn split(version: Version, mut bytes: &[u8]) -> Vec<Sent> {
    let mut packets = Vec::new();
    while !bytes.is_empty() {
        let len = fixed_header(bytes).unwrap().unwrap().packet_len();
        let (packet, rest) = bytes.split_at(len);
        packets.push(Sent {
            version,
            bytes: packet.to_vec(),
        });
        bytes = rest;
    }
    packets
}

/// A machine with a clock and a network that takes everything at once.
pub(crate) struct Side<M> {
    pub(crate) machine: M,
    pub(crate) version: Version,
    pub(crate) now: Instant,
    pub(crate) tokens: Vec<DeliveryToken>,
}

impl<M: Machine> Side<M> {
    pub(crate) fn receive<'a>(&mut self, packet: impl Into<Packet<'a>>) -> Vec<Out> {
        self.receive_bytes(&encode(self.version, &packet.into()))
    }

    pub(crate) fn receive_bytes(&mut self, bytes: &[u8]) -> Vec<Out> {
        let consumed = self.machine.handle_bytes(self.now, bytes);
        assert_eq!(consumed, bytes.len(), "whole packets are consumed");
        self.drain()
    }

    /// Acknowledges a message that was handed out, and says what that leads to.
    pub(crate) fn acknowledge(
        &mut self,
        token: DeliveryToken,
        reason: PublishReasonCode,
    ) -> (Result<(), AcknowledgeError>, Vec<Out>) {
        let answer = self.machine.acknowledge(self.now, token, reason);
        (answer, self.drain())
    }

    pub(crate) fn publish(&mut self, message: Message) -> (PublishToken, Vec<Out>) {
        let token = self.machine.publish(self.now, message).unwrap();
        (token, self.drain())
    }

    pub(crate) fn advance(&mut self, duration: Duration) -> Vec<Out> {
        self.now = self.now + duration;
        self.machine.handle_timeout(self.now);
        self.drain()
    }

    pub(crate) fn lose_connection(&mut self) -> Vec<Out> {
        self.machine.handle_closed(self.now);
        self.drain()
    }

    /// Everything that the machine has to say, written at once.
    pub(crate) fn drain(&mut self) -> Vec<Out> {
        let mut outs = Vec::new();
        loop {
            while let Some(action) = self.machine.poll(&mut self.tokens) {
                outs.extend(action);
            }
            let bytes: Vec<u8> = self.machine.tx().segments().flatten().copied().collect();
            if bytes.is_empty() {
                return outs;
            }
            let sent = split(self.version, &bytes).into_iter().map(Out::Send);
            let at = outs
                .iter()
                .position(|out| matches!(out, Out::Close(_)))
                .unwrap_or(outs.len());
            outs.splice(at..at, sent);
            self.machine.handle_written(self.now, bytes.len());
        }
    }
}

pub(crate) type Client = Side<ClientSession>;
pub(crate) type Server = Side<ServerSession>;

pub(crate) fn client_config(version: Version) -> client::Config {
    client::Config {
        version,
        client_id: ClientIdBuf::new("me").unwrap(),
        ..client::Config::default()
    }
}

/// With a session that outlives its connections.
pub(crate) fn lasting(version: Version) -> client::Config {
    client::Config {
        clean_start: if version == Version::V5_0 {
            CleanStart::First
        } else {
            CleanStart::Never
        },
        session_expiry: Duration::from_secs(3_600),
        ..client_config(version)
    }
}

pub(crate) fn accepted() -> Connack<'static> {
    connack(ConnackProperties::default())
}

pub(crate) fn connack(properties: ConnackProperties<'_>) -> Connack<'_> {
    Connack {
        session_present: false,
        reason_code: ConnectReasonCode::Success,
        properties,
    }
}

impl Client {
    pub(crate) fn new(config: client::Config) -> Self {
        let version = config.version;
        let machine = ClientSession::new(config).unwrap();
        Self {
            machine,
            version,
            now: Instant::from_micros(1_000_000),
            tokens: Vec::new(),
        }
    }

    pub(crate) fn connect(&mut self) -> Vec<Out> {
        self.machine.handle_connected(self.now);
        self.drain()
    }

    /// Connected, all that was said is forgotten.
    pub(crate) fn connected(config: client::Config) -> Self {
        Self::connected_with(config, accepted())
    }

    pub(crate) fn connected_with(config: client::Config, connack: Connack<'_>) -> Self {
        let mut client = Self::new(config);
        client.connect();
        let outs = client.receive(connack);
        assert!(
            matches!(
                outs.as_slice(),
                [Out::Client(client::Event::Connected(_)), ..]
            ),
            "{outs:?}"
        );
        client
    }

    /// Connected again; what is sent behind CONNACK.
    pub(crate) fn reconnect(&mut self, session_present: bool) -> Vec<Out> {
        self.reconnect_with(Connack {
            session_present,
            ..accepted()
        })
    }

    pub(crate) fn reconnect_with(&mut self, connack: Connack<'_>) -> Vec<Out> {
        self.connect();
        let mut outs = self.receive(connack);
        assert!(
            matches!(outs.first(), Some(Out::Client(client::Event::Connected(_)))),
            "{outs:?}"
        );
        outs.remove(0);
        outs
    }
}

pub(crate) fn connect(version: Version) -> Connect<'static> {
    Connect {
        version,
        bridge: false,
        clean_start: true,
        keep_alive: 60,
        properties: ConnectProperties::default(),
        client_id: ClientId::new("me").unwrap(),
        will: None,
        user_name: None,
        password: None,
    }
}

/// A CONNECT that goes on with the session.
pub(crate) fn resuming(version: Version) -> Connect<'static> {
    Connect {
        clean_start: false,
        ..connect(version)
    }
}

impl Server {
    pub(crate) fn new(config: server::Config, version: Version) -> Self {
        let machine = ServerSession::new(config);
        Self {
            machine,
            version,
            now: Instant::from_micros(1_000_000),
            tokens: Vec::new(),
        }
    }

    /// A client has connected and sends CONNECT.
    pub(crate) fn open(&mut self, connect: &Connect<'_>) -> Vec<Out> {
        self.machine.handle_connected(self.now);
        self.receive(*connect)
    }

    pub(crate) fn accept(&mut self, accept: Accept<'_>) -> Vec<Out> {
        self.machine.accept(self.now, accept).unwrap();
        self.drain()
    }

    /// Connected, all that was said is forgotten.
    pub(crate) fn connected(version: Version) -> Self {
        Self::connected_with(server::Config::default(), &connect(version))
    }

    pub(crate) fn connected_with(config: server::Config, connect: &Connect<'_>) -> Self {
        let mut server = Self::new(config, connect.version);
        server.open(connect);
        server.accept(Accept::default());
        server
    }

    /// Connected again with the session that it had; what is sent, CONNACK first.
    pub(crate) fn reconnect(&mut self, connect: &Connect<'_>) -> Vec<Out> {
        let session = self.machine.take_state();
        self.open(connect);
        let mut outs = self.accept(Accept {
            session,
            ..Accept::default()
        });
        assert_eq!(outs.remove(0), Out::Resume);
        outs
    }
}

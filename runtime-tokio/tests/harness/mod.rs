//! A server on a free port, with what it tells, and connections that send and expect plain bytes.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of tests; each file uses its part"
)]

use core::future::Future;
use core::net::SocketAddr;
use core::time::Duration;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use mqtt_broker_core::Event;
use mqtt_session::CloseReason;
use runtime_tokio::{ConnectionLimits, Server, ServerBuilder, ServerEvent};

/// Everything is there by then, or never will be.
pub const BOUND: Duration = Duration::from_secs(20);

pub const GRACE: Duration = Duration::from_secs(5);

/// Runs a test that waits.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::time::timeout(BOUND, test)
            .await
            .expect("the test does not end")
    })
}

/// What a server told, in words.
pub struct Told(Receiver<String>);

impl Told {
    /// Waits until it tells something that contains this text, and gives it.
    pub fn wait_for(&self, text: &str) -> String {
        let mut before = Vec::new();
        loop {
            match self.0.recv_timeout(BOUND) {
                Ok(told) if told.contains(text) => return told,
                Ok(told) => before.push(told),
                Err(_) => panic!("nothing of {text:?} in {before:#?}"),
            }
        }
    }

    /// All that was told by now.
    pub fn all(&self) -> Vec<String> {
        self.0.try_iter().collect()
    }
}

/// A server that does not wait long for clients that it closed and that do not close.
pub fn builder() -> ServerBuilder {
    Server::builder().limits(limits())
}

pub fn limits() -> ConnectionLimits {
    ConnectionLimits {
        linger: Duration::from_millis(50),
        ..ConnectionLimits::default()
    }
}

/// Starts a server on a free port of this machine.
pub fn start(builder: ServerBuilder) -> (Server, SocketAddr, Told) {
    let (builder, told) = with_told(builder.bind("127.0.0.1:0".parse().unwrap()));
    let server = builder.start().unwrap();
    let address = server.local_addrs()[0];
    (server, address, told)
}

pub fn with_told(builder: ServerBuilder) -> (ServerBuilder, Told) {
    let (sender, told) = channel();
    let builder = builder.on_event(move |event| {
        let _ = sender.send(words(&event));
    });
    (builder, Told(told))
}

fn words(event: &ServerEvent<'_>) -> String {
    match event {
        ServerEvent::Broker {
            event: Event::Connected { client_id, .. },
            ..
        } => format!("{client_id} connected"),
        ServerEvent::Broker {
            event: Event::Disconnected {
                client_id, reason, ..
            },
            ..
        } => {
            let client_id = client_id.as_ref().map_or("nobody", |id| id.as_str());
            match reason {
                CloseReason::PeerDisconnected { .. } => format!("{client_id} disconnected"),
                reason => format!("{client_id} closed: {reason}"),
            }
        }
        ServerEvent::Broker {
            event: Event::Refused { cause, .. },
            ..
        } => format!("refused: {}", cause.name()),
        ServerEvent::Refused { refusal, .. } => format!("refused: {}", refusal.name()),
        ServerEvent::NoConnect { reason, .. } => reason.to_string(),
        other => format!("{other:?}"),
    }
}

/// Waits until the server has ended.
pub fn shut_down(server: &Server) {
    run(server.shutdown(GRACE));
}

/// A network connection.
pub struct Raw(pub TcpStream);

impl Raw {
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// Lets a client in, of 3.1.1.
    pub fn connected(address: SocketAddr, client_id: &str) -> Self {
        let mut raw = Self::open(address);
        raw.send(&connect(4, client_id));
        raw.expect(&[0x20, 2, 0, 0]);
        raw
    }

    /// Lets a client in, of 5.0.
    pub fn connected_v5(address: SocketAddr, client_id: &str) -> Self {
        let mut raw = Self::open(address);
        raw.send(&connect(5, client_id));
        let connack = raw.packet();
        assert_eq!((connack[0], connack[3]), (0x20, 0), "{connack:02x?}");
        raw
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    #[track_caller]
    pub fn expect(&mut self, bytes: &[u8]) {
        assert_eq!(self.packet(), bytes);
    }

    /// The next packet.
    #[track_caller]
    pub fn packet(&mut self) -> Vec<u8> {
        self.try_packet().expect("a packet before the end")
    }

    /// The next packet, or `None` at the end.
    pub fn try_packet(&mut self) -> Option<Vec<u8>> {
        let mut packet = vec![0; 2];
        self.fill(&mut packet, 0)?;
        while packet[packet.len() - 1] & 0x80 != 0 {
            let at = packet.len();
            packet.push(0);
            self.fill(&mut packet, at)?;
        }
        let length = packet[1..]
            .iter()
            .rev()
            .fold(0, |length, &byte| (length << 7) | usize::from(byte & 0x7F));
        let at = packet.len();
        packet.resize(at + length, 0);
        self.fill(&mut packet, at)?;
        Some(packet)
    }

    fn fill(&mut self, packet: &mut [u8], at: usize) -> Option<()> {
        match self.0.read_exact(&mut packet[at..]) {
            Ok(()) => Some(()),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
                ) =>
            {
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// The server has closed the connection, and sent nothing before.
    #[track_caller]
    pub fn expect_end(&mut self) {
        assert_eq!(self.try_packet(), None);
    }

    pub fn finish_sending(&self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }
}

/// A CONNECT that asks for an empty session; level 4 is 3.1.1, 5 is 5.0.
pub fn connect(level: u8, client_id: &str) -> Vec<u8> {
    let mut body = b"\0\x04MQTT".to_vec();
    body.extend([level, 2, 0, 60]);
    body.extend((level == 5).then_some(0));
    body.extend(text(client_id));
    packet(0x10, &body)
}

/// SUBSCRIBE with id 1.
pub fn subscribe(filter: &str, qos: u8) -> Vec<u8> {
    let mut body = vec![0, 1];
    body.extend(text(filter));
    body.push(qos);
    packet(0x82, &body)
}

/// PUBLISH of QoS 0, of 3.x.
pub fn publish(topic: &str, payload: &[u8]) -> Vec<u8> {
    let mut body = text(topic);
    body.extend(payload);
    packet(0x30, &body)
}

/// PUBLISH of QoS 1, of 3.x.
pub fn publish_qos1(topic: &str, packet_id: u16, payload: &[u8]) -> Vec<u8> {
    let mut body = text(topic);
    body.extend(packet_id.to_be_bytes());
    body.extend(payload);
    packet(0x32, &body)
}

pub fn packet(first_byte: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first_byte];
    let mut length = body.len();
    loop {
        let byte = u8::try_from(length & 0x7F).unwrap();
        length >>= 7;
        packet.push(if length > 0 { byte | 0x80 } else { byte });
        if length == 0 {
            break;
        }
    }
    packet.extend(body);
    packet
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = u16::try_from(text.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

//! From the accept to a whole CONNECT: what a connection is before it is a link.

use alloc::rc::Rc;
use core::net::SocketAddr;

use bytes::BufMut;
use mqtt_broker_core::{Authentication, Peer};
use mqtt_codec::packet::{Connack, ConnackProperties};
use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_codec::{DecodeError, Limits, Packet, Version, decode, fixed_header};
use mqtt_session::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use super::admission::Permit;
use super::closing::linger;
use super::connection::Connection;
use super::event::{NoConnect, ServerEvent};
use super::identifiers::Identifiers;
use super::shard::Shard;
use super::unread::Unread;

/// What the connections of a listener have in common.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) authentication: Authentication,
    pub(crate) identifiers: Identifiers,
}

/// Reads until CONNECT is there, and makes the connection a link.
pub(crate) async fn log_in(
    shard: Rc<Shard>,
    listening: Rc<Listening>,
    mut stream: TcpStream,
    permit: Permit,
) {
    let accepted = shard.clock.now();
    let deadline = accepted + shard.limits.connect_timeout;
    let limit = shard.limits.packet_before_login;
    // An answer must not wait for another packet.
    let _ = stream.set_nodelay(true);
    let first = timeout_at(
        shard.clock.deadline(deadline),
        first_packet(&mut stream, limit),
    )
    .await;
    match first.unwrap_or(Err(Failed::without_answer(NoConnect::TimedOut))) {
        Ok(First { bytes, anonymous }) => {
            let assigned_client_id = if anonymous {
                listening.identifiers.next()
            } else {
                listening.identifiers.unused()
            };
            let peer = Peer {
                address: Some(permit.address()),
                connect_deadline: deadline,
                assigned_client_id,
                authentication: listening.authentication,
            };
            shard.connected(stream, permit, peer, &bytes);
        }
        Err(Failed { reason, answer }) => {
            shard.no_connect(permit.address(), &reason);
            if !answer.is_empty() && stream.write_all(&answer).await.is_ok() {
                linger(shard, stream, permit).await;
            }
        }
    }
}

impl Shard {
    /// Makes a connection a link, with the bytes that were read of it.
    fn connected(&self, stream: TcpStream, permit: Permit, peer: Peer, bytes: &[u8]) {
        let now: Instant = self.clock.now();
        let mut state = self.state();
        let Some(link) = state.broker.handle_connected(now, peer) else {
            return;
        };
        let mut unread = Unread::default();
        unread.keep(bytes);
        state
            .connections
            .insert(Connection::new(link, stream, permit, unread));
        state.count_unread(link);
        state.spawn_reader(link);
        state.follow(now);
        state.wake_turn();
    }

    fn no_connect(&self, address: SocketAddr, reason: &NoConnect) {
        self.state().accepts.no_connect += 1;
        self.tell(ServerEvent::NoConnect { address, reason });
    }
}

/// The first packet, with what came behind it.
#[derive(Debug, PartialEq, Eq)]
struct First {
    bytes: Vec<u8>,
    /// Whether it has no Client Identifier.
    anonymous: bool,
}

#[derive(Debug)]
struct Failed {
    reason: NoConnect,
    answer: Vec<u8>,
}

impl Failed {
    fn without_answer(reason: NoConnect) -> Self {
        Self {
            reason,
            answer: Vec::new(),
        }
    }
}

async fn first_packet(stream: &mut TcpStream, limit: u32) -> Result<First, Failed> {
    let mut bytes = Vec::new();
    loop {
        let room = USUAL
            .max(bytes.len())
            .min(usize::try_from(limit).unwrap_or(usize::MAX));
        bytes.reserve_exact(room);
        let read = stream.read_buf(&mut (&mut bytes).limit(room)).await;
        match read {
            Ok(0) => return Err(Failed::without_answer(NoConnect::Closed)),
            Ok(_) => {}
            Err(error) => return Err(Failed::without_answer(NoConnect::Failed(error))),
        }
        if let Some(anonymous) = look(&bytes, limit)? {
            return Ok(First { bytes, anonymous });
        }
    }
}

/// Whether the first packet is there: whether it has no Client Identifier then.
///
/// One that is malformed counts as there: the broker knows the answer to it.
fn look(bytes: &[u8], limit: u32) -> Result<Option<bool>, Failed> {
    let Some(&first_byte) = bytes.first() else {
        return Ok(None);
    };
    match bytes {
        // As a CONNECT of 3.1, whose flags may be anything, it would be too short.
        [0x16, 0x03, ..] => return Err(Failed::without_answer(NoConnect::TlsClientHello)),
        [0x16] => return Ok(None),
        _ if first_byte >> 4 == 1 => {}
        _ if HTTP_METHODS.iter().any(|method| bytes.starts_with(method)) => {
            return Err(Failed::without_answer(NoConnect::HttpRequest));
        }
        _ if HTTP_METHODS.iter().any(|method| method.starts_with(bytes)) => return Ok(None),
        _ => return Err(Failed::without_answer(NoConnect::NotConnect { first_byte })),
    }
    match decode(Version::V5_0, &Limits { packet_size: limit }, bytes) {
        Ok(None) => Ok(None),
        Ok(Some((Packet::Connect(connect), _))) => Ok(Some(connect.client_id.is_empty())),
        Err(DecodeError::PacketTooLarge { .. }) => {
            let Some(version) = claimed_version(bytes) else {
                return Ok(None);
            };
            Err(Failed {
                reason: NoConnect::TooLarge { limit },
                answer: too_large(version),
            })
        }
        Ok(Some(_)) | Err(_) => Ok(Some(false)),
    }
}

/// What the beginning of a CONNECT says of its version: 5.0, or another one. `None` while that has not come.
fn claimed_version(bytes: &[u8]) -> Option<Option<Version>> {
    let header = fixed_header(bytes).ok().flatten()?;
    let variable_header = bytes.get(header.header_len..)?;
    let claimed = variable_header.get(..V5_BEGINNING.len())?;
    Some((claimed == V5_BEGINNING).then_some(Version::V5_0))
}

/// CONNACK with Packet too large, where the version has it.
fn too_large(version: Option<Version>) -> Vec<u8> {
    let Some(version) = version else {
        return Vec::new();
    };
    let packet = Packet::Connack(Connack {
        session_present: false,
        reason_code: ConnectReasonCode::PacketTooLarge,
        properties: ConnackProperties::default(),
    });
    let mut answer = vec![0; packet.encoded_len(version).unwrap_or(0)];
    packet.encode(version, &mut answer);
    answer
}

/// A CONNECT of 5.0 behind its fixed header: Protocol Name and Protocol Version.
const V5_BEGINNING: &[u8] = b"\0\x04MQTT\x05";

const HTTP_METHODS: &[&[u8]] = &[
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"OPTIONS ",
    b"PATCH ",
    b"CONNECT ",
    b"PRI * HTTP/2",
];

/// Most CONNECTs are smaller.
const USUAL: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connect_is_there_when_its_last_byte_is() {
        let connect = b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01a";
        for cut in 1..connect.len() {
            assert!(
                matches!(look(&connect[..cut], 1_000), Ok(None)),
                "{cut} bytes"
            );
        }
        assert!(matches!(look(connect, 1_000), Ok(Some(false))));
        assert!(matches!(
            look(b"\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0", 1_000),
            Ok(Some(true))
        ));
    }

    #[test]
    fn a_malformed_connect_is_the_brokers() {
        assert!(matches!(look(b"\x10\x02\0\x04", 1_000), Ok(Some(false))));
    }

    #[test]
    fn what_is_not_mqtt_is_named() {
        let reason = |bytes: &[u8]| match look(bytes, 1_000) {
            Err(failed) => failed.reason.to_string(),
            Ok(found) => format!("{found:?}"),
        };
        assert_eq!(reason(b"\x16"), "None");
        assert_eq!(
            reason(b"\x16\x03\x01\x02\0"),
            "this is TLS, on a port without TLS"
        );
        assert_eq!(reason(b"GE"), "None");
        assert_eq!(
            reason(b"GET / HTTP/1.1\r\n"),
            "this is HTTP, on a port for MQTT"
        );
        assert_eq!(
            reason(b"\x30\x03"),
            "the first packet is no CONNECT: it begins with 0x30"
        );
        assert_eq!(
            reason(b"SSH-2.0"),
            "the first packet is no CONNECT: it begins with 0x53"
        );
    }

    #[test]
    fn a_first_packet_has_at_most_so_many_bytes() {
        let connect = |client_id: u16, level: u8| {
            let mut body = b"\0\x04MQTT".to_vec();
            body.extend([level, 2, 0, 60]);
            body.extend((level == 5).then_some(0));
            body.extend(client_id.to_be_bytes());
            body.resize(body.len() + usize::from(client_id), b'a');
            let [low, high] = u16::try_from(body.len()).unwrap().to_le_bytes();
            let mut bytes = vec![0x10, low | 0x80, (high << 1) | (low >> 7)];
            bytes.extend(body);
            bytes
        };
        let fits = connect(985, 4);
        assert_eq!(fits.len(), 1_000);
        assert!(matches!(look(&fits, 1_000), Ok(Some(false))));

        let beyond = connect(986, 4);
        let Err(failed) = look(&beyond[..20], 1_000) else {
            panic!()
        };
        assert!(matches!(
            failed.reason,
            NoConnect::TooLarge { limit: 1_000 }
        ));
        assert!(failed.answer.is_empty());

        let beyond = connect(985, 5);
        assert!(matches!(look(&beyond[..9], 1_000), Ok(None)));
        let Err(failed) = look(&beyond[..10], 1_000) else {
            panic!()
        };
        assert_eq!(failed.answer, [0x20, 3, 0, 0x95, 0]);
    }
}

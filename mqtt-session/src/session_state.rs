use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use bytes::Bytes;
use mqtt_codec::packet::PublishTopic;
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{Limits, Packet, PacketId, Version, decode};

use crate::session::{StateReader, put_counted};
use crate::{
    AbandonCause, AcknowledgedQoS, Delivered, Kept, Message, PublishOutcome, PublishToken,
    RestoreError, Session, Transmission,
};

/// What outlives a connection of a [`ClientSession`](crate::ClientSession) or [`ServerSession`](crate::ServerSession):
/// messages that were published and have no outcome, and which ones of QoS 2 came in. Standard: MQTT 5.0 §4.1.
///
/// It has a stable encoding: a later version of the library reads what this one wrote.
#[derive(Debug)]
pub struct SessionState {
    pub(crate) session: Session<Outgoing>,
    /// The messages whose PUBREC came: what their PUBCOMP settles.
    pub(crate) releasing: BTreeMap<PacketId, Releasing>,
    /// QoS 2 messages that came in and are not acknowledged.
    pub(crate) unacknowledged: BTreeMap<PacketId, Unacknowledged>,
    pub(crate) next_token: u64,
    /// Which connection this is.
    pub(crate) generation: u64,
}

/// On which connections a QoS 2 message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unacknowledged {
    /// First; its token says the same.
    pub(crate) first: u64,
    /// Last; that one has acknowledgements to wait for.
    pub(crate) last: u64,
    /// In which version: 3.x cannot refuse it.
    pub(crate) version: Version,
}

impl Unacknowledged {
    pub(crate) const fn new(connection: u64, version: Version) -> Self {
        Self {
            first: connection,
            last: connection,
            version,
        }
    }

    pub(crate) fn came_again(&mut self, connection: u64) {
        self.last = connection;
    }
}

/// What is kept of a message to send it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) token: PublishToken,
    pub(crate) message: Message,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Releasing {
    pub(crate) token: PublishToken,
    /// What PUBREC said.
    pub(crate) reason: PublishReasonCode,
}

/// The format that is written, see [`SessionState::encode`].
const FORMAT: u8 = 1;

impl Default for SessionState {
    fn default() -> Self {
        Self::new()
    }
}

impl SessionState {
    /// Of a session in which nothing happened.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            session: Session::new(),
            releasing: BTreeMap::new(),
            unacknowledged: BTreeMap::new(),
            next_token: 1,
            generation: 0,
        }
    }

    /// How many messages that were published with QoS 1 or 2 have no outcome yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.session.in_flight()
    }

    /// Appends its encoding. QoS 2 messages that came in and are not acknowledged are left out, so that they come again.
    ///
    /// Numbers are big-endian. Format 1:
    ///
    /// ```text
    /// format         u8 = 1
    /// next token     u64
    /// releasing      u16 count; each: Packet Identifier u16, token u64, what PUBREC said u8; ascending
    /// session        u32 length, and the format of Session::encode_state; what is kept of a message is its token, u64, and
    ///                a PUBLISH packet of MQTT 5.0 with Packet Identifier 1
    /// ```
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(FORMAT);
        out.extend(self.next_token.to_be_bytes());
        out.extend(
            u16::try_from(self.releasing.len())
                .unwrap_or(u16::MAX)
                .to_be_bytes(),
        );
        for (packet_id, Releasing { token, reason }) in &self.releasing {
            out.extend(packet_id.get().to_be_bytes());
            out.extend(token.0.to_be_bytes());
            out.push(reason.byte());
        }
        put_counted(out, |out| {
            self.session.encode_state_without(out, |packet_id| {
                self.unacknowledged.contains_key(&packet_id)
            });
        });
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    ///
    /// [`RestoreError`] for other bytes. Memory is taken only for what is there, never for what a number claims.
    pub fn decode(bytes: &[u8]) -> Result<Self, RestoreError> {
        let mut reader = StateReader::new(bytes);
        reader.format(FORMAT)?;
        let next_token = reader.u64()?;
        let mut releasing = BTreeMap::new();
        for _ in 0..reader.u16()? {
            let packet_id = reader.packet_id()?;
            let token = PublishToken(reader.u64()?);
            let reason =
                PublishReasonCode::from_byte(reader.u8()?).ok_or_else(|| reader.damaged())?;
            if releasing
                .insert(packet_id, Releasing { token, reason })
                .is_some()
            {
                return Err(RestoreError::RepeatedPacketId { packet_id });
            }
        }
        let session = Session::decode_state(reader.counted()?)?;
        reader.finish()?;
        Ok(Self {
            session,
            releasing,
            next_token,
            ..Self::new()
        })
    }

    /// The session ended: nothing of it goes on.
    pub(crate) fn discard(&mut self) -> Vec<PublishOutcome> {
        let cause = AbandonCause::SessionEnded;
        let mut outcomes = Vec::new();
        for (_, exchange) in self.session.drain_outbound() {
            if let Some(Outgoing { token, message }) = exchange.into_kept() {
                outcomes.push(PublishOutcome::Abandoned {
                    token,
                    message: Some(Box::new(message)),
                    cause,
                });
            }
        }
        for Releasing { token, .. } in core::mem::take(&mut self.releasing).into_values() {
            outcomes.push(PublishOutcome::Abandoned {
                token,
                message: None,
                cause,
            });
        }
        self.session.clear();
        self.unacknowledged.clear();
        outcomes
    }
}

impl Kept for Outgoing {
    /// The token, a u64, and a PUBLISH packet of MQTT 5.0 with QoS 1 or 2 and Packet Identifier 1.
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.token.0.to_be_bytes());
        let qos = AcknowledgedQoS::new(self.message.qos).unwrap_or(AcknowledgedQoS::AtLeastOnce);
        let delivery = qos.delivery(PacketId::MIN, Transmission::First);
        let publish = self
            .message
            .publish(delivery, PublishTopic::Name(self.message.topic.borrowed()));
        let start = out.len();
        out.resize(start + publish.encoded_len(Version::V5_0).unwrap_or(0), 0);
        if let Some(out) = out.get_mut(start..) {
            publish.encode(Version::V5_0, out);
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (token, bytes) = bytes.split_first_chunk()?;
        let limits = Limits {
            packet_size: Limits::MAX_PACKET_SIZE,
        };
        let (packet, len) = decode(Version::V5_0, &limits, bytes).ok()??;
        let Packet::Publish(publish) = packet else {
            return None;
        };
        let PublishTopic::Name(topic) = publish.topic else {
            return None;
        };
        AcknowledgedQoS::new(publish.delivery.qos())?;
        let message = Message {
            topic: topic.into(),
            payload: Bytes::copy_from_slice(publish.payload),
            qos: publish.delivery.qos(),
            retain: publish.retain,
            properties: Delivered::properties(&publish.properties),
        };
        (len == bytes.len()).then_some(Self {
            token: PublishToken(u64::from_be_bytes(*token)),
            message,
        })
    }
}

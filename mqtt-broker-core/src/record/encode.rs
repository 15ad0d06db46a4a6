use alloc::vec::Vec;

use mqtt_codec::packet::{SubscriptionOptions, WillBuf};
use mqtt_codec::property::SubscriptionIdentifier;
use mqtt_codec::{ClientIdBuf, PacketId, QoS, TopicFilterBuf};

use crate::message::{Message, MessageId};
use crate::record::{Record, SessionRecord, kind, properties};

impl Record {
    /// The newest version of the encoding that is known here, and the one that is written.
    pub const FORMAT_VERSION: u8 = 1;

    /// Appends the record to `out`. The layout is part of the contract; the module's documentation shows it.
    ///
    /// ```
    /// use mqtt_broker_core::Record;
    /// use mqtt_codec::ClientIdBuf;
    ///
    /// let record = Record::SessionEnded { client_id: ClientIdBuf::new("c").unwrap() };
    /// let mut bytes = Vec::new();
    /// record.encode(&mut bytes);
    /// assert_eq!(bytes, [1, 2, 0, 1, b'c']);
    /// assert_eq!(Record::decode(&bytes), Ok((record, 5)));
    /// ```
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(Self::FORMAT_VERSION);
        match self {
            Self::Session(session) => put_session(session, out),
            Self::SessionEnded { client_id } => begin(kind::SESSION_ENDED, client_id, out),
            Self::Subscribed {
                client_id,
                filter,
                options,
                identifier,
            } => put_subscription(client_id, filter, options, *identifier, out),
            Self::Unsubscribed { client_id, filter } => {
                begin(kind::UNSUBSCRIBED, client_id, out);
                put_text(filter.as_str(), out);
            }
            Self::Message(message) => put_message(message, out),
            Self::Queued {
                client_id,
                sequence,
                message,
                qos,
                retain,
                identifiers,
                group,
            } => {
                put_place(kind::QUEUED, client_id, *sequence, out);
                put_message_id(*message, out);
                put_copy(
                    delivery_flags(*qos, *retain),
                    identifiers,
                    group.as_ref(),
                    out,
                );
            }
            Self::Sent {
                client_id,
                sequence,
                packet_id,
            } => {
                put_place(kind::SENT, client_id, *sequence, out);
                put_u16(packet_id.get(), out);
            }
            Self::Received {
                client_id,
                sequence,
            } => put_place(kind::RECEIVED, client_id, *sequence, out),
            Self::Settled {
                client_id,
                sequence,
            } => put_place(kind::SETTLED, client_id, *sequence, out),
            Self::Unreleased {
                client_id,
                packet_id,
            } => put_packet_id(kind::UNRELEASED, client_id, *packet_id, out),
            Self::Released {
                client_id,
                packet_id,
            } => put_packet_id(kind::RELEASED, client_id, *packet_id, out),
            Self::Retained { message, topic } => {
                out.push(kind::RETAINED);
                put_message_id(*message, out);
                put_text(topic.as_str(), out);
            }
            Self::RetainedCleared { topic } => {
                out.push(kind::RETAINED_CLEARED);
                put_text(topic.as_str(), out);
            }
        }
    }
}

/// The fields that most records begin with.
fn begin(kind: u8, client_id: &ClientIdBuf, out: &mut Vec<u8>) {
    out.push(kind);
    put_text(client_id.as_str(), out);
}

fn put_place(kind: u8, client_id: &ClientIdBuf, sequence: u64, out: &mut Vec<u8>) {
    begin(kind, client_id, out);
    put_u64(sequence, out);
}

fn put_packet_id(kind: u8, client_id: &ClientIdBuf, packet_id: PacketId, out: &mut Vec<u8>) {
    begin(kind, client_id, out);
    put_u16(packet_id.get(), out);
}

fn put_subscription(
    client_id: &ClientIdBuf,
    filter: &TopicFilterBuf,
    options: &SubscriptionOptions,
    identifier: Option<SubscriptionIdentifier>,
    out: &mut Vec<u8>,
) {
    begin(kind::SUBSCRIBED, client_id, out);
    put_text(filter.as_str(), out);
    out.push(options_byte(options));
    put_u32(identifier.map_or(0, SubscriptionIdentifier::get), out);
}

/// What only this session's copy of a message has.
fn put_copy(
    flags: u8,
    identifiers: &[SubscriptionIdentifier],
    group: Option<&TopicFilterBuf>,
    out: &mut Vec<u8>,
) {
    out.push(flags | group.map_or(0, |_| QUEUED_GROUP));
    put_identifiers(identifiers, out);
    if let Some(group) = group {
        put_text(group.as_str(), out);
    }
}

/// One after the other, then 0, which none of them is.
fn put_identifiers(identifiers: &[SubscriptionIdentifier], out: &mut Vec<u8>) {
    for identifier in identifiers {
        put_u32(identifier.get(), out);
    }
    put_u32(0, out);
}

fn put_session(session: &SessionRecord, out: &mut Vec<u8>) {
    begin(kind::SESSION, &session.client_id, out);
    out.push(session.version.level());
    let mut flags = 0;
    if session.principal.is_some() {
        flags |= SESSION_PRINCIPAL;
    }
    if session.disconnected_at.is_some() {
        flags |= SESSION_DISCONNECTED;
    }
    if session.will.is_some() {
        flags |= SESSION_WILL;
    }
    out.push(flags);
    if let Some(principal) = &session.principal {
        put_text(principal.as_str(), out);
    }
    put_u32(session.expiry_interval, out);
    if let Some(at) = session.disconnected_at {
        put_u64(at.as_micros(), out);
    }
    if let Some(will) = &session.will {
        put_will(will, out);
    }
}

fn put_will(will: &WillBuf, out: &mut Vec<u8>) {
    let will = will.borrowed();
    out.push(delivery_flags(will.qos, will.retain));
    put_text(will.topic.as_str(), out);
    put_data(will.payload.as_bytes(), out);
    properties::encode_will(&will.properties, out);
}

fn put_message(message: &Message, out: &mut Vec<u8>) {
    let publisher = message.publisher();
    let principal = publisher.and_then(|publisher| publisher.principal.as_ref());
    out.push(kind::MESSAGE);
    put_message_id(message.id(), out);
    let mut flags = delivery_flags(message.qos(), message.retain());
    if message.expires_at().is_some() {
        flags |= MESSAGE_EXPIRES;
    }
    if publisher.is_some() {
        flags |= MESSAGE_PUBLISHER;
    }
    if principal.is_some() {
        flags |= MESSAGE_PRINCIPAL;
    }
    out.push(flags);
    if let Some(at) = message.expires_at() {
        put_u64(at.as_micros(), out);
    }
    if let Some(publisher) = publisher {
        put_text(publisher.client_id.as_str(), out);
    }
    if let Some(principal) = principal {
        put_text(principal.as_str(), out);
    }
    put_text(message.topic().as_str(), out);
    match message.properties() {
        Some(kept) => properties::encode_publish(&kept.borrowed(), out),
        None => out.push(properties::END),
    }
    put_u64(message.payload().len() as u64, out);
    out.extend_from_slice(message.payload());
}

/// The Subscription Options byte of SUBSCRIBE. Standard: MQTT 5.0 §3.8.3.1.
fn options_byte(options: &SubscriptionOptions) -> u8 {
    options.maximum_qos.bits()
        | u8::from(options.no_local) << 2
        | u8::from(options.retain_as_published) << 3
        | (options.retain_handling as u8) << 4
}

fn delivery_flags(qos: QoS, retain: bool) -> u8 {
    qos.bits() | if retain { DELIVERY_RETAIN } else { 0 }
}

fn put_message_id(id: MessageId, out: &mut Vec<u8>) {
    put_u32(id.incarnation, out);
    put_u32(id.shard, out);
    put_u64(id.sequence, out);
}

/// `text` is no longer than a string field.
pub(super) fn put_text(text: &str, out: &mut Vec<u8>) {
    put_data(text.as_bytes(), out);
}

/// `data` is no longer than Binary Data.
pub(super) fn put_data(data: &[u8], out: &mut Vec<u8>) {
    let len = u16::try_from(data.len()).unwrap_or_else(|_| {
        debug_assert!(false, "the types of texts and binary data allow no more");
        u16::MAX
    });
    put_u16(len, out);
    out.extend(data.iter().take(usize::from(len)));
}

fn put_u16(number: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_be_bytes());
}

fn put_u32(number: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_be_bytes());
}

fn put_u64(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_be_bytes());
}

pub(super) const DELIVERY_QOS: u8 = 0x03;
pub(super) const DELIVERY_RETAIN: u8 = 0x04;
pub(super) const QUEUED_GROUP: u8 = 0x08;

pub(super) const MESSAGE_EXPIRES: u8 = 0x08;
pub(super) const MESSAGE_PUBLISHER: u8 = 0x10;
pub(super) const MESSAGE_PRINCIPAL: u8 = 0x20;

pub(super) const SESSION_PRINCIPAL: u8 = 0x01;
pub(super) const SESSION_DISCONNECTED: u8 = 0x02;
pub(super) const SESSION_WILL: u8 = 0x04;

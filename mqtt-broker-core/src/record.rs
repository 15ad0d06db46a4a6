//! What must survive a crash, and how it is written down.
//!
//! # The encoding
//!
//! [`Record::encode`] and [`Record::decode`] keep to this layout for ever; what changes it raises
//! [`Record::FORMAT_VERSION`], and a reader refuses a version above its own. Numbers are big-endian.
//!
//! | name | bytes |
//! | --- | --- |
//! | `u8` `u16` `u32` `u64` | a number |
//! | `text` | `u16` length, then as many bytes of UTF-8 without U+0000 |
//! | `data` | `u16` length, then as many bytes |
//! | `instant` | `u64`: microseconds since 1970-01-01 00:00 UTC |
//! | `message id` | `u32` incarnation, `u32` shard, `u64` sequence |
//! | `properties` | identifier (`u8`) and value of each property as MQTT 5.0 §2.2.2 encodes them, in any order, then `00` |
//!
//! A record is `u8` format version, `u8` kind, then the fields of its kind:
//!
//! | kind | record | fields |
//! | --- | --- | --- |
//! | `01` | [`Session`](Record::Session) | client id `text`; protocol version `u8` (3, 4 or 5); flags `u8`: 1 principal, 2 disconnected, 4 will; principal `text` if flagged; expiry interval in seconds `u32`; disconnected at `instant` if flagged; will if flagged |
//! | `02` | [`SessionEnded`](Record::SessionEnded) | client id `text` |
//! | `03` | [`Subscribed`](Record::Subscribed) | client id `text`; filter `text`; options `u8` as in SUBSCRIBE; Subscription Identifier `u32`, 0 for none |
//! | `04` | [`Unsubscribed`](Record::Unsubscribed) | client id `text`; filter `text` |
//! | `05` | [`Message`](Record::Message) | `message id`; flags `u8`: 3 QoS, 4 retain, 8 expires, 10 publisher, 20 principal (hexadecimal); expires at `instant` if flagged; publisher's client id `text` if flagged; its principal `text` if flagged; topic `text`; `properties`; payload: `u64` length and bytes |
//! | `06` | [`Queued`](Record::Queued) | client id `text`; sequence `u64`; `message id`; flags `u8`: 3 QoS, 4 retain, 8 group; Subscription Identifiers `u32` each, then `00000000`; group: `text`, only with its flag |
//! | `07` | [`Sent`](Record::Sent) | client id `text`; sequence `u64`; packet id `u16` |
//! | `08` | [`Received`](Record::Received) | client id `text`; sequence `u64` |
//! | `09` | [`Settled`](Record::Settled) | client id `text`; sequence `u64` |
//! | `0A` | [`Unreleased`](Record::Unreleased) | client id `text`; packet id `u16` |
//! | `0B` | [`Released`](Record::Released) | client id `text`; packet id `u16` |
//! | `0C` | [`Retained`](Record::Retained) | `message id`; topic `text` |
//! | `0D` | [`RetainedCleared`](Record::RetainedCleared) | topic `text` |
//!
//! A will is flags `u8` (3 QoS, 4 retain), topic `text`, payload `data`, `properties`. Properties are those of the
//! standard: `01` Payload Format Indicator, `02` Message Expiry Interval, `03` Content Type, `08` Response Topic, `09`
//! Correlation Data, `18` Will Delay Interval (of a will only), `26` User Property. All but the last come at most once.
//!
//! # The keys
//!
//! For a store that orders its entries by key, [`Record::key`] says where a record belongs and [`Record::change`] what
//! it does there. The value of an entry is the encoded record, so that what is read can be checked against its key.
//!
//! | key | holds |
//! | --- | --- |
//! | `'M'`, `message id` | the message |
//! | `'R'`, topic | which message is retained |
//! | `'S'`, client id, `00` | nothing: all keys of the session begin so |
//! | `'S'`, client id, `00 01` | the session's values |
//! | `'S'`, client id, `00 02`, filter | the subscription |
//! | `'S'`, client id, `00 03`, packet id `u16` | that the packet id is unreleased |
//! | `'S'`, client id, `00 04`, sequence `u64` | nothing: all keys of the place in the queue begin so |
//! | `'S'`, client id, `00 04`, sequence `u64`, `01` | the queued message |
//! | `'S'`, client id, `00 04`, sequence `u64`, `02` | the Packet Identifier as which it was sent |
//! | `'S'`, client id, `00 04`, sequence `u64`, `03` | that PUBREC came for it |
//!
//! A Client Identifier has no U+0000 in it, so no session's keys begin as those of another.

mod decode;
mod encode;
mod error;
mod key;
mod kind;
mod properties;
mod reader;

use alloc::boxed::Box;
use alloc::vec::Vec;

use mqtt_codec::packet::{SubscriptionOptions, WillBuf};
use mqtt_codec::property::SubscriptionIdentifier;
use mqtt_codec::{ClientIdBuf, PacketId, QoS, TextBuf, TopicFilterBuf, TopicNameBuf, Version};
use mqtt_session::Instant;

use crate::message::{Message, MessageId};

pub use error::{RecordError, RecordField};
pub use key::KeyChange;

/// A place in the order of what was handed over to be made durable. Rises by at least one with each batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub u64);

/// One change of what must survive a crash. Keyed by Client Identifier and topic, never by shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// The session exists with these values; what it had besides (subscriptions, queue, ids) stays.
    Session(Box<SessionRecord>),
    /// The session is gone with its subscriptions, queue, packet ids and will.
    SessionEnded {
        /// Whose.
        client_id: ClientIdBuf,
    },
    /// The subscription exists with these options; it replaces the one to the same filter.
    Subscribed {
        /// Whose.
        client_id: ClientIdBuf,
        /// The whole filter, with `$share/` if it is shared.
        filter: TopicFilterBuf,
        /// As granted.
        options: SubscriptionOptions,
        /// The Subscription Identifier.
        identifier: Option<SubscriptionIdentifier>,
    },
    /// The subscription is gone.
    Unsubscribed {
        /// Whose.
        client_id: ClientIdBuf,
        /// To what.
        filter: TopicFilterBuf,
    },
    /// The message is kept, once for all who refer to it. It stands before what refers to it in a batch, and may be
    /// forgotten when nothing refers to it.
    Message(Message),
    /// The message is in a session's queue.
    Queued {
        /// Whose.
        client_id: ClientIdBuf,
        /// Its place in the queue: rises.
        sequence: u64,
        /// Which.
        message: MessageId,
        /// The QoS at which it goes to this session.
        qos: QoS,
        /// The RETAIN flag with which it goes to this session.
        retain: bool,
        /// The Subscription Identifiers with which it goes to this session.
        identifiers: Vec<SubscriptionIdentifier>,
        /// The whole filter of the shared group that it came through, if it did: whither it goes back.
        group: Option<TopicFilterBuf>,
    },
    /// The queued message has a Packet Identifier: it may have been sent.
    Sent {
        /// Whose.
        client_id: ClientIdBuf,
        /// Its place in the queue.
        sequence: u64,
        /// As what.
        packet_id: PacketId,
    },
    /// PUBREC came for it: the message is the client's, PUBREL is sent from now on.
    Received {
        /// Whose.
        client_id: ClientIdBuf,
        /// Its place in the queue.
        sequence: u64,
    },
    /// The queued message is settled or dropped: its place and its Packet Identifier are free.
    Settled {
        /// Whose.
        client_id: ClientIdBuf,
        /// Its place in the queue.
        sequence: u64,
    },
    /// A QoS 2 PUBLISH of the client was taken over; its Packet Identifier waits for PUBREL.
    Unreleased {
        /// Whose.
        client_id: ClientIdBuf,
        /// Which.
        packet_id: PacketId,
    },
    /// PUBREL came: the Packet Identifier means a new message from now on.
    Released {
        /// Whose.
        client_id: ClientIdBuf,
        /// Which.
        packet_id: PacketId,
    },
    /// The message is the retained one of its topic.
    Retained {
        /// Which.
        message: MessageId,
        /// Its topic.
        topic: TopicNameBuf,
    },
    /// The topic has no retained message.
    RetainedCleared {
        /// Which.
        topic: TopicNameBuf,
    },
}

/// The values of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Whose.
    pub client_id: ClientIdBuf,
    /// Of the connection that wrote it last.
    pub version: Version,
    /// The principal at creation; `None` is anonymous.
    pub principal: Option<TextBuf>,
    /// The Session Expiry Interval in seconds that is in force; `u32::MAX` means never.
    pub expiry_interval: u32,
    /// When the connection ended; `None` while it is connected (a crash ends it then).
    pub disconnected_at: Option<Instant>,
    /// The will of the connection, or one that waits for its delay.
    pub will: Option<Box<WillBuf>>,
}

impl Record {
    /// The session that it is about; `None` for messages and retained topics.
    #[must_use]
    pub fn client_id(&self) -> Option<&ClientIdBuf> {
        match self {
            Self::Session(session) => Some(&session.client_id),
            Self::SessionEnded { client_id }
            | Self::Subscribed { client_id, .. }
            | Self::Unsubscribed { client_id, .. }
            | Self::Queued { client_id, .. }
            | Self::Sent { client_id, .. }
            | Self::Received { client_id, .. }
            | Self::Settled { client_id, .. }
            | Self::Unreleased { client_id, .. }
            | Self::Released { client_id, .. } => Some(client_id),
            Self::Message(_) | Self::Retained { .. } | Self::RetainedCleared { .. } => None,
        }
    }
}

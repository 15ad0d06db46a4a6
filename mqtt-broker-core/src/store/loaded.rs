use alloc::vec::Vec;

use mqtt_codec::packet::SubscriptionOptions;
use mqtt_codec::property::SubscriptionIdentifier;
use mqtt_codec::{ClientIdBuf, PacketId, QoS, TopicFilterBuf};

use crate::message::Message;
use crate::record::SessionRecord;

/// Something that a store kept, with all that belongs to it. What refers to the same message shares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// The retained message of its topic.
    Retained(Message),
    /// A session.
    Session(LoadedSession),
}

/// A session that a store kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedSession {
    /// Its values.
    pub record: SessionRecord,
    /// In the order of their filters.
    pub subscriptions: Vec<LoadedSubscription>,
    /// The Packet Identifiers of QoS 2 PUBLISHes from the client that wait for PUBREL; rising.
    pub unreleased: Vec<PacketId>,
    /// The head of its queue, from the oldest: all that was sent, and more.
    pub queue: Vec<PagedMessage>,
    /// The rest of its queue, if there is one.
    pub tail: Option<QueueTail>,
}

/// A subscription that a store kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedSubscription {
    /// The whole filter, with `$share/` if it is shared.
    pub filter: TopicFilterBuf,
    /// As granted.
    pub options: SubscriptionOptions,
    /// The Subscription Identifier.
    pub identifier: Option<SubscriptionIdentifier>,
}

/// What of a queue is in the store only. Nothing in it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueTail {
    /// The place of its first message: where the first page begins.
    pub first: u64,
    /// The place of its last message: new ones get places above.
    pub last: u64,
    /// How many there are.
    pub messages: usize,
    /// The bytes of their topics and payloads.
    pub bytes: usize,
}

/// A part of a session's queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Whose.
    pub client_id: ClientIdBuf,
    /// The place that was asked for, so that an answer is told from one to an earlier question.
    pub from: u64,
    /// From the oldest; none when nothing is left.
    pub messages: Vec<PagedMessage>,
    /// The place where the next page begins; `None` when this one ends the queue.
    pub next: Option<u64>,
}

/// A message in a session's queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagedMessage {
    /// Its place in the queue.
    pub sequence: u64,
    /// Which.
    pub message: Message,
    /// The QoS at which it goes to this session.
    pub qos: QoS,
    /// The RETAIN flag with which it goes to this session.
    pub retain: bool,
    /// The Subscription Identifiers with which it goes to this session.
    pub identifiers: Vec<SubscriptionIdentifier>,
    /// The whole filter of the shared group that it came through, if it did.
    pub group: Option<TopicFilterBuf>,
    /// As what it was sent, if it may have been.
    pub packet_id: Option<PacketId>,
    /// Whether PUBREC came for it: PUBREL is sent again, not the message.
    pub received: bool,
}

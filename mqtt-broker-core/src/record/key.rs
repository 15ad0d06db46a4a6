use alloc::vec::Vec;

use mqtt_codec::ClientIdBuf;

use crate::message::MessageId;
use crate::record::Record;

/// What a [`Record`] does to a store that orders its entries by [`Record::key`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyChange {
    /// The entry with this key is the record; it replaces what was there.
    Put,
    /// There is no entry with this key.
    Remove,
    /// There is no entry whose key begins with this one.
    RemovePrefix,
}

impl Record {
    /// Where the record belongs in a store that orders its entries by key: in the order of the bytes stand all messages,
    /// then all retained topics, then one session after the other, each with its values, its subscriptions, its
    /// unreleased packet ids and its queue from the oldest message to the newest.
    ///
    /// ```
    /// use mqtt_broker_core::Record;
    /// use mqtt_codec::ClientIdBuf;
    ///
    /// let client_id = ClientIdBuf::new("c")?;
    /// let session = Record::SessionEnded { client_id: client_id.clone() }.key();
    /// let entry = Record::Settled { client_id, sequence: 258 }.key();
    /// assert_eq!(session, b"Sc\0");
    /// assert_eq!(entry, b"Sc\0\x04\0\0\0\0\0\0\x01\x02");
    /// # Ok::<(), mqtt_codec::TextError>(())
    /// ```
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        match self {
            Self::Message(message) => message_key(message.id()),
            Self::Retained { topic, .. } | Self::RetainedCleared { topic } => {
                let mut key = Vec::with_capacity(1 + topic.as_str().len());
                key.push(RETAINED);
                key.extend_from_slice(topic.as_str().as_bytes());
                key
            }
            Self::Session(session) => session_key(&session.client_id, &[VALUES]),
            Self::SessionEnded { client_id } => session_key(client_id, &[]),
            Self::Subscribed {
                client_id, filter, ..
            }
            | Self::Unsubscribed { client_id, filter } => {
                let mut key = session_key(client_id, &[SUBSCRIPTION]);
                key.extend_from_slice(filter.as_str().as_bytes());
                key
            }
            Self::Unreleased {
                client_id,
                packet_id,
            }
            | Self::Released {
                client_id,
                packet_id,
            } => {
                let mut key = session_key(client_id, &[UNRELEASED]);
                key.extend_from_slice(&packet_id.get().to_be_bytes());
                key
            }
            Self::Queued {
                client_id,
                sequence,
                ..
            } => entry_key(client_id, *sequence, &[ENTRY_MESSAGE]),
            Self::Sent {
                client_id,
                sequence,
                ..
            } => entry_key(client_id, *sequence, &[ENTRY_SENT]),
            Self::Received {
                client_id,
                sequence,
            } => entry_key(client_id, *sequence, &[ENTRY_RECEIVED]),
            Self::Settled {
                client_id,
                sequence,
            } => entry_key(client_id, *sequence, &[]),
        }
    }

    /// What the record does at its [`key`](Self::key).
    #[must_use]
    pub fn change(&self) -> KeyChange {
        match self {
            Self::Session(_)
            | Self::Subscribed { .. }
            | Self::Message(_)
            | Self::Queued { .. }
            | Self::Sent { .. }
            | Self::Received { .. }
            | Self::Unreleased { .. }
            | Self::Retained { .. } => KeyChange::Put,
            Self::Unsubscribed { .. } | Self::Released { .. } | Self::RetainedCleared { .. } => {
                KeyChange::Remove
            }
            Self::SessionEnded { .. } | Self::Settled { .. } => KeyChange::RemovePrefix,
        }
    }
}

fn message_key(id: MessageId) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + 16);
    key.push(MESSAGE);
    key.extend_from_slice(&id.incarnation.to_be_bytes());
    key.extend_from_slice(&id.shard.to_be_bytes());
    key.extend_from_slice(&id.sequence.to_be_bytes());
    key
}

fn session_key(client_id: &ClientIdBuf, end: &[u8]) -> Vec<u8> {
    let id = client_id.as_str().as_bytes();
    let mut key = Vec::with_capacity(1 + id.len() + 1 + 10);
    key.push(SESSION);
    key.extend_from_slice(id);
    key.push(0);
    key.extend_from_slice(end);
    key
}

fn entry_key(client_id: &ClientIdBuf, sequence: u64, end: &[u8]) -> Vec<u8> {
    let mut key = session_key(client_id, &[ENTRY]);
    key.extend_from_slice(&sequence.to_be_bytes());
    key.extend_from_slice(end);
    key
}

const MESSAGE: u8 = b'M';
const RETAINED: u8 = b'R';
const SESSION: u8 = b'S';

const VALUES: u8 = 1;
const SUBSCRIPTION: u8 = 2;
const UNRELEASED: u8 = 3;
const ENTRY: u8 = 4;

const ENTRY_MESSAGE: u8 = 1;
const ENTRY_SENT: u8 = 2;
const ENTRY_RECEIVED: u8 = 3;

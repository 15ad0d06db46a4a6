use mqtt_codec::Version;

use crate::check::message_set::MessageSet;
use crate::messages::{MessageNumber, PublishedMessage};
use crate::observation::Context;

/// What came to a client, and what may wait for it in a queue.
#[derive(Clone, Debug, Default)]
pub(super) struct Inbox {
    delivered: MessageSet,
    /// What others published to it and did not come yet.
    waiting: MessageSet,
    waiting_messages: usize,
    waiting_bytes: usize,
    was_full: bool,
}

impl Inbox {
    /// Whether a message came.
    pub(super) fn has(&self, message: MessageNumber) -> bool {
        self.delivered.contains(message)
    }

    /// Whether the queue may have been full at some time.
    pub(super) const fn was_full(&self) -> bool {
        self.was_full
    }

    /// A message was published, and matches.
    pub(super) fn waits(
        &mut self,
        context: &Context<'_>,
        number: MessageNumber,
        message: &PublishedMessage,
    ) {
        if self.has(number) || !self.waiting.insert(number) {
            return;
        }
        self.waiting_messages += 1;
        self.waiting_bytes += bytes_in_queue(context, message);
        let broker = &context.setting.broker;
        self.was_full |= self.waiting_messages.saturating_mul(COPIES) > broker.queue_messages
            || self.waiting_bytes.saturating_mul(COPIES) > broker.queue_bytes;
    }

    /// A message came.
    pub(super) fn gets(&mut self, context: &Context<'_>, number: MessageNumber) {
        self.delivered.insert(number);
        let Some(message) = context.messages.get(number) else {
            return;
        };
        if self.waiting.remove(number) {
            self.waiting_messages -= 1;
            self.waiting_bytes -= bytes_in_queue(context, message);
        }
    }

    /// A new session has an empty queue.
    pub(super) fn begin(&mut self) {
        self.waiting.clear();
        (self.waiting_messages, self.waiting_bytes) = (0, 0);
    }
}

/// Whether a message is surely not too large for a client.
pub(super) fn fits(context: &Context<'_>, client: usize, message: &PublishedMessage) -> bool {
    let Some(profile) = context.setting.clients.get(client) else {
        return false;
    };
    let bytes = bytes_in_queue(context, message) + OVERHEAD;
    profile.version != Version::V5_0 || bytes <= profile.maximum_packet_size as usize
}

fn bytes_in_queue(context: &Context<'_>, message: &PublishedMessage) -> usize {
    let topic = context.setting.names.topic(message.topic);
    message.bytes + topic.map_or(0, |it| it.as_str().len())
}

/// What a PUBLISH has at most beside its topic and payload.
pub(super) const OVERHEAD: usize = 100;

/// How many copies of a message a queue has at most: its publisher may send it again.
const COPIES: usize = 4;

//! Which subscription a message goes to.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

use mqtt_codec::{QoS, TopicFilterBuf};
use mqtt_session::client::RequestToken;
use mqtt_session::{Delivered, DeliveryToken};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::subscription::{Acknowledge, Incoming};

/// The subscriptions of a client.
#[derive(Debug)]
pub(super) struct Streams {
    streams: Vec<Stream>,
    acknowledgements: mpsc::UnboundedSender<DeliveryToken>,
    /// How many places of a stream are kept for QoS 1 and 2.
    kept: u16,
}

#[derive(Debug)]
struct Stream {
    /// Of its SUBSCRIBE.
    token: RequestToken,
    filter: TopicFilterBuf,
    entrance: Entrance,
}

/// Where messages enter a subscription.
#[derive(Debug)]
pub(super) struct Entrance {
    messages: mpsc::Sender<Incoming>,
    dropped: Arc<AtomicU64>,
}

/// Where they leave it.
#[derive(Debug)]
pub(super) struct Exit {
    pub(super) messages: mpsc::Receiver<Incoming>,
    /// How many messages had no room.
    pub(super) dropped: Arc<AtomicU64>,
}

/// A way for so many messages.
pub(super) fn stream(capacity: usize) -> (Entrance, Exit) {
    let (sender, messages) = mpsc::channel(capacity);
    let dropped = Arc::new(AtomicU64::new(0));
    let entrance = Entrance {
        messages: sender,
        dropped: Arc::clone(&dropped),
    };
    (entrance, Exit { messages, dropped })
}

/// What became of a message that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// Who wants it has it, or it was of QoS 0 and there was no room.
    Done,
    /// A message of QoS 1 or 2 had no room: the server sends more than it may.
    NoRoom,
}

impl Streams {
    pub(super) fn new(acknowledgements: mpsc::UnboundedSender<DeliveryToken>, kept: u16) -> Self {
        Self {
            streams: Vec::new(),
            acknowledgements,
            kept,
        }
    }

    pub(super) fn add(&mut self, token: RequestToken, filter: TopicFilterBuf, entrance: Entrance) {
        self.streams.push(Stream {
            token,
            filter,
            entrance,
        });
    }

    /// How many messages of QoS 1 and 2 a server may send before they are acknowledged.
    pub(super) fn receive_maximum(&self) -> u16 {
        self.kept
    }

    /// The SUBSCRIBE was refused.
    pub(super) fn remove(&mut self, token: RequestToken) {
        self.streams.retain(|stream| stream.token != token);
    }

    /// The subscription has ended.
    pub(super) fn remove_filter(&mut self, filter: &TopicFilterBuf) {
        self.streams.retain(|stream| stream.filter != *filter);
    }

    /// Gives a message to every subscription that matches. One that nobody wants any more is acknowledged.
    pub(super) fn deliver(&mut self, mut delivered: Delivered) -> Delivery {
        let token = delivered.token.take();
        let acknowledge =
            token.map(|token| Arc::new(Acknowledge::new(token, self.acknowledgements.clone())));
        let kept = if delivered.message.qos == QoS::AtMostOnce {
            usize::from(self.kept)
        } else {
            0
        };
        let mut delivery = Delivery::Done;
        self.streams.retain(|stream| {
            let topic = delivered.message.topic.borrowed();
            let Entrance { messages, dropped } = &stream.entrance;
            if messages.is_closed() {
                return false;
            }
            if !stream.filter.borrowed().matches(topic) {
                return true;
            }
            if kept > 0 && messages.capacity() <= kept {
                dropped.fetch_add(1, Ordering::Relaxed);
                return true;
            }
            let incoming = Incoming {
                delivered: copy(&delivered),
                acknowledge: acknowledge.clone(),
            };
            if let Err(TrySendError::Full(_)) = messages.try_send(incoming) {
                delivery = Delivery::NoRoom;
            }
            true
        });
        delivery
    }
}

fn copy(delivered: &Delivered) -> Delivered {
    Delivered {
        message: delivered.message.clone(),
        dup: delivered.dup,
        subscription_identifiers: delivered.subscription_identifiers.clone(),
        token: None,
    }
}

use alloc::sync::Arc;
use core::sync::atomic::Ordering;
use core::task::{Context, Poll};

use mqtt_codec::TopicFilterBuf;
use mqtt_codec::reason_code::SubscribeReasonCode;
use mqtt_session::client::{RequestError, SubscribeError};
use mqtt_session::{Delivered, DeliveryToken};
use tokio::sync::mpsc;

use super::streams::Exit;
use super::{Client, ClientEnded};

/// The messages of a subscription.
///
/// It holds as many messages as the client announced as its Receive Maximum, and as many again of QoS 1 and 2. When it is
/// full, messages of QoS 0 are dropped and [counted](Self::dropped). Those of QoS 1 and 2 are acknowledged when they are taken, so a server sends no
/// more of them than there is room for.
///
/// When it is dropped the subscription goes on at the server, and its messages are acknowledged and dropped; to end it, call
/// [`Client::unsubscribe`].
#[derive(Debug)]
pub struct Subscription {
    filter: TopicFilterBuf,
    reason_code: SubscribeReasonCode,
    exit: Exit,
    /// A subscription keeps its connection.
    _client: Client,
}

/// A message on its way to the application.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) delivered: Delivered,
    /// All streams that got the message have it.
    pub(super) acknowledge: Option<Arc<Acknowledge>>,
}

/// Acknowledges a message when it is dropped.
#[derive(Debug)]
pub(super) struct Acknowledge {
    token: Option<DeliveryToken>,
    to: mpsc::UnboundedSender<DeliveryToken>,
}

impl Acknowledge {
    pub(super) fn new(token: DeliveryToken, to: mpsc::UnboundedSender<DeliveryToken>) -> Self {
        Self {
            token: Some(token),
            to,
        }
    }
}

impl Drop for Acknowledge {
    fn drop(&mut self) {
        if let Some(token) = self.token.take() {
            // Without a connection there is nobody to tell.
            let _ = self.to.send(token);
        }
    }
}

impl Subscription {
    pub(super) fn new(
        filter: TopicFilterBuf,
        reason_code: SubscribeReasonCode,
        exit: Exit,
        client: Client,
    ) -> Self {
        Self {
            filter,
            reason_code,
            exit,
            _client: client,
        }
    }

    /// To what.
    #[must_use]
    pub fn filter(&self) -> &TopicFilterBuf {
        &self.filter
    }

    /// What the server granted.
    #[must_use]
    pub fn reason_code(&self) -> SubscribeReasonCode {
        self.reason_code
    }

    /// How many messages of QoS 0 were dropped because it was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.exit.dropped.load(Ordering::Relaxed)
    }

    /// The next message, which is acknowledged with this; `None` when the subscription or the connection has ended.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is ready, no message is lost.
    pub async fn recv(&mut self) -> Option<Delivered> {
        self.exit.messages.recv().await.map(Incoming::take)
    }

    /// As [`recv`](Self::recv), for futures written by hand.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Delivered>> {
        self.exit
            .messages
            .poll_recv(cx)
            .map(|incoming| incoming.map(Incoming::take))
    }

    /// As [`recv`](Self::recv), of what is there: `None` when nothing is.
    pub fn try_recv(&mut self) -> Option<Delivered> {
        self.exit.messages.try_recv().ok().map(Incoming::take)
    }
}

impl Incoming {
    fn take(self) -> Delivered {
        drop(self.acknowledge);
        self.delivered
    }
}

/// Why there is no subscription.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeFailed {
    /// SUBSCRIBE was not sent.
    #[error(transparent)]
    NotSent(SubscribeError),
    /// The server has refused it.
    #[error("the server refused the subscription: {0}")]
    Refused(SubscribeReasonCode),
    /// As for an UNSUBSCRIBE.
    #[error(transparent)]
    Request(#[from] RequestFailed),
}

/// Why a request, an UNSUBSCRIBE for one, is not known to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestFailed {
    /// It was not sent.
    #[error(transparent)]
    NotSent(RequestError),
    /// The connection ended first.
    #[error("the connection ended before the answer")]
    Ended,
}

impl From<ClientEnded> for RequestFailed {
    fn from(_: ClientEnded) -> Self {
        Self::Ended
    }
}

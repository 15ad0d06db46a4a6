use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_session::{AbandonCause, PublishError, PublishOutcome};
use tokio::sync::oneshot;

/// A message on its way. It is ready when the server has acknowledged it; with QoS 0, when it was put into the send buffer.
///
/// # Cancel safety
///
/// Dropping it has no effect on the message. It may be polled in turns with other futures.
#[derive(Debug)]
#[must_use = "drop it to say that the acknowledgement is not waited for"]
pub struct Publishing {
    outcome: oneshot::Receiver<Result<(), PublishFailed>>,
}

/// Why a message is not known to have arrived.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishFailed {
    /// It was not sent.
    #[error(transparent)]
    NotSent(#[from] PublishError),
    /// The server has refused it.
    #[error("the server refused the message: {0}")]
    Refused(PublishReasonCode),
    /// The exchange could not be completed: whether the server has it is not known.
    #[error("whether the server has the message is not known: {0:?}")]
    Abandoned(AbandonCause),
    /// The connection ended first: whether the server has it is not known.
    #[error("the connection ended before the message was acknowledged")]
    Ended,
}

impl Publishing {
    pub(super) fn new(outcome: oneshot::Receiver<Result<(), PublishFailed>>) -> Self {
        Self { outcome }
    }
}

impl Future for Publishing {
    type Output = Result<(), PublishFailed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.outcome)
            .poll(cx)
            .map(|outcome| outcome.unwrap_or(Err(PublishFailed::Ended)))
    }
}

/// What the publisher is told.
pub(super) fn result(outcome: PublishOutcome) -> Result<(), PublishFailed> {
    match outcome {
        PublishOutcome::Acknowledged { reason, .. } if reason.is_error() => {
            Err(PublishFailed::Refused(reason))
        }
        PublishOutcome::Acknowledged { .. } => Ok(()),
        PublishOutcome::Abandoned { cause, .. } => Err(PublishFailed::Abandoned(cause)),
    }
}

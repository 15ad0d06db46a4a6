//! Who waits for what the server says.

use alloc::collections::BTreeMap;

use mqtt_codec::TopicFilterBuf;
use mqtt_codec::reason_code::{SubscribeReasonCode, UnsubscribeReasonCode};
use mqtt_session::client::RequestToken;
use mqtt_session::{PublishOutcome, PublishToken};
use tokio::sync::oneshot;

use super::publishing::{PublishFailed, result};
use super::streams::Streams;
use super::subscription::{RequestFailed, SubscribeFailed};

/// The answers that are awaited. Who waits may be gone. When this is dropped, all who wait learn that the connection ended.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    published: BTreeMap<PublishToken, oneshot::Sender<Result<(), PublishFailed>>>,
    subscribed:
        BTreeMap<RequestToken, oneshot::Sender<Result<SubscribeReasonCode, SubscribeFailed>>>,
    unsubscribed: BTreeMap<
        RequestToken,
        (
            TopicFilterBuf,
            oneshot::Sender<Result<UnsubscribeReasonCode, RequestFailed>>,
        ),
    >,
}

impl Waiters {
    pub(super) fn await_published(
        &mut self,
        token: PublishToken,
        answer: oneshot::Sender<Result<(), PublishFailed>>,
    ) {
        self.published.insert(token, answer);
    }

    pub(super) fn await_subscribed(
        &mut self,
        token: RequestToken,
        answer: oneshot::Sender<Result<SubscribeReasonCode, SubscribeFailed>>,
    ) {
        self.subscribed.insert(token, answer);
    }

    pub(super) fn await_unsubscribed(
        &mut self,
        token: RequestToken,
        filter: TopicFilterBuf,
        answer: oneshot::Sender<Result<UnsubscribeReasonCode, RequestFailed>>,
    ) {
        self.unsubscribed.insert(token, (filter, answer));
    }

    pub(super) fn published(&mut self, outcome: PublishOutcome) {
        let (PublishOutcome::Acknowledged { token, .. } | PublishOutcome::Abandoned { token, .. }) =
            &outcome;
        if let Some(answer) = self.published.remove(token) {
            let _ = answer.send(result(outcome));
        }
    }

    pub(super) fn subscribed(
        &mut self,
        token: RequestToken,
        reason_codes: &[SubscribeReasonCode],
        streams: &mut Streams,
    ) {
        let reason_code = reason_codes
            .first()
            .copied()
            .unwrap_or(SubscribeReasonCode::UnspecifiedError);
        if reason_code.is_error() {
            streams.remove(token);
        }
        if let Some(answer) = self.subscribed.remove(&token) {
            let refused = reason_code.is_error();
            let _ = answer.send(if refused {
                Err(SubscribeFailed::Refused(reason_code))
            } else {
                Ok(reason_code)
            });
        }
    }

    pub(super) fn unsubscribed(
        &mut self,
        token: RequestToken,
        reason_codes: &[UnsubscribeReasonCode],
        streams: &mut Streams,
    ) {
        let Some((filter, answer)) = self.unsubscribed.remove(&token) else {
            return;
        };
        let reason_code = reason_codes
            .first()
            .copied()
            .unwrap_or(UnsubscribeReasonCode::UnspecifiedError);
        if !reason_code.is_error() {
            streams.remove_filter(&filter);
        }
        let _ = answer.send(Ok(reason_code));
    }
}

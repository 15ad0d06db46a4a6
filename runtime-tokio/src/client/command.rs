use mqtt_codec::TopicFilterBuf;
use mqtt_codec::packet::SubscriptionOptions;
use mqtt_codec::reason_code::{SubscribeReasonCode, UnsubscribeReasonCode};
use mqtt_session::Message;
use tokio::sync::{mpsc, oneshot};

use super::publishing::PublishFailed;
use super::subscription::{Incoming, RequestFailed, SubscribeFailed};

/// What a handle asks of the task that drives its connection. Who asked may be gone when it is answered.
#[derive(Debug)]
pub(super) enum Command {
    Publish {
        message: Message,
        answer: oneshot::Sender<Result<(), PublishFailed>>,
    },
    Subscribe {
        filter: TopicFilterBuf,
        options: SubscriptionOptions,
        stream: mpsc::Sender<Incoming>,
        answer: oneshot::Sender<Result<SubscribeReasonCode, SubscribeFailed>>,
    },
    Unsubscribe {
        filter: TopicFilterBuf,
        answer: oneshot::Sender<Result<UnsubscribeReasonCode, RequestFailed>>,
    },
    Disconnect,
}

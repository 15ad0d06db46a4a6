use mqtt_codec::TopicFilterBuf;
use mqtt_codec::packet::SubscriptionOptions;
use mqtt_codec::reason_code::{SubscribeReasonCode, UnsubscribeReasonCode};
use mqtt_session::Message;
use tokio::sync::{mpsc, oneshot};

use super::publishing::PublishFailed;
use super::streams::Entrance;
use super::subscription::{RequestFailed, SubscribeFailed};

/// A message that a handle publishes. Who asked may be gone when it is answered.
#[derive(Debug)]
pub(super) struct Publish {
    pub(super) message: Message,
    pub(super) answer: oneshot::Sender<Result<(), PublishFailed>>,
}

/// What else a handle asks of the server. It has a way of its own: messages may have to wait for the server.
#[derive(Debug)]
pub(super) enum Request {
    Subscribe {
        filter: TopicFilterBuf,
        options: SubscriptionOptions,
        stream: Entrance,
        answer: oneshot::Sender<Result<SubscribeReasonCode, SubscribeFailed>>,
    },
    Unsubscribe {
        filter: TopicFilterBuf,
        answer: oneshot::Sender<Result<UnsubscribeReasonCode, RequestFailed>>,
    },
}

/// The ways from the handles to the task that drives their connection.
#[derive(Clone, Debug)]
pub(super) struct Commands {
    pub(super) messages: mpsc::Sender<Publish>,
    pub(super) requests: mpsc::Sender<Request>,
    /// Says to leave, by a word or by being gone. It waits for nothing.
    pub(super) leave: mpsc::Sender<()>,
}

/// Their other ends.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) messages: mpsc::Receiver<Publish>,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) leave: mpsc::Receiver<()>,
}

impl Commands {
    pub(super) fn new() -> (Self, Wanted) {
        let (messages, wanted_messages) = mpsc::channel(COMMANDS);
        let (requests, wanted_requests) = mpsc::channel(COMMANDS);
        let (leave, told) = mpsc::channel(1);
        let commands = Self {
            messages,
            requests,
            leave,
        };
        let wanted = Wanted {
            messages: wanted_messages,
            requests: wanted_requests,
            leave: told,
        };
        (commands, wanted)
    }
}

/// How many commands of a kind may wait.
const COMMANDS: usize = 256;

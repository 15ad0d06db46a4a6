use mqtt_codec::packet::SubscriptionOptions;

use crate::messages::MessageNumber;
use crate::names::Filter;

/// Something that the model did because of the last observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A will was published.
    WillPublished {
        /// Whose.
        client: usize,
        /// Which.
        message: MessageNumber,
    },
    /// A will was dropped for good.
    WillDropped {
        /// Whose.
        client: usize,
        /// Which.
        message: MessageNumber,
    },
    /// A session began.
    SessionStarted {
        /// Whose.
        client: usize,
    },
    /// A session is gone.
    SessionEnded {
        /// Whose.
        client: usize,
    },
    /// A subscription was made.
    Subscribed {
        /// Whose.
        client: usize,
        /// To what.
        filter: Filter,
        /// How.
        options: SubscriptionOptions,
        /// What there was before.
        before: Option<SubscriptionOptions>,
    },
    /// A subscription is gone.
    Unsubscribed {
        /// Whose.
        client: usize,
        /// To what.
        filter: Filter,
    },
    /// A message is the retained one of its topic.
    Retained {
        /// Which.
        message: MessageNumber,
    },
    /// A message is the retained one no more.
    Unretained {
        /// Which.
        message: MessageNumber,
    },
}

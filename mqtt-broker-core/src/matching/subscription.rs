use mqtt_codec::packet::SubscriptionOptions;
use mqtt_codec::property::SubscriptionIdentifier;

use super::keys::{FilterKey, SessionKey};

/// How a session is subscribed to a Topic Filter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Subscription {
    /// As granted.
    pub(crate) options: SubscriptionOptions,
    /// Comes back with each message that this subscription brings.
    pub(crate) identifier: Option<SubscriptionIdentifier>,
}

/// A session that is subscribed to a Topic Filter, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Member {
    /// Who.
    pub(crate) session: SessionKey,
    /// How.
    pub(crate) subscription: Subscription,
}

/// What a SUBSCRIBE did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Subscribed {
    /// Names the filter while the subscription exists.
    pub(crate) key: FilterKey,
    /// Whether the subscription existed before.
    pub(crate) change: Change,
}

/// Whether a subscription existed before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    /// It did not.
    New,
    /// It replaces this one [MQTT-3.8.4-3].
    Replaced(Subscription),
}

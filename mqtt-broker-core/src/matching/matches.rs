use alloc::sync::Arc;
use alloc::vec::Vec;

use mqtt_codec::property::SubscriptionIdentifier;
use mqtt_codec::{QoS, TopicNameBuf};

use super::keys::{GroupKey, SessionKey};

/// Whom a Topic Name goes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Matches {
    /// The name; a clone shares it.
    pub(crate) topic: TopicNameBuf,
    /// The sessions with subscriptions of their own: each once, sorted by session.
    pub(crate) targets: Vec<Target>,
    /// The shared groups, each of which gives the message to one member.
    pub(crate) groups: Vec<GroupKey>,
}

/// A session that gets one copy of a message, whatever number of its subscriptions match [MQTT-3.3.4-2].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Who.
    pub(crate) session: SessionKey,
    /// The highest QoS granted by the subscriptions that match.
    pub(crate) qos: QoS,
    /// Whether one of them has Retain As Published.
    pub(crate) retain_as_published: bool,
    /// Whether they have No Local.
    pub(crate) no_local: NoLocal,
    /// The identifiers of all of them that have one, the same one as often as it is there [MQTT-3.3.4-4].
    pub(crate) identifiers: Option<Arc<[SubscriptionIdentifier]>>,
}

/// Whether the subscriptions of a session that match have No Local [MQTT-3.8.3-3].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoLocal {
    /// None has.
    Never,
    /// All have: the session does not get what it publishes itself.
    Always,
    /// Some have: see `for_publisher` of [`Routes`](super::Routes) for what the session itself publishes.
    Mixed,
}

impl Matches {
    /// Nobody, yet.
    pub(super) const fn new(topic: TopicNameBuf) -> Self {
        Self {
            topic,
            targets: Vec::new(),
            groups: Vec::new(),
        }
    }
}

use alloc::vec::Vec;

use bytes::Bytes;
use mqtt_codec::packet::{
    Delivery, Publish, PublishProperties, PublishPropertiesBuf, PublishTopic,
};
use mqtt_codec::property::{SubscriptionIdentifier, SubscriptionIdentifiers};
use mqtt_codec::{PacketId, QoS, TopicNameBuf};

use crate::AcknowledgedQoS;

/// An Application Message. Standard: MQTT 5.0 §1.2, §3.3.
///
/// ```
/// use mqtt_codec::{QoS, TopicNameBuf};
/// use mqtt_session::Message;
///
/// let message = Message { qos: QoS::AtLeastOnce, ..Message::new(TopicNameBuf::new("sensors/door")?, "open") };
/// assert_eq!(message.payload, "open");
/// # Ok::<(), mqtt_codec::TopicNameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where it is published.
    pub topic: TopicNameBuf,
    /// What is published.
    pub payload: Bytes,
    /// With which assurance.
    pub qos: QoS,
    /// The RETAIN flag.
    pub retain: bool,
    /// What 5.0 says of it beside; left out in 3.x.
    pub properties: PublishPropertiesBuf,
}

impl Message {
    /// With QoS 0, not retained, without properties.
    #[must_use]
    pub fn new(topic: TopicNameBuf, payload: impl Into<Bytes>) -> Self {
        Self {
            topic,
            payload: payload.into(),
            qos: QoS::AtMostOnce,
            retain: false,
            properties: PublishPropertiesBuf::default(),
        }
    }

    /// The packet that carries it.
    pub(crate) fn publish<'a>(
        &'a self,
        delivery: Delivery,
        topic: PublishTopic<'a>,
    ) -> Publish<'a> {
        Publish {
            delivery,
            retain: self.retain,
            topic,
            properties: self.properties.borrowed(),
            payload: &self.payload,
        }
    }
}

/// A message that came in.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The message, its topic resolved.
    pub message: Message,
    /// The DUP flag: the peer may have sent it before.
    pub dup: bool,
    /// Of the subscriptions that brought it; from a server of 5.0 only.
    pub subscription_identifiers: Vec<SubscriptionIdentifier>,
    /// With [`Acknowledgement::Manual`] and QoS 1 or 2: hand it to `acknowledge` when the message is taken care of.
    pub token: Option<DeliveryToken>,
}

impl Delivered {
    pub(crate) fn identifiers(
        identifiers: SubscriptionIdentifiers<'_>,
    ) -> Vec<SubscriptionIdentifier> {
        identifiers.iter().collect()
    }

    pub(crate) fn properties(properties: &PublishProperties<'_>) -> PublishPropertiesBuf {
        PublishPropertiesBuf::from(properties)
    }
}

/// Who acknowledges messages that came in with QoS 1 or 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Acknowledgement {
    /// `poll_action`, when it hands the message out.
    #[default]
    Automatic,
    /// The caller, with the [`DeliveryToken`].
    Manual,
}

/// Names a message that waits for its acknowledgement. It is good for one use, on the connection that it came on.
#[derive(Debug, PartialEq, Eq)]
pub struct DeliveryToken {
    pub(crate) connection: u64,
    pub(crate) qos: AcknowledgedQoS,
    pub(crate) packet_id: PacketId,
}

/// Why a message that came in was not acknowledged. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum AcknowledgeError {
    /// The connection on which it came is gone: the peer will send it again [MQTT-4.4.0-1].
    #[error("the connection on which the message came is gone")]
    ConnectionGone,
    /// A client cannot say No matching subscribers.
    #[error("only a server may use this reason code")]
    ReasonForServers,
}

/// Names a message that was published, in the [`PublishOutcome`](crate::PublishOutcome) of QoS 1 and 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublishToken(pub(crate) u64);

impl PublishToken {
    /// Its number: rises with each message of a session, also across restarts when the state is stored.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

use mqtt_codec::packet::{
    Auth, Connack, Disconnect, Publish, Suback, Subscribe, Unsuback, Unsubscribe,
};
use mqtt_codec::reason_code::{PublishReasonCode, ReleaseReasonCode};
use mqtt_codec::{PacketId, PacketType, TopicName, TopicNameBuf};

/// What a packet of the peer's means: what [`Session::receive`](crate::Session::receive) returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received<'a, T> {
    /// A message to be delivered. With QoS 1 and 2 call [`acknowledge`](crate::Session::acknowledge) or
    /// [`hold`](crate::Session::hold) before the next packet is received.
    Publish {
        /// Where it was published, an alias resolved.
        topic: ReceivedTopic<'a>,
        /// The packet.
        publish: Publish<'a>,
    },
    /// A QoS 2 PUBLISH again, not to be delivered [MQTT-4.3.3-10]. Call [`acknowledge`](crate::Session::acknowledge) or
    /// [`hold`](crate::Session::hold): its PUBREC leaves behind those that are held.
    Duplicate {
        /// Of the exchange.
        packet_id: PacketId,
    },
    /// PUBACK, or PUBREC of 0x80 or above: the exchange is over and its identifier free [MQTT-4.4.0-2].
    Settled {
        /// Of the exchange.
        packet_id: PacketId,
        /// What was kept to send it again.
        kept: T,
        /// What the peer says.
        reason: PublishReasonCode,
    },
    /// PUBREC below 0x80: the message is the peer's. Call [`release`](crate::Session::release).
    PubrecReceived {
        /// Of the exchange.
        packet_id: PacketId,
        /// What was kept to send it again. `None` when the PUBREC came before, or is for no exchange that we know:
        /// `release` is due all the same, and says which.
        kept: Option<T>,
        /// What the peer says.
        reason: PublishReasonCode,
    },
    /// PUBCOMP: the exchange is over and its identifier free.
    Completed {
        /// Of the exchange.
        packet_id: PacketId,
        /// What the peer says.
        reason: ReleaseReasonCode,
    },
    /// PUBREL: the identifier means a new message from now on. Call [`complete`](crate::Session::complete).
    Released {
        /// Of the exchange.
        packet_id: PacketId,
        /// Whether there was one.
        known: Known,
    },
    /// SUBSCRIBE from a client; it wants a SUBACK.
    Subscribe(Subscribe<'a>),
    /// UNSUBSCRIBE from a client; it wants an UNSUBACK.
    Unsubscribe(Unsubscribe<'a>),
    /// SUBACK from a server.
    Suback(Suback<'a>),
    /// UNSUBACK from a server.
    Unsuback(Unsuback<'a>),
    /// PINGREQ from a client; it wants a PINGRESP.
    Pingreq,
    /// PINGRESP from a server.
    Pingresp,
    /// The peer is about to close the connection. Whether it may raise its Session Expiry Interval is for the caller to
    /// judge.
    Disconnect(Disconnect<'a>),
    /// A step of the enhanced authentication, see [`Authentication`](crate::Authentication).
    Auth(Auth<'a>),
    /// The server's answer to CONNECT; only on a connection that is [`connecting`](crate::Connection::connecting).
    Connack(Connack<'a>),
    /// An acknowledgement that fits no exchange of ours. It changes nothing: after a connection was lost both ends may
    /// rightly disagree about what is over. Count it.
    Ignored {
        /// PUBACK, PUBREC or PUBCOMP.
        packet_type: PacketType,
        /// What it named.
        packet_id: PacketId,
    },
}

/// Whether an identifier belonged to an exchange. Where it did not, 5.0 says 0x92.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Known {
    /// It did.
    Yes,
    /// It did not.
    No,
}

/// The topic of a PUBLISH that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceivedTopic<'a> {
    /// It stands in the packet.
    Name(TopicName<'a>),
    /// The packet has an alias for it.
    Alias(TopicNameBuf),
}

impl ReceivedTopic<'_> {
    /// The topic.
    #[must_use]
    #[inline]
    pub fn name(&self) -> TopicName<'_> {
        match self {
            Self::Name(name) => *name,
            Self::Alias(name) => name.borrowed(),
        }
    }

    /// The topic, to be kept.
    #[must_use]
    pub fn to_owned(&self) -> TopicNameBuf {
        match self {
            Self::Name(name) => TopicNameBuf::from(*name),
            Self::Alias(name) => name.clone(),
        }
    }
}

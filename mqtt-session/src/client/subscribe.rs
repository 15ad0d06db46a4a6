use mqtt_codec::packet::{
    Subscribe, SubscribeProperties, Subscription, Subscriptions, TopicFilters, Unsubscribe,
};
use mqtt_codec::property::UserProperties;
use mqtt_codec::{Packet, PacketId, TopicFilter};

use super::{ClientSession, RequestToken, State};
use crate::{Instant, ProtocolError};

/// A SUBSCRIBE or UNSUBSCRIBE that has no answer yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) token: RequestToken,
    pub(super) kind: RequestKind,
    /// How many reason codes its answer must have.
    pub(super) filters: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestKind {
    Subscribe,
    Unsubscribe,
}

/// Why a SUBSCRIBE was not sent. Nothing is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// As for an UNSUBSCRIBE.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// No Local on a shared subscription [MQTT-3.8.3-4].
    #[error("No Local on a shared subscription")]
    NoLocalOnShared,
    /// The server has no wildcard subscriptions.
    #[error("the server has no wildcard subscriptions")]
    WildcardsNotSupported,
    /// The server has no shared subscriptions.
    #[error("the server has no shared subscriptions")]
    SharedNotSupported,
    /// The server has no Subscription Identifiers.
    #[error("the server has no Subscription Identifiers")]
    IdentifiersNotSupported,
}

/// Why a request, an UNSUBSCRIBE for one, was not sent. Nothing is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// There is no connection, or CONNACK has not come.
    #[error("not connected")]
    NotConnected,
    /// No Topic Filter [MQTT-3.8.3-2] [MQTT-3.10.3-2].
    #[error("no Topic Filter")]
    Empty,
    /// As many requests as allowed have no answer yet.
    #[error("{limit} requests already await their answer")]
    TooManyRequests {
        /// How many.
        limit: usize,
    },
    /// The send buffer is at its limit; try again when something was written.
    #[error("the send buffer holds its limit of {limit} bytes")]
    SendBufferFull {
        /// Bytes.
        limit: usize,
    },
    /// All Packet Identifiers are in use.
    #[error("no Packet Identifier is free")]
    NoPacketId,
    /// The packet is larger than the server takes [MQTT-3.2.2-15], or than the protocol can express.
    #[error("a packet of {len:?} bytes, where the server takes {maximum}")]
    TooLarge {
        /// Bytes of the packet; `None` when the protocol cannot express it.
        len: Option<usize>,
        /// Bytes that the server takes.
        maximum: u32,
    },
}

impl ClientSession {
    /// Subscribes to Topic Filters. [`Event::Subscribed`](super::Event::Subscribed) will name the token.
    ///
    /// In 3.x the options other than the QoS are left out.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`]; nothing is sent then.
    pub fn subscribe(
        &mut self,
        now: Instant,
        subscriptions: &[Subscription<'_>],
        properties: SubscribeProperties<'_>,
    ) -> Result<RequestToken, SubscribeError> {
        let State::Connected(online) = &self.state else {
            return Err(RequestError::NotConnected.into());
        };
        let filters = subscriptions.len();
        let subscriptions = Subscriptions::new(subscriptions).ok_or(RequestError::Empty)?;
        let subscribe = Subscribe {
            packet_id: PacketId::MIN,
            properties,
            subscriptions,
        };
        if subscriptions
            .iter()
            .any(|it| it.options.no_local && it.filter.shared().is_some())
            && self.is_v5()
        {
            return Err(SubscribeError::NoLocalOnShared);
        }
        online
            .link
            .capabilities
            .check_subscribe(&subscribe)
            .map_err(subscribe_error)?;
        let request = |packet_id| {
            Packet::Subscribe(Subscribe {
                packet_id,
                ..subscribe
            })
        };
        Ok(self.send_request(now, RequestKind::Subscribe, filters, request)?)
    }

    /// Ends subscriptions. [`Event::Unsubscribed`](super::Event::Unsubscribed) will name the token.
    ///
    /// # Errors
    ///
    /// [`RequestError`]; nothing is sent then.
    pub fn unsubscribe(
        &mut self,
        now: Instant,
        filters: &[TopicFilter<'_>],
        user_properties: UserProperties<'_>,
    ) -> Result<RequestToken, RequestError> {
        let count = filters.len();
        let filters = TopicFilters::new(filters).ok_or(RequestError::Empty)?;
        let request = |packet_id| {
            Packet::Unsubscribe(Unsubscribe {
                packet_id,
                user_properties,
                filters,
            })
        };
        self.send_request(now, RequestKind::Unsubscribe, count, request)
    }

    fn send_request<'a>(
        &mut self,
        now: Instant,
        kind: RequestKind,
        filters: usize,
        request: impl Fn(PacketId) -> Packet<'a>,
    ) -> Result<RequestToken, RequestError> {
        let State::Connected(online) = &mut self.state else {
            return Err(RequestError::NotConnected);
        };
        let connection = &online.link.connection;
        if self.requests.len() >= self.config.requests {
            return Err(RequestError::TooManyRequests {
                limit: self.config.requests,
            });
        }
        if !self.endpoint.admits() {
            return Err(RequestError::SendBufferFull {
                limit: self.config.send_buffer,
            });
        }
        // Any identifier is as long as this one.
        let len = request(PacketId::MIN).encoded_len(connection.version());
        if !len.is_some_and(|len| connection.fits(len)) {
            return Err(RequestError::TooLarge {
                len,
                maximum: connection.negotiated().packet_size_out,
            });
        }
        let packet_id = self
            .endpoint
            .state
            .session
            .take_id()
            .ok_or(RequestError::NoPacketId)?;
        self.endpoint.put(connection, request(packet_id));
        self.endpoint.note_wanted();
        online.ping.note_sent(now);
        let token = RequestToken(self.next_request);
        self.next_request += 1;
        self.requests.insert(
            packet_id,
            Request {
                token,
                kind,
                filters,
            },
        );
        Ok(token)
    }
}

fn subscribe_error(error: ProtocolError) -> SubscribeError {
    if error == ProtocolError::SharedSubscriptionsNotSupported {
        SubscribeError::SharedNotSupported
    } else if error == ProtocolError::WildcardSubscriptionsNotSupported {
        SubscribeError::WildcardsNotSupported
    } else {
        SubscribeError::IdentifiersNotSupported
    }
}

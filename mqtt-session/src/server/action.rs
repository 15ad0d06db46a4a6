use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;
use mqtt_codec::packet::{SubscriptionOptions, WillBuf};
use mqtt_codec::property::{SubscriptionIdentifier, UserPropertiesBuf};
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{ClientIdBuf, TextBuf, TopicFilterBuf, Version};

use crate::{CloseReason, Delivered, Password, PublishOutcome};

/// What the caller of a [`ServerSession`](super::ServerSession) must do, in this order.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// `tx` has something to write. Said once until it was drained.
    Transmit,
    /// Stop reading; keep what was read and not consumed.
    Pause,
    /// Present what was kept, even if nothing new arrived, and read on.
    Resume,
    /// A message from the client.
    Deliver(Delivered),
    /// Something that the caller has to know or decide.
    Notify(Event),
    /// Write what `tx` still holds, then close the connection.
    Close(CloseReason),
}

/// What a caller has to know or decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// CONNECT: answer with `accept`, `refuse`, or, if it has an Authentication Method, `authenticate`.
    Connect(Box<ConnectRequest>),
    /// The client's next step of the authentication: answer with `authenticate`, or, before CONNACK, with `accept` or
    /// `refuse`, or, after it, with `reauthenticated` or `disconnect` [MQTT-4.12.1-2].
    Authenticate {
        /// The method's.
        data: Option<Bytes>,
    },
    /// The client begins to authenticate again. Answer as to `Authenticate`.
    Reauthenticate {
        /// The method's.
        data: Option<Bytes>,
    },
    /// SUBSCRIBE: answer with `suback` [MQTT-3.8.4-1].
    Subscribe(Box<SubscribeRequest>),
    /// UNSUBSCRIBE: answer with `unsuback` [MQTT-3.10.4-4].
    Unsubscribe(Box<UnsubscribeRequest>),
    /// What became of a message that was published with QoS 1 or 2.
    Published(PublishOutcome),
    /// The client has sent DISCONNECT; `Close` follows.
    Disconnected(Box<Disconnection>),
}

/// A client's wish to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectRequest {
    /// Of the protocol.
    pub version: Version,
    /// Whether it came with the bit that bridges set.
    pub bridge: bool,
    /// Empty: assign one.
    pub client_id: ClientIdBuf,
    /// Whether to begin an empty session; in 3.x also, to end it with the connection.
    pub clean_start: bool,
    /// For how many seconds to keep the session after the connection; `u32::MAX` for ever. In 3.x 0 or `u32::MAX`.
    pub session_expiry_interval: u32,
    /// Seconds; 0 turns it off.
    pub keep_alive: u16,
    /// For authentication.
    pub user_name: Option<TextBuf>,
    /// For authentication.
    pub password: Option<Password>,
    /// To be published unless the connection ends with DISCONNECT 0x00, see
    /// [`CloseReason::drops_will`](crate::CloseReason::drops_will).
    pub will: Option<WillBuf>,
    /// Whether the client wants the base of response topics.
    pub request_response_information: bool,
    /// For the application.
    pub user_properties: UserPropertiesBuf,
    /// Asks for enhanced authentication.
    pub authentication_method: Option<TextBuf>,
    /// The method's.
    pub authentication_data: Option<Bytes>,
}

/// A client's SUBSCRIBE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscribeRequest {
    /// For the answer.
    pub token: RequestToken,
    /// What it wants, in order.
    pub subscriptions: Vec<(TopicFilterBuf, SubscriptionOptions)>,
    /// Comes back with each message that these subscriptions bring.
    pub identifier: Option<SubscriptionIdentifier>,
    /// For the application.
    pub user_properties: UserPropertiesBuf,
}

/// A client's UNSUBSCRIBE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsubscribeRequest {
    /// For the answer.
    pub token: RequestToken,
    /// What it wants to end, in order.
    pub filters: Vec<TopicFilterBuf>,
    /// For the application.
    pub user_properties: UserPropertiesBuf,
}

/// What a client says when it ends a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnection {
    /// Why; in 3.x always Success.
    pub reason: DisconnectReasonCode,
    /// For how many seconds to keep the session from now on; `None` as CONNECT said.
    pub session_expiry_interval: Option<u32>,
    /// For people.
    pub reason_string: Option<TextBuf>,
    /// For diagnostics.
    pub user_properties: UserPropertiesBuf,
}

/// Names a SUBSCRIBE or UNSUBSCRIBE that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestToken(pub(super) u64);

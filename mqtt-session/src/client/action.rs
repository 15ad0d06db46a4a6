use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;
use mqtt_codec::property::UserPropertiesBuf;
use mqtt_codec::reason_code::{
    ConnectReasonCode, DisconnectReasonCode, SubscribeReasonCode, UnsubscribeReasonCode,
};
use mqtt_codec::{ClientIdBuf, TextBuf};

use crate::{Capabilities, CloseReason, Delivered, PublishOutcome};

/// What the caller of a [`ClientSession`](super::ClientSession) must do, in this order.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// `tx` has something to write. Said once until it was drained.
    Transmit,
    /// Hand it to the application.
    Deliver(Delivered),
    /// Tell the application.
    Notify(Event),
    /// Write what `tx` still holds, then close the connection.
    Close(CloseReason),
}

/// What an application wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// CONNACK has accepted the connection.
    Connected(Box<Connected>),
    /// CONNACK has refused it; `Close` follows.
    Refused(Box<Refusal>),
    /// What became of a message that was published with QoS 1 or 2.
    Published(PublishOutcome),
    /// SUBACK.
    Subscribed {
        /// Which SUBSCRIBE.
        token: RequestToken,
        /// One for each Topic Filter, in their order.
        reason_codes: Vec<SubscribeReasonCode>,
        /// For people.
        reason_string: Option<TextBuf>,
    },
    /// UNSUBACK.
    Unsubscribed {
        /// Which UNSUBSCRIBE.
        token: RequestToken,
        /// One for each Topic Filter, in their order. In 3.x, which has none, Success.
        reason_codes: Vec<UnsubscribeReasonCode>,
        /// For people.
        reason_string: Option<TextBuf>,
    },
    /// The connection ended before SUBACK or UNSUBACK came. Whether the server has done it is not known.
    Unanswered {
        /// Which SUBSCRIBE or UNSUBSCRIBE.
        token: RequestToken,
    },
    /// The server asks for the next step of the authentication: answer with `authenticate`.
    Authenticate {
        /// The method's.
        data: Option<Bytes>,
    },
    /// The server says that the client is authenticated again.
    Reauthenticated {
        /// The method's.
        data: Option<Bytes>,
    },
    /// The server has sent DISCONNECT; `Close` follows.
    Disconnected(Box<Disconnection>),
}

/// What a server that accepts a connection says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// Whether the server has gone on with a session of before. 3.1 does not say: there it is what we expect.
    pub session_present: bool,
    /// Ours, or what the server assigned.
    pub client_id: ClientIdBuf,
    /// What the server offers.
    pub capabilities: Capabilities,
    /// How many messages of QoS 1 and 2 may be open, ours counted in.
    pub send_maximum: u16,
    /// The largest packet that the server takes, in bytes.
    pub maximum_packet_size: u32,
    /// The Keep Alive that is in force; zero when it is off.
    pub keep_alive: Duration,
    /// For how long the server keeps the session; `Duration::MAX` for ever.
    pub session_expiry: Duration,
    /// From which response topics may be built.
    pub response_information: Option<TextBuf>,
    /// Where to go another time.
    pub server_reference: Option<TextBuf>,
    /// For people.
    pub reason_string: Option<TextBuf>,
    /// For diagnostics.
    pub user_properties: UserPropertiesBuf,
    /// The authentication method's.
    pub authentication_data: Option<Bytes>,
}

/// What a server that refuses a connection says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: ConnectReasonCode,
    /// For people.
    pub reason_string: Option<TextBuf>,
    /// Where to go instead.
    pub server_reference: Option<TextBuf>,
    /// For diagnostics.
    pub user_properties: UserPropertiesBuf,
}

/// What a server says when it ends a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnection {
    /// Why.
    pub reason: DisconnectReasonCode,
    /// For people.
    pub reason_string: Option<TextBuf>,
    /// Where to go instead.
    pub server_reference: Option<TextBuf>,
    /// For diagnostics.
    pub user_properties: UserPropertiesBuf,
}

/// Names a SUBSCRIBE or UNSUBSCRIBE in the event that answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestToken(pub(super) u64);

impl RequestToken {
    /// Its number: rises with each request.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

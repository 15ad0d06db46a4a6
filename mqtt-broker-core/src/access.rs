//! Who a client is, and what it may do.

use core::net::SocketAddr;

use alloc::vec::Vec;
use core::fmt;

use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_codec::{ClientIdBuf, TextBuf, Version};
use mqtt_session::{Instant, Password};

/// A network connection on which a CONNECT has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where it comes from, if that is an address.
    pub address: Option<SocketAddr>,
    /// When the time for CONNECT and authentication is over.
    pub connect_deadline: Instant,
    /// The Client Identifier to assign when CONNECT has none: unpredictable and never given before.
    pub assigned_client_id: ClientIdBuf,
    /// How clients of its listener prove who they are.
    pub authentication: Authentication,
}

/// How clients of a listener prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Authentication {
    /// Not at all: everyone is anonymous and is let in at once; user names are not looked at.
    #[default]
    Anonymous,
    /// By [`Action::Authenticate`](crate::Action::Authenticate).
    Ask,
}

/// What a client showed. The client waits until it is answered or its time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationRequest {
    /// As whom it wants to connect.
    pub client_id: ClientIdBuf,
    /// Its protocol version.
    pub version: Version,
    /// Where it comes from.
    pub address: Option<SocketAddr>,
    /// The User Name field.
    pub user_name: Option<TextBuf>,
    /// The Password field.
    pub password: Option<Password>,
    /// The enhanced authentication, of 5.0.
    pub enhanced: Option<EnhancedData>,
    /// Whether this is an authentication of a client that is connected already. Standard: MQTT 5.0 §4.12.1.
    pub again: bool,
}

/// A step of the enhanced authentication. Standard: MQTT 5.0 §4.12.
///
/// Debug output does not show the data.
#[derive(Clone, PartialEq, Eq)]
pub struct EnhancedData {
    /// The Authentication Method of CONNECT.
    pub method: TextBuf,
    /// The Authentication Data of this step.
    pub data: Option<Vec<u8>>,
}

impl fmt::Debug for EnhancedData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnhancedData")
            .field("method", &self.method)
            .field("data", &self.data.as_ref().map(|_| format_args!("..")))
            .finish()
    }
}

/// The answer to an [`AuthenticationRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthenticationOutcome {
    /// Let it in.
    Accepted {
        /// Who it is; `None` is anonymous.
        principal: Option<TextBuf>,
        /// The last Authentication Data of the server.
        data: Option<Vec<u8>>,
    },
    /// Ask for more, by AUTH; only for the enhanced authentication.
    Continue {
        /// The server's Authentication Data.
        data: Vec<u8>,
    },
    /// Turn it away. An error code.
    Refused(ConnectReasonCode),
}

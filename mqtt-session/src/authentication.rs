use mqtt_codec::packet::{Auth, Connack};
use mqtt_codec::reason_code::AuthReasonCode;
use mqtt_codec::{Text, TextBuf};

use crate::{ProtocolError, Role};

/// The enhanced authentication of one connection: whose turn it is. Standard: MQTT 5.0 §4.12.
///
/// The mechanism itself (SCRAM, Kerberos, …) is the caller's: it is given the peer's data and gives its own.
///
/// ```text
///            CONNECT with a method              AUTH 0x18 ◀──▶ AUTH 0x18             CONNACK
/// client ──────────────────────────▶ peer's turn ────────────────────────▶ … ──────────────────▶ Idle
///                                    AUTH 0x19 ──▶ AUTH 0x18 ◀──▶ AUTH 0x18 ──▶ AUTH 0x00 ──▶ Idle
/// ```
#[derive(Clone, Debug)]
pub struct Authentication {
    role: Role,
    method: Option<TextBuf>,
    turn: Turn,
    /// Whether CONNACK was sent.
    is_connected: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// No exchange is under way.
    Idle,
    /// We are to answer.
    Ours,
    /// The peer is to answer.
    Peers,
}

/// What an AUTH of the peer's means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthenticationStep {
    /// 0x18: the next step is ours.
    Continue,
    /// 0x19: the client begins to authenticate again; the next step is ours.
    Reauthenticate,
    /// 0x00: the server says that the client is authenticated again.
    Success,
}

/// Why an AUTH was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticateError {
    /// There is no connection, or none that could authenticate again.
    #[error("not connected")]
    NotConnected,
    /// CONNECT had no Authentication Method [MQTT-4.12.0-6] [MQTT-4.12.0-7].
    #[error("CONNECT had no Authentication Method")]
    NoMethod,
    /// The other side is to speak, or nothing was asked.
    #[error("it is not our turn in the authentication")]
    NotOurTurn,
    /// The data is above 65,535 bytes, or the packet larger than the peer takes.
    #[error("the packet would be larger than the peer takes")]
    TooLarge,
}

impl Authentication {
    /// From CONNECT on, with the method that stands there.
    #[must_use]
    pub fn new(role: Role, method: Option<TextBuf>) -> Self {
        let turn = match (role, &method) {
            (_, None) => Turn::Idle,
            (Role::Client, Some(_)) => Turn::Peers,
            (Role::Server, Some(_)) => Turn::Ours,
        };
        Self {
            role,
            method,
            turn,
            is_connected: false,
        }
    }

    /// CONNECT's Authentication Method, which every AUTH and the CONNACK carry [MQTT-4.12.0-5].
    #[must_use]
    pub fn method(&self) -> Option<Text<'_>> {
        self.method.as_ref().map(TextBuf::borrowed)
    }

    /// Whether an exchange is under way.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.turn != Turn::Idle
    }

    /// Takes an AUTH of the peer's.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::AuthWithoutMethod`] [MQTT-4.12.0-7], [`ProtocolError::AuthMethodChanged`] [MQTT-4.12.0-5],
    /// [`ProtocolError::UnexpectedAuth`] when it is not the peer's turn or the code is not one for its side.
    pub fn receive(&mut self, auth: &Auth<'_>) -> Result<AuthenticationStep, ProtocolError> {
        match (self.method(), auth.properties.authentication_method) {
            (None, _) | (_, None) => return Err(ProtocolError::AuthWithoutMethod),
            (Some(ours), Some(theirs)) if ours != theirs => {
                return Err(ProtocolError::AuthMethodChanged);
            }
            (Some(_), Some(_)) => {}
        }
        match (auth.reason_code, self.turn) {
            (AuthReasonCode::ContinueAuthentication, Turn::Peers) => {
                self.turn = Turn::Ours;
                Ok(AuthenticationStep::Continue)
            }
            // With a method nobody is idle before CONNACK.
            (AuthReasonCode::ReAuthenticate, Turn::Idle) if self.role == Role::Server => {
                self.turn = Turn::Ours;
                Ok(AuthenticationStep::Reauthenticate)
            }
            (AuthReasonCode::Success, Turn::Peers)
                if self.role == Role::Client && self.is_connected =>
            {
                self.turn = Turn::Idle;
                Ok(AuthenticationStep::Success)
            }
            (
                AuthReasonCode::Success
                | AuthReasonCode::ContinueAuthentication
                | AuthReasonCode::ReAuthenticate,
                Turn::Idle | Turn::Ours | Turn::Peers,
            ) => Err(ProtocolError::UnexpectedAuth),
        }
    }

    /// A client takes the CONNACK that accepts the connection.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::AuthMethodChanged`] when it has not the method of CONNECT [MQTT-4.12.0-5] [MQTT-4.12.0-6].
    pub fn connack(&mut self, connack: &Connack<'_>) -> Result<(), ProtocolError> {
        if connack.properties.authentication_method != self.method() {
            return Err(ProtocolError::AuthMethodChanged);
        }
        self.connected();
        Ok(())
    }

    /// A server has sent the CONNACK that accepts the connection.
    pub fn connected(&mut self) {
        (self.turn, self.is_connected) = (Turn::Idle, true);
    }

    /// Before an AUTH is sent: 0x18 and 0x19 give the turn to the peer, 0x00 ends the exchange.
    ///
    /// # Errors
    ///
    /// [`AuthenticateError::NoMethod`], [`AuthenticateError::NotOurTurn`]. Nothing is changed then.
    pub fn send(&mut self, reason_code: AuthReasonCode) -> Result<(), AuthenticateError> {
        if self.method.is_none() {
            return Err(AuthenticateError::NoMethod);
        }
        self.turn = match (reason_code, self.turn, self.role) {
            // [MQTT-4.12.0-2] [MQTT-4.12.0-3]
            (AuthReasonCode::ContinueAuthentication, Turn::Ours, Role::Client | Role::Server) => {
                Turn::Peers
            }
            // [MQTT-4.12.1-1]
            (AuthReasonCode::ReAuthenticate, Turn::Idle, Role::Client) => Turn::Peers,
            (AuthReasonCode::Success, Turn::Ours, Role::Server) if self.is_connected => Turn::Idle,
            (
                AuthReasonCode::Success
                | AuthReasonCode::ContinueAuthentication
                | AuthReasonCode::ReAuthenticate,
                Turn::Idle | Turn::Ours | Turn::Peers,
                Role::Client | Role::Server,
            ) => return Err(AuthenticateError::NotOurTurn),
        };
        Ok(())
    }
}

//! One network connection, from its CONNECT to its close.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use mqtt_codec::{ClientIdBuf, Limits, Version};
use mqtt_session::{Authentication, CloseReason, Connection, Instant, Resend, Role, TxBuffer};

use crate::access::Peer;
use crate::broker::PendingConnect;
use crate::link_id::LinkId;
use crate::matching::SessionKey;

/// A link of the broker.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: LinkId,
    pub(crate) state: LinkState,
    /// What the decoder takes: the version is CONNECT's from then on.
    pub(crate) version: Version,
    pub(crate) limits: Limits,
    pub(crate) reading: Reading,
    /// Whether `Action::Transmit` was given since the buffer was last empty.
    pub(crate) announced: bool,
    /// Whether `Action::Flush` was given since the buffer was last below half of its bound.
    pub(crate) flushing: bool,
    /// Whether a timer looks after the progress of the send buffer.
    pub(crate) stall_armed: bool,
    /// Whether the session has something that waits for room in the send buffer.
    pub(crate) wants_room: bool,
    pub(crate) connection: Connection,
    pub(crate) tx: TxBuffer,
    /// When the last whole packet came.
    pub(crate) last_packet: Instant,
    /// When the send buffer last became shorter or stopped being empty.
    pub(crate) last_progress: Instant,
    /// How long the link may be silent.
    pub(crate) silence: Duration,
    /// Whether CONNECT had a Session Expiry Interval above 0: DISCONNECT may change it then only.
    pub(crate) may_change_expiry: bool,
    /// What is sent again to a resumed session, while there is something.
    pub(crate) resend: Option<Box<Resend>>,
    /// Who connected, from where.
    pub(crate) peer: Box<Peer>,
    /// The enhanced authentication, where CONNECT had a method.
    pub(crate) authentication: Authentication,
    /// As whom it connected, for the log.
    pub(crate) client_id: Option<ClientIdBuf>,
}

/// AwaitConnect ──CONNECT──▶ Authenticating ──accepted──▶ AwaitStore ──durable──▶ Connected ──▶ Closing
///
/// Without a question to ask or a record to store the steps between are left out. Every state may go to Closing.
#[derive(Debug)]
pub(crate) enum LinkState {
    /// Nothing came yet.
    AwaitConnect,
    /// `Action::Authenticate` waits for its answer.
    Authenticating(Box<PendingConnect>),
    /// AUTH was sent, the client's is awaited.
    AwaitAuth(Box<PendingConnect>),
    /// The CONNACK waits until the session is durable.
    AwaitStore {
        session: SessionKey,
        connack: Vec<u8>,
    },
    /// CONNACK was sent.
    Connected { session: SessionKey },
    /// DISCONNECT came and what it changed is not durable yet.
    Leaving { reason: CloseReason },
    /// `Action::Close` was given.
    Closing,
}

/// Why bytes of the link are not taken, if they are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// They are.
    On,
    /// `Action::Pause` was given: an answer of the caller's or of the store is awaited.
    Paused,
    /// `Action::Pause` was given: the client does not take the answers to what it sends.
    Choked,
}

impl Link {
    /// A link on which CONNECT is about to be presented.
    pub(crate) fn new(
        id: LinkId,
        peer: Peer,
        limits: Limits,
        connection: Connection,
        now: Instant,
    ) -> Self {
        Self {
            id,
            state: LinkState::AwaitConnect,
            version: Version::V5_0,
            limits,
            reading: Reading::On,
            announced: false,
            flushing: false,
            stall_armed: false,
            wants_room: false,
            connection,
            tx: TxBuffer::new(),
            last_packet: now,
            last_progress: now,
            silence: Duration::MAX,
            may_change_expiry: false,
            resend: None,
            peer: Box::new(peer),
            authentication: Authentication::new(Role::Server, None),
            client_id: None,
        }
    }

    /// The session that it carries, once CONNACK was sent.
    #[inline]
    pub(crate) fn connected_session(&self) -> Option<SessionKey> {
        match self.state {
            LinkState::Connected { session } => Some(session),
            LinkState::AwaitConnect
            | LinkState::Authenticating(_)
            | LinkState::AwaitAuth(_)
            | LinkState::AwaitStore { .. }
            | LinkState::Leaving { .. }
            | LinkState::Closing => None,
        }
    }

    /// The session that it carries or is about to carry.
    pub(crate) fn session(&self) -> Option<SessionKey> {
        match self.state {
            LinkState::Connected { session } | LinkState::AwaitStore { session, .. } => {
                Some(session)
            }
            LinkState::AwaitConnect
            | LinkState::Authenticating(_)
            | LinkState::AwaitAuth(_)
            | LinkState::Leaving { .. }
            | LinkState::Closing => None,
        }
    }
}

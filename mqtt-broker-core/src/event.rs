use mqtt_codec::{ClientIdBuf, TextBuf, Version};
use mqtt_session::CloseReason;

use crate::link_id::LinkId;

/// What an operator wants to read in a log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A client was let in.
    Connected {
        /// On which link.
        link: LinkId,
        /// As whom.
        client_id: ClientIdBuf,
        /// With which version.
        version: Version,
        /// Clean Start.
        clean_start: bool,
        /// Whether a session was resumed.
        session_present: bool,
        /// Keep Alive in seconds that is in force.
        keep_alive: u16,
        /// Session Expiry Interval in seconds that is in force; `u32::MAX` means never.
        session_expiry_interval: u32,
        /// The user name, if it gave one.
        user_name: Option<TextBuf>,
    },
    /// A link came to its end.
    Disconnected {
        /// Which.
        link: LinkId,
        /// Whose, if it came that far.
        client_id: Option<ClientIdBuf>,
        /// Why.
        reason: CloseReason,
    },
    /// A limit refused something. Rate-limit it per cause.
    Refused {
        /// On which link; `None` for a will whose client is gone.
        link: Option<LinkId>,
        /// Whose, if it came that far.
        client_id: Option<ClientIdBuf>,
        /// Which limit or rule.
        cause: crate::counters::Cause,
    },
}

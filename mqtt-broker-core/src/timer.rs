use crate::link_id::LinkId;
use crate::matching::SessionKey;

/// What a broker waits for. A timer of something that is gone or went on meanwhile is ignored when it fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// What is left of the time for CONNECT and authentication.
    Authentication(LinkId),
    /// A packet of the client is due.
    KeepAlive(LinkId),
    /// The send buffer should have become shorter.
    Stall(LinkId),
    /// A session ends. With its epoch.
    SessionExpiry(SessionKey, u32),
    /// A will is due. With its session's epoch.
    WillDelay(SessionKey, u32),
    /// Something in a session's queue expires. With its epoch.
    QueueExpiry(SessionKey, u32),
    /// A retained message expires.
    RetainedExpiry,
    /// Retained messages are still to be looked for, for this link.
    Replay(LinkId),
    /// Sessions whose time is over end.
    SessionsDue,
    /// Work that is done in slices goes on.
    Work,
}

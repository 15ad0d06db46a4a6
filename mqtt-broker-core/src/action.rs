use alloc::boxed::Box;
use alloc::vec::Vec;

use mqtt_codec::ClientIdBuf;
use mqtt_session::CloseReason;

use crate::access::AuthenticationRequest;
use crate::event::Event;
use crate::link_id::LinkId;
use crate::record::{Position, Record};

/// What the caller of a [`Broker`](crate::Broker) must do, in this order.
#[derive(Debug)]
pub enum Action {
    /// `tx(link)` has something to write. Said once until the buffer was drained.
    Transmit {
        /// Whose.
        link: LinkId,
    },
    /// Write now what `tx(link)` holds, not at the end of the turn: it passed half of its bound.
    Flush {
        /// Whose.
        link: LinkId,
    },
    /// Stop reading from the link; keep what was read and not consumed.
    Pause {
        /// Which.
        link: LinkId,
    },
    /// Present what was kept of the link, even if nothing new arrived, and read on.
    Resume {
        /// Which.
        link: LinkId,
    },
    /// Write what `tx(link)` still holds, then close the connection. The link is gone when `handle_closed` was called.
    Close {
        /// Which.
        link: LinkId,
        /// For the log.
        reason: CloseReason,
    },
    /// Decide who this is and answer with `handle_authenticated`.
    Authenticate {
        /// Who asks; paused until the answer.
        link: LinkId,
        /// With what.
        request: Box<AuthenticationRequest>,
    },
    /// Make the records durable as one batch and then call `handle_persisted(position)`.
    Persist {
        /// In this order.
        records: Vec<Record>,
        /// Rises with each batch.
        position: Position,
    },
    /// Read more of a session's queue from the store and call `handle_paged`.
    Page {
        /// Whose queue.
        client_id: ClientIdBuf,
        /// The first wanted place in the queue.
        from: u64,
        /// At most this many messages.
        messages: usize,
        /// At most this many bytes of payload, but at least one message.
        bytes: usize,
    },
    /// Something for the log or the application happened.
    Notify(Event),
}

//! Where records go, and where a broker comes back from.

mod compact;
mod error;
mod loaded;

pub use compact::compact;
pub use error::{Damage, Operation, Place, StoreError};
pub use loaded::{Loaded, LoadedSession, LoadedSubscription, Page, PagedMessage, QueueTail};

use mqtt_codec::ClientIdBuf;

use crate::record::Record;

/// Keeps the records of a broker.
///
/// Calls block until they are done: an adapter that must not wait makes them on a thread of their own. A store is used by
/// one owner, for all shards of a process; nothing in it depends on how many shards there are.
///
/// What is said here about records holds for every batch that a [`Broker`](crate::Broker) hands out:
///
/// - The records of one session are in their order. A batch may hold records of many sessions.
/// - A record of a session (but its end) stands behind that session's [`Record::Session`], and `Sent` and `Received`
///   behind their `Queued`.
/// - A `Message` stands before what refers to it, in the same batch or an earlier one. It lives for as long as something
///   refers to it when a batch ends; who refers to it after that must give it again. The same name always means the same
///   message.
/// - The sequence numbers of a queue rise: none is queued twice. `Unreleased` is said of packet ids that are not.
/// - What ends (`SessionEnded`, `Unsubscribed`, `Settled`, `Released`, `RetainedCleared`) may be said again.
pub trait Store {
    /// A number for this start of the broker: above the incarnation of every message that is kept.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as [`load`](Self::load).
    fn incarnation(&mut self) -> Result<u32, StoreError>;

    /// Gives everything that is kept to `each`: first the retained messages in the order of their topics, then the
    /// sessions in the order of their Client Identifiers, each in one piece.
    ///
    /// Of each queue come the oldest `queue_head` messages, and those behind them as far as the last one that was sent.
    /// The rest stays where it is, to be read by [`page`](Self::page); [`QueueTail`] says how much it is.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. What `each` was given until then is true but not everything: do not start with it.
    fn load(&mut self, queue_head: usize, each: &mut dyn FnMut(Loaded)) -> Result<(), StoreError>;

    /// Makes the records durable, all or none of them, in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. None of the records is kept then, but for [`StoreError::Io`]: after that it is not known, and the
    /// store must be opened anew.
    fn commit(&mut self, batch: &[Record]) -> Result<(), StoreError>;

    /// Reads a part of a session's queue: from the place `from` on, at most `messages` messages with at most `bytes`
    /// bytes of topic and payload, but at least one message if there is one.
    ///
    /// It sees what was committed, so the caller commits what the broker handed out before it asked. A session that does
    /// not exist has an empty queue.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn page(
        &mut self,
        client_id: &ClientIdBuf,
        from: u64,
        messages: usize,
        bytes: usize,
    ) -> Result<Page, StoreError>;
}

use core::task::Waker;

use mqtt_broker_core::LinkId;
use tokio::net::TcpStream;

use super::admission::Permit;
use super::unread::Unread;

/// What a shard knows of a network connection that is a link of its broker. Small: there may be very many.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) link: LinkId,
    pub(crate) stream: TcpStream,
    pub(crate) permit: Permit,
    pub(crate) unread: Unread,
    /// As what its unread bytes are counted.
    pub(crate) counted: usize,
    /// Of the task that reads; set when it was polled first.
    pub(crate) reader: Option<Waker>,
    pub(crate) reading: Reading,
    pub(crate) writing: Writing,
    pub(crate) phase: Phase,
}

/// Whether the broker takes bytes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// It does.
    On,
    /// It shall be shown what is unread before more is read.
    Present,
    /// It does not: `Action::Pause`.
    Paused,
}

/// Whether a connection's socket takes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    /// As far as we know.
    Open,
    /// It was full.
    Full,
}

/// Open ──Action::Close──▶ Closing ──written, or no more time──▶ gone
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// In use.
    Open,
    /// The peer closed it, or it broke: nothing can be sent any more.
    Lost,
    /// What is left is written.
    Closing,
}

impl Connection {
    /// Of a link whose first bytes were read already.
    pub(crate) fn new(link: LinkId, stream: TcpStream, permit: Permit, unread: Unread) -> Self {
        Self {
            link,
            stream,
            permit,
            unread,
            counted: 0,
            reader: None,
            reading: Reading::Present,
            writing: Writing::Open,
            phase: Phase::Open,
        }
    }

    /// Has the task that reads look again.
    pub(crate) fn wake_reader(&self) {
        if let Some(reader) = &self.reader {
            reader.wake_by_ref();
        }
    }
}

/// The connections of a shard by the number of their link.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    slots: Vec<Option<Connection>>,
}

impl Connections {
    pub(crate) fn insert(&mut self, connection: Connection) {
        let index = connection.link.index();
        if index >= self.slots.len() {
            self.slots.resize_with(index + 1, || None);
        }
        if let Some(slot) = self.slots.get_mut(index) {
            debug_assert!(
                slot.is_none(),
                "a link is closed before its number is used again"
            );
            *slot = Some(connection);
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, link: LinkId) -> Option<&mut Connection> {
        self.slots
            .get_mut(link.index())?
            .as_mut()
            .filter(|connection| connection.link == link)
    }

    pub(crate) fn remove(&mut self, link: LinkId) -> Option<Connection> {
        self.get_mut(link)?;
        self.slots.get_mut(link.index())?.take()
    }

    /// Takes all of them.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Connection> {
        core::mem::take(&mut self.slots).into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::Reader;
    use super::*;

    /// There may be very many. What tokio and the broker need of each comes on top.
    #[test]
    fn an_idle_connection_is_small() {
        assert_eq!(size_of::<Reader>(), 2 * size_of::<usize>());
        assert!(size_of::<Option<Connection>>() <= 176);
    }
}

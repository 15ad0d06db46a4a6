//! The ends of connections.

use alloc::rc::Rc;

use mqtt_broker_core::LinkId;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_session::{CloseReason, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::spawn_local;
use tokio::time::timeout;

use super::admission::Permit;
use super::connection::{Connection, Phase, Writing};
use super::shard::{Shard, State};

/// How a connection is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// At once: the peer expects it.
    Short,
    /// The peer is read for a while: a reset, which a socket with unread bytes sends when it is closed, could overtake our last packet.
    Long,
}

impl Farewell {
    pub(crate) fn to(reason: &CloseReason) -> Self {
        let expected = matches!(
            reason,
            CloseReason::PeerDisconnected {
                reason: DisconnectReasonCode::Success
            } | CloseReason::ConnectionLost
        );
        if expected { Self::Short } else { Self::Long }
    }
}

impl State {
    /// `Action::Close`: writes what is left, then closes.
    pub(crate) fn close(&mut self, now: Instant, link: LinkId, farewell: Farewell) {
        self.write(now, link);
        let left = self.broker.tx(link).map_or(0, |tx| tx.len());
        let Some(connection) = self.connections.get_mut(link) else {
            return self.broker.handle_closed(now, link);
        };
        match connection.phase {
            Phase::Lost => self.finish(now, link, Farewell::Short),
            Phase::Open | Phase::Closing if left == 0 => self.finish(now, link, farewell),
            Phase::Open => {
                connection.phase = Phase::Closing;
                if let Some(shard) = self.shard() {
                    spawn_local(close_when_written(shard, link, farewell));
                }
            }
            Phase::Closing => {}
        }
    }

    /// Lets go of a connection.
    fn finish(&mut self, now: Instant, link: LinkId, farewell: Farewell) {
        let Some(connection) = self.connections.remove(link) else {
            return;
        };
        self.unread.changed(connection.counted, 0);
        self.broker.handle_closed(now, link);
        connection.wake_reader();
        let Connection { stream, permit, .. } = connection;
        if farewell == Farewell::Long {
            if let Some(shard) = self.shard() {
                spawn_local(linger(shard, stream, permit));
            }
        }
    }

    /// Whether what is left of a closing link is written, or cannot be any more.
    fn write_rest(&mut self, now: Instant, link: LinkId) -> bool {
        if let Some(connection) = self.connections.get_mut(link) {
            connection.writing = Writing::Open;
        }
        self.write(now, link);
        let lost = self
            .connections
            .get_mut(link)
            .is_none_or(|connection| connection.phase == Phase::Lost);
        lost || self.broker.tx(link).is_none_or(|tx| tx.is_empty())
    }
}

/// Writes what is left of a link whose socket was full, for as long as a closed connection may linger.
async fn close_when_written(shard: Rc<Shard>, link: LinkId, farewell: Farewell) {
    let written = core::future::poll_fn(|cx| {
        let mut state = shard.state();
        loop {
            let Some(connection) = state.connections.get_mut(link) else {
                return core::task::Poll::Ready(());
            };
            core::task::ready!(connection.stream.poll_write_ready(cx)).unwrap_or_default();
            if state.write_rest(shard.clock.now(), link) {
                return core::task::Poll::Ready(());
            }
        }
    });
    let farewell = if timeout(shard.limits.linger, written).await.is_ok() {
        farewell
    } else {
        Farewell::Short
    };
    let now = shard.clock.now();
    let mut state = shard.state();
    state.finish(now, link, farewell);
    state.follow(now);
    state.wake_turn();
}

/// Shuts down the sending side, and reads and drops what still comes until the peer closes, for a while.
pub(crate) async fn linger(shard: Rc<Shard>, mut stream: TcpStream, permit: Permit) {
    let limit = shard.limits.linger;
    let _ = timeout(limit, async {
        stream.shutdown().await?;
        loop {
            stream.readable().await?;
            let mut state = shard.state();
            match stream.try_read(&mut state.scratch) {
                Ok(0) => return Ok(()),
                Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
    })
    .await;
    drop(permit);
}

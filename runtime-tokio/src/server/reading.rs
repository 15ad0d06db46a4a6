//! From a socket into the broker.

use alloc::rc::Rc;
use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use std::io;

use bytes::BufMut;
use mqtt_broker_core::LinkId;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_session::{COPY_LIMIT, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use super::behind_ready::wake_behind_ready;
use super::connection::{Connection, Phase, Reading, Writing};
use super::shard::{Shard, State};
use super::unread::Front;

/// The task of a connection: waits until its socket can be read, and reads it. It ends when the connection is gone.
///
/// It is two words: an idle connection is made of them, of a [`Connection`], and of what tokio and the broker need.
#[derive(Debug)]
pub(crate) struct Reader {
    shard: Rc<Shard>,
    link: LinkId,
}

impl Reader {
    pub(crate) fn new(shard: Rc<Shard>, link: LinkId) -> Self {
        Self { shard, link }
    }
}

impl Future for Reader {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.shard.state();
        let next = state.read(self.link, cx);
        state.wake_turn();
        drop(state);
        match next {
            Next::Wait => Poll::Pending,
            Next::Again => {
                // Behind all others that are ready, and after they were polled for.
                wake_behind_ready(cx);
                Poll::Pending
            }
            Next::End => Poll::Ready(()),
        }
    }
}

/// What a connection's task does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Wait to be woken.
    Wait,
    /// Let others run, then look again.
    Again,
    /// End: the connection is gone.
    End,
}

/// What a read says of the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Socket {
    /// The buffer was filled.
    MayHaveMore,
    /// What tokio thinks.
    Unknown,
}

impl Socket {
    /// After a read that left so many bytes of its buffer free. When some are free the socket is empty, and tokio has noted it.
    fn after(free: usize) -> Self {
        if free == 0 {
            Self::MayHaveMore
        } else {
            Self::Unknown
        }
    }
}

impl State {
    /// Reads a link once, has the broker take what it will, and counts what it left.
    fn read(&mut self, link: LinkId, cx: &mut Context<'_>) -> Next {
        let next = self.read_once(link, cx);
        self.count_unread(link);
        next
    }

    /// Counts the unread bytes of a link. When they have grown and are too much it is closed.
    pub(crate) fn count_unread(&mut self, link: LinkId) {
        let Some(connection) = self.connections.get_mut(link) else {
            return;
        };
        let memory = connection.unread.memory();
        let before = core::mem::replace(&mut connection.counted, memory);
        if !self.unread.changed(before, memory) && connection.phase == Phase::Open {
            self.unread.closed += 1;
            let now = self.clock.now();
            self.broker
                .disconnect(now, link, DisconnectReasonCode::QuotaExceeded);
            self.follow(now);
        }
    }

    fn read_once(&mut self, link: LinkId, cx: &mut Context<'_>) -> Next {
        let Some(connection) = self.connections.get_mut(link) else {
            return Next::End;
        };
        if connection.reader.is_none() {
            connection.reader = Some(cx.waker().clone());
        }
        if connection.phase != Phase::Open {
            return Next::Wait;
        }
        if connection.writing == Writing::Full && connection.stream.poll_write_ready(cx).is_ready()
        {
            connection.writing = Writing::Open;
            self.dirty.push(link);
        }
        match connection.reading {
            Reading::Paused => return Next::Wait,
            Reading::Present => {
                connection.reading = Reading::On;
                if !connection.unread.is_empty() {
                    let now = self.clock.now();
                    self.present(now, link);
                    self.follow(now);
                    return self.after(link, Socket::Unknown, cx);
                }
            }
            Reading::On => {}
        }
        match connection.unread.front() {
            Front::Whole(_) => Next::Wait,
            Front::Incomplete { packet, missing } if packet > self.scratch.len() => {
                self.read_long(link, missing, cx)
            }
            Front::Empty | Front::Header | Front::Incomplete { .. } => self.read_short(link, cx),
        }
    }

    /// Reads into the scratch buffer.
    fn read_short(&mut self, link: LinkId, cx: &mut Context<'_>) -> Next {
        let Self {
            connections,
            scratch,
            ..
        } = self;
        let Some(connection) = connections.get_mut(link) else {
            return Next::End;
        };
        let mut buffer = ReadBuf::new(scratch);
        let read = Pin::new(&mut connection.stream).poll_read(cx, &mut buffer);
        let (n, socket) = (buffer.filled().len(), Socket::after(buffer.remaining()));
        match read {
            Poll::Pending => return Next::Wait,
            Poll::Ready(Ok(())) if n > 0 => {}
            Poll::Ready(result) => return self.end(link, result),
        }
        let now = self.clock.now();
        self.take(now, link, n);
        self.follow(now);
        self.after(link, socket, cx)
    }

    /// Reads a packet that is longer than the scratch buffer into a buffer of its own.
    fn read_long(&mut self, link: LinkId, missing: usize, cx: &mut Context<'_>) -> Next {
        let Some(connection) = self.connections.get_mut(link) else {
            return Next::End;
        };
        let Connection { stream, unread, .. } = connection;
        let mut room = unread.room(missing);
        let read = pin!(stream.read_buf(&mut room)).poll(cx);
        let socket = Socket::after(room.remaining_mut());
        drop(room);
        unread.look();
        match read {
            Poll::Pending => return Next::Wait,
            Poll::Ready(Ok(n)) if n > 0 => {}
            Poll::Ready(result) => return self.end(link, result.map(drop)),
        }
        if matches!(unread.front(), Front::Whole(_)) {
            let now = self.clock.now();
            self.present(now, link);
            self.follow(now);
        }
        self.after(link, socket, cx)
    }

    /// What to do after bytes were presented.
    fn after(&mut self, link: LinkId, socket: Socket, cx: &mut Context<'_>) -> Next {
        let Some(connection) = self.connections.get_mut(link) else {
            return Next::End;
        };
        if connection.phase != Phase::Open {
            return Next::Wait;
        }
        match connection.reading {
            Reading::Paused => Next::Wait,
            Reading::Present => Next::Again,
            // `Action::Resume` comes.
            Reading::On if matches!(connection.unread.front(), Front::Whole(_)) => Next::Wait,
            Reading::On if socket == Socket::MayHaveMore => Next::Again,
            // tokio knows that the socket is empty: this is no system call, and it arms the task.
            Reading::On if connection.stream.poll_read_ready(cx).is_ready() => Next::Again,
            Reading::On => Next::Wait,
        }
    }

    /// Has the broker take `n` bytes of the scratch buffer, and keeps what it does not take.
    fn take(&mut self, now: Instant, link: LinkId, n: usize) {
        let mut start = 0;
        if let Some(connection) = self.connections.get_mut(link) {
            if !connection.unread.is_empty() {
                start = connection
                    .unread
                    .complete(self.scratch.get(..n).unwrap_or_default());
                self.present(now, link);
            }
        }
        let bytes = self.scratch.get(start..n).unwrap_or_default();
        if bytes.is_empty() {
            return;
        }
        let Some(connection) = self.connections.get_mut(link) else {
            return;
        };
        let used = match connection.unread.front() {
            Front::Empty => self.broker.handle_bytes(now, link, bytes),
            Front::Header | Front::Incomplete { .. } | Front::Whole(_) => 0,
        };
        if let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            connection.unread.keep(rest);
        }
    }

    /// Has the broker take what is unread.
    ///
    /// A long packet goes over with its buffer, so that a message that is kept is a slice of it.
    /// An incomplete packet is presented as well: by its header the broker may refuse it.
    fn present(&mut self, now: Instant, link: LinkId) {
        let Some(connection) = self.connections.get_mut(link) else {
            return;
        };
        let unread = &mut connection.unread;
        match unread.front() {
            Front::Empty => {}
            Front::Whole(packet) if packet > COPY_LIMIT && packet == unread.bytes().len() => {
                let packet = unread.take();
                if !self.broker.handle_packet(now, link, packet.clone()) {
                    unread.put_back(packet);
                }
            }
            Front::Header | Front::Incomplete { .. } | Front::Whole(_) => {
                let used = self.broker.handle_bytes(now, link, unread.bytes());
                unread.consume(used);
            }
        }
    }

    /// The peer closed the connection, or it broke.
    fn end(&mut self, link: LinkId, result: io::Result<()>) -> Next {
        let now = self.clock.now();
        if result.is_ok() {
            // What answers its last packets may still be read.
            self.write(now, link);
        }
        self.lose(now, link);
        self.follow(now);
        if self.connections.get_mut(link).is_none() {
            Next::End
        } else {
            Next::Wait
        }
    }
}

//! From the broker's send buffers into sockets.

use std::io::{self, IoSlice};

use mqtt_broker_core::LinkId;
use mqtt_session::{Instant, TxBuffer};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::connection::Writing;
use super::shard::State;

impl State {
    /// Writes what waits for a link, as far as its socket takes it. What is too much for one turn stays dirty.
    pub(crate) fn write(&mut self, now: Instant, link: LinkId) {
        let Some(connection) = self.connections.get_mut(link) else {
            return;
        };
        if connection.writing == Writing::Full {
            return;
        }
        for _ in 0..WRITES_PER_TURN {
            let Some(tx) = self.broker.tx(link).filter(|tx| !tx.is_empty()) else {
                return;
            };
            match write_segments(&connection.stream, tx) {
                Ok(Wrote { written, offered }) => {
                    self.broker.handle_written(now, link, written);
                    if written < offered {
                        note_full(&connection.stream);
                        connection.writing = Writing::Full;
                        connection.wake_reader();
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    connection.writing = Writing::Full;
                    connection.wake_reader();
                    return;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.lose(now, link),
            }
        }
        self.dirty.push(link);
    }
}

/// What a write did.
struct Wrote {
    written: usize,
    offered: usize,
}

/// One system call.
fn write_segments(stream: &TcpStream, tx: &TxBuffer) -> io::Result<Wrote> {
    let mut segments = tx.segments();
    let first = segments.next().unwrap_or_default();
    let Some(second) = segments.next() else {
        return stream.try_write(first).map(|written| Wrote {
            written,
            offered: first.len(),
        });
    };
    let mut slices = [IoSlice::new(&[]); SEGMENTS];
    let mut count = 0;
    let mut offered = 0;
    for (slice, segment) in slices
        .iter_mut()
        .zip([first, second].into_iter().chain(segments))
    {
        *slice = IoSlice::new(segment);
        offered += segment.len();
        count += 1;
    }
    let written = stream.try_write_vectored(slices.get(..count).unwrap_or_default())?;
    Ok(Wrote { written, offered })
}

/// A write that was cut short has filled the socket: tells tokio, which would find out by another system call.
fn note_full(stream: &TcpStream) {
    let _ = stream.try_io(Interest::WRITABLE, || {
        io::Result::<()>::Err(io::ErrorKind::WouldBlock.into())
    });
}

/// How many slices one system call is given.
const SEGMENTS: usize = 64;

/// A link with more than this has to wait for the others.
const WRITES_PER_TURN: usize = 4;

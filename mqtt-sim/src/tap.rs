use alloc::vec::Vec;

use mqtt_codec::{Limits, Packet, Version, decode};
use mqtt_session::{CloseReason, TxBuffer};

use crate::network::{Direction, End};
use crate::observation::{ConnectionNumber, Observation};
use crate::stage::Stage;

/// A server's end of a connection, as who watches sees it: each whole packet that comes or goes.
#[derive(Debug)]
pub(crate) struct Tap {
    connection: ConnectionNumber,
    client: Option<usize>,
    /// Of its CONNECT; 5.0 before.
    pub(crate) version: Version,
    /// A copy of the send buffer, from the byte `written` on.
    outbox: Vec<u8>,
    written: usize,
    /// Up to where the packets were observed.
    told: usize,
}

impl Tap {
    pub(crate) const fn new(connection: ConnectionNumber, client: Option<usize>) -> Self {
        Self {
            connection,
            client,
            version: Version::V5_0,
            outbox: Vec::new(),
            written: 0,
            told: 0,
        }
    }

    /// The server took these bytes.
    pub(crate) fn received(&self, stage: &mut Stage, bytes: &[u8]) {
        let (connection, client) = (self.connection, self.client);
        packets(self.version, bytes, |packet, bytes| {
            stage.observe(&Observation::Received {
                connection,
                client,
                packet,
                bytes,
            });
        });
    }

    /// The server sends these bytes: how many of them are whole packets.
    pub(crate) fn sent(&self, stage: &mut Stage, bytes: &[u8]) -> usize {
        let (connection, client) = (self.connection, self.client);
        packets(self.version, bytes, |packet, bytes| {
            stage.observe(&Observation::Sent {
                connection,
                client,
                packet,
                bytes,
            });
        })
    }

    /// Copies what is new in the send buffer: the packets that were not seen before.
    pub(crate) fn copy(&mut self, stage: &mut Stage, tx: &TxBuffer) -> &mut [u8] {
        let mut seen = self.outbox.len() - self.written;
        for segment in tx.segments() {
            let new = segment.get(seen..).unwrap_or_default();
            seen -= segment.len() - new.len();
            self.outbox.extend_from_slice(new);
        }
        let begin = self.told;
        self.told += self.sent(stage, self.outbox.get(begin..).unwrap_or_default());
        self.outbox.get_mut(begin..self.told).unwrap_or_default()
    }

    /// Writes as much of what was copied as there is room for: how many bytes that is.
    pub(crate) fn write(&mut self, stage: &mut Stage) -> usize {
        let left = self.outbox.get(self.written..).unwrap_or_default();
        let at = (self.connection, Direction::Down);
        let n = stage.network.write(stage.now, &mut stage.events, at, left);
        self.written += n;
        if self.is_drained() {
            self.told -= self.written;
            self.outbox.clear();
            self.written = 0;
        }
        n
    }

    /// Whether all that was copied is written.
    pub(crate) fn is_drained(&self) -> bool {
        self.written == self.outbox.len()
    }

    /// The server ends the connection, and writes all that was copied before: how many bytes that is.
    pub(crate) fn end(&self, stage: &mut Stage, reason: CloseReason) -> usize {
        let (connection, client) = (self.connection, self.client);
        stage.observe(&Observation::Ended {
            connection,
            client,
            reason,
        });
        let left = self.outbox.get(self.written..).unwrap_or_default();
        let at = (connection, Direction::Down);
        stage.network.finish(stage.now, &mut stage.events, at, left);
        self.release(stage);
        left.len()
    }

    /// The server hears that the connection is gone.
    pub(crate) fn lose(&self, stage: &mut Stage) {
        let (connection, client) = (self.connection, self.client);
        stage.observe(&Observation::Lost { connection, client });
        self.release(stage);
    }

    fn release(&self, stage: &mut Stage) {
        stage
            .network
            .release(stage.now, &mut stage.events, self.connection, End::Server);
    }
}

/// Hands out the whole packets at the front of `bytes`, with their lengths: how many bytes they are.
fn packets(version: Version, bytes: &[u8], mut each: impl FnMut(&Packet<'_>, usize)) -> usize {
    let limits = Limits {
        packet_size: Limits::MAX_PACKET_SIZE,
    };
    let mut rest = bytes;
    while let Ok(Some((packet, len))) = decode(version, &limits, rest) {
        each(&packet, len);
        rest = rest.get(len..).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
    }
    bytes.len() - rest.len()
}

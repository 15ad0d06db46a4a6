use alloc::vec::Vec;

use mqtt_codec::PacketId;

use crate::{OutboundExchange, Session};

/// What is kept to send a message again, as bytes of a stable encoding of its own.
pub trait Kept: Sized {
    /// Appends its encoding.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads what [`encode`](Self::encode) wrote; `None` when the bytes are no such thing.
    fn decode(bytes: &[u8]) -> Option<Self>;
}

/// Why bytes are not the state of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// Of a format that this version of the library does not know.
    #[error("state in format {found}; this version reads format {known}")]
    UnknownFormat {
        /// What the bytes say.
        found: u8,
        /// What is known here.
        known: u8,
    },
    /// They end too early, or go on too long, or hold a value that cannot be there.
    #[error("state is damaged at byte {at}")]
    Damaged {
        /// Where, about.
        at: usize,
    },
    /// The session that was to take it is connected, or has messages of its own.
    #[error("the session is in use")]
    Connected,
    /// A Packet Identifier occurs twice.
    #[error("Packet Identifier {packet_id} occurs twice in the state")]
    RepeatedPacketId {
        /// Which.
        packet_id: PacketId,
    },
}

/// The format that is written, see [`Session::encode_state`].
const FORMAT: u8 = 1;

const AWAIT_PUBACK: u8 = 1;
const AWAIT_PUBREC: u8 = 2;
const AWAIT_PUBCOMP: u8 = 3;

impl<T> Session<T> {
    /// Puts back an exchange of an earlier connection, behind those that were put back. False, and nothing happens, when
    /// its identifier is in use.
    pub fn restore_outbound(&mut self, packet_id: PacketId, exchange: OutboundExchange<T>) -> bool {
        if !self.ids.claim(packet_id) {
            return false;
        }
        self.outbound.push(packet_id, exchange);
        self.outbound.mark_earlier();
        if packet_id >= self.ids.next() {
            self.ids.set_next(packet_id.next());
        }
        true
    }

    /// Puts back the identifier of a QoS 2 PUBLISH that waits for PUBREL. False when it was there.
    pub fn restore_unreleased(&mut self, packet_id: PacketId) -> bool {
        self.earlier.insert(packet_id);
        self.unreleased.insert(packet_id)
    }
}

impl<T: Kept> Session<T> {
    /// Appends the session's state, to be stored. The encoding is stable: a later version of the library reads it.
    ///
    /// Numbers are big-endian. Format 1:
    ///
    /// ```text
    /// format         u8 = 1
    /// next id        u16
    /// exchanges      u16 count; each: kind u8 (1 AwaitPuback, 2 AwaitPubrec, 3 AwaitPubcomp), Packet Identifier u16,
    ///                and for kinds 1 and 2: u32 length and as many bytes of Kept; in the order of Session::outbound
    /// unreleased     u16 count; each: Packet Identifier u16, ascending
    /// ```
    pub fn encode_state(&self, out: &mut Vec<u8>) {
        self.encode_state_without(out, |_| false);
    }

    /// Without some of the PUBLISHes that wait for PUBREL.
    pub(crate) fn encode_state_without(
        &self,
        out: &mut Vec<u8>,
        is_left_out: impl Fn(PacketId) -> bool,
    ) {
        out.push(FORMAT);
        out.extend(self.ids.next().get().to_be_bytes());
        out.extend(count(self.outbound.len()));
        for (packet_id, exchange) in self.outbound() {
            out.push(match exchange {
                OutboundExchange::AwaitPuback(_) => AWAIT_PUBACK,
                OutboundExchange::AwaitPubrec(_) => AWAIT_PUBREC,
                OutboundExchange::AwaitPubcomp => AWAIT_PUBCOMP,
            });
            out.extend(packet_id.get().to_be_bytes());
            if let Some((_, kept)) = exchange.publish() {
                put_counted(out, |out| kept.encode(out));
            }
        }
        let unreleased = self
            .unreleased
            .iter()
            .filter(|&packet_id| !is_left_out(packet_id));
        out.extend(count(unreleased.clone().count()));
        for packet_id in unreleased {
            out.extend(packet_id.get().to_be_bytes());
        }
    }

    /// A session from what [`encode_state`](Self::encode_state) wrote. Everything in it is of an earlier connection.
    ///
    /// # Errors
    ///
    /// [`RestoreError`] for other bytes. Memory is taken only for what is there, never for what a number claims.
    pub fn decode_state(bytes: &[u8]) -> Result<Self, RestoreError> {
        let mut reader = StateReader::new(bytes);
        reader.format(FORMAT)?;
        let next = reader.packet_id()?;
        let mut session = Self::new();
        for _ in 0..reader.u16()? {
            let kind = reader.u8()?;
            let packet_id = reader.packet_id()?;
            let exchange = match kind {
                AWAIT_PUBACK => OutboundExchange::AwaitPuback(reader.kept()?),
                AWAIT_PUBREC => OutboundExchange::AwaitPubrec(reader.kept()?),
                AWAIT_PUBCOMP => OutboundExchange::AwaitPubcomp,
                _ => return Err(reader.damaged()),
            };
            if !session.restore_outbound(packet_id, exchange) {
                return Err(RestoreError::RepeatedPacketId { packet_id });
            }
        }
        for _ in 0..reader.u16()? {
            let packet_id = reader.packet_id()?;
            if !session.restore_unreleased(packet_id) {
                return Err(RestoreError::RepeatedPacketId { packet_id });
            }
        }
        session.ids.set_next(next);
        reader.finish()?;
        Ok(session)
    }
}

/// There are at most 65,535 of anything that has a Packet Identifier.
fn count(n: usize) -> [u8; 2] {
    u16::try_from(n).unwrap_or(u16::MAX).to_be_bytes()
}

/// Writes what `write` appends behind its length.
pub(crate) fn put_counted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend([0; 4]);
    write(out);
    let len = u32::try_from(out.len() - start - 4)
        .unwrap_or(u32::MAX)
        .to_be_bytes();
    if let Some(prefix) = out.get_mut(start..start + 4) {
        prefix.copy_from_slice(&len);
    }
}

/// Reads stored state from its front.
#[derive(Clone, Debug)]
pub(crate) struct StateReader<'a> {
    rest: &'a [u8],
    total: usize,
}

impl<'a> StateReader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            total: bytes.len(),
        }
    }

    pub(crate) const fn damaged(&self) -> RestoreError {
        RestoreError::Damaged {
            at: self.total - self.rest.len(),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RestoreError> {
        let (array, rest) = self
            .rest
            .split_first_chunk()
            .ok_or_else(|| self.damaged())?;
        self.rest = rest;
        Ok(*array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, RestoreError> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, RestoreError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, RestoreError> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn packet_id(&mut self) -> Result<PacketId, RestoreError> {
        let value = self.u16()?;
        PacketId::new(value).ok_or_else(|| self.damaged())
    }

    /// As many bytes as the u32 before them says.
    pub(crate) fn counted(&mut self) -> Result<&'a [u8], RestoreError> {
        let len = self.array().map(u32::from_be_bytes)?;
        let split = usize::try_from(len)
            .ok()
            .and_then(|len| self.rest.split_at_checked(len));
        let (counted, rest) = split.ok_or_else(|| self.damaged())?;
        self.rest = rest;
        Ok(counted)
    }

    fn kept<T: Kept>(&mut self) -> Result<T, RestoreError> {
        let damaged = self.damaged();
        T::decode(self.counted()?).ok_or(damaged)
    }

    pub(crate) fn format(&mut self, known: u8) -> Result<(), RestoreError> {
        match self.u8()? {
            found if found == known => Ok(()),
            found => Err(RestoreError::UnknownFormat { found, known }),
        }
    }

    /// All that was not read.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) const fn finish(&self) -> Result<(), RestoreError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.damaged())
        }
    }
}

use alloc::vec;

use bytes::Bytes;
use mqtt_codec::packet::Publish;
use mqtt_codec::{Packet, PacketId, PacketType, Version};

use crate::{ChunkPool, TxBuffer};

/// Payloads of at most so many bytes are copied behind the head of their PUBLISH; a larger one is a segment of its own,
/// which all who receive it share.
pub const COPY_LIMIT: usize = 4096;

/// Where packets are written: the buffer of one connection, with the pool that its chunks come from.
///
/// ```
/// use mqtt_codec::{Packet, PacketId, PacketType, Version};
/// use mqtt_session::{ChunkPool, Tx, TxBuffer};
///
/// let (mut buffer, mut pool) = (TxBuffer::new(), ChunkPool::default());
/// let mut tx = Tx { buffer: &mut buffer, pool: &mut pool };
/// tx.put_acknowledgement(PacketType::Puback, PacketId::MIN);
/// tx.put(Version::V5_0, &Packet::Pingreq);
/// assert_eq!(buffer.segments().collect::<Vec<_>>(), [[0x40, 2, 0, 1, 0xC0, 0]]);
/// buffer.advance(4, &mut pool);
/// assert_eq!(buffer.len(), 2);
/// ```
#[derive(Debug)]
pub struct Tx<'a> {
    /// The connection's.
    pub buffer: &'a mut TxBuffer,
    /// The thread's.
    pub pool: &'a mut ChunkPool,
}

impl Tx<'_> {
    /// The same place again, to be given away for a while.
    #[inline]
    pub fn reborrow(&mut self) -> Tx<'_> {
        Tx {
            buffer: self.buffer,
            pool: self.pool,
        }
    }

    /// Copies bytes behind what waits: one copy when the last chunk has room.
    #[inline]
    pub fn put_slice(&mut self, bytes: &[u8]) {
        self.buffer.append(bytes, self.pool);
    }

    /// Puts bytes behind what waits without copying them.
    pub fn put_shared(&mut self, bytes: Bytes) {
        self.buffer.append_shared(bytes);
    }

    /// Encodes a packet behind what waits.
    ///
    /// Whether it can be encoded and fits is the caller's to check, see [`Connection::fits`](crate::Connection::fits); one
    /// that the version cannot express is not written.
    pub fn put(&mut self, version: Version, packet: &Packet<'_>) {
        let Some(len) = packet.encoded_len(version) else {
            debug_assert!(false, "a packet that {version} cannot express");
            return;
        };
        if len <= ChunkPool::SMALL {
            let out = self.buffer.reserve(len, self.pool);
            let written = packet.encode(version, out);
            debug_assert_eq!(written, len);
        } else {
            let mut out = vec![0; len];
            let written = packet.encode(version, &mut out);
            debug_assert_eq!(written, len);
            self.put_long(out.into());
        }
    }

    /// Encodes a PUBLISH whose payload is `payload` (the one of `publish` counts only with its length): copied up to
    /// [`COPY_LIMIT`], else shared.
    ///
    /// As for [`put`](Self::put), the caller checked that it can be encoded and fits.
    pub fn put_publish(&mut self, version: Version, publish: &Publish<'_>, payload: &Bytes) {
        debug_assert_eq!(publish.payload.len(), payload.len());
        let Some(len) = publish.head_len(version) else {
            debug_assert!(false, "a packet that {version} cannot express");
            return;
        };
        if len <= ChunkPool::SMALL {
            let out = self.buffer.reserve(len, self.pool);
            let written = publish.encode_head(version, out);
            debug_assert_eq!(written, len);
        } else {
            let mut head = vec![0; len];
            let written = publish.encode_head(version, &mut head);
            debug_assert_eq!(written, len);
            self.put_long(head.into());
        }
        if payload.len() <= COPY_LIMIT {
            self.put_slice(payload);
        } else {
            self.put_shared(payload.clone());
        }
    }

    /// The success form of PUBACK, PUBREC, PUBREL or PUBCOMP, which is the same four bytes in every version.
    #[inline]
    pub fn put_acknowledgement(&mut self, packet_type: PacketType, packet_id: PacketId) {
        // [MQTT-3.6.1-1]: PUBREL alone has the flags 0010.
        let flags = if packet_type == PacketType::Pubrel {
            0b0010
        } else {
            0
        };
        let [high, low] = packet_id.get().to_be_bytes();
        self.put_slice(&[((packet_type as u8) << 4) | flags, 2, high, low]);
    }

    fn put_long(&mut self, bytes: Bytes) {
        if bytes.len() <= COPY_LIMIT {
            self.put_slice(&bytes)
        } else {
            self.put_shared(bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use mqtt_codec::packet::{Delivery, Puback, PublishProperties, PublishTopic};
    use mqtt_codec::{Text, TopicName};

    use super::*;

    /// However long it is; beyond what is copied it is a segment of its own.
    #[test]
    fn a_packet_of_any_length_stands_behind_what_waits() {
        let longest_copied = COPY_LIMIT - 11;
        for n in [
            1,
            ChunkPool::SMALL,
            longest_copied,
            longest_copied + 1,
            10_000,
        ] {
            let reason = "x".repeat(n);
            let mut puback = Puback::success(PacketId::MIN);
            puback.properties.reason_string = Text::new(&reason).ok();
            let packet = Packet::Puback(puback);

            let (mut buffer, mut pool) = (TxBuffer::new(), ChunkPool::default());
            put(&mut buffer, &mut pool, |tx| {
                tx.put(Version::V5_0, &packet);
            });
            let expected = [encoded(&packet), encoded(&Packet::Pingreq)].concat();
            assert_eq!(bytes_of(&buffer), expected);
            let is_shared = buffer.segments().count() > 1;
            assert_eq!(is_shared, n > longest_copied, "{n}");
        }
    }

    /// The same of the head of a PUBLISH, and of its payload.
    #[test]
    fn a_publish_of_any_length_stands_behind_what_waits() {
        for name_len in [1, ChunkPool::SMALL, COPY_LIMIT, 10_000] {
            for payload_len in [0, COPY_LIMIT, COPY_LIMIT + 1] {
                let (name, payload) = ("a".repeat(name_len), Bytes::from(vec![7; payload_len]));
                let publish = Publish {
                    delivery: Delivery::AtMostOnce,
                    retain: false,
                    topic: PublishTopic::Name(TopicName::new(&name).unwrap()),
                    properties: PublishProperties::default(),
                    payload: &payload,
                };
                let (mut buffer, mut pool) = (TxBuffer::new(), ChunkPool::default());
                put(&mut buffer, &mut pool, |tx| {
                    tx.put_publish(Version::V5_0, &publish, &payload);
                });
                let packet = encoded(&Packet::Publish(publish));
                let expected = [packet, encoded(&Packet::Pingreq)].concat();
                assert_eq!(bytes_of(&buffer), expected);
                let is_shared = buffer.segments().any(|it| it.as_ptr() == payload.as_ptr());
                assert_eq!(is_shared, payload_len > COPY_LIMIT);
            }
        }
    }

    /// Something, and PINGREQ behind it.
    fn put(buffer: &mut TxBuffer, pool: &mut ChunkPool, what: impl FnOnce(&mut Tx<'_>)) {
        let mut tx = Tx { buffer, pool };
        what(&mut tx);
        tx.put(Version::V5_0, &Packet::Pingreq);
    }

    fn encoded(packet: &Packet<'_>) -> Vec<u8> {
        let mut bytes = vec![0; packet.encoded_len(Version::V5_0).unwrap()];
        packet.encode(Version::V5_0, &mut bytes);
        bytes
    }

    fn bytes_of(buffer: &TxBuffer) -> Vec<u8> {
        buffer.segments().flatten().copied().collect()
    }
}

use crate::{Binary, QoS, Text, TopicName, Version, variable_byte_integer};

/// The layout of a packet, said once: its length and its bytes come from the same function.
pub(crate) trait Layout {
    /// Whether this version can say it; most packets can be said in each.
    #[inline]
    fn exists_in(&self, _: Version) -> bool {
        true
    }

    /// The first byte of the fixed header.
    fn first_byte(&self) -> u8;

    /// What follows the fixed header, but for the payload.
    fn body<O: Output>(&self, version: Version, out: &mut O);

    /// What follows the body and is not looked into.
    #[inline]
    fn payload(&self) -> &[u8] {
        &[]
    }
}

/// The Remaining Length; `None` when there is no such packet.
#[inline]
pub(crate) fn remaining_length(packet: &impl Layout, version: Version) -> Option<u32> {
    let mut length = Length(packet.payload().len() as u64);
    packet.body(version, &mut length);
    let length = u32::try_from(length.0).ok()?;
    (length <= variable_byte_integer::MAX && packet.exists_in(version)).then_some(length)
}

/// Without the payload.
#[inline]
pub(crate) fn head_len(packet: &impl Layout, version: Version) -> Option<usize> {
    encoded_len(packet, version).map(|len| len - packet.payload().len())
}

#[inline]
pub(crate) fn encoded_len(packet: &impl Layout, version: Version) -> Option<usize> {
    let remaining = remaining_length(packet, version)?;
    Some(1 + variable_byte_integer::len(remaining)? + remaining as usize)
}

/// Everything but the payload; returns the bytes written.
#[inline]
pub(crate) fn encode_head(packet: &impl Layout, version: Version, out: &mut [u8]) -> usize {
    let Some(remaining) = remaining_length(packet, version) else {
        return 0;
    };
    let Some(prefix) = variable_byte_integer::len(remaining) else {
        return 0;
    };
    let len = 1 + prefix + remaining as usize - packet.payload().len();
    let Some(out) = out.get_mut(..len) else {
        return 0;
    };
    let mut out = Slice(out);
    out.byte(packet.first_byte());
    out.variable(remaining);
    packet.body(version, &mut out);
    debug_assert!(out.0.is_empty());
    len
}

/// Returns the bytes written.
#[inline]
pub(crate) fn encode(packet: &impl Layout, version: Version, out: &mut [u8]) -> usize {
    let Some(remaining) = remaining_length(packet, version) else {
        return 0;
    };
    let Some(prefix) = variable_byte_integer::len(remaining) else {
        return 0;
    };
    let len = 1 + prefix + remaining as usize;
    let Some(out) = out.get_mut(..len) else {
        return 0;
    };
    let mut out = Slice(out);
    out.byte(packet.first_byte());
    out.variable(remaining);
    packet.body(version, &mut out);
    out.bytes(packet.payload());
    debug_assert!(out.0.is_empty());
    len
}

/// Puts the packet behind what `out` holds; returns the bytes put.
#[cfg(feature = "bytes")]
pub(crate) fn put(
    packet: &impl Layout,
    version: Version,
    out: &mut impl bytes::BufMut,
) -> Option<usize> {
    let remaining = remaining_length(packet, version)?;
    let len = 1 + variable_byte_integer::len(remaining)? + remaining as usize;
    if out.remaining_mut() < len {
        return None;
    }
    let mut out = Buffer(out);
    out.byte(packet.first_byte());
    out.variable(remaining);
    packet.body(version, &mut out);
    out.bytes(packet.payload());
    Some(len)
}

/// Gives a packet its public methods.
macro_rules! encodes {
    ($packet:ty) => {
        impl $packet {
            /// The bytes of the encoded packet.
            ///
            /// `None` when `version` cannot say it: above 268,435,455 bytes of Remaining Length, or a packet that the
            /// version does not have (see the packet).
            #[must_use]
            pub fn encoded_len(&self, version: $crate::Version) -> Option<usize> {
                $crate::encode::encoded_len(self, version)
            }

            /// Writes the packet to the front of `out` and returns its length.
            ///
            /// Cannot fail when `out` has the bytes that [`encoded_len`](Self::encoded_len) asks for; otherwise it writes
            /// nothing and returns 0.
            pub fn encode(&self, version: $crate::Version, out: &mut [u8]) -> usize {
                $crate::encode::encode(self, version, out)
            }

            /// Puts the packet behind what `out` holds and returns its length; `None`, and nothing is put, when
            /// [`encoded_len`](Self::encoded_len) is `None` or `out` has no room for it.
            #[cfg(feature = "bytes")]
            #[cfg_attr(docsrs, doc(cfg(feature = "bytes")))]
            pub fn put(
                &self,
                version: $crate::Version,
                out: &mut impl bytes::BufMut,
            ) -> Option<usize> {
                $crate::encode::put(self, version, out)
            }
        }
    };
}
pub(crate) use encodes;

/// Takes the fields of a packet in their order.
pub(crate) trait Output {
    fn array<const N: usize>(&mut self, bytes: [u8; N]);
    fn bytes(&mut self, bytes: &[u8]);
    /// At most [`variable_byte_integer::MAX`].
    fn variable(&mut self, value: u32);

    #[inline]
    fn byte(&mut self, value: u8) {
        self.array([value]);
    }

    #[inline]
    fn two(&mut self, value: u16) {
        self.array(value.to_be_bytes());
    }

    /// Bytes behind their length in two bytes; at most 65,535.
    #[inline]
    fn counted(&mut self, bytes: &[u8]) {
        let [.., high, low] = bytes.len().to_be_bytes();
        self.array([high, low]);
        self.bytes(bytes);
    }

    #[inline]
    fn text(&mut self, text: Text<'_>) {
        self.counted(text.as_str().as_bytes());
    }

    #[inline]
    fn binary(&mut self, binary: Binary<'_>) {
        self.counted(binary.as_bytes());
    }

    #[inline]
    fn topic_name(&mut self, name: TopicName<'_>) {
        self.text(name.as_text());
    }
}

/// Counts.
pub(crate) struct Length(u64);

impl Length {
    /// Of what `write` puts out.
    #[inline]
    pub(crate) fn of(write: impl FnOnce(&mut Self)) -> u32 {
        let mut length = Self(0);
        write(&mut length);
        u32::try_from(length.0).unwrap_or(u32::MAX)
    }
}

impl Output for Length {
    #[inline]
    fn array<const N: usize>(&mut self, _: [u8; N]) {
        self.0 += N as u64;
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.0 += bytes.len() as u64;
    }

    #[inline]
    fn variable(&mut self, value: u32) {
        // Four bytes for what is too large: the sum is then too large as well.
        self.0 += variable_byte_integer::len(value).unwrap_or(4) as u64;
    }
}

/// What is left of the output. It is as long as the packet, so that nothing here finds it too short.
struct Slice<'o>(&'o mut [u8]);

impl Output for Slice<'_> {
    #[inline]
    fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some((head, rest)) = core::mem::take(&mut self.0).split_first_chunk_mut::<N>() {
            *head = bytes;
            self.0 = rest;
        }
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        if let Some((head, rest)) = core::mem::take(&mut self.0).split_at_mut_checked(bytes.len()) {
            head.copy_from_slice(bytes);
            self.0 = rest;
        }
    }

    #[inline]
    fn variable(&mut self, value: u32) {
        put_variable(self, value);
    }
}

#[cfg(feature = "bytes")]
struct Buffer<'o, B>(&'o mut B);

#[cfg(feature = "bytes")]
impl<B: bytes::BufMut> Output for Buffer<'_, B> {
    fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        self.0.put_slice(&bytes);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.put_slice(bytes);
    }

    fn variable(&mut self, value: u32) {
        put_variable(self, value);
    }
}

/// Grows as needed.
#[cfg(feature = "alloc")]
impl Output for alloc::vec::Vec<u8> {
    fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        self.extend_from_slice(&bytes);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn variable(&mut self, value: u32) {
        put_variable(self, value);
    }
}

#[inline]
fn put_variable(out: &mut impl Output, value: u32) {
    let [a, b, c, d] = [value, value >> 7, value >> 14, value >> 21].map(|part| {
        let [.., low] = part.to_be_bytes();
        low & 0x7F
    });
    match value {
        0..0x80 => out.array([a]),
        0x80..0x4000 => out.array([a | 0x80, b]),
        0x4000..0x20_0000 => out.array([a | 0x80, b | 0x80, c]),
        _ => out.array([a | 0x80, b | 0x80, c | 0x80, d]),
    }
}

/// The low bits of a flags byte.
#[inline]
pub(crate) const fn flag(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}

/// A QoS at its place in a flags byte.
#[inline]
pub(crate) const fn qos_bits(qos: QoS, shift: u8) -> u8 {
    qos.bits() << shift
}

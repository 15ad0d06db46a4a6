use crate::property::PropertyBlock;
use crate::{Binary, QoS, Text, TopicName, Version, variable_byte_integer};

/// The layout of a packet, said once: its length and its bytes come from the same function.
pub(crate) trait Layout {
    /// Whether this version can say it; most packets can be said in each.
    #[inline]
    fn exists_in(&self, _: Version) -> bool {
        true
    }

    /// The version in which it is encoded: the connection's, but for CONNECT, which has its own.
    #[inline(always)]
    fn version(&self, connection: Version) -> Version {
        connection
    }

    /// The first byte of the fixed header.
    fn first_byte(&self) -> u8;

    /// What the Property Lengths say in 5.0. They are asked for once and handed to [`body`](Self::body).
    #[inline]
    fn property_lengths(&self) -> PropertyLengths {
        PropertyLengths::default()
    }

    /// What follows the fixed header, but for the payload.
    fn body<O: Output>(&self, version: Version, lengths: PropertyLengths, out: &mut O);

    /// What follows the body and is not looked into.
    #[inline]
    fn payload(&self) -> &[u8] {
        &[]
    }
}

const MAX: u64 = variable_byte_integer::MAX as u64;

/// Zero in 3.x, and for packets without properties.
#[derive(Clone, Copy, Default)]
pub(crate) struct PropertyLengths {
    pub(crate) properties: u32,
    /// CONNECT only.
    pub(crate) will_properties: u32,
}

/// The lengths of one packet.
#[derive(Clone, Copy)]
pub(crate) struct Lengths {
    pub(crate) properties: PropertyLengths,
    /// The Remaining Length.
    pub(crate) remaining: u32,
    /// Of the fixed header.
    pub(crate) header: usize,
}

impl Lengths {
    /// `None` when there is no such packet.
    #[inline(always)]
    pub(crate) fn of(packet: &impl Layout, version: Version) -> Option<Self> {
        let properties = if packet.version(version).has_properties() {
            packet.property_lengths()
        } else {
            PropertyLengths::default()
        };
        let mut length = Length(packet.payload().len() as u64);
        packet.body(version, properties, &mut length);
        if !packet.exists_in(version) {
            return None;
        }
        let header = match length.0 {
            0..0x80 => 2,
            0x80..0x4000 => 3,
            0x4000..0x20_0000 => 4,
            0x20_0000..=MAX => 5,
            _ => return None,
        };
        let [.., a, b, c, d] = length.0.to_be_bytes();
        Some(Self {
            properties,
            remaining: u32::from_be_bytes([a, b, c, d]),
            header,
        })
    }

    #[inline(always)]
    pub(crate) fn packet(&self) -> usize {
        self.header + self.remaining as usize
    }

    #[inline(always)]
    fn write(&self, packet: &impl Layout, version: Version, out: &mut impl Output) {
        out.fixed_header(packet.first_byte(), self.remaining);
        packet.body(version, self.properties, out);
    }
}

/// Without the payload.
#[inline]
pub(crate) fn head_len(packet: &impl Layout, version: Version) -> Option<usize> {
    encoded_len(packet, version).map(|len| len - packet.payload().len())
}

#[inline]
pub(crate) fn encoded_len(packet: &impl Layout, version: Version) -> Option<usize> {
    Lengths::of(packet, version).map(|lengths| lengths.packet())
}

/// Everything but the payload; returns the bytes written.
#[inline]
pub(crate) fn encode_head(packet: &impl Layout, version: Version, out: &mut [u8]) -> usize {
    let Some(lengths) = Lengths::of(packet, version) else {
        return 0;
    };
    let len = lengths.packet() - packet.payload().len();
    let Some(out) = out.get_mut(..len) else {
        return 0;
    };
    lengths.write(packet, version, &mut Slice(out));
    len
}

/// Returns the bytes written.
#[inline]
pub(crate) fn encode(packet: &impl Layout, version: Version, out: &mut [u8]) -> usize {
    let Some(lengths) = Lengths::of(packet, version) else {
        return 0;
    };
    let len = lengths.packet();
    let Some(out) = out.get_mut(..len) else {
        return 0;
    };
    let mut out = Slice(out);
    lengths.write(packet, version, &mut out);
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
    let lengths = Lengths::of(packet, version)?;
    if out.remaining_mut() < lengths.packet() {
        return None;
    }
    let mut out = Buffer(out);
    lengths.write(packet, version, &mut out);
    out.bytes(packet.payload());
    Some(lengths.packet())
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
pub(crate) trait Output: Sized {
    fn array<const N: usize>(&mut self, bytes: [u8; N]);
    fn bytes(&mut self, bytes: &[u8]);
    /// At most [`variable_byte_integer::MAX`].
    fn variable(&mut self, value: u32);

    /// The first byte and the Remaining Length.
    #[inline(always)]
    fn fixed_header(&mut self, first: u8, remaining: u32) {
        let [a, b, c, d] = sevens(remaining);
        match remaining {
            0..0x80 => self.array([first, a]),
            0x80..0x4000 => self.array([first, a | 0x80, b]),
            0x4000..0x20_0000 => self.array([first, a | 0x80, b | 0x80, c]),
            _ => self.array([first, a | 0x80, b | 0x80, c | 0x80, d]),
        }
    }

    /// The Property Length and the properties.
    fn properties(&mut self, length: u32, block: &impl PropertyBlock) {
        self.variable(length);
        block.write(self);
    }

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

    #[inline(always)]
    fn properties(&mut self, length: u32, _: &impl PropertyBlock) {
        if length == 0 {
            self.0 += 1;
        } else {
            self.variable(length);
            self.0 += u64::from(length);
        }
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

    #[inline(always)]
    fn properties(&mut self, length: u32, block: &impl PropertyBlock) {
        if length == 0 {
            self.byte(0);
        } else {
            self.0 = put_properties(length, block, core::mem::take(&mut self.0));
        }
    }
}

/// Returns what is left. Apart from the usual case, which has none, and by value so that that one stays in registers.
#[inline(never)]
fn put_properties<'o>(length: u32, block: &impl PropertyBlock, out: &'o mut [u8]) -> &'o mut [u8] {
    let mut out = Slice(out);
    out.variable(length);
    block.write(&mut out);
    out.0
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

/// The parts of seven bits, from the lowest on.
#[inline(always)]
fn sevens(value: u32) -> [u8; 4] {
    [value, value >> 7, value >> 14, value >> 21].map(|part| {
        let [.., low] = part.to_be_bytes();
        low & 0x7F
    })
}

#[inline]
fn put_variable(out: &mut impl Output, value: u32) {
    let [a, b, c, d] = sevens(value);
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

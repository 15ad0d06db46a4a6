use crate::property::PropertyBlock;
use crate::{Binary, Text, TopicName, variable_byte_integer};

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
    /// Of so many bytes to begin with.
    #[inline]
    pub(crate) fn new(len: usize) -> Self {
        Self(len as u64)
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0
    }

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
pub(crate) struct Slice<'o>(&'o mut [u8]);

impl<'o> Slice<'o> {
    #[inline]
    pub(crate) fn new(out: &'o mut [u8]) -> Self {
        Self(out)
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.0.is_empty()
    }
}

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

/// Has room for the packet.
#[cfg(feature = "bytes")]
pub(crate) struct Buffer<'o, B>(&'o mut B);

#[cfg(feature = "bytes")]
impl<'o, B: bytes::BufMut> Buffer<'o, B> {
    pub(crate) fn new(out: &'o mut B) -> Self {
        Self(out)
    }
}

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

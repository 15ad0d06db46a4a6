/// What the decoder accepts at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The Maximum Packet Size that we announced: bytes of a whole packet with its fixed header. A longer one is
    /// [`DecodeError::PacketTooLarge`](crate::DecodeError::PacketTooLarge) as soon as its fixed header is there.
    pub packet_size: u32,
}

impl Limits {
    /// The largest packet that the protocol can express: 268,435,455 bytes behind a fixed header of 5.
    pub const MAX_PACKET_SIZE: u32 = 268_435_460;
}

impl Default for Limits {
    /// 2 MiB.
    fn default() -> Self {
        Self {
            packet_size: 2 * 1024 * 1024,
        }
    }
}

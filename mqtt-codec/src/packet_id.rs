use core::num::NonZeroU16;

/// A Packet Identifier, 1 to 65,535. Standard: MQTT 5.0 §2.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketId(NonZeroU16);

impl PacketId {
    /// The smallest Packet Identifier, 1.
    pub const MIN: Self = Self(NonZeroU16::MIN);

    /// `None` for 0, which no packet may carry [v3.1.1 MQTT-2.3.1-1].
    #[must_use]
    #[inline]
    pub const fn new(value: u16) -> Option<Self> {
        match NonZeroU16::new(value) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }

    /// The number on the wire.
    #[must_use]
    #[inline]
    pub const fn get(self) -> u16 {
        self.0.get()
    }

    /// The identifier after this one: 1 follows 65,535.
    #[must_use]
    #[inline]
    pub const fn next(self) -> Self {
        match self.0.checked_add(1) {
            Some(value) => Self(value),
            None => Self::MIN,
        }
    }
}

impl core::fmt::Display for PacketId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

/// Payload Format Indicator. Standard: MQTT 5.0 §3.3.2.3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PayloadFormat {
    /// Unspecified bytes, as when the property is absent.
    Unspecified = 0,
    /// UTF-8 Encoded Character Data.
    Utf8 = 1,
}

impl PayloadFormat {
    /// The format of a byte; `None` above 1.
    #[must_use]
    #[inline]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Unspecified),
            1 => Some(Self::Utf8),
            _ => None,
        }
    }

    /// The byte on the wire.
    #[must_use]
    #[inline]
    pub const fn byte(self) -> u8 {
        self as u8
    }
}

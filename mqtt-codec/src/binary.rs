use crate::error::BinaryTooLong;

/// Binary Data: at most 65,535 bytes. Standard: MQTT 5.0 §1.5.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Binary<'a>(&'a [u8]);

impl<'a> Binary<'a> {
    /// Checks the length.
    ///
    /// # Errors
    ///
    /// [`BinaryTooLong`] above 65,535 bytes.
    pub const fn new(bytes: &'a [u8]) -> Result<Self, BinaryTooLong> {
        if bytes.len() > u16::MAX as usize {
            return Err(BinaryTooLong { len: bytes.len() });
        }
        Ok(Self(bytes))
    }

    /// For what was checked before.
    #[inline]
    pub(crate) const fn from_checked(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    #[inline]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

impl<'a> TryFrom<&'a [u8]> for Binary<'a> {
    type Error = BinaryTooLong;

    fn try_from(bytes: &'a [u8]) -> Result<Self, BinaryTooLong> {
        Self::new(bytes)
    }
}

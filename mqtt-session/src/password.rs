use core::fmt;

use bytes::Bytes;
use mqtt_codec::{Binary, BinaryTooLong};

/// A password: at most 65,535 bytes. It is not shown in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Bytes);

impl Password {
    /// Checks the length.
    ///
    /// # Errors
    ///
    /// [`BinaryTooLong`] above 65,535 bytes.
    pub fn new(password: impl Into<Bytes>) -> Result<Self, BinaryTooLong> {
        let password = password.into();
        Binary::new(&password)?;
        Ok(Self(password))
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn borrowed(&self) -> Option<Binary<'_>> {
        Binary::new(&self.0).ok()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl From<Binary<'_>> for Password {
    fn from(password: Binary<'_>) -> Self {
        Self(Bytes::copy_from_slice(password.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_not_shown() {
        let password = Password::new("secret").unwrap();
        assert_eq!(alloc::format!("{password:?}"), "Password(..)");
    }
}

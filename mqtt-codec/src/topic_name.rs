use core::fmt;

use crate::error::TopicNameError;
use crate::scan;
use crate::text::{self, Text};

/// A Topic Name: a string of at least one character without wildcards. Standard: MQTT 5.0 §4.7.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName<'a>(Text<'a>);

impl<'a> TopicName<'a> {
    /// Checks a string of the caller's.
    ///
    /// # Errors
    ///
    /// [`TopicNameError`]: empty [MQTT-4.7.3-1], with a wildcard [MQTT-3.3.2-2], or no valid string field.
    pub fn new(name: &'a str) -> Result<Self, TopicNameError> {
        let text = Text::new(name)?;
        if name.is_empty() {
            return Err(TopicNameError::Empty);
        }
        match name.bytes().position(|byte| matches!(byte, b'+' | b'#')) {
            Some(at) => Err(TopicNameError::Wildcard { at }),
            None => Ok(Self(text)),
        }
    }

    /// For what was checked before.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) const fn from_checked(name: &'a str) -> Self {
        Self(Text::from_checked(name))
    }

    /// The name of these bytes, when they are one. They are not empty.
    #[inline(always)]
    pub(crate) fn from_bytes(bytes: &'a [u8]) -> Option<Self> {
        if let Ok(name) = ascii::AsciiStr::from_ascii(bytes) {
            return if scan::has_null_or_wildcard(bytes) {
                None
            } else {
                Some(Self(Text::from_checked(name.as_str())))
            };
        }
        Self::from_bytes_beyond_ascii(bytes)
    }

    #[cold]
    #[inline(never)]
    fn from_bytes_beyond_ascii(bytes: &'a [u8]) -> Option<Self> {
        if bytes.iter().any(|byte| matches!(byte, b'+' | b'#')) {
            return None;
        }
        text::from_bytes(bytes).map(Self)
    }

    /// The name.
    #[must_use]
    #[inline]
    pub const fn as_str(self) -> &'a str {
        self.0.as_str()
    }

    /// As a plain string field.
    #[must_use]
    #[inline]
    pub const fn as_text(self) -> Text<'a> {
        self.0
    }

    /// Its levels, which `/` separates; a level may be empty.
    pub fn levels(self) -> core::str::Split<'a, char> {
        self.as_str().split('/')
    }

    /// Whether it begins with `$`, so that no wildcard at the first level matches it [MQTT-4.7.2-1].
    #[must_use]
    #[inline]
    pub fn is_dollar(self) -> bool {
        self.as_str().as_bytes().first() == Some(&b'$')
    }
}

impl fmt::Debug for TopicName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for TopicName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'a> TryFrom<&'a str> for TopicName<'a> {
    type Error = TopicNameError;

    fn try_from(name: &'a str) -> Result<Self, TopicNameError> {
        Self::new(name)
    }
}

/// An owned [`TopicName`]; a clone shares it.
#[cfg(feature = "alloc")]
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicNameBuf(alloc::sync::Arc<str>);

#[cfg(feature = "alloc")]
impl TopicNameBuf {
    /// Checks a string of the caller's and keeps a copy.
    ///
    /// # Errors
    ///
    /// As [`TopicName::new`].
    pub fn new(name: &str) -> Result<Self, TopicNameError> {
        TopicName::new(name).map(Self::from)
    }

    /// The borrowed form.
    #[must_use]
    #[inline]
    pub fn borrowed(&self) -> TopicName<'_> {
        TopicName::from_checked(&self.0)
    }

    /// The name.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "alloc")]
impl From<TopicName<'_>> for TopicNameBuf {
    fn from(name: TopicName<'_>) -> Self {
        Self(name.as_str().into())
    }
}

#[cfg(feature = "alloc")]
impl core::borrow::Borrow<str> for TopicNameBuf {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "alloc")]
impl fmt::Debug for TopicNameBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "alloc")]
impl fmt::Display for TopicNameBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

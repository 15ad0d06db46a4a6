use core::fmt;

use crate::error::TextError;
use crate::scan;

/// A UTF-8 Encoded String: at most 65,535 bytes, without U+0000. Standard: MQTT 5.0 §1.5.4.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    /// The empty string.
    pub const EMPTY: Text<'static> = Text("");

    /// Checks a string of the caller's.
    ///
    /// # Errors
    ///
    /// [`TextError::TooLong`] above 65,535 bytes, [`TextError::NullCharacter`] when U+0000 is in it [MQTT-1.5.4-2].
    pub fn new(text: &'a str) -> Result<Self, TextError> {
        if text.len() > usize::from(u16::MAX) {
            return Err(TextError::TooLong { len: text.len() });
        }
        match text.bytes().position(|byte| byte == 0) {
            Some(at) => Err(TextError::NullCharacter { at }),
            None => Ok(Self(text)),
        }
    }

    /// For what was checked before.
    #[inline]
    pub(crate) const fn from_checked(text: &'a str) -> Self {
        Self(text)
    }

    /// For bytes that were checked before; `None` does not happen.
    #[inline]
    pub(crate) fn from_valid(bytes: &'a [u8]) -> Option<Self> {
        let text = from_plain(bytes).or_else(|| core::str::from_utf8(bytes).ok().map(Self));
        debug_assert!(text.is_some());
        text
    }

    /// The text.
    #[must_use]
    #[inline]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether it has no characters.
    #[must_use]
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'a> TryFrom<&'a str> for Text<'a> {
    type Error = TextError;

    fn try_from(text: &'a str) -> Result<Self, TextError> {
        Self::new(text)
    }
}

/// The string of these bytes, when they are one: well-formed UTF-8 without U+0000.
#[inline]
pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Text<'_>> {
    if scan::is_plain(bytes) {
        from_plain(bytes)
    } else {
        from_bytes_beyond_ascii(bytes)
    }
}

/// For bytes that are ASCII. This looks at them once more, which is much cheaper than `from_utf8`.
#[inline]
pub(crate) fn from_plain(bytes: &[u8]) -> Option<Text<'_>> {
    ascii::AsciiStr::from_ascii(bytes)
        .ok()
        .map(|text| Text(text.as_str()))
}

#[cold]
#[inline(never)]
fn from_bytes_beyond_ascii(bytes: &[u8]) -> Option<Text<'_>> {
    if bytes.contains(&0) {
        return None;
    }
    core::str::from_utf8(bytes).ok().map(Text)
}

/// Whether [`from_bytes`] gives a string.
#[inline]
pub(crate) fn is_valid(bytes: &[u8]) -> bool {
    scan::is_plain(bytes) || from_bytes_beyond_ascii(bytes).is_some()
}

/// An owned [`Text`]; a clone shares it.
#[cfg(feature = "alloc")]
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextBuf(alloc::sync::Arc<str>);

#[cfg(feature = "alloc")]
impl TextBuf {
    /// Checks a string of the caller's and keeps a copy.
    ///
    /// # Errors
    ///
    /// As [`Text::new`].
    pub fn new(text: &str) -> Result<Self, TextError> {
        Text::new(text).map(Self::from)
    }

    /// The borrowed form.
    #[must_use]
    #[inline]
    pub fn borrowed(&self) -> Text<'_> {
        Text(&self.0)
    }

    /// The text.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "alloc")]
impl From<Text<'_>> for TextBuf {
    fn from(text: Text<'_>) -> Self {
        Self(text.as_str().into())
    }
}

#[cfg(feature = "alloc")]
impl core::borrow::Borrow<str> for TextBuf {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "alloc")]
impl fmt::Debug for TextBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "alloc")]
impl fmt::Display for TextBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

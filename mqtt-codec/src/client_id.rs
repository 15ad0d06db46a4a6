use core::fmt;

use crate::error::TextError;
use crate::text::Text;

/// A Client Identifier. An empty one asks the server to assign one. Standard: MQTT 5.0 §3.1.3.1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ClientId<'a>(Text<'a>);

impl<'a> ClientId<'a> {
    /// Asks the server to assign one.
    pub const EMPTY: ClientId<'static> = ClientId(Text::EMPTY);

    /// Checks a string of the caller's.
    ///
    /// # Errors
    ///
    /// As [`Text::new`].
    pub fn new(id: &'a str) -> Result<Self, TextError> {
        Text::new(id).map(Self)
    }

    #[inline]
    pub(crate) const fn from_text(text: Text<'a>) -> Self {
        Self(text)
    }

    /// The identifier.
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

    /// Whether the server is to assign one.
    #[must_use]
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for ClientId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ClientId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'a> TryFrom<&'a str> for ClientId<'a> {
    type Error = TextError;

    fn try_from(id: &'a str) -> Result<Self, TextError> {
        Self::new(id)
    }
}

/// An owned [`ClientId`]; a clone shares it.
#[cfg(feature = "alloc")]
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientIdBuf(alloc::sync::Arc<str>);

#[cfg(feature = "alloc")]
impl ClientIdBuf {
    /// Checks a string of the caller's and keeps a copy.
    ///
    /// # Errors
    ///
    /// As [`ClientId::new`].
    pub fn new(id: &str) -> Result<Self, TextError> {
        ClientId::new(id).map(Self::from)
    }

    /// The borrowed form.
    #[must_use]
    pub fn borrowed(&self) -> ClientId<'_> {
        ClientId(Text::from_checked(&self.0))
    }

    /// The identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "alloc")]
impl From<ClientId<'_>> for ClientIdBuf {
    fn from(id: ClientId<'_>) -> Self {
        Self(id.as_str().into())
    }
}

#[cfg(feature = "alloc")]
impl core::borrow::Borrow<str> for ClientIdBuf {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "alloc")]
impl fmt::Debug for ClientIdBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "alloc")]
impl fmt::Display for ClientIdBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

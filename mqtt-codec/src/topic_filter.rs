use core::fmt;

use crate::error::TopicFilterError;
use crate::scan;
use crate::text::Text;
use crate::topic_name::TopicName;

/// A Topic Filter, shared (`$share/ShareName/filter`) or not. Standard: MQTT 5.0 §4.7, §4.8.2.
///
/// Shared subscriptions are of 5.0; a filter that begins with `$share/` has their form in every version here, so that a
/// 3.x client can be a member of a group too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicFilter<'a>(Text<'a>);

impl<'a> TopicFilter<'a> {
    /// Checks a string of the caller's.
    ///
    /// # Errors
    ///
    /// [`TopicFilterError`]: empty [MQTT-4.7.3-1], `#` not alone at the end [MQTT-4.7.1-1], `+` not alone in its level
    /// [MQTT-4.7.1-2], a shared filter without ShareName or filter [MQTT-4.8.2-1] [MQTT-4.8.2-2], or no valid string field.
    pub fn new(filter: &'a str) -> Result<Self, TopicFilterError> {
        let text = Text::new(filter)?;
        check(filter.as_bytes())?;
        Ok(Self(text))
    }

    /// For bytes that were checked before; `None` does not happen.
    #[inline]
    pub(crate) fn from_valid(bytes: &'a [u8]) -> Option<Self> {
        Text::from_valid(bytes).map(Self)
    }

    /// For what was checked before.
    #[inline]
    pub(crate) const fn from_checked(filter: &'a str) -> Self {
        Self(Text::from_checked(filter))
    }

    /// The whole filter, with `$share/ShareName/` if it is shared.
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

    /// The ShareName of a shared subscription, and the filter behind it.
    #[must_use]
    pub fn shared(self) -> Option<(&'a str, TopicFilter<'a>)> {
        let (name, filter) = self.as_str().strip_prefix("$share/")?.split_once('/')?;
        Some((name, Self::from_checked(filter)))
    }

    /// Its levels, which `/` separates; a level may be empty. For a shared filter take those of [`shared`](Self::shared).
    pub fn levels(self) -> core::str::Split<'a, char> {
        self.as_str().split('/')
    }

    /// Whether it asks for a topic; for a shared filter, whether the filter behind the ShareName does.
    /// Standard: MQTT 5.0 §4.7.
    ///
    /// A client finds out with it what a message came for. A broker, with many filters, has its own ways.
    ///
    /// ```
    /// use mqtt_codec::{TopicFilter, TopicName};
    ///
    /// let filter = TopicFilter::new("home/+/temperature")?;
    /// assert!(filter.matches(TopicName::new("home/kitchen/temperature")?));
    /// assert!(!filter.matches(TopicName::new("home/temperature")?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn matches(self, topic: TopicName<'_>) -> bool {
        let filter = self.shared().map_or(self, |(_, filter)| filter);
        // [MQTT-4.7.2-1]
        if topic.is_dollar() && filter.as_str().starts_with(['+', '#']) {
            return false;
        }
        let mut levels = topic.levels();
        for wanted in filter.levels() {
            match (wanted, levels.next()) {
                // [MQTT-4.7.1-1]: also of the level above.
                ("#", _) => return true,
                ("+", Some(_)) => {}
                (wanted, Some(level)) if wanted == level => {}
                (_, _) => return false,
            }
        }
        levels.next().is_none()
    }

    /// Whether `+` or `#` is in it.
    #[must_use]
    pub fn has_wildcard(self) -> bool {
        self.as_str()
            .bytes()
            .any(|byte| matches!(byte, b'+' | b'#'))
    }
}

/// The form of a filter. Standard: MQTT 5.0 §4.7.1, §4.8.2.
#[inline]
pub(crate) fn check(filter: &[u8]) -> Result<(), TopicFilterError> {
    if let Some(shared) = filter.strip_prefix(b"$share/") {
        return check_shared(shared);
    }
    check_levels(filter, 0)
}

/// Behind `$share/`.
fn check_shared(shared: &[u8]) -> Result<(), TopicFilterError> {
    let slash = shared
        .iter()
        .position(|&byte| byte == b'/')
        .ok_or(TopicFilterError::ShareWithoutFilter)?;
    let (name, filter) = shared.split_at_checked(slash).unwrap_or_default();
    if name.is_empty() || name.iter().any(|byte| matches!(byte, b'+' | b'#')) {
        return Err(TopicFilterError::ShareName);
    }
    check_levels(
        filter.get(1..).unwrap_or_default(),
        b"$share/".len() + slash + 1,
    )
}

/// Not shared; it begins at `offset`.
fn check_levels(filter: &[u8], offset: usize) -> Result<(), TopicFilterError> {
    if filter.is_empty() {
        return Err(TopicFilterError::Empty);
    }
    let mut from = 0;
    while let Some(index) = scan::next_wildcard(filter, from) {
        from = index + 1;
        let at = offset + index;
        let starts = index == 0 || filter.get(index - 1) == Some(&b'/');
        let next = filter.get(from);
        if filter.get(index) == Some(&b'+') {
            if !starts || next.is_some_and(|&next| next != b'/') {
                return Err(TopicFilterError::SingleLevelWildcard { at });
            }
        } else if !starts || next.is_some() {
            return Err(TopicFilterError::MultiLevelWildcard { at });
        }
    }
    Ok(())
}

impl fmt::Debug for TopicFilter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for TopicFilter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'a> TryFrom<&'a str> for TopicFilter<'a> {
    type Error = TopicFilterError;

    fn try_from(filter: &'a str) -> Result<Self, TopicFilterError> {
        Self::new(filter)
    }
}

/// An owned [`TopicFilter`]; a clone shares it.
#[cfg(feature = "alloc")]
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicFilterBuf(alloc::sync::Arc<str>);

#[cfg(feature = "alloc")]
impl TopicFilterBuf {
    /// Checks a string of the caller's and keeps a copy.
    ///
    /// # Errors
    ///
    /// As [`TopicFilter::new`].
    pub fn new(filter: &str) -> Result<Self, TopicFilterError> {
        TopicFilter::new(filter).map(Self::from)
    }

    /// The borrowed form.
    #[must_use]
    pub fn borrowed(&self) -> TopicFilter<'_> {
        TopicFilter::from_checked(&self.0)
    }

    /// The whole filter.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "alloc")]
impl From<TopicFilter<'_>> for TopicFilterBuf {
    fn from(filter: TopicFilter<'_>) -> Self {
        Self(filter.as_str().into())
    }
}

#[cfg(feature = "alloc")]
impl core::borrow::Borrow<str> for TopicFilterBuf {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "alloc")]
impl fmt::Debug for TopicFilterBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "alloc")]
impl fmt::Display for TopicFilterBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_matches_what_the_standard_says() {
        let matching = |filter, topic| {
            TopicFilter::new(filter)
                .unwrap()
                .matches(TopicName::new(topic).unwrap())
        };
        for (filter, topic) in [
            ("a/b", "a/b"),
            ("a/+", "a/b"),
            ("a/#", "a"),
            ("a/#", "a/b/c"),
            ("+/+", "/a"),
            ("#", "a/b"),
            ("$SYS/#", "$SYS/a"),
            ("$share/g/a/+", "a/b"),
        ] {
            assert!(matching(filter, topic), "{filter} {topic}");
        }
        for (filter, topic) in [
            ("a/b", "a"),
            ("a", "a/b"),
            ("a/+", "a"),
            ("+", "a/b"),
            ("#", "$SYS/a"),
            ("+/a", "$SYS/a"),
            ("+", "/a"),
        ] {
            assert!(!matching(filter, topic), "{filter} {topic}");
        }
    }
}

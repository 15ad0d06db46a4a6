use crate::field::Field;
use crate::list::list;
use crate::output::Output;
use crate::property::{PropertyBlock, PropertyOutput, Run, run};
use crate::text::Text;

/// User Properties: pairs of name and value, in their order; a name may occur more than once.
/// Standard: MQTT 5.0 §2.2.2.2 and the User Property of each packet. Equality compares the items.
///
/// ```
/// use mqtt_codec::{Text, property::UserProperties};
///
/// let pairs = [(Text::new("unit")?, Text::new("°C")?)];
/// let properties = UserProperties::new(&pairs);
/// assert!(properties.iter().eq(pairs));
/// # Ok::<(), mqtt_codec::TextError>(())
/// ```
#[derive(Clone, Copy, Default)]
pub struct UserProperties<'a>(Source<'a>);

#[derive(Clone, Copy)]
enum Source<'a> {
    /// Checked User Properties and nothing else.
    Wire(&'a [u8]),
    /// A part of a checked property block, in which other properties stand between.
    Gaps(&'a [u8]),
    Slice(&'a [(Text<'a>, Text<'a>)]),
}

impl Default for Source<'_> {
    #[inline]
    fn default() -> Self {
        Self::Slice(&[])
    }
}

impl<'a> UserProperties<'a> {
    /// None.
    pub const EMPTY: UserProperties<'static> = UserProperties(Source::Slice(&[]));

    /// The caller's pairs.
    #[must_use]
    #[inline]
    pub const fn new(pairs: &'a [(Text<'a>, Text<'a>)]) -> Self {
        Self(Source::Slice(pairs))
    }

    #[inline]
    pub(crate) fn from_run(run: &Run<'a>) -> Self {
        Self(if run.has_gaps() {
            Source::Gaps(run.bytes())
        } else {
            Source::Wire(run.bytes())
        })
    }

    /// The pairs in their order.
    #[must_use]
    #[inline]
    pub fn iter(self) -> UserPropertiesIter<'a> {
        UserPropertiesIter(self.0)
    }

    /// Whether there are none.
    #[must_use]
    #[inline]
    pub const fn is_empty(self) -> bool {
        match self.0 {
            Source::Wire(bytes) | Source::Gaps(bytes) => bytes.is_empty(),
            Source::Slice(pairs) => pairs.is_empty(),
        }
    }

    /// How many there are. Walks over them when they come from the wire.
    #[must_use]
    pub fn len(self) -> usize {
        match self.0 {
            Source::Slice(pairs) => pairs.len(),
            Source::Wire(_) | Source::Gaps(_) => self.iter().count(),
        }
    }
}

impl PropertyBlock for UserProperties<'_> {
    #[inline(always)]
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }

    #[inline]
    fn write<O: Output>(&self, out: &mut O) {
        match self.0 {
            Source::Wire(bytes) => out.bytes(bytes),
            Source::Slice(pairs) => pairs.iter().for_each(|&pair| write_pair(out, pair)),
            Source::Gaps(_) => self.iter().for_each(|pair| write_pair(out, pair)),
        }
    }
}

#[inline]
fn write_pair<O: Output>(out: &mut O, (name, value): (Text<'_>, Text<'_>)) {
    out.property_text(Field::UserProperty, Some(name));
    out.text(value);
}

/// The pairs of [`UserProperties`] in their order.
#[derive(Clone)]
pub struct UserPropertiesIter<'a>(Source<'a>);

impl<'a> Iterator for UserPropertiesIter<'a> {
    type Item = (Text<'a>, Text<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Slice(pairs) => {
                let (first, rest) = pairs.split_first()?;
                *pairs = rest;
                Some(*first)
            }
            Source::Wire(rest) | Source::Gaps(rest) => {
                run::next(rest, Field::UserProperty, |rest| {
                    Some((
                        Text::from_valid(run::counted(rest)?)?,
                        Text::from_valid(run::counted(rest)?)?,
                    ))
                })
            }
        }
    }
}

list!(UserProperties, UserPropertiesIter, (Text<'a>, Text<'a>));

/// Owned [`UserProperties`], kept as they go over the wire: one allocation, whatever their number.
#[cfg(feature = "alloc")]
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct UserPropertiesBuf(alloc::boxed::Box<[u8]>);

#[cfg(feature = "alloc")]
impl UserPropertiesBuf {
    /// The borrowed form.
    #[must_use]
    #[inline]
    pub fn borrowed(&self) -> UserProperties<'_> {
        UserProperties(Source::Wire(&self.0))
    }

    /// Whether there are none.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(feature = "alloc")]
impl From<UserProperties<'_>> for UserPropertiesBuf {
    fn from(properties: UserProperties<'_>) -> Self {
        let mut bytes = alloc::vec::Vec::with_capacity(properties.property_length() as usize);
        properties.write(&mut bytes);
        Self(bytes.into())
    }
}

#[cfg(feature = "alloc")]
impl core::fmt::Debug for UserPropertiesBuf {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.borrowed().fmt(f)
    }
}

use crate::encode::{Layout, PropertyLengths, encodes};
use crate::list::list;
use crate::output::Output;
use crate::packet::PacketType;
use crate::property::{PropertyBlock, Run, UserProperties, id, run};
use crate::reader::Reader;
use crate::trace::Trace;
use crate::{DecodeError, PacketId, TopicFilter, Version};

/// UNSUBSCRIBE. Standard: MQTT 5.0 §3.10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsubscribe<'a> {
    /// Ties UNSUBACK to it.
    pub packet_id: PacketId,
    /// 5.0 only.
    pub user_properties: UserProperties<'a>,
    /// At least one [MQTT-3.10.3-2].
    pub filters: TopicFilters<'a>,
}

/// The Topic Filters of an UNSUBSCRIBE, at least one. Equality compares the items.
#[derive(Clone, Copy)]
pub struct TopicFilters<'a>(Source<'a>);

#[derive(Clone, Copy)]
enum Source<'a> {
    /// A checked list.
    Wire(&'a [u8]),
    Slice(&'a [TopicFilter<'a>]),
}

impl<'a> Unsubscribe<'a> {
    pub(crate) fn decode<T: Trace>(
        version: Version,
        reader: &mut Reader<'a, T>,
    ) -> Result<Self, DecodeError> {
        let packet_id = reader.packet_id(PacketType::Unsubscribe)?;
        let user_properties = if version.has_properties() {
            decode_properties(reader)?
        } else {
            UserProperties::EMPTY
        };
        Ok(Self {
            packet_id,
            user_properties,
            filters: TopicFilters::decode(reader)?,
        })
    }
}

fn decode_properties<'a, T: Trace>(
    reader: &mut Reader<'a, T>,
) -> Result<UserProperties<'a>, DecodeError> {
    if reader.no_properties() {
        return Ok(UserProperties::EMPTY);
    }
    let mut user = Run::default();
    let outer = reader.enter_properties()?;
    while !reader.is_empty() {
        let start = reader.rest();
        match reader.property_id()? {
            id::USER_PROPERTY => reader.user_property(&mut user, start)?,
            id => return Err(reader.unexpected_property(id)),
        }
    }
    reader.leave(outer);
    Ok(UserProperties::from_run(&user))
}

impl Layout for Unsubscribe<'_> {
    #[inline]
    fn first_byte(&self) -> u8 {
        0xA2
    }

    #[inline]
    fn property_lengths(&self) -> PropertyLengths {
        PropertyLengths {
            properties: self.user_properties.property_length(),
            ..PropertyLengths::default()
        }
    }

    #[inline]
    fn body<O: Output>(&self, version: Version, lengths: PropertyLengths, out: &mut O) {
        out.two(self.packet_id.get());
        if version.has_properties() {
            out.properties(lengths.properties, &self.user_properties);
        }
        self.filters.write(out);
    }
}

encodes!(Unsubscribe<'_>);

impl<'a> TopicFilters<'a> {
    /// The caller's filters; `None` when there are none.
    #[must_use]
    #[inline]
    pub const fn new(filters: &'a [TopicFilter<'a>]) -> Option<Self> {
        if filters.is_empty() {
            None
        } else {
            Some(Self(Source::Slice(filters)))
        }
    }

    /// All that is left of the packet.
    fn decode<T: Trace>(reader: &mut Reader<'a, T>) -> Result<Self, DecodeError> {
        let list = reader.rest();
        if list.is_empty() {
            return Err(DecodeError::EmptyList {
                packet_type: PacketType::Unsubscribe,
            });
        }
        while !reader.is_empty() {
            reader.topic_filter_bytes()?;
        }
        Ok(Self(Source::Wire(list)))
    }

    /// The filters in their order.
    #[must_use]
    #[inline]
    pub fn iter(self) -> TopicFiltersIter<'a> {
        TopicFiltersIter(self.0)
    }

    /// How many there are. Walks over them when they come from the wire.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(self) -> usize {
        match self.0 {
            Source::Slice(filters) => filters.len(),
            Source::Wire(_) => self.iter().count(),
        }
    }

    #[inline]
    fn write<O: Output>(&self, out: &mut O) {
        match self.0 {
            Source::Wire(bytes) => out.bytes(bytes),
            Source::Slice(filters) => filters.iter().for_each(|filter| out.text(filter.as_text())),
        }
    }
}

/// The filters of [`TopicFilters`] in their order.
#[derive(Clone)]
pub struct TopicFiltersIter<'a>(Source<'a>);

impl<'a> Iterator for TopicFiltersIter<'a> {
    type Item = TopicFilter<'a>;

    fn next(&mut self) -> Option<TopicFilter<'a>> {
        match &mut self.0 {
            Source::Wire(rest) => TopicFilter::from_valid(run::counted(rest)?),
            Source::Slice(rest) => {
                let (first, behind) = rest.split_first()?;
                *rest = behind;
                Some(*first)
            }
        }
    }
}

list!(TopicFilters, TopicFiltersIter, TopicFilter<'a>);

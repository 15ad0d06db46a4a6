use crate::field::Field;
use crate::list::list;
use crate::output::Output;
use crate::packet::PacketType;
use crate::property::run;
use crate::reader::Reader;
use crate::trace::Trace;
use crate::{DecodeError, QoS, TopicFilter, Version};

/// A Topic Filter with its options. Standard: MQTT 5.0 §3.8.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscription<'a> {
    /// What to subscribe to.
    pub filter: TopicFilter<'a>,
    /// How.
    pub options: SubscriptionOptions,
}

/// The Subscription Options. 3.x has the QoS alone. Standard: MQTT 5.0 §3.8.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct SubscriptionOptions {
    /// The highest QoS at which messages shall come.
    pub maximum_qos: QoS,
    /// Not what this client published itself.
    pub no_local: bool,
    /// Messages keep the RETAIN flag of their publisher.
    pub retain_as_published: bool,
    /// Which retained messages come because of this SUBSCRIBE.
    pub retain_handling: RetainHandling,
}

/// Which retained messages come because of a SUBSCRIBE. Standard: MQTT 5.0 §3.8.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum RetainHandling {
    /// All that match [MQTT-3.3.1-9].
    #[default]
    SendAtSubscribe = 0,
    /// All that match, when the subscription did not exist before [MQTT-3.3.1-10].
    SendIfNew = 1,
    /// None [MQTT-3.3.1-11].
    DoNotSend = 2,
}

/// The Topic Filters of a SUBSCRIBE, at least one. Equality compares the items.
#[derive(Clone, Copy)]
pub struct Subscriptions<'a>(Source<'a>);

#[derive(Clone, Copy)]
enum Source<'a> {
    /// A checked list, of 5.0 or of 3.x (where the options byte is a QoS).
    Wire(&'a [u8]),
    Slice(&'a [Subscription<'a>]),
}

impl SubscriptionOptions {
    /// The options of a byte of 5.0, when it has some.
    #[must_use]
    #[inline]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        let Some(maximum_qos) = QoS::from_bits(byte & 3) else {
            return None;
        };
        let retain_handling = match byte >> 4 {
            0 => RetainHandling::SendAtSubscribe,
            1 => RetainHandling::SendIfNew,
            2 => RetainHandling::DoNotSend,
            _ => return None,
        };
        let (no_local, retain_as_published) =
            (byte & NO_LOCAL != 0, byte & RETAIN_AS_PUBLISHED != 0);
        Some(Self {
            maximum_qos,
            no_local,
            retain_as_published,
            retain_handling,
        })
    }

    /// The byte of 5.0.
    #[must_use]
    #[inline]
    pub const fn byte(self) -> u8 {
        let no_local = if self.no_local { NO_LOCAL } else { 0 };
        let retain_as_published = if self.retain_as_published {
            RETAIN_AS_PUBLISHED
        } else {
            0
        };
        self.maximum_qos.bits() | no_local | retain_as_published | (self.retain_handling as u8) << 4
    }
}

const NO_LOCAL: u8 = 0x04;
const RETAIN_AS_PUBLISHED: u8 = 0x08;

/// What is wrong with an options byte.
#[cold]
fn options_fault(version: Version, value: u8) -> DecodeError {
    let field = Field::SubscriptionOptions;
    let reserved = if version.has_properties() { 0xC0 } else { 0xFC };
    if value & reserved != 0 {
        DecodeError::ReservedBits { field, value }
    } else if value & 3 == 3 {
        DecodeError::QoS3 { field }
    } else {
        DecodeError::RetainHandling3
    }
}

impl<'a> Subscriptions<'a> {
    /// The caller's subscriptions; `None` when there are none.
    #[must_use]
    #[inline]
    pub const fn new(subscriptions: &'a [Subscription<'a>]) -> Option<Self> {
        if subscriptions.is_empty() {
            None
        } else {
            Some(Self(Source::Slice(subscriptions)))
        }
    }

    /// All that is left of the packet.
    pub(crate) fn decode<T: Trace>(
        version: Version,
        reader: &mut Reader<'a, T>,
    ) -> Result<Self, DecodeError> {
        let list = reader.rest();
        if list.is_empty() {
            return Err(DecodeError::EmptyList {
                packet_type: PacketType::Subscribe,
            });
        }
        while !reader.is_empty() {
            reader.topic_filter_bytes()?;
            let byte = reader.byte(Field::SubscriptionOptions)?;
            let valid = if version.has_properties() {
                SubscriptionOptions::from_byte(byte).is_some()
            } else {
                byte <= 2
            };
            if !valid {
                return Err(options_fault(version, byte));
            }
        }
        Ok(Self(Source::Wire(list)))
    }

    /// The subscriptions in their order.
    #[must_use]
    #[inline]
    pub fn iter(self) -> SubscriptionsIter<'a> {
        SubscriptionsIter(self.0)
    }

    /// How many there are. Walks over them when they come from the wire.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(self) -> usize {
        match self.0 {
            Source::Slice(subscriptions) => subscriptions.len(),
            Source::Wire(_) => self.iter().count(),
        }
    }

    #[inline]
    pub(crate) fn write<O: Output>(&self, version: Version, out: &mut O) {
        match self.0 {
            // An options byte of 3.x says the same in 5.0, but not the other way.
            Source::Wire(bytes) if version.has_properties() => out.bytes(bytes),
            Source::Wire(_) => self
                .iter()
                .for_each(|subscription| write_one(version, subscription, out)),
            Source::Slice(list) => list
                .iter()
                .for_each(|&subscription| write_one(version, subscription, out)),
        }
    }
}

#[inline]
fn write_one<O: Output>(version: Version, subscription: Subscription<'_>, out: &mut O) {
    let options = subscription.options;
    out.text(subscription.filter.as_text());
    out.byte(if version.has_properties() {
        options.byte()
    } else {
        options.maximum_qos.bits()
    });
}

/// The subscriptions of [`Subscriptions`] in their order.
#[derive(Clone)]
pub struct SubscriptionsIter<'a>(Source<'a>);

impl<'a> Iterator for SubscriptionsIter<'a> {
    type Item = Subscription<'a>;

    fn next(&mut self) -> Option<Subscription<'a>> {
        match &mut self.0 {
            Source::Slice(rest) => {
                let (first, behind) = rest.split_first()?;
                *rest = behind;
                Some(*first)
            }
            Source::Wire(rest) => {
                let filter = TopicFilter::from_valid(run::counted(rest)?)?;
                let (&options, behind) = rest.split_first()?;
                *rest = behind;
                Some(Subscription {
                    filter,
                    options: SubscriptionOptions::from_byte(options)?,
                })
            }
        }
    }
}

list!(Subscriptions, SubscriptionsIter, Subscription<'a>);

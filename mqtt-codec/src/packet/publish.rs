use crate::encode::{self, Layout, Lengths, PropertyLengths, encodes, flag, qos_bits};
use crate::field::Field;
use crate::output::Output;
use crate::packet::{PacketType, PublishProperties};
use crate::property::{PropertyBlock, PropertyOutput, TopicAlias};
use crate::reader::Reader;
use crate::trace::Trace;
use crate::{DecodeError, PacketId, QoS, TopicName, Version, variable_byte_integer};

/// PUBLISH carries an Application Message. 3.x cannot say one without a Topic Name. Standard: MQTT 5.0 §3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish<'a> {
    /// QoS, with what only that QoS has.
    pub delivery: Delivery,
    /// The RETAIN flag.
    pub retain: bool,
    /// The Topic Name, the Topic Alias, or both.
    pub topic: PublishTopic<'a>,
    /// 5.0 only.
    pub properties: PublishProperties<'a>,
    /// The Application Message's payload.
    pub payload: &'a [u8],
}

/// The QoS of a PUBLISH with its Packet Identifier and DUP flag, which QoS 0 has not [MQTT-2.2.1-2] [MQTT-3.3.1-2].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// QoS 0.
    AtMostOnce,
    /// QoS 1.
    AtLeastOnce {
        /// Ties PUBACK to it.
        packet_id: PacketId,
        /// The DUP flag: it was sent before.
        dup: bool,
    },
    /// QoS 2.
    ExactlyOnce {
        /// Ties PUBREC, PUBREL and PUBCOMP to it.
        packet_id: PacketId,
        /// The DUP flag: it was sent before.
        dup: bool,
    },
}

impl Delivery {
    /// The QoS.
    #[must_use]
    #[inline]
    pub const fn qos(self) -> QoS {
        match self {
            Self::AtMostOnce => QoS::AtMostOnce,
            Self::AtLeastOnce { .. } => QoS::AtLeastOnce,
            Self::ExactlyOnce { .. } => QoS::ExactlyOnce,
        }
    }

    /// The Packet Identifier, which QoS 1 and 2 have.
    #[must_use]
    #[inline]
    pub const fn packet_id(self) -> Option<PacketId> {
        match self {
            Self::AtMostOnce => None,
            Self::AtLeastOnce { packet_id, .. } | Self::ExactlyOnce { packet_id, .. } => {
                Some(packet_id)
            }
        }
    }

    /// The DUP flag.
    #[must_use]
    #[inline]
    pub const fn dup(self) -> bool {
        match self {
            Self::AtMostOnce => false,
            Self::AtLeastOnce { dup, .. } | Self::ExactlyOnce { dup, .. } => dup,
        }
    }
}

/// What names the topic of a PUBLISH. Standard: MQTT 5.0 §3.3.2.1, §3.3.2.3.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishTopic<'a> {
    /// The Topic Name alone.
    Name(TopicName<'a>),
    /// The Topic Name, for which the alias shall stand from now on on this connection; 5.0 only.
    Both(TopicName<'a>, TopicAlias),
    /// The alias of an earlier PUBLISH, with an empty Topic Name; 5.0 only.
    Alias(TopicAlias),
}

impl<'a> PublishTopic<'a> {
    /// The Topic Name, unless it is empty.
    #[must_use]
    #[inline]
    pub const fn name(self) -> Option<TopicName<'a>> {
        match self {
            Self::Name(name) | Self::Both(name, _) => Some(name),
            Self::Alias(_) => None,
        }
    }

    /// The Topic Alias, when there is one.
    #[must_use]
    #[inline]
    pub const fn alias(self) -> Option<TopicAlias> {
        match self {
            Self::Name(_) => None,
            Self::Both(_, alias) | Self::Alias(alias) => Some(alias),
        }
    }
}

/// The DUP flag in the first byte of a PUBLISH. Standard: MQTT 5.0 §3.3.1.1.
pub const DUP_FLAG: u8 = 0x08;
const RETAIN_FLAG: u8 = 0x01;

/// Where the fields of an encoded PUBLISH stand that differ from one receiver, or one sending, to the next: bytes from
/// its first one. All are big-endian. The DUP flag is [`DUP_FLAG`] of the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishOffsets {
    /// The two bytes of the Packet Identifier.
    pub packet_id: Option<usize>,
    /// The four bytes of the Message Expiry Interval's value.
    pub message_expiry_interval: Option<usize>,
}

impl<'a> Publish<'a> {
    /// The bytes of the encoded packet without its payload, for [`encode_head`](Self::encode_head). `None` as
    /// [`encoded_len`](Self::encoded_len), which it is together with the payload's length.
    #[must_use]
    #[inline]
    pub fn head_len(&self, version: Version) -> Option<usize> {
        encode::head_len(self, version)
    }

    /// Writes the packet without its payload to the front of `out` and returns how many bytes these are. The Remaining
    /// Length counts the payload, which must follow.
    ///
    /// Cannot fail when `out` has the bytes that [`head_len`](Self::head_len) asks for; otherwise it writes nothing and
    /// returns 0.
    #[inline]
    pub fn encode_head(&self, version: Version, out: &mut [u8]) -> usize {
        encode::encode_head(self, version, out)
    }

    /// Where the fields stand that may be patched in the encoded packet. Nothing for a packet that the version cannot say.
    #[must_use]
    pub fn offsets(&self, version: Version) -> PublishOffsets {
        let none = PublishOffsets {
            packet_id: None,
            message_expiry_interval: None,
        };
        let Some(lengths) = Lengths::of(self, version) else {
            return none;
        };
        let topic = lengths.header + 2 + self.topic.name().map_or(0, |name| name.as_str().len());
        let packet_id = self.delivery.packet_id().map(|_| topic);
        if !version.has_properties() || self.properties.message_expiry_interval.is_none() {
            return PublishOffsets {
                packet_id,
                message_expiry_interval: None,
            };
        }
        let property_length =
            variable_byte_integer::len(lengths.properties.properties).unwrap_or_default();
        // It is the first property: only its identifier stands before its value.
        let expiry = topic + packet_id.map_or(0, |_| 2) + property_length + 1;
        PublishOffsets {
            packet_id,
            message_expiry_interval: Some(expiry),
        }
    }
}

/// What stands before the properties.
pub(crate) struct PublishHead<'a> {
    pub(crate) delivery: Delivery,
    pub(crate) retain: bool,
    /// Unless it is empty.
    pub(crate) name: Option<TopicName<'a>>,
}

impl<'a> PublishHead<'a> {
    /// `flags` are those of the fixed header.
    #[inline(always)]
    pub(crate) fn decode<T: Trace>(
        flags: u8,
        reader: &mut Reader<'a, T>,
    ) -> Result<Self, DecodeError> {
        let dup = flags & DUP_FLAG != 0;
        let qos = QoS::from_bits(flags >> 1 & 3).ok_or(DecodeError::QoS3 {
            field: Field::PacketTypeAndFlags,
        })?;
        if dup && qos == QoS::AtMostOnce {
            return Err(DecodeError::DupAtMostOnce);
        }
        let name = reader.topic_name_or_empty(Field::TopicName)?;
        let delivery = match qos {
            QoS::AtMostOnce => Delivery::AtMostOnce,
            QoS::AtLeastOnce => Delivery::AtLeastOnce {
                packet_id: reader.packet_id(PacketType::Publish)?,
                dup,
            },
            QoS::ExactlyOnce => Delivery::ExactlyOnce {
                packet_id: reader.packet_id(PacketType::Publish)?,
                dup,
            },
        };
        Ok(Self {
            delivery,
            retain: flags & RETAIN_FLAG != 0,
            name,
        })
    }

    /// Of 3.x, or with a Property Length of 0.
    #[inline(always)]
    pub(crate) fn without_properties(
        self,
        version: Version,
        payload: &'a [u8],
    ) -> Result<Publish<'a>, DecodeError> {
        let Self {
            delivery,
            retain,
            name,
        } = self;
        let Some(name) = name else {
            return Err(match version {
                Version::V3_1 | Version::V3_1_1 => DecodeError::EmptyTopic {
                    field: Field::TopicName,
                },
                Version::V5_0 => DecodeError::NoTopic,
            });
        };
        let topic = PublishTopic::Name(name);
        Ok(Publish {
            delivery,
            retain,
            topic,
            properties: PublishProperties::EMPTY,
            payload,
        })
    }

    /// The rest of the packet.
    #[inline(always)]
    pub(crate) fn with_properties<T: Trace>(
        self,
        reader: &mut Reader<'a, T>,
    ) -> Result<Publish<'a>, DecodeError> {
        let Self {
            delivery,
            retain,
            name,
        } = self;
        let mut properties = PublishProperties::EMPTY;
        let mut alias = None;
        properties.decode(&mut alias, reader)?;
        let topic = match (name, alias) {
            (Some(name), None) => PublishTopic::Name(name),
            (Some(name), Some(alias)) => PublishTopic::Both(name, alias),
            (None, Some(alias)) => PublishTopic::Alias(alias),
            (None, None) => return Err(DecodeError::NoTopic),
        };
        Ok(Publish {
            delivery,
            retain,
            topic,
            properties,
            payload: reader.payload(),
        })
    }
}

impl PropertyBlock for Publish<'_> {
    #[inline(always)]
    fn is_nothing(&self) -> bool {
        self.properties.is_empty() && self.topic.alias().is_none()
    }

    #[inline]
    fn write<O: Output>(&self, out: &mut O) {
        self.properties.write(out);
        out.property_two(Field::TopicAlias, self.topic.alias().map(TopicAlias::get));
    }
}

impl Layout for Publish<'_> {
    #[inline]
    fn exists_in(&self, version: Version) -> bool {
        version.has_properties() || self.topic.name().is_some()
    }

    #[inline]
    fn first_byte(&self) -> u8 {
        0x30 | flag(self.delivery.dup(), DUP_FLAG)
            | qos_bits(self.delivery.qos(), 1)
            | flag(self.retain, RETAIN_FLAG)
    }

    #[inline]
    fn property_lengths(&self) -> PropertyLengths {
        PropertyLengths {
            properties: self.property_length(),
            ..PropertyLengths::default()
        }
    }

    #[inline]
    fn body<O: Output>(&self, version: Version, lengths: PropertyLengths, out: &mut O) {
        match self.topic.name() {
            Some(name) => out.topic_name(name),
            None => out.two(0),
        }
        if let Some(packet_id) = self.delivery.packet_id() {
            out.two(packet_id.get());
        }
        if version.has_properties() {
            out.properties(lengths.properties, self);
        }
    }

    #[inline]
    fn payload(&self) -> &[u8] {
        self.payload
    }
}

encodes!(Publish<'_>);

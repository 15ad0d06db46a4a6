use crate::encode::{Layout, PropertyLengths, encodes};
use crate::field::Field;
use crate::output::Output;
use crate::packet::{PacketType, Subscriptions};
use crate::property::{
    PropertyBlock, PropertyOutput, Run, SubscriptionIdentifier, UserProperties, id,
};
use crate::reader::Reader;
use crate::trace::Trace;
use crate::{DecodeError, PacketId, Version};

/// SUBSCRIBE. Standard: MQTT 5.0 §3.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscribe<'a> {
    /// Ties SUBACK to it.
    pub packet_id: PacketId,
    /// 5.0 only.
    pub properties: SubscribeProperties<'a>,
    /// At least one [MQTT-3.8.3-2].
    pub subscriptions: Subscriptions<'a>,
}

/// The properties of SUBSCRIBE. Standard: MQTT 5.0 §3.8.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SubscribeProperties<'a> {
    /// Comes back with each message that these subscriptions bring.
    pub subscription_identifier: Option<SubscriptionIdentifier>,
    /// For the application.
    pub user_properties: UserProperties<'a>,
}

impl<'a> Subscribe<'a> {
    pub(crate) fn decode<T: Trace>(
        version: Version,
        reader: &mut Reader<'a, T>,
    ) -> Result<Self, DecodeError> {
        let packet_id = reader.packet_id(PacketType::Subscribe)?;
        let properties = if version.has_properties() {
            SubscribeProperties::decode(reader)?
        } else {
            SubscribeProperties::default()
        };
        Ok(Self {
            packet_id,
            properties,
            subscriptions: Subscriptions::decode(version, reader)?,
        })
    }
}

impl<'a> SubscribeProperties<'a> {
    fn decode<T: Trace>(reader: &mut Reader<'a, T>) -> Result<Self, DecodeError> {
        if reader.no_properties() {
            return Ok(Self::default());
        }
        let mut properties = Self::default();
        let mut user = Run::default();
        let outer = reader.enter_properties()?;
        while !reader.is_empty() {
            let start = reader.rest();
            match reader.property_id()? {
                id::SUBSCRIPTION_IDENTIFIER => reader.once(
                    &mut properties.subscription_identifier,
                    Field::SubscriptionIdentifier,
                    Reader::subscription_identifier,
                )?,
                id::USER_PROPERTY => reader.user_property(&mut user, start)?,
                id => return Err(reader.unexpected_property(id)),
            }
        }
        reader.leave(outer);
        properties.user_properties = UserProperties::from_run(&user);
        Ok(properties)
    }
}

impl PropertyBlock for SubscribeProperties<'_> {
    #[inline(always)]
    fn is_nothing(&self) -> bool {
        self.subscription_identifier.is_none() && self.user_properties.is_empty()
    }

    #[inline]
    fn write<O: Output>(&self, out: &mut O) {
        if let Some(identifier) = self.subscription_identifier {
            out.subscription_identifier(identifier);
        }
        out.user_properties(self.user_properties);
    }
}

impl Layout for Subscribe<'_> {
    #[inline]
    fn first_byte(&self) -> u8 {
        0x82
    }

    #[inline]
    fn property_lengths(&self) -> PropertyLengths {
        PropertyLengths {
            properties: self.properties.property_length(),
            ..PropertyLengths::default()
        }
    }

    #[inline]
    fn body<O: Output>(&self, version: Version, lengths: PropertyLengths, out: &mut O) {
        out.two(self.packet_id.get());
        if version.has_properties() {
            out.properties(lengths.properties, &self.properties);
        }
        self.subscriptions.write(version, out);
    }
}

encodes!(Subscribe<'_>);

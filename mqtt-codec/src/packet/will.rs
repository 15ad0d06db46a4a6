use crate::encode::PropertyLengths;
use crate::field::Field;
use crate::output::Output;
use crate::packet::PublishProperties;
use crate::property::{
    PayloadFormat, PropertyBlock, PropertyOutput, Run, SubscriptionIdentifiers, UserProperties, id,
};
use crate::reader::Reader;
use crate::trace::Trace;
use crate::{Binary, DecodeError, QoS, Text, TopicName, Version};

/// The Will Message in CONNECT. Standard: MQTT 5.0 §3.1.2.5, §3.1.3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Will<'a> {
    /// Where to publish it.
    pub topic: TopicName<'a>,
    /// What to publish.
    pub payload: Binary<'a>,
    /// At which QoS.
    pub qos: QoS,
    /// Whether to retain it.
    pub retain: bool,
    /// 5.0 only.
    pub properties: WillProperties<'a>,
}

/// The properties of the Will. Standard: MQTT 5.0 §3.1.3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct WillProperties<'a> {
    /// Seconds; absent means 0.
    pub will_delay_interval: Option<u32>,
    /// What the payload is; absent means unspecified.
    pub payload_format_indicator: Option<PayloadFormat>,
    /// Lifetime in seconds; absent means that it does not expire.
    pub message_expiry_interval: Option<u32>,
    /// What the payload is, for the application.
    pub content_type: Option<Text<'a>>,
    /// Where to answer.
    pub response_topic: Option<TopicName<'a>>,
    /// Ties an answer to its request.
    pub correlation_data: Option<Binary<'a>>,
    /// For the application.
    pub user_properties: UserProperties<'a>,
}

impl<'a> Will<'a> {
    /// From the payload of CONNECT; QoS and RETAIN stand in its flags.
    pub(crate) fn decode<T: Trace>(
        version: Version,
        qos: QoS,
        retain: bool,
        reader: &mut Reader<'a, T>,
    ) -> Result<Self, DecodeError> {
        let properties = if version.has_properties() {
            WillProperties::decode(reader)?
        } else {
            WillProperties::default()
        };
        let topic = reader.topic_name(Field::WillTopic)?;
        let payload = reader.binary(Field::WillPayload)?;
        Ok(Self {
            topic,
            payload,
            qos,
            retain,
            properties,
        })
    }

    #[inline]
    pub(crate) fn write<O: Output>(&self, version: Version, lengths: PropertyLengths, out: &mut O) {
        if version.has_properties() {
            out.properties(lengths.will_properties, &self.properties);
        }
        out.topic_name(self.topic);
        out.binary(self.payload);
    }
}

impl<'a> WillProperties<'a> {
    fn decode<T: Trace>(reader: &mut Reader<'a, T>) -> Result<Self, DecodeError> {
        if reader.no_properties() {
            return Ok(Self::default());
        }
        use Field as F;
        let mut p = Self::default();
        let mut user = Run::default();
        let outer = reader.enter_properties()?;
        let r = reader;
        while !r.is_empty() {
            let start = r.rest();
            match r.property_id()? {
                id::WILL_DELAY_INTERVAL => r.once(
                    &mut p.will_delay_interval,
                    F::WillDelayInterval,
                    Reader::four,
                )?,
                id::PAYLOAD_FORMAT_INDICATOR => {
                    r.once(
                        &mut p.payload_format_indicator,
                        F::PayloadFormatIndicator,
                        Reader::payload_format,
                    )?;
                }
                id::MESSAGE_EXPIRY_INTERVAL => {
                    r.once(
                        &mut p.message_expiry_interval,
                        F::MessageExpiryInterval,
                        Reader::four,
                    )?;
                }
                id::CONTENT_TYPE => r.once(&mut p.content_type, F::ContentType, Reader::text)?,
                id::RESPONSE_TOPIC => {
                    r.once(&mut p.response_topic, F::ResponseTopic, Reader::topic_name)?
                }
                id::CORRELATION_DATA => {
                    r.once(&mut p.correlation_data, F::CorrelationData, Reader::binary)?
                }
                id::USER_PROPERTY => r.user_property(&mut user, start)?,
                id => return Err(r.unexpected_property(id)),
            }
        }
        r.leave(outer);
        p.user_properties = UserProperties::from_run(&user);
        Ok(p)
    }
}

impl<'a> WillProperties<'a> {
    /// The properties of the PUBLISH that it becomes: all but the delay.
    #[must_use]
    pub const fn publish_properties(&self) -> PublishProperties<'a> {
        PublishProperties {
            payload_format_indicator: self.payload_format_indicator,
            message_expiry_interval: self.message_expiry_interval,
            response_topic: self.response_topic,
            correlation_data: self.correlation_data,
            user_properties: self.user_properties,
            subscription_identifiers: SubscriptionIdentifiers::EMPTY,
            content_type: self.content_type,
        }
    }
}

impl PropertyBlock for WillProperties<'_> {
    #[inline]
    fn write<O: Output>(&self, out: &mut O) {
        out.property_four(Field::WillDelayInterval, self.will_delay_interval);
        out.property_byte(
            Field::PayloadFormatIndicator,
            self.payload_format_indicator.map(PayloadFormat::byte),
        );
        out.property_four(Field::MessageExpiryInterval, self.message_expiry_interval);
        out.property_text(Field::ContentType, self.content_type);
        out.property_topic_name(Field::ResponseTopic, self.response_topic);
        out.property_binary(Field::CorrelationData, self.correlation_data);
        out.user_properties(self.user_properties);
    }
}

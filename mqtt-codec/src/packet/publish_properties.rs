use crate::field::Field;
use crate::output::Output;
#[cfg(feature = "alloc")]
use crate::packet::WillProperties;
use crate::property::{
    PayloadFormat, PropertyBlock, PropertyOutput, Run, SubscriptionIdentifiers, TopicAlias,
    UserProperties, id,
};
use crate::reader::Reader;
use crate::trace::Trace;
use crate::{Binary, DecodeError, Text, TopicName};

/// The properties of a PUBLISH but for the Topic Alias, see [`PublishTopic`](super::PublishTopic). Standard: MQTT 5.0 §3.3.2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PublishProperties<'a> {
    /// What the payload is; absent means unspecified.
    pub payload_format_indicator: Option<PayloadFormat>,
    /// Lifetime in seconds; absent means that it does not expire.
    pub message_expiry_interval: Option<u32>,
    /// Where to answer; present in a request.
    pub response_topic: Option<TopicName<'a>>,
    /// Ties an answer to its request.
    pub correlation_data: Option<Binary<'a>>,
    /// For the application.
    pub user_properties: UserProperties<'a>,
    /// Of the subscriptions that brought the message; from the server only [MQTT-3.3.4-6].
    pub subscription_identifiers: SubscriptionIdentifiers<'a>,
    /// What the payload is, for the application.
    pub content_type: Option<Text<'a>>,
}

impl<'a> PublishProperties<'a> {
    /// None.
    pub const EMPTY: PublishProperties<'static> = PublishProperties {
        payload_format_indicator: None,
        message_expiry_interval: None,
        response_topic: None,
        correlation_data: None,
        user_properties: UserProperties::EMPTY,
        subscription_identifiers: SubscriptionIdentifiers::EMPTY,
        content_type: None,
    };

    /// Whether there are none.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.payload_format_indicator.is_none()
            && self.message_expiry_interval.is_none()
            && self.response_topic.is_none()
            && self.correlation_data.is_none()
            && self.user_properties.is_empty()
            && self.subscription_identifiers.is_empty()
            && self.content_type.is_none()
    }

    /// Fills these in, and the Topic Alias, which stands among them.
    #[inline(always)]
    pub(crate) fn decode<T: Trace>(
        &mut self,
        alias: &mut Option<TopicAlias>,
        r: &mut Reader<'a, T>,
    ) -> Result<(), DecodeError> {
        use Field as F;
        let mut user = Run::default();
        let mut identifiers = Run::default();
        let outer = r.enter_properties()?;
        while !r.is_empty() {
            let start = r.rest();
            match r.property_id()? {
                id::PAYLOAD_FORMAT_INDICATOR => {
                    r.once(
                        &mut self.payload_format_indicator,
                        F::PayloadFormatIndicator,
                        Reader::payload_format,
                    )?;
                }
                id::MESSAGE_EXPIRY_INTERVAL => {
                    r.once(
                        &mut self.message_expiry_interval,
                        F::MessageExpiryInterval,
                        Reader::four,
                    )?;
                }
                id::TOPIC_ALIAS => r.once(alias, F::TopicAlias, topic_alias)?,
                id::RESPONSE_TOPIC => r.once(
                    &mut self.response_topic,
                    F::ResponseTopic,
                    Reader::topic_name,
                )?,
                id::CORRELATION_DATA => r.once(
                    &mut self.correlation_data,
                    F::CorrelationData,
                    Reader::binary,
                )?,
                id::USER_PROPERTY => r.user_property(&mut user, start)?,
                id::SUBSCRIPTION_IDENTIFIER => {
                    r.subscription_identifier(F::SubscriptionIdentifier)?;
                    identifiers.add(start, r.rest());
                }
                id::CONTENT_TYPE => r.once(&mut self.content_type, F::ContentType, Reader::text)?,
                id => return Err(r.unexpected_property(id)),
            }
        }
        r.leave(outer);
        self.user_properties = UserProperties::from_run(&user);
        self.subscription_identifiers = SubscriptionIdentifiers::from_run(&identifiers);
        Ok(())
    }
}

#[cfg(feature = "alloc")]
impl<'a> PublishProperties<'a> {
    pub(crate) fn into_will(self, will_delay_interval: Option<u32>) -> WillProperties<'a> {
        WillProperties {
            will_delay_interval,
            payload_format_indicator: self.payload_format_indicator,
            message_expiry_interval: self.message_expiry_interval,
            content_type: self.content_type,
            response_topic: self.response_topic,
            correlation_data: self.correlation_data,
            user_properties: self.user_properties,
        }
    }
}

fn topic_alias<T: Trace>(
    reader: &mut Reader<'_, T>,
    property: Field,
) -> Result<TopicAlias, DecodeError> {
    let value = reader.two(property)?;
    TopicAlias::new(value).ok_or(DecodeError::PropertyValue {
        property,
        value: value.into(),
    })
}

impl PropertyBlock for PublishProperties<'_> {
    /// Message Expiry Interval first, so that it is easily found again, see [`Publish::offsets`](super::Publish::offsets).
    #[inline]
    fn write<O: Output>(&self, out: &mut O) {
        out.property_four(Field::MessageExpiryInterval, self.message_expiry_interval);
        out.property_byte(
            Field::PayloadFormatIndicator,
            self.payload_format_indicator.map(PayloadFormat::byte),
        );
        out.property_topic_name(Field::ResponseTopic, self.response_topic);
        out.property_binary(Field::CorrelationData, self.correlation_data);
        out.user_properties(self.user_properties);
        out.subscription_identifiers(self.subscription_identifiers);
        out.property_text(Field::ContentType, self.content_type);
    }
}

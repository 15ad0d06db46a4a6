use alloc::boxed::Box;

use crate::packet::PublishProperties;
use crate::property::{PayloadFormat, SubscriptionIdentifiers, UserPropertiesBuf};
use crate::{Binary, TextBuf, TopicNameBuf};

/// Owned [`PublishProperties`] but for the Subscription Identifiers, which belong to a receiver and not to the message.
///
/// Small: what most messages do not have is in one box, which is not there when it would be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishPropertiesBuf {
    /// What the payload is; absent means unspecified.
    pub payload_format_indicator: Option<PayloadFormat>,
    /// Lifetime in seconds; absent means that it does not expire.
    pub message_expiry_interval: Option<u32>,
    rare: Option<Box<Rare>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rare {
    response_topic: Option<TopicNameBuf>,
    correlation_data: Option<Box<[u8]>>,
    user_properties: UserPropertiesBuf,
    content_type: Option<TextBuf>,
}

impl PublishPropertiesBuf {
    /// The borrowed form, without Subscription Identifiers.
    #[must_use]
    #[inline]
    pub fn borrowed(&self) -> PublishProperties<'_> {
        let properties = PublishProperties {
            payload_format_indicator: self.payload_format_indicator,
            message_expiry_interval: self.message_expiry_interval,
            ..PublishProperties::default()
        };
        let Some(rare) = &self.rare else {
            return properties;
        };
        PublishProperties {
            response_topic: rare.response_topic.as_ref().map(TopicNameBuf::borrowed),
            correlation_data: rare.correlation_data.as_deref().map(Binary::from_checked),
            user_properties: rare.user_properties.borrowed(),
            content_type: rare.content_type.as_ref().map(TextBuf::borrowed),
            ..properties
        }
    }

    /// Whether there are none.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.payload_format_indicator.is_none()
            && self.message_expiry_interval.is_none()
            && self.rare.is_none()
    }
}

impl From<&PublishProperties<'_>> for PublishPropertiesBuf {
    fn from(properties: &PublishProperties<'_>) -> Self {
        let &PublishProperties {
            payload_format_indicator,
            message_expiry_interval,
            response_topic,
            correlation_data,
            user_properties,
            subscription_identifiers: SubscriptionIdentifiers { .. },
            content_type,
        } = properties;
        let has_rare = response_topic.is_some()
            || correlation_data.is_some()
            || !user_properties.is_empty()
            || content_type.is_some();
        let rare = has_rare.then(|| {
            Box::new(Rare {
                response_topic: response_topic.map(TopicNameBuf::from),
                correlation_data: correlation_data.map(|data| data.as_bytes().into()),
                user_properties: user_properties.into(),
                content_type: content_type.map(TextBuf::from),
            })
        });
        Self {
            payload_format_indicator,
            message_expiry_interval,
            rare,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PublishPropertiesBuf;
    use crate::packet::PublishProperties;
    use crate::property::{SubscriptionIdentifier, SubscriptionIdentifiers, UserProperties};
    use crate::{Binary, Text, TextError, TopicName};

    #[test]
    fn one_without_properties_is_three_words() {
        assert_eq!(size_of::<PublishPropertiesBuf>(), 3 * size_of::<u64>());
        let empty = PublishPropertiesBuf::from(&PublishProperties::EMPTY);
        assert!(empty.is_empty() && empty.rare.is_none());
    }

    /// But for the Subscription Identifiers.
    #[test]
    fn all_come_back() -> Result<(), TextError> {
        let pairs = [
            (Text::new("a")?, Text::new("1")?),
            (Text::new("a")?, Text::new("2")?),
        ];
        let identifiers = [SubscriptionIdentifier::new(1).unwrap()];
        let properties = PublishProperties {
            payload_format_indicator: None,
            message_expiry_interval: Some(0),
            response_topic: TopicName::new("r").ok(),
            correlation_data: Binary::new(&[0, 255]).ok(),
            user_properties: UserProperties::new(&pairs),
            subscription_identifiers: SubscriptionIdentifiers::EMPTY,
            content_type: Some(Text::EMPTY),
        };
        let owned = PublishPropertiesBuf::from(&PublishProperties {
            subscription_identifiers: SubscriptionIdentifiers::new(&identifiers),
            ..properties
        });
        assert_eq!(owned.borrowed(), properties);
        assert!(!owned.is_empty());
        Ok(())
    }
}

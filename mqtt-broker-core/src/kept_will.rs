//! The will of a session.

use alloc::boxed::Box;
use core::ops::Deref;

use mqtt_codec::packet::WillBuf;

use crate::memory::{Charge, MemoryGauge};

/// A will that is counted while it is kept.
#[derive(Debug)]
pub(crate) struct KeptWill(Box<Body>);

#[derive(Debug)]
struct Body {
    will: WillBuf,
    /// Counts until it is dropped.
    _charge: Charge,
}

impl KeptWill {
    pub(crate) fn new(will: WillBuf, gauge: &MemoryGauge) -> Self {
        let charge = gauge.charge(bytes(&will));
        Self(Box::new(Body {
            will,
            _charge: charge,
        }))
    }
}

impl Deref for KeptWill {
    type Target = WillBuf;

    fn deref(&self) -> &WillBuf {
        &self.0.will
    }
}

/// What a will takes, about.
fn bytes(will: &WillBuf) -> usize {
    let will = will.borrowed();
    let properties = &will.properties;
    let user = properties.user_properties.iter();
    size_of::<Body>()
        + will.topic.as_str().len()
        + will.payload.as_bytes().len()
        + user
            .map(|(name, value)| name.as_str().len() + value.as_str().len())
            .sum::<usize>()
        + properties.content_type.map_or(0, |it| it.as_str().len())
        + properties.response_topic.map_or(0, |it| it.as_str().len())
        + properties
            .correlation_data
            .map_or(0, |it| it.as_bytes().len())
}

#[cfg(test)]
mod tests {
    use mqtt_codec::packet::{Will, WillProperties};
    use mqtt_codec::property::UserProperties;
    use mqtt_codec::{Binary, QoS, Text, TopicName};

    use super::*;

    /// Each part of it, and nothing twice; as long as it is there.
    #[test]
    fn a_will_counts_all_that_it_keeps() {
        let text = |text| Text::new(text).unwrap();
        let pairs = [(text("12"), text("3456")), (text("7"), text("890"))];
        let empty = Will {
            topic: TopicName::new("t").unwrap(),
            payload: Binary::new(b"").unwrap(),
            qos: QoS::AtMostOnce,
            retain: false,
            properties: WillProperties::default(),
        };
        let full = Will {
            topic: TopicName::new("topic").unwrap(),
            payload: Binary::new(b"payload").unwrap(),
            properties: WillProperties {
                content_type: Some(text("content type")),
                response_topic: Some(TopicName::new("response").unwrap()),
                correlation_data: Some(Binary::new(b"correlation").unwrap()),
                user_properties: UserProperties::new(&pairs),
                ..WillProperties::default()
            },
            ..empty
        };
        let gauge = MemoryGauge::default();
        let first = KeptWill::new(WillBuf::from(&empty), &gauge);
        let least = gauge.bytes();
        assert!(least > size_of::<WillBuf>(), "{least}");
        drop(first);
        assert_eq!(gauge.bytes(), 0);
        let _full = KeptWill::new(WillBuf::from(&full), &gauge);
        assert_eq!(gauge.bytes() - least, 4 + 7 + 12 + 8 + 11 + 10);
    }
}

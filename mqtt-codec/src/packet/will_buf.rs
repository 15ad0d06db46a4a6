use alloc::boxed::Box;

use crate::packet::{PublishPropertiesBuf, Will};
use crate::{Binary, QoS, TopicName, TopicNameBuf};

/// An owned [`Will`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WillBuf {
    topic: TopicNameBuf,
    payload: Box<[u8]>,
    qos: QoS,
    retain: bool,
    delay_interval: Option<u32>,
    properties: PublishPropertiesBuf,
}

impl WillBuf {
    /// The borrowed form.
    #[must_use]
    pub fn borrowed(&self) -> Will<'_> {
        Will {
            topic: self.topic.borrowed(),
            payload: Binary::from_checked(&self.payload),
            qos: self.qos,
            retain: self.retain,
            properties: self.properties.borrowed().into_will(self.delay_interval),
        }
    }

    /// Where to publish it.
    #[must_use]
    pub fn topic(&self) -> TopicName<'_> {
        self.topic.borrowed()
    }

    /// The properties with which it is published: all but its delay.
    #[must_use]
    pub const fn publish_properties(&self) -> &PublishPropertiesBuf {
        &self.properties
    }
}

impl From<&Will<'_>> for WillBuf {
    fn from(will: &Will<'_>) -> Self {
        Self {
            topic: will.topic.into(),
            payload: will.payload.as_bytes().into(),
            qos: will.qos,
            retain: will.retain,
            delay_interval: will.properties.will_delay_interval,
            properties: PublishPropertiesBuf::from(&will.properties.publish_properties()),
        }
    }
}

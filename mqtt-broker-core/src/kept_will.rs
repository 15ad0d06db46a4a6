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

use core::num::NonZeroU16;

/// A Topic Alias, 1 to 65,535 [MQTT-3.3.2-8]. Standard: MQTT 5.0 §3.3.2.3.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicAlias(NonZeroU16);

impl TopicAlias {
    /// `None` for 0, which no sender may use [MQTT-3.3.2-8].
    #[must_use]
    #[inline]
    pub const fn new(value: u16) -> Option<Self> {
        match NonZeroU16::new(value) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }

    /// The number on the wire.
    #[must_use]
    #[inline]
    pub const fn get(self) -> u16 {
        self.0.get()
    }
}

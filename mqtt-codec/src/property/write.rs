use crate::field::Field;
use crate::output::{Length, Output};
use crate::property::{SubscriptionIdentifier, SubscriptionIdentifiers, UserProperties};
use crate::{Binary, Text, TopicName};

/// The properties of a packet.
pub(crate) trait PropertyBlock {
    /// Without the Property Length.
    fn write<O: Output>(&self, out: &mut O);

    /// Whether nothing would be written; may say no for brevity.
    #[inline(always)]
    fn is_nothing(&self) -> bool {
        false
    }

    /// What the Property Length says.
    #[inline(always)]
    fn property_length(&self) -> u32 {
        if self.is_nothing() {
            0
        } else {
            length_of(self)
        }
    }
}

/// Apart from the usual case, which has none.
#[inline(never)]
fn length_of(block: &(impl PropertyBlock + ?Sized)) -> u32 {
    Length::of(|length| block.write(length))
}

/// Properties are written when there are any: `None` writes nothing.
pub(crate) trait PropertyOutput: Output {
    #[inline]
    fn property_byte(&mut self, property: Field, value: Option<u8>) {
        if let Some(value) = value {
            self.array([property as u8, value]);
        }
    }

    #[inline]
    fn property_bool(&mut self, property: Field, value: Option<bool>) {
        self.property_byte(property, value.map(u8::from));
    }

    #[inline]
    fn property_two(&mut self, property: Field, value: Option<u16>) {
        if let Some(value) = value {
            let [a, b] = value.to_be_bytes();
            self.array([property as u8, a, b]);
        }
    }

    #[inline]
    fn property_four(&mut self, property: Field, value: Option<u32>) {
        if let Some(value) = value {
            let [a, b, c, d] = value.to_be_bytes();
            self.array([property as u8, a, b, c, d]);
        }
    }

    #[inline]
    fn property_counted(&mut self, property: Field, bytes: &[u8]) {
        let [.., high, low] = bytes.len().to_be_bytes();
        self.array([property as u8, high, low]);
        self.bytes(bytes);
    }

    #[inline]
    fn property_text(&mut self, property: Field, value: Option<Text<'_>>) {
        if let Some(value) = value {
            self.property_counted(property, value.as_str().as_bytes());
        }
    }

    #[inline]
    fn property_topic_name(&mut self, property: Field, value: Option<TopicName<'_>>) {
        self.property_text(property, value.map(TopicName::as_text));
    }

    #[inline]
    fn property_binary(&mut self, property: Field, value: Option<Binary<'_>>) {
        if let Some(value) = value {
            self.property_counted(property, value.as_bytes());
        }
    }

    #[inline]
    fn user_properties(&mut self, properties: UserProperties<'_>) {
        properties.write(self);
    }

    #[inline]
    fn subscription_identifier(&mut self, identifier: SubscriptionIdentifier) {
        self.byte(Field::SubscriptionIdentifier as u8);
        self.variable(identifier.get());
    }

    #[inline]
    fn subscription_identifiers(&mut self, identifiers: SubscriptionIdentifiers<'_>) {
        identifiers.write(self);
    }
}

impl<O: Output> PropertyOutput for O {}

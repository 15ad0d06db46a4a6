use crate::field::Field;
use crate::trace::Shape;
use crate::variable_byte_integer;

/// The part of a checked property block from the first to the last property of one kind.
#[derive(Clone, Copy, Default)]
pub(crate) struct Run<'a> {
    /// Begins with the first one's identifier.
    from: &'a [u8],
    /// What is left of the block behind the last one.
    end: usize,
    /// The bytes of all of them, without what stands between.
    sum: usize,
}

impl<'a> Run<'a> {
    /// One more stands between two points of the block, each told by what is left of the block there.
    #[inline(always)]
    pub(crate) fn add(&mut self, start: &'a [u8], end: &'a [u8]) {
        if self.sum == 0 {
            self.from = start;
        }
        self.end = end.len();
        self.sum += start.len() - end.len();
    }

    #[inline(always)]
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.from
            .get(..self.from.len() - self.end)
            .unwrap_or_default()
    }

    /// Whether others stand between.
    #[inline(always)]
    pub(crate) fn has_gaps(&self) -> bool {
        self.bytes().len() != self.sum
    }
}

/// The value of the next property of one kind in a checked block, over others in between. Its bytes are then read by `read`.
#[inline]
pub(crate) fn next<'a, V>(
    rest: &mut &'a [u8],
    property: Field,
    read: impl FnOnce(&mut &'a [u8]) -> Option<V>,
) -> Option<V> {
    loop {
        let (&id, value) = rest.split_first()?;
        *rest = value;
        if id == property as u8 {
            return read(rest);
        }
        skip(rest, id)?;
    }
}

/// The bytes behind a length of two bytes.
#[inline]
pub(crate) fn counted<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, behind) = rest.split_first_chunk::<2>()?;
    let (bytes, behind) = behind.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
    *rest = behind;
    Some(bytes)
}

#[inline]
pub(crate) fn variable(rest: &mut &[u8]) -> Option<u32> {
    let (value, len) = variable_byte_integer::read(rest).ok()??;
    *rest = rest.get(len..)?;
    Some(value)
}

/// Over the value of a property.
fn skip(rest: &mut &[u8], id: u8) -> Option<()> {
    let property = Field::from_property_identifier(id)?;
    if property == Field::UserProperty {
        counted(rest)?;
    }
    let len = match shape(property) {
        Shape::Byte => 1,
        Shape::TwoByteInteger => 2,
        Shape::FourByteInteger => 4,
        Shape::VariableByteInteger => return variable(rest).map(drop),
        Shape::Text | Shape::Binary | Shape::Payload => return counted(rest).map(drop),
    };
    *rest = rest.get(len..)?;
    Some(())
}

/// The type of a property's value; a User Property is two strings. Standard: MQTT 5.0 §2.2.2.2.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other properties are strings, and other fields are none"
)]
const fn shape(property: Field) -> Shape {
    match property {
        Field::PayloadFormatIndicator
        | Field::RequestProblemInformation
        | Field::RequestResponseInformation
        | Field::MaximumQoS
        | Field::RetainAvailable
        | Field::WildcardSubscriptionAvailable
        | Field::SubscriptionIdentifierAvailable
        | Field::SharedSubscriptionAvailable => Shape::Byte,
        Field::ServerKeepAlive
        | Field::ReceiveMaximum
        | Field::TopicAliasMaximum
        | Field::TopicAlias => Shape::TwoByteInteger,
        Field::MessageExpiryInterval
        | Field::SessionExpiryInterval
        | Field::WillDelayInterval
        | Field::MaximumPacketSize => Shape::FourByteInteger,
        Field::SubscriptionIdentifier => Shape::VariableByteInteger,
        Field::CorrelationData | Field::AuthenticationData => Shape::Binary,
        _ => Shape::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::{next, variable};
    use crate::Field;

    /// Each property once, before one that is looked for.
    #[test]
    fn every_other_property_is_skipped() {
        for id in 0..0x80 {
            let Some(property) = Field::from_property_identifier(id) else {
                continue;
            };
            let value: &[u8] = match super::shape(property) {
                super::Shape::Byte => &[1],
                super::Shape::TwoByteInteger => &[0, 1],
                super::Shape::FourByteInteger => &[0, 0, 0, 1],
                super::Shape::VariableByteInteger => &[0x80, 1],
                super::Shape::Text | super::Shape::Binary | super::Shape::Payload => &[0, 1, b'a'],
            };
            let mut block = [0; 16];
            let mut len = 0;
            let mut push = |bytes: &[u8]| {
                block[len..len + bytes.len()].copy_from_slice(bytes);
                len += bytes.len();
            };
            push(&[id]);
            push(value);
            if property == Field::UserProperty {
                push(value);
            }
            push(&[Field::TopicAliasMaximum as u8, 0x12, 0x34]);
            let mut rest = &block[..len];
            if property == Field::TopicAliasMaximum {
                rest = &rest[3..];
            }
            let two = |rest: &mut &[u8]| rest.first_chunk::<2>().copied();
            let found = next(&mut rest, Field::TopicAliasMaximum, two);
            assert_eq!(found, Some([0x12, 0x34]), "{property}");
        }
    }

    #[test]
    fn the_end_of_a_block_is_the_end() {
        let mut rest = &[Field::MaximumQoS as u8, 1][..];
        assert_eq!(
            next(&mut rest, Field::SubscriptionIdentifier, variable),
            None
        );
        assert!(rest.is_empty());
    }
}

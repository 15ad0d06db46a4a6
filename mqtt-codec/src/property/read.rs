use core::num::{NonZeroU16, NonZeroU32};

use crate::DecodeError;
use crate::field::Field;
use crate::property::{PayloadFormat, Run, SubscriptionIdentifier};
use crate::reader::{Outer, Reader};
use crate::trace::Trace;

/// The identifiers. Standard: MQTT 5.0 §2.2.2.2.
pub(crate) mod id {
    use crate::field::Field;

    macro_rules! ids {
        ($($id:ident = $field:ident,)+) => { $(pub(crate) const $id: u8 = Field::$field as u8;)+ };
    }

    ids! {
        PAYLOAD_FORMAT_INDICATOR = PayloadFormatIndicator,
        MESSAGE_EXPIRY_INTERVAL = MessageExpiryInterval,
        CONTENT_TYPE = ContentType,
        RESPONSE_TOPIC = ResponseTopic,
        CORRELATION_DATA = CorrelationData,
        SUBSCRIPTION_IDENTIFIER = SubscriptionIdentifier,
        SESSION_EXPIRY_INTERVAL = SessionExpiryInterval,
        ASSIGNED_CLIENT_IDENTIFIER = AssignedClientIdentifier,
        SERVER_KEEP_ALIVE = ServerKeepAlive,
        AUTHENTICATION_METHOD = AuthenticationMethod,
        AUTHENTICATION_DATA = AuthenticationData,
        REQUEST_PROBLEM_INFORMATION = RequestProblemInformation,
        WILL_DELAY_INTERVAL = WillDelayInterval,
        REQUEST_RESPONSE_INFORMATION = RequestResponseInformation,
        RESPONSE_INFORMATION = ResponseInformation,
        SERVER_REFERENCE = ServerReference,
        REASON_STRING = ReasonString,
        RECEIVE_MAXIMUM = ReceiveMaximum,
        TOPIC_ALIAS_MAXIMUM = TopicAliasMaximum,
        TOPIC_ALIAS = TopicAlias,
        MAXIMUM_QOS = MaximumQoS,
        RETAIN_AVAILABLE = RetainAvailable,
        USER_PROPERTY = UserProperty,
        MAXIMUM_PACKET_SIZE = MaximumPacketSize,
        WILDCARD_SUBSCRIPTION_AVAILABLE = WildcardSubscriptionAvailable,
        SUBSCRIPTION_IDENTIFIER_AVAILABLE = SubscriptionIdentifierAvailable,
        SHARED_SUBSCRIPTION_AVAILABLE = SharedSubscriptionAvailable,
    }
}

impl<'a, T: Trace> Reader<'a, T> {
    /// The Property Length; narrows the reader to the properties.
    #[inline(always)]
    pub(crate) fn enter_properties(&mut self) -> Result<Outer<'a>, DecodeError> {
        let len = self.variable(Field::PropertyLength)?;
        self.enter(len as usize, Field::PropertyLength)
    }

    /// The next identifier. One of several bytes is of no property: all that are defined fit one.
    #[inline]
    pub(crate) fn property_id(&mut self) -> Result<u8, DecodeError> {
        self.byte(Field::PropertyIdentifier)
    }

    /// A property that may stand once.
    #[inline]
    pub(crate) fn once<V>(
        &mut self,
        slot: &mut Option<V>,
        property: Field,
        read: impl FnOnce(&mut Self, Field) -> Result<V, DecodeError>,
    ) -> Result<(), DecodeError> {
        if slot.is_some() {
            return Err(self.repeated(property));
        }
        *slot = Some(read(self, property)?);
        Ok(())
    }

    /// One User Property more; `start` is what was left of the block before its identifier.
    #[inline(never)]
    pub(crate) fn user_property(
        &mut self,
        run: &mut Run<'a>,
        start: &'a [u8],
    ) -> Result<(), DecodeError> {
        self.text_bytes(Field::UserProperty)?;
        self.text_bytes(Field::UserProperty)?;
        run.add(start, self.rest());
        Ok(())
    }

    #[inline]
    pub(crate) fn subscription_identifier(
        &mut self,
        property: Field,
    ) -> Result<SubscriptionIdentifier, DecodeError> {
        let value = self.variable(property)?;
        SubscriptionIdentifier::new(value).ok_or(DecodeError::PropertyValue { property, value })
    }

    #[inline]
    pub(crate) fn payload_format(&mut self, property: Field) -> Result<PayloadFormat, DecodeError> {
        let byte = self.byte(property)?;
        PayloadFormat::from_byte(byte).ok_or(DecodeError::PropertyValue {
            property,
            value: byte.into(),
        })
    }

    #[inline]
    pub(crate) fn bool(&mut self, property: Field) -> Result<bool, DecodeError> {
        match self.byte(property)? {
            0 => Ok(false),
            1 => Ok(true),
            value => Err(DecodeError::PropertyValue {
                property,
                value: value.into(),
            }),
        }
    }

    #[inline]
    pub(crate) fn non_zero_two(&mut self, property: Field) -> Result<NonZeroU16, DecodeError> {
        NonZeroU16::new(self.two(property)?)
            .ok_or(DecodeError::PropertyValue { property, value: 0 })
    }

    #[inline]
    pub(crate) fn non_zero_four(&mut self, property: Field) -> Result<NonZeroU32, DecodeError> {
        NonZeroU32::new(self.four(property)?)
            .ok_or(DecodeError::PropertyValue { property, value: 0 })
    }

    /// The property just begun stands twice.
    #[cold]
    #[inline(never)]
    fn repeated(&self, property: Field) -> DecodeError {
        DecodeError::RepeatedProperty {
            property,
            at: self.at().saturating_sub(1),
        }
    }

    /// The property just begun is not one of this packet's.
    #[cold]
    #[inline(never)]
    pub(crate) fn unexpected_property(&self, id: u8) -> DecodeError {
        let at = self.at().saturating_sub(1);
        match Field::from_property_identifier(id) {
            Some(property) => DecodeError::PropertyNotAllowed { property, at },
            None => DecodeError::UnknownProperty { at },
        }
    }
}

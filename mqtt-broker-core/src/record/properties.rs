//! Properties as records hold them: as on the wire, without a length in front, with [`END`] behind.

use alloc::vec::Vec;

use mqtt_codec::packet::{PublishProperties, WillProperties};
use mqtt_codec::property::{PayloadFormat, UserProperties};
use mqtt_codec::{Binary, Text, TopicName};

use crate::record::encode::{put_data, put_text};
use crate::record::reader::Reader;
use crate::record::{RecordError, RecordField};

/// What a message or a will can have.
#[derive(Debug, Default)]
pub(super) struct Properties<'a> {
    payload_format_indicator: Option<PayloadFormat>,
    message_expiry_interval: Option<u32>,
    content_type: Option<Text<'a>>,
    response_topic: Option<TopicName<'a>>,
    correlation_data: Option<Binary<'a>>,
    will_delay_interval: Option<u32>,
    user_properties: Vec<(Text<'a>, Text<'a>)>,
}

impl<'a> Properties<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, RecordError> {
        let mut properties = Self::default();
        loop {
            let offset = reader.offset();
            let identifier = reader.u8(RecordField::PropertyIdentifier)?;
            if identifier == END {
                return Ok(properties);
            }
            if !properties.read(identifier, reader)? {
                return Err(RecordError::Invalid {
                    field: RecordField::PropertyIdentifier,
                    offset,
                });
            }
        }
    }

    /// Reads a value; false when the identifier is unknown or came before.
    fn read(&mut self, identifier: u8, reader: &mut Reader<'a>) -> Result<bool, RecordError> {
        let field = RecordField::Property;
        let offset = reader.offset();
        let invalid = RecordError::Invalid { field, offset };
        Ok(match identifier {
            PAYLOAD_FORMAT_INDICATOR => {
                let format = match reader.u8(field)? {
                    0 => PayloadFormat::Unspecified,
                    1 => PayloadFormat::Utf8,
                    _ => return Err(invalid),
                };
                self.payload_format_indicator.replace(format).is_none()
            }
            MESSAGE_EXPIRY_INTERVAL => self
                .message_expiry_interval
                .replace(reader.u32(field)?)
                .is_none(),
            CONTENT_TYPE => self.content_type.replace(reader.text(field)?).is_none(),
            RESPONSE_TOPIC => {
                let topic = TopicName::new(reader.text(field)?.as_str()).map_err(|_| invalid)?;
                self.response_topic.replace(topic).is_none()
            }
            CORRELATION_DATA => self.correlation_data.replace(reader.data(field)?).is_none(),
            WILL_DELAY_INTERVAL => self
                .will_delay_interval
                .replace(reader.u32(field)?)
                .is_none(),
            USER_PROPERTY => {
                self.user_properties
                    .push((reader.text(field)?, reader.text(field)?));
                true
            }
            _ => false,
        })
    }

    /// As those of a message; `None` when there is one that only a will has.
    pub(super) fn publish(&self) -> Option<PublishProperties<'_>> {
        if self.will_delay_interval.is_some() {
            return None;
        }
        Some(PublishProperties {
            payload_format_indicator: self.payload_format_indicator,
            message_expiry_interval: self.message_expiry_interval,
            response_topic: self.response_topic,
            correlation_data: self.correlation_data,
            user_properties: UserProperties::new(&self.user_properties),
            content_type: self.content_type,
            ..PublishProperties::default()
        })
    }

    /// As those of a will.
    pub(super) fn will(&self) -> WillProperties<'_> {
        WillProperties {
            will_delay_interval: self.will_delay_interval,
            payload_format_indicator: self.payload_format_indicator,
            message_expiry_interval: self.message_expiry_interval,
            content_type: self.content_type,
            response_topic: self.response_topic,
            correlation_data: self.correlation_data,
            user_properties: UserProperties::new(&self.user_properties),
        }
    }
}

pub(super) fn encode_publish(properties: &PublishProperties<'_>, out: &mut Vec<u8>) {
    // The Subscription Identifiers belong to a subscriber, not to the message.
    encode_will(
        &WillProperties {
            will_delay_interval: None,
            payload_format_indicator: properties.payload_format_indicator,
            message_expiry_interval: properties.message_expiry_interval,
            content_type: properties.content_type,
            response_topic: properties.response_topic,
            correlation_data: properties.correlation_data,
            user_properties: properties.user_properties,
        },
        out,
    );
}

pub(super) fn encode_will(properties: &WillProperties<'_>, out: &mut Vec<u8>) {
    if let Some(format) = properties.payload_format_indicator {
        out.push(PAYLOAD_FORMAT_INDICATOR);
        out.push(match format {
            PayloadFormat::Unspecified => 0,
            PayloadFormat::Utf8 => 1,
        });
    }
    if let Some(seconds) = properties.message_expiry_interval {
        out.push(MESSAGE_EXPIRY_INTERVAL);
        out.extend_from_slice(&seconds.to_be_bytes());
    }
    if let Some(text) = properties.content_type {
        out.push(CONTENT_TYPE);
        put_text(text.as_str(), out);
    }
    if let Some(topic) = properties.response_topic {
        out.push(RESPONSE_TOPIC);
        put_text(topic.as_str(), out);
    }
    if let Some(data) = properties.correlation_data {
        out.push(CORRELATION_DATA);
        put_data(data.as_bytes(), out);
    }
    if let Some(seconds) = properties.will_delay_interval {
        out.push(WILL_DELAY_INTERVAL);
        out.extend_from_slice(&seconds.to_be_bytes());
    }
    for (name, value) in properties.user_properties.iter() {
        out.push(USER_PROPERTY);
        put_text(name.as_str(), out);
        put_text(value.as_str(), out);
    }
    out.push(END);
}

/// Stands behind the last property: no property has this identifier.
pub(super) const END: u8 = 0x00;

const PAYLOAD_FORMAT_INDICATOR: u8 = 0x01;
const MESSAGE_EXPIRY_INTERVAL: u8 = 0x02;
const CONTENT_TYPE: u8 = 0x03;
const RESPONSE_TOPIC: u8 = 0x08;
const CORRELATION_DATA: u8 = 0x09;
const WILL_DELAY_INTERVAL: u8 = 0x18;
const USER_PROPERTY: u8 = 0x26;

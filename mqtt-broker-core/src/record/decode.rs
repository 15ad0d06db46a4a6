use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;
use mqtt_codec::packet::{
    PublishPropertiesBuf, RetainHandling, SubscriptionOptions, Will, WillBuf,
};
use mqtt_codec::property::SubscriptionIdentifier;
use mqtt_codec::{
    ClientIdBuf, PacketId, QoS, TextBuf, TopicFilterBuf, TopicName, TopicNameBuf, Version,
};
use mqtt_session::Instant;

use crate::message::{Message, Publisher};
use crate::record::encode::{
    DELIVERY_QOS, DELIVERY_RETAIN, MESSAGE_EXPIRES, MESSAGE_PRINCIPAL, MESSAGE_PUBLISHER,
    QUEUED_GROUP, SESSION_DISCONNECTED, SESSION_PRINCIPAL, SESSION_WILL,
};
use crate::record::properties::Properties;
use crate::record::reader::Reader;
use crate::record::{Record, RecordError, RecordField, SessionRecord, kind};

impl Record {
    /// Reads a record from the front of `bytes`: the record and its length. What stands behind it is not looked at.
    ///
    /// # Errors
    ///
    /// [`RecordError`]: what is wrong and where. It takes no more memory than `bytes` has, whatever they claim.
    pub fn decode(bytes: &[u8]) -> Result<(Self, usize), RecordError> {
        let mut reader = Reader::new(bytes);
        let found = reader.u8(RecordField::FormatVersion)?;
        if found > Self::FORMAT_VERSION {
            return Err(RecordError::NewerVersion {
                found,
                supported: Self::FORMAT_VERSION,
            });
        }
        if found == 0 {
            return Err(RecordError::Invalid {
                field: RecordField::FormatVersion,
                offset: 0,
            });
        }
        let kind = reader.u8(RecordField::Kind)?;
        let record = Self::decode_kind(kind, &mut reader)?;
        Ok((record, reader.offset()))
    }

    fn decode_kind(kind: u8, reader: &mut Reader<'_>) -> Result<Self, RecordError> {
        Ok(match kind {
            kind::SESSION => Self::Session(Box::new(session(reader)?)),
            kind::SESSION_ENDED => Self::SessionEnded {
                client_id: client_id(reader)?,
            },
            kind::SUBSCRIBED => Self::Subscribed {
                client_id: client_id(reader)?,
                filter: filter(reader)?,
                options: options(reader)?,
                identifier: identifier(reader)?,
            },
            kind::UNSUBSCRIBED => Self::Unsubscribed {
                client_id: client_id(reader)?,
                filter: filter(reader)?,
            },
            kind::MESSAGE => Self::Message(message(reader)?),
            kind::QUEUED => queued(reader)?,
            kind::SENT => Self::Sent {
                client_id: client_id(reader)?,
                sequence: reader.u64(RecordField::Sequence)?,
                packet_id: packet_id(reader)?,
            },
            kind::RECEIVED => Self::Received {
                client_id: client_id(reader)?,
                sequence: reader.u64(RecordField::Sequence)?,
            },
            kind::SETTLED => Self::Settled {
                client_id: client_id(reader)?,
                sequence: reader.u64(RecordField::Sequence)?,
            },
            kind::UNRELEASED => Self::Unreleased {
                client_id: client_id(reader)?,
                packet_id: packet_id(reader)?,
            },
            kind::RELEASED => Self::Released {
                client_id: client_id(reader)?,
                packet_id: packet_id(reader)?,
            },
            kind::RETAINED => Self::Retained {
                message: reader.message_id()?,
                topic: topic(reader)?.into(),
            },
            kind::RETAINED_CLEARED => Self::RetainedCleared {
                topic: topic(reader)?.into(),
            },
            _ => return Err(RecordError::UnknownKind { kind }),
        })
    }
}

fn session(reader: &mut Reader<'_>) -> Result<SessionRecord, RecordError> {
    let client_id = client_id(reader)?;
    let version = protocol_version(reader)?;
    let flags = flags(
        reader,
        SESSION_PRINCIPAL | SESSION_DISCONNECTED | SESSION_WILL,
    )?;
    let mut session = SessionRecord {
        client_id,
        version,
        principal: None,
        expiry_interval: 0,
        disconnected_at: None,
        will: None,
    };
    if flags & SESSION_PRINCIPAL != 0 {
        session.principal = Some(principal(reader)?);
    }
    session.expiry_interval = reader.u32(RecordField::ExpiryInterval)?;
    if flags & SESSION_DISCONNECTED != 0 {
        session.disconnected_at = Some(instant(reader, RecordField::DisconnectedAt)?);
    }
    if flags & SESSION_WILL != 0 {
        session.will = Some(Box::new(will(reader)?));
    }
    Ok(session)
}

fn will(reader: &mut Reader<'_>) -> Result<WillBuf, RecordError> {
    let (qos, retain, _) = delivery(reader, 0)?;
    let topic = topic(reader)?;
    let payload = reader.data(RecordField::Payload)?;
    let properties = Properties::decode(reader)?;
    Ok(WillBuf::from(&Will {
        topic,
        payload,
        qos,
        retain,
        properties: properties.will(),
    }))
}

fn message(reader: &mut Reader<'_>) -> Result<Message, RecordError> {
    let id = reader.message_id()?;
    let flags_at = reader.offset();
    let (qos, retain, flags) = delivery(
        reader,
        MESSAGE_EXPIRES | MESSAGE_PUBLISHER | MESSAGE_PRINCIPAL,
    )?;
    if flags & MESSAGE_PRINCIPAL != 0 && flags & MESSAGE_PUBLISHER == 0 {
        return Err(RecordError::Invalid {
            field: RecordField::Flags,
            offset: flags_at,
        });
    }
    let mut expires_at = None;
    if flags & MESSAGE_EXPIRES != 0 {
        expires_at = Some(instant(reader, RecordField::ExpiresAt)?);
    }
    let mut publisher = None;
    if flags & MESSAGE_PUBLISHER != 0 {
        let client_id = publisher_id(reader)?;
        let mut of = None;
        if flags & MESSAGE_PRINCIPAL != 0 {
            of = Some(principal(reader)?);
        }
        publisher = Some(Publisher {
            client_id,
            principal: of,
        });
    }
    let topic = TopicNameBuf::from(topic(reader)?);
    let properties_at = reader.offset();
    let properties = Properties::decode(reader)?;
    let properties = properties.publish().ok_or(RecordError::Invalid {
        field: RecordField::PropertyIdentifier,
        offset: properties_at,
    })?;
    let payload = Bytes::copy_from_slice(reader.long_slice(RecordField::Payload)?);
    Ok(Message::builder(topic, payload)
        .id(id)
        .qos(qos)
        .retain(retain)
        .expires_at(expires_at)
        .publisher(publisher)
        .properties(PublishPropertiesBuf::from(&properties))
        .build())
}

fn queued(reader: &mut Reader<'_>) -> Result<Record, RecordError> {
    let client_id = client_id(reader)?;
    let sequence = reader.u64(RecordField::Sequence)?;
    let message = reader.message_id()?;
    let (qos, retain, flags) = delivery(reader, QUEUED_GROUP)?;
    let mut identifiers = Vec::new();
    while let Some(identifier) = identifier(reader)? {
        identifiers.push(identifier);
    }
    let group = match flags & QUEUED_GROUP {
        0 => None,
        _ => Some(filter(reader)?),
    };
    Ok(Record::Queued {
        client_id,
        sequence,
        message,
        qos,
        retain,
        identifiers,
        group,
    })
}

/// Flags that hold a QoS and a RETAIN flag, and may hold `more`.
fn delivery(reader: &mut Reader<'_>, more: u8) -> Result<(QoS, bool, u8), RecordError> {
    let offset = reader.offset();
    let flags = flags(reader, DELIVERY_QOS | DELIVERY_RETAIN | more)?;
    let qos = QoS::from_bits(flags & DELIVERY_QOS).ok_or(RecordError::Invalid {
        field: RecordField::Flags,
        offset,
    })?;
    Ok((qos, flags & DELIVERY_RETAIN != 0, flags))
}

fn flags(reader: &mut Reader<'_>, known: u8) -> Result<u8, RecordError> {
    let offset = reader.offset();
    let flags = reader.u8(RecordField::Flags)?;
    if flags & !known != 0 {
        return Err(RecordError::Invalid {
            field: RecordField::Flags,
            offset,
        });
    }
    Ok(flags)
}

fn protocol_version(reader: &mut Reader<'_>) -> Result<Version, RecordError> {
    let offset = reader.offset();
    match reader.u8(RecordField::ProtocolVersion)? {
        3 => Ok(Version::V3_1),
        4 => Ok(Version::V3_1_1),
        5 => Ok(Version::V5_0),
        _ => Err(RecordError::Invalid {
            field: RecordField::ProtocolVersion,
            offset,
        }),
    }
}

/// The Subscription Options byte of SUBSCRIBE. Standard: MQTT 5.0 §3.8.3.1.
fn options(reader: &mut Reader<'_>) -> Result<SubscriptionOptions, RecordError> {
    let offset = reader.offset();
    let byte = reader.u8(RecordField::Options)?;
    let retain_handling = match byte >> 4 {
        0 => Some(RetainHandling::SendAtSubscribe),
        1 => Some(RetainHandling::SendIfNew),
        2 => Some(RetainHandling::DoNotSend),
        _ => None,
    };
    let (Some(maximum_qos), Some(retain_handling)) = (QoS::from_bits(byte & 0x03), retain_handling)
    else {
        return Err(RecordError::Invalid {
            field: RecordField::Options,
            offset,
        });
    };
    Ok(SubscriptionOptions {
        maximum_qos,
        no_local: byte & 0x04 != 0,
        retain_as_published: byte & 0x08 != 0,
        retain_handling,
    })
}

/// `None` for 0.
fn identifier(reader: &mut Reader<'_>) -> Result<Option<SubscriptionIdentifier>, RecordError> {
    let offset = reader.offset();
    let field = RecordField::SubscriptionIdentifier;
    match reader.u32(field)? {
        0 => Ok(None),
        number => SubscriptionIdentifier::new(number)
            .map(Some)
            .ok_or(RecordError::Invalid { field, offset }),
    }
}

fn client_id(reader: &mut Reader<'_>) -> Result<ClientIdBuf, RecordError> {
    any_client_id(reader, RecordField::ClientId)
}

fn publisher_id(reader: &mut Reader<'_>) -> Result<ClientIdBuf, RecordError> {
    any_client_id(reader, RecordField::Publisher)
}

fn any_client_id(reader: &mut Reader<'_>, field: RecordField) -> Result<ClientIdBuf, RecordError> {
    let offset = reader.offset();
    ClientIdBuf::new(reader.text(field)?.as_str())
        .map_err(|_| RecordError::Invalid { field, offset })
}

fn principal(reader: &mut Reader<'_>) -> Result<TextBuf, RecordError> {
    reader.text(RecordField::Principal).map(TextBuf::from)
}

fn filter(reader: &mut Reader<'_>) -> Result<TopicFilterBuf, RecordError> {
    let (offset, field) = (reader.offset(), RecordField::Filter);
    TopicFilterBuf::new(reader.text(field)?.as_str())
        .map_err(|_| RecordError::Invalid { field, offset })
}

fn topic<'a>(reader: &mut Reader<'a>) -> Result<TopicName<'a>, RecordError> {
    let (offset, field) = (reader.offset(), RecordField::Topic);
    TopicName::new(reader.text(field)?.as_str()).map_err(|_| RecordError::Invalid { field, offset })
}

fn packet_id(reader: &mut Reader<'_>) -> Result<PacketId, RecordError> {
    let (offset, field) = (reader.offset(), RecordField::PacketId);
    PacketId::new(reader.u16(field)?).ok_or(RecordError::Invalid { field, offset })
}

fn instant(reader: &mut Reader<'_>, field: RecordField) -> Result<Instant, RecordError> {
    reader.u64(field).map(Instant::from_micros)
}

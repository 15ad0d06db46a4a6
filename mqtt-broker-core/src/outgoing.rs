//! One encoding of a PUBLISH for all subscribers of the same variant.

use alloc::sync::Arc;
use alloc::vec::Vec;

use bytes::Bytes;
use mqtt_codec::packet::{DUP_FLAG, Delivery, Publish, PublishProperties, PublishTopic};
use mqtt_codec::property::{SubscriptionIdentifier, SubscriptionIdentifiers};
use mqtt_codec::{PacketId, QoS, TopicName, Version};
use mqtt_session::{COPY_LIMIT, Instant, Tx};

use crate::link::Link;
use crate::message::Message;

/// What a PUBLISH to subscribers is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) topic: TopicName<'a>,
    /// Without Subscription Identifiers; the Message Expiry Interval is what is left.
    pub(crate) properties: PublishProperties<'a>,
    pub(crate) payload: &'a [u8],
}

impl<'a> Source<'a> {
    /// What is sent of a kept message at `now`.
    pub(crate) fn of(message: &'a Message, now: Instant) -> Self {
        let mut properties = message
            .properties()
            .map(|kept| kept.borrowed())
            .unwrap_or_default();
        properties.message_expiry_interval = message.lifetime(now).map(seconds_left);
        Self {
            topic: message.topic().borrowed(),
            properties,
            payload: message.payload(),
        }
    }
}

/// The Message Expiry Interval for what is left of a lifetime: begun seconds count, so that a message that has not
/// expired never goes out with 0.
pub(crate) fn seconds_left(left: core::time::Duration) -> u32 {
    let begun = u64::from(left.subsec_nanos() > 0);
    u32::try_from(left.as_secs() + begun).unwrap_or(u32::MAX)
}

/// What tells one encoding of a message from another.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) version: Version,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) identifiers: Option<Arc<[SubscriptionIdentifier]>>,
}

impl Form {
    fn is_same(&self, other: &Self) -> bool {
        self.version.has_properties() == other.version.has_properties()
            && self.qos == other.qos
            && self.retain == other.retain
            && match (&self.identifiers, &other.identifiers) {
                (None, None) => true,
                (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
                (None, Some(_)) | (Some(_), None) => false,
            }
    }
}

/// An encoded PUBLISH: the whole packet, or all but its payload when that is above [`COPY_LIMIT`].
#[derive(Debug, Default)]
struct Variant {
    form: Option<Form>,
    /// At least `len` bytes: what an earlier, longer one left is not cleared.
    buffer: Vec<u8>,
    len: usize,
    packet_id_at: Option<usize>,
    packet_len: usize,
}

/// The variants of the message that is being sent. The memory is used again for the next message.
#[derive(Debug, Default)]
pub(crate) struct Variants {
    variants: Vec<Variant>,
    used: usize,
}

/// What became of a PUBLISH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It is in the send buffer.
    Done,
    /// It would be above the client's Maximum Packet Size [MQTT-3.1.2-25].
    TooLarge,
}

impl Variants {
    /// Forgets the last message.
    #[inline]
    pub(crate) fn start(&mut self) {
        self.used = 0;
    }

    /// Puts a PUBLISH into a link's send buffer. `shared` is the payload when it is above [`COPY_LIMIT`].
    #[inline]
    pub(crate) fn put(
        &mut self,
        source: &Source<'_>,
        shared: Option<&Bytes>,
        form: &Form,
        id: Option<(PacketId, Dup)>,
        link: &mut Link,
        pool: &mut mqtt_session::ChunkPool,
    ) -> Put {
        let variant = self.variant(source, form);
        if !link.connection.fits(variant.packet_len) {
            return Put::TooLarge;
        }
        if let (Some((packet_id, dup)), Some(at)) = (id, variant.packet_id_at) {
            if let Some(field) = variant.buffer.get_mut(at..at + 2) {
                field.copy_from_slice(&packet_id.get().to_be_bytes());
            }
            if let Some(first) = variant.buffer.first_mut() {
                *first = match dup {
                    Dup::First => *first & !DUP_FLAG,
                    Dup::Again => *first | DUP_FLAG,
                };
            }
        }
        let mut tx = Tx {
            buffer: &mut link.tx,
            pool,
        };
        tx.put_slice(variant.buffer.get(..variant.len).unwrap_or_default());
        if source.payload.len() > COPY_LIMIT {
            match shared {
                Some(payload) => tx.put_shared(payload.clone()),
                None => tx.put_slice(source.payload),
            }
        }
        Put::Done
    }

    #[inline]
    fn variant(&mut self, source: &Source<'_>, form: &Form) -> &mut Variant {
        let known = self.variants.iter().take(self.used).position(|variant| {
            variant
                .form
                .as_ref()
                .is_some_and(|encoded| encoded.is_same(form))
        });
        let at = match known {
            Some(at) => at,
            None => self.encode(source, form),
        };
        #[expect(clippy::indexing_slicing, reason = "known, or made by `encode`")]
        &mut self.variants[at]
    }

    fn encode(&mut self, source: &Source<'_>, form: &Form) -> usize {
        // Many identifiers make many variants: the last place is used over and over then.
        let at = self.used.min(MAX_VARIANTS - 1);
        self.used = at + 1;
        if at >= self.variants.len() {
            self.variants.resize_with(at + 1, Variant::default);
        }
        let Some(variant) = self.variants.get_mut(at) else {
            return at;
        };
        let publish = publish(source, form);
        variant.packet_id_at = match form.qos {
            QoS::AtMostOnce => None,
            QoS::AtLeastOnce | QoS::ExactlyOnce => publish.offsets(form.version).packet_id,
        };
        variant.form = Some(form.clone());
        // With the identifiers of its subscriptions a message can become longer than any packet: `fits` refuses it then.
        let Some(packet_len) = publish.encoded_len(form.version) else {
            variant.packet_len = usize::MAX;
            variant.len = 0;
            return at;
        };
        variant.packet_len = packet_len;
        let alone = source.payload.len() > COPY_LIMIT;
        variant.len = if alone {
            packet_len - source.payload.len()
        } else {
            packet_len
        };
        if variant.buffer.len() < variant.len {
            variant.buffer.resize(variant.len, 0);
        }
        if alone {
            publish.encode_head(form.version, &mut variant.buffer);
        } else {
            publish.encode(form.version, &mut variant.buffer);
        }
        at
    }
}

fn publish<'a>(source: &Source<'a>, form: &'a Form) -> Publish<'a> {
    let packet_id = PacketId::MIN;
    let delivery = match form.qos {
        QoS::AtMostOnce => Delivery::AtMostOnce,
        QoS::AtLeastOnce => Delivery::AtLeastOnce {
            packet_id,
            dup: false,
        },
        QoS::ExactlyOnce => Delivery::ExactlyOnce {
            packet_id,
            dup: false,
        },
    };
    let identifiers = form.identifiers.as_deref().unwrap_or(&[]);
    Publish {
        delivery,
        retain: form.retain,
        topic: PublishTopic::Name(source.topic),
        properties: PublishProperties {
            subscription_identifiers: SubscriptionIdentifiers::new(identifiers),
            ..source.properties
        },
        payload: source.payload,
    }
}

/// Whether a PUBLISH was sent before [MQTT-3.3.1-1].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dup {
    /// DUP 0.
    First,
    /// DUP 1.
    Again,
}

/// More variants of one message than this are encoded anew for each subscriber.
const MAX_VARIANTS: usize = 8;

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use mqtt_codec::property::SubscriptionIdentifier;
    use mqtt_codec::{ClientIdBuf, Limits};
    use mqtt_session::{ChunkPool, Connection, Negotiated, Role};

    use super::*;
    use crate::access::{Authentication, Peer};
    use crate::link_id::LinkId;

    /// 3.1 and 3.1.1 say the same; each other difference makes another encoding.
    #[test]
    fn a_message_is_encoded_once_for_all_who_get_the_same_packet() {
        let plain = || form(QoS::AtLeastOnce);
        let of = |version| Form { version, ..plain() };
        let retained = || Form {
            retain: true,
            ..plain()
        };
        let (first, second) = (Some(identifiers(1)), Some(identifiers(2)));
        let with = |identifiers: &Option<_>| Form {
            identifiers: identifiers.clone(),
            ..plain()
        };
        let forms = [
            (plain(), 1),
            (form(QoS::ExactlyOnce), 2),
            (retained(), 3),
            (with(&first), 4),
            (with(&second), 5),
            (of(Version::V3_1), 6),
            (of(Version::V3_1_1), 6),
            (with(&first), 6),
            (retained(), 6),
            (plain(), 6),
        ];
        let mut variants = Variants::default();
        for _ in 0..2 {
            variants.start();
            for (form, encoded) in &forms {
                variants.variant(&source(), form);
                assert_eq!(variants.used, *encoded, "{form:?}");
            }
        }
    }

    #[test]
    fn no_more_than_so_many_encodings_are_kept() {
        let mut variants = Variants::default();
        for value in 1..=20 {
            let form = Form {
                identifiers: Some(identifiers(value)),
                ..form(QoS::AtMostOnce)
            };
            variants.variant(&source(), &form);
            let kept = usize::try_from(value).unwrap().min(MAX_VARIANTS);
            assert_eq!((variants.used, variants.variants.len()), (kept, kept));
        }
    }

    /// Whatever was put before.
    #[test]
    fn dup_is_that_of_each_put() {
        let form = form(QoS::ExactlyOnce);
        let (mut variants, mut pool, mut link) =
            (Variants::default(), ChunkPool::default(), link());
        for dup in [Dup::Again, Dup::Again, Dup::First, Dup::First, Dup::Again] {
            let id = Some((PacketId::MIN, dup));
            let put = variants.put(&source(), None, &form, id, &mut link, &mut pool);
            assert_eq!(put, Put::Done);
            let bytes: Vec<u8> = link.tx.segments().flatten().copied().collect();
            let first = if dup == Dup::Again { 0x3C } else { 0x34 };
            assert_eq!(bytes, [first, 7, 0, 1, b'a', 0, 1, 0, b'x']);
            link.tx.advance(bytes.len(), &mut pool);
        }
    }

    fn identifiers(value: u32) -> Arc<[SubscriptionIdentifier]> {
        [SubscriptionIdentifier::new(value).unwrap()]
            .as_slice()
            .into()
    }

    fn form(qos: QoS) -> Form {
        Form {
            version: Version::V5_0,
            qos,
            retain: false,
            identifiers: None,
        }
    }

    fn source() -> Source<'static> {
        Source {
            topic: TopicName::new("a").unwrap(),
            properties: PublishProperties::default(),
            payload: b"x",
        }
    }

    fn link() -> Link {
        let now = Instant::from_micros(0);
        let peer = Peer {
            address: None,
            connect_deadline: now + Duration::from_secs(10),
            assigned_client_id: ClientIdBuf::new("a").unwrap(),
            authentication: Authentication::Anonymous,
        };
        let id = LinkId {
            generation: 1,
            index: 0,
        };
        let connection = Connection::new(Negotiated::new(Version::V5_0, Role::Server));
        Link::new(id, peer, Limits { packet_size: 100 }, connection, now)
    }
}

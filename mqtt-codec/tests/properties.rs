//! What holds for every packet and for any bytes.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod generators;

use generators::{packet, packet_id, publish, version, versioned, will};
use mqtt_codec::packet::{
    DUP_FLAG, Delivery, Publish, PublishProperties, PublishPropertiesBuf, WillBuf,
};
use mqtt_codec::property::{SubscriptionIdentifiers, UserPropertiesBuf};
use mqtt_codec::{DecodeError, Limits, Packet, Version, decode, fixed_header};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

const LIMITS: Limits = Limits {
    packet_size: Limits::MAX_PACKET_SIZE,
};

proptest! {
    #![proptest_config(config())]

    /// Encoded and decoded a packet is the same, and its length is as it said.
    #[test]
    fn encode_then_decode_is_identity((version, packet) in versioned()) {
        let bytes = encode(version, &packet);
        prop_assert_eq!(decode(version, &LIMITS, &bytes), Ok(Some((packet, bytes.len()))));
        let header = fixed_header(&bytes).unwrap().unwrap();
        prop_assert_eq!((header.packet_type, header.packet_len()), (packet.packet_type(), bytes.len()));
    }

    /// What is longer than a packet is left alone; what is shorter gets nothing.
    #[test]
    fn encode_writes_its_length_or_nothing((version, packet) in versioned(), more in 1..20usize) {
        let len = packet.encoded_len(version).unwrap();
        let mut long = vec![0xAA; len + more];
        prop_assert_eq!(packet.encode(version, &mut long), len);
        prop_assert_eq!(&long[..len], encode(version, &packet));
        prop_assert!(long[len..].iter().all(|&byte| byte == 0xAA));
        for short in 0..len {
            let mut out = vec![0xAA; short];
            prop_assert_eq!(packet.encode(version, &mut out), 0);
            prop_assert!(out.iter().all(|&byte| byte == 0xAA));
        }
    }

    /// Put into a buffer it is the same bytes, behind what was there; with too little room nothing is put.
    #[test]
    fn put_appends_what_encode_writes((version, packet) in versioned()) {
        let bytes = encode(version, &packet);
        let mut buffer = vec![0xAA];
        prop_assert_eq!(packet.put(version, &mut buffer), Some(bytes.len()));
        prop_assert_eq!(&buffer[1..], &bytes);
        let mut short = vec![0xAA; bytes.len() - 1];
        prop_assert_eq!(packet.put(version, &mut &mut short[..]), None);
        prop_assert!(short.iter().all(|&byte| byte == 0xAA));
    }

    /// A packet is `None` until it is whole; what follows it is not looked at.
    #[test]
    fn every_strict_prefix_is_none_and_what_follows_is_untouched(
        (version, packet) in versioned(),
        behind in vec(any::<u8>(), 0..20),
    ) {
        let mut bytes = encode(version, &packet);
        let len = bytes.len();
        for prefix in 0..len {
            prop_assert_eq!(decode(version, &LIMITS, &bytes[..prefix]), Ok(None));
        }
        bytes.extend(behind);
        prop_assert_eq!(decode(version, &LIMITS, &bytes), Ok(Some((packet, len))));
    }

    /// A stream gives the same packets wherever it is cut.
    #[test]
    fn a_stream_may_be_cut_anywhere(
        (version, packets) in version().prop_flat_map(|version| (Just(version), vec(packet(version), 0..5))),
    ) {
        let stream: Vec<u8> = packets.iter().flat_map(|packet| encode(version, packet)).collect();
        for cut in 0..=stream.len() {
            let (mut seen, first) = decode_all(version, &stream[..cut]);
            let (rest, second) = decode_all(version, &stream[first..]);
            prop_assert_eq!(first + second, stream.len());
            seen.extend(rest);
            prop_assert_eq!(&seen, &packets, "cut at {}", cut);
        }
    }

    /// The limit counts the whole packet, and one byte more is refused by the fixed header alone.
    #[test]
    fn a_packet_above_the_limit_is_refused_by_its_fixed_header((version, packet) in versioned()) {
        let bytes = encode(version, &packet);
        let len = u32::try_from(bytes.len()).unwrap();
        let at_limit = decode(version, &Limits { packet_size: len }, &bytes);
        prop_assert_eq!(at_limit, Ok(Some((packet, bytes.len()))));
        let limit = len - 1;
        let header = fixed_header(&bytes).unwrap().unwrap().header_len;
        for known in 0..bytes.len() {
            let decoded = decode(version, &Limits { packet_size: limit }, &bytes[..known]);
            let expected = if known < header { Ok(None) } else { Err(DecodeError::PacketTooLarge { len, limit }) };
            prop_assert_eq!(decoded, expected);
        }
    }

    /// Any bytes at all; random ones seldom get far.
    #[test]
    fn any_bytes_are_decoded_without_panic(version in version(), bytes in vec(any::<u8>(), 0..100)) {
        check(version, &bytes);
    }

    /// Packets with a few bytes changed, taken away and put in get further.
    #[test]
    fn damaged_packets_are_decoded_without_panic(
        (version, packet) in versioned(),
        changes in vec((any::<prop::sample::Index>(), 0..3u8, any::<u8>()), 1..6),
    ) {
        let mut bytes = encode(version, &packet);
        for (at, change, byte) in changes {
            let at = at.index(bytes.len().max(1));
            match change {
                0 if at < bytes.len() => bytes[at] = byte,
                1 if at < bytes.len() => drop(bytes.remove(at)),
                _ => bytes.insert(at, byte),
            }
        }
        for version in [Version::V3_1, Version::V3_1_1, Version::V5_0] {
            check(version, &bytes);
        }
        // With a length that fits, to get beyond it.
        if let Ok(Some(header)) = fixed_header(&bytes) {
            let body = bytes.split_off(header.header_len);
            bytes.truncate(1);
            let (low, high) = (body.len() % 128, body.len() / 128);
            bytes.extend(u8::try_from(if high == 0 { low } else { low | 128 }));
            bytes.extend(Some(u8::try_from(high).unwrap_or(127)).filter(|&high| high != 0));
            bytes.extend(body);
            check(version, &bytes);
        }
    }

    /// Patched at its offsets a PUBLISH is the one with other values.
    #[test]
    fn patching_at_the_offsets_is_encoding_with_other_values(
        (version, first) in version().prop_flat_map(|version| (Just(version), publish(version))),
        other_id in packet_id(),
        other_expiry in any::<u32>(),
        other_dup in any::<bool>(),
    ) {
        let mut second = first;
        second.delivery = match first.delivery {
            Delivery::AtMostOnce => Delivery::AtMostOnce,
            Delivery::AtLeastOnce { .. } => Delivery::AtLeastOnce { packet_id: other_id, dup: other_dup },
            Delivery::ExactlyOnce { .. } => Delivery::ExactlyOnce { packet_id: other_id, dup: other_dup },
        };
        second.properties.message_expiry_interval =
            first.properties.message_expiry_interval.map(|_| other_expiry);
        let mut bytes = encode(version, &first.into());
        let offsets = first.offsets(version);
        if let Some(at) = offsets.packet_id {
            bytes[at..at + 2].copy_from_slice(&other_id.get().to_be_bytes());
            bytes[0] = bytes[0] & !DUP_FLAG | if other_dup { DUP_FLAG } else { 0 };
        }
        if let Some(at) = offsets.message_expiry_interval {
            bytes[at..at + 4].copy_from_slice(&other_expiry.to_be_bytes());
        }
        prop_assert_eq!(bytes, encode(version, &second.into()));
        prop_assert_eq!(offsets.packet_id.is_some(), first.delivery.packet_id().is_some());
        prop_assert_eq!(
            offsets.message_expiry_interval.is_some(),
            first.properties.message_expiry_interval.is_some()
        );
    }

    /// The head is the packet without its payload.
    #[test]
    fn head_and_payload_are_the_packet(
        (version, publish) in version().prop_flat_map(|version| (Just(version), publish(version))),
    ) {
        let whole = encode(version, &publish.into());
        let len = publish.head_len(version).unwrap();
        let mut head = vec![0xAA; len];
        prop_assert_eq!(publish.encode_head(version, &mut head), len);
        head.extend(publish.payload);
        prop_assert_eq!(&head, &whole);
        let mut short = vec![0xAA; len - 1];
        prop_assert_eq!(publish.encode_head(version, &mut short), 0);
        prop_assert!(short.iter().all(|&byte| byte == 0xAA));
    }

    /// Owned properties are those that they were made of, but for Subscription Identifiers; from the wire as well.
    #[test]
    fn owned_properties_are_the_borrowed_ones(publish in publish(Version::V5_0), will in will(Version::V5_0)) {
        let bytes = encode(Version::V5_0, &publish.into());
        let Ok(Some((Packet::Publish(decoded), _))) = decode(Version::V5_0, &LIMITS, &bytes) else {
            return Err(TestCaseError::fail("no PUBLISH"));
        };
        for Publish { properties, .. } in [publish, decoded] {
            let owned = PublishPropertiesBuf::from(&properties);
            let expected = PublishProperties { subscription_identifiers: SubscriptionIdentifiers::EMPTY, ..properties };
            prop_assert_eq!(owned.borrowed(), expected);
            prop_assert_eq!(owned.is_empty(), expected == PublishProperties::default());
            let user = UserPropertiesBuf::from(properties.user_properties);
            prop_assert_eq!(user.borrowed(), properties.user_properties);
            prop_assert_eq!(user.is_empty(), properties.user_properties.is_empty());
        }
        let owned = WillBuf::from(&will);
        prop_assert_eq!(owned.borrowed(), will);
        prop_assert_eq!(owned.publish_properties().borrowed(), will.properties.publish_properties());
    }
}

/// What fails is written beside this file.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 1000,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource(
            "proptest-regressions",
        ))),
        ..ProptestConfig::default()
    }
}

/// No panic; and what is decoded can be encoded, is no longer than it was, and is decoded again as the same.
fn check(version: Version, bytes: &[u8]) {
    let Ok(Some((packet, len))) = decode(version, &LIMITS, bytes) else {
        return;
    };
    let again = encode(version, &packet);
    assert!(
        again.len() <= len,
        "{packet:?} grew from {len} to {}",
        again.len()
    );
    assert_eq!(
        decode(version, &LIMITS, &again),
        Ok(Some((packet, again.len())))
    );
}

/// The whole packets at the front, and how long they are.
fn decode_all(version: Version, stream: &[u8]) -> (Vec<Packet<'_>>, usize) {
    let (mut packets, mut used) = (Vec::new(), 0);
    while let Ok(Some((packet, len))) = decode(version, &LIMITS, &stream[used..]) {
        packets.push(packet);
        used += len;
    }
    (packets, used)
}

fn encode(version: Version, packet: &Packet<'_>) -> Vec<u8> {
    let mut bytes = vec![0; packet.encoded_len(version).unwrap()];
    assert_eq!(packet.encode(version, &mut bytes), bytes.len());
    bytes
}

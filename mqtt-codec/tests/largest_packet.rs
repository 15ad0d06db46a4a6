//! MQTT 5.0 §2.1.4: the largest packet that the protocol can express. It takes 256 MiB once, so it has a file of its own.

use mqtt_codec::packet::{Delivery, Publish, PublishProperties, PublishTopic};
use mqtt_codec::{DecodeError, Limits, Packet, TopicName, Version, decode, fixed_header};

#[test]
fn a_remaining_length_of_268435455_passes_and_one_more_is_not_encoded() {
    let limits = Limits {
        packet_size: Limits::MAX_PACKET_SIZE,
    };
    // `00 01 61` in 3.1.1, a Property Length more in 5.0.
    let longest = vec![0; 268_435_455 - 3];
    let of = |payload| Publish {
        delivery: Delivery::AtMostOnce,
        retain: false,
        topic: PublishTopic::Name(TopicName::new("a").unwrap()),
        properties: PublishProperties::default(),
        payload,
    };
    let packet = of(&longest);
    assert_eq!(packet.encoded_len(Version::V3_1_1), Some(268_435_460));
    assert_eq!(packet.head_len(Version::V3_1_1), Some(8));

    let mut bytes = vec![0xAA; 268_435_460];
    assert_eq!(packet.encode(Version::V3_1_1, &mut bytes), bytes.len());
    assert_eq!(bytes[..8], [0x30, 0xFF, 0xFF, 0xFF, 0x7F, 0, 1, b'a']);
    assert_eq!(
        fixed_header(&bytes).map(|header| header.map(|header| header.remaining_length)),
        Ok(Some(268_435_455))
    );
    let decoded = decode(Version::V3_1_1, &limits, &bytes);
    assert_eq!(decoded, Ok(Some((Packet::Publish(packet), bytes.len()))));
    assert_eq!(
        decode(Version::V3_1_1, &limits, &bytes[..bytes.len() - 1]),
        Ok(None)
    );
    let limit = Limits::MAX_PACKET_SIZE - 1;
    let error = DecodeError::PacketTooLarge {
        len: 268_435_460,
        limit,
    };
    assert_eq!(
        decode(Version::V3_1_1, &Limits { packet_size: limit }, &bytes[..5]),
        Err(error)
    );

    // One byte more, here the Property Length, has no Remaining Length.
    assert_eq!(packet.encoded_len(Version::V5_0), None);
    assert_eq!(packet.head_len(Version::V5_0), None);
    assert_eq!(packet.encode(Version::V5_0, &mut bytes), 0);
    assert_eq!(packet.encode_head(Version::V5_0, &mut bytes), 0);
    let in_5_0 = of(&longest[1..]);
    assert_eq!(in_5_0.encoded_len(Version::V5_0), Some(268_435_460));
    assert_eq!(
        of(&[&longest[..], &[0]].concat()).encoded_len(Version::V3_1_1),
        None
    );
}

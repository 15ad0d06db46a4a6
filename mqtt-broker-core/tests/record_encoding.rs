//! The encoding of records and their keys, which must never change by accident.
//!
//! When a golden test fails, data directories that exist can no longer be read: raise the format version instead.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

mod records;

use bytes::Bytes;
use mqtt_broker_core::{
    KeyChange, Message, MessageId, Publisher, Record, RecordError, RecordField,
};
use mqtt_codec::packet::{RetainHandling, SubscriptionOptions};
use mqtt_codec::{QoS, TopicFilterBuf};
use proptest::prelude::*;
use records::{
    any_record, client_id, filter, full_message, full_session, identifier, message_id, packet_id,
    plain_session, topic,
};

/// A record with its encoding and its key, in hexadecimal.
struct Golden {
    name: &'static str,
    record: Record,
    encoding: &'static str,
    key: &'static str,
    change: KeyChange,
}

#[test]
fn each_kind_of_record_has_the_encoding_that_it_always_had() {
    for golden in golden() {
        assert_eq!(
            hex(&encode(&golden.record)),
            golden.encoding.replace([' ', '\n'], ""),
            "{}",
            golden.name
        );
    }
}

#[test]
fn each_kind_of_record_has_the_key_that_it_always_had() {
    for golden in golden() {
        assert_eq!(
            hex(&golden.record.key()),
            golden.key.replace(' ', ""),
            "{}",
            golden.name
        );
        assert_eq!(golden.record.change(), golden.change, "{}", golden.name);
    }
}

#[test]
fn what_was_always_written_is_read() {
    for golden in golden() {
        let bytes = unhex(golden.encoding);
        assert_eq!(
            Record::decode(&bytes),
            Ok((golden.record, bytes.len())),
            "{}",
            golden.name
        );
    }
}

#[test]
fn a_record_of_a_newer_version_is_refused_with_both_versions() {
    for found in 2..=u8::MAX {
        let newer = RecordError::NewerVersion {
            found,
            supported: 1,
        };
        assert_eq!(Record::decode(&[found, 2, 0, 1, b'c']), Err(newer));
        assert_eq!(Record::decode(&[found]), Err(newer));
    }
    assert_eq!(
        RecordError::NewerVersion {
            found: 2,
            supported: 1
        }
        .to_string(),
        "written in format 2; this version reads up to format 1"
    );
}

#[test]
fn a_kind_that_no_record_has_is_refused() {
    for kind in [0x00].into_iter().chain(0x0E..=0xFF) {
        assert_eq!(
            Record::decode(&[1, kind, 0, 0]),
            Err(RecordError::UnknownKind { kind })
        );
    }
}

#[test]
fn what_a_field_cannot_hold_is_refused_with_its_place() {
    for line in INVALID.lines().skip(1) {
        let [name, bytes, field, offset] = line.split('|').map(str::trim).collect::<Vec<_>>()[..]
        else {
            panic!("{line}");
        };
        // A message with a name, and an empty payload.
        let bytes = bytes.replace("message", &format!("01 05 {}", "00".repeat(16)));
        let bytes = bytes.replace("payload", &"00".repeat(8));
        let error = Record::decode(&unhex(&bytes)).unwrap_err();
        let RecordError::Invalid { field: found, .. } = error else {
            panic!("{name}: {error}");
        };
        assert_eq!(found.name(), field, "{name}");
        let expected = format!("no {field} is what stands at byte {offset}");
        assert_eq!(error.to_string(), expected, "{name}");
    }
}

/// What it is; the bytes; the field; where it begins.
const INVALID: &str = "
format version 0                    | 00 02 0001 63                           | format version          | 0
client id with U+0000               | 01 02 0001 00                           | client identifier       | 2
client id that is not UTF-8         | 01 02 0002 C328                         | client identifier       | 2
protocol version 6                  | 01 01 0001 63 06 00 00000000            | protocol version        | 5
reserved flag of a session          | 01 01 0001 63 05 08 00000000            | flags                   | 6
principal with U+0000               | 01 01 0001 63 05 01 0001 00 00000000    | principal               | 7
reserved flag of a will             | 01 01 0001 63 05 04 00000000 08         | flags                   | 11
will without a topic                | 01 01 0001 63 05 04 00000000 00 0000    | topic name              | 12
filter without a character          | 01 04 0001 63 0000                      | topic filter            | 5
filter with # before its end        | 01 04 0001 63 0003 232F61               | topic filter            | 5
QoS 3 in options                    | 01 03 0001 63 0001 61 03 00000000       | subscription options    | 8
Retain Handling 3                   | 01 03 0001 63 0001 61 30 00000000       | subscription options    | 8
reserved bit in options             | 01 03 0001 63 0001 61 40 00000000       | subscription options    | 8
identifier above its range          | 01 03 0001 63 0001 61 00 10000000       | subscription identifier | 9
packet id 0                         | 01 0A 0001 63 0000                      | packet identifier       | 5
topic without a character           | 01 0D 0000                              | topic name              | 2
topic with a wildcard               | 01 0D 0001 2B                           | topic name              | 2
QoS 3 of a message                  | message 03 0001 61 00 payload           | flags                   | 18
reserved flag of a message          | message 40 0001 61 00 payload           | flags                   | 18
principal without a publisher       | message 20 0001 61 00 payload           | flags                   | 18
message to a wildcard               | message 00 0001 23 00 payload           | topic name              | 19
unknown property                    | message 00 0001 61 FE 00 payload        | property identifier     | 22
property of wills, for a message    | message 00 0001 61 18 00000001 00       | property identifier     | 22
Payload Format Indicator 2          | message 00 0001 61 01 02 00 payload     | property                | 23
property that comes twice           | message 00 0001 61 01 00 01 00 00       | property identifier     | 24
Response Topic with a wildcard      | message 00 0001 61 08 0001 2B 00        | property                | 23";

#[test]
fn a_length_that_is_claimed_takes_no_memory() {
    let claims_everything = format!(
        "01 05 {} 00 0001 61 00 FFFFFFFFFFFFFFFF 78",
        "00".repeat(16)
    );
    assert_eq!(
        Record::decode(&unhex(&claims_everything)),
        Err(RecordError::Truncated {
            field: RecordField::Payload,
            offset: 23
        })
    );
    assert_eq!(
        Record::decode(&unhex("01 02 FFFF 63")),
        Err(RecordError::Truncated {
            field: RecordField::ClientId,
            offset: 2
        })
    );
}

#[test]
fn the_longest_text_and_a_long_payload_come_back() {
    let long = Record::RetainedCleared {
        topic: topic(&"t".repeat(65_535)),
    };
    assert_eq!(Record::decode(&encode(&long)), Ok((long, 2 + 2 + 65_535)));
    let payload = Bytes::from(vec![7; 1 << 20]);
    let message = Record::Message(Message::new(topic("a"), payload));
    let bytes = encode(&message);
    assert_eq!(Record::decode(&bytes), Ok((message, bytes.len())));
}

#[test]
fn the_keys_of_a_session_are_in_the_order_in_which_it_is_built() {
    let id = || client_id("c");
    let queued = |sequence| Record::Queued {
        client_id: id(),
        sequence,
        message: message_id(1),
        qos: QoS::AtLeastOnce,
        retain: false,
        identifiers: Vec::new(),
        group: None,
    };
    let in_order = [
        Record::Message(Message::new(topic("a"), Bytes::new())),
        Record::Retained {
            message: message_id(1),
            topic: topic("a"),
        },
        Record::Session(Box::new(plain_session("c"))),
        subscribed("a"),
        subscribed("b"),
        Record::Unreleased {
            client_id: id(),
            packet_id: packet_id(255),
        },
        Record::Unreleased {
            client_id: id(),
            packet_id: packet_id(256),
        },
        queued(255),
        Record::Sent {
            client_id: id(),
            sequence: 255,
            packet_id: packet_id(1),
        },
        Record::Received {
            client_id: id(),
            sequence: 255,
        },
        queued(256),
        queued(u64::MAX),
        Record::Session(Box::new(plain_session("c\u{1}"))),
        Record::Session(Box::new(plain_session("ca"))),
    ];
    let keys: Vec<_> = in_order.iter().map(Record::key).collect();
    assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
}

proptest! {
    #[test]
    fn a_record_comes_back_from_its_encoding(record in any_record(), behind in prop::collection::vec(any::<u8>(), 0..4)) {
        let mut bytes = encode(&record);
        let len = bytes.len();
        bytes.extend(behind);
        prop_assert_eq!(Record::decode(&bytes), Ok((record, len)));
    }

    #[test]
    fn every_strict_prefix_of_a_record_is_truncated(record in any_record()) {
        let bytes = encode(&record);
        for len in 0..bytes.len() {
            let truncated = matches!(Record::decode(&bytes[..len]), Err(RecordError::Truncated { offset, .. }) if offset <= len);
            prop_assert!(truncated, "{} of {}: {:?}", len, bytes.len(), Record::decode(&bytes[..len]));
        }
    }

    #[test]
    fn any_bytes_are_a_record_or_an_error(bytes in any_bytes()) {
        if let Ok((record, len)) = Record::decode(&bytes) {
            prop_assert!(len <= bytes.len());
            let again = encode(&record);
            prop_assert_eq!(Record::decode(&again), Ok((record, again.len())));
        }
    }

    #[test]
    fn a_changed_byte_is_another_record_or_an_error(record in any_record(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = encode(&record);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok((record, len)) = Record::decode(&bytes) {
            prop_assert!(len <= bytes.len());
            let again = encode(&record);
            prop_assert_eq!(Record::decode(&again), Ok((record, again.len())));
        }
    }

    #[test]
    fn the_keys_of_a_session_begin_with_the_key_of_its_end_and_no_others_do(a in any_record(), b in any_record()) {
        if let Some(client_id) = a.client_id() {
            let prefix = Record::SessionEnded { client_id: client_id.clone() }.key();
            prop_assert!(a.key().starts_with(&prefix));
            prop_assert_eq!(b.key().starts_with(&prefix), b.client_id() == Some(client_id));
        }
    }
}

/// Bytes that often begin as a record does.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let random = prop::collection::vec(any::<u8>(), 0..80);
    (any::<bool>(), 0..14u8, random).prop_map(|(begin, kind, mut bytes)| {
        if begin {
            bytes.splice(0..0, [1, kind, 0, 1, b'c']);
        }
        bytes
    })
}

fn subscribed(name: &str) -> Record {
    Record::Subscribed {
        client_id: client_id("c"),
        filter: filter(name),
        options: SubscriptionOptions::default(),
        identifier: None,
    }
}

fn encode(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::new();
    record.encode(&mut bytes);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).unwrap())
        .collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap())
        .collect()
}

fn golden() -> Vec<Golden> {
    let mut all = golden_sessions();
    all.extend(golden_messages());
    all.extend(golden_queues());
    all.extend(golden_packet_ids());
    all
}

fn golden_sessions() -> Vec<Golden> {
    vec![
        Golden {
            name: "plain session",
            record: Record::Session(Box::new(plain_session("c"))),
            encoding: "01 01 0001 63 04 00 FFFFFFFF",
            key: "53 63 00 01",
            change: KeyChange::Put,
        },
        Golden {
            name: "full session",
            record: Record::Session(Box::new(full_session("c"))),
            encoding: "01 01 0001 63 05 07 0001 70 00000E10 00060A24181E4000
                       05 0001 77 0004 676F6E65
                       01 01 02 0000003C 03 0001 74 08 0001 72 09 0001 FF 18 00000005 26 0001 6B 0001 76 00",
            key: "53 63 00 01",
            change: KeyChange::Put,
        },
        Golden {
            name: "ended session",
            record: Record::SessionEnded { client_id: client_id("c") },
            encoding: "01 02 0001 63",
            key: "53 63 00",
            change: KeyChange::RemovePrefix,
        },
        Golden {
            name: "subscription",
            record: Record::Subscribed {
                client_id: client_id("é"),
                filter: filter("$share/g/a/+"),
                options: SubscriptionOptions {
                    maximum_qos: QoS::ExactlyOnce,
                    no_local: false,
                    retain_as_published: true,
                    retain_handling: RetainHandling::DoNotSend,
                },
                identifier: Some(identifier(268_435_455)),
            },
            encoding: "01 03 0002 C3A9 000C 2473686172652F672F612F2B 2A 0FFFFFFF",
            key: "53 C3A9 00 02 2473686172652F672F612F2B",
            change: KeyChange::Put,
        },
        Golden {
            name: "subscription without identifier",
            record: Record::Subscribed {
                client_id: client_id("c"),
                filter: filter("#"),
                options: SubscriptionOptions {
                    maximum_qos: QoS::AtMostOnce,
                    no_local: true,
                    retain_as_published: false,
                    retain_handling: RetainHandling::SendIfNew,
                },
                identifier: None,
            },
            encoding: "01 03 0001 63 0001 23 14 00000000",
            key: "53 63 00 02 23",
            change: KeyChange::Put,
        },
        Golden {
            name: "ended subscription",
            record: Record::Unsubscribed { client_id: client_id("c"), filter: filter("#") },
            encoding: "01 04 0001 63 0001 23",
            key: "53 63 00 02 23",
            change: KeyChange::Remove,
        },
    ]
}

fn golden_messages() -> Vec<Golden> {
    let id = MessageId {
        incarnation: 1,
        shard: 2,
        sequence: 3,
    };
    vec![
        Golden {
            name: "plain message",
            record: Record::Message(Message::builder(topic("a"), Bytes::from_static(b"x")).id(id).build()),
            encoding: "01 05 00000001 00000002 0000000000000003 00 0001 61 00 0000000000000001 78",
            key: "4D 00000001 00000002 0000000000000003",
            change: KeyChange::Put,
        },
        Golden {
            name: "full message",
            record: Record::Message(full_message(id)),
            encoding: "01 05 00000001 00000002 0000000000000003 3E 00060A241BB1C700 0001 63 0001 70 0003 612F62
                       01 00 02 0000003C 03 0001 74 08 0001 72 09 0002 0102 26 0001 6B 0001 76 26 0001 6B 0000 00
                       0000000000000004 6F70656E",
            key: "4D 00000001 00000002 0000000000000003",
            change: KeyChange::Put,
        },
        Golden {
            name: "message of a publisher without a principal",
            record: Record::Message(
                Message::builder(topic("a"), Bytes::from_static(b"x"))
                    .id(id)
                    .qos(QoS::AtLeastOnce)
                    .publisher(Publisher { client_id: client_id("c"), principal: None })
                    .build(),
            ),
            encoding: "01 05 00000001 00000002 0000000000000003 11 0001 63 0001 61 00 0000000000000001 78",
            key: "4D 00000001 00000002 0000000000000003",
            change: KeyChange::Put,
        },
        Golden {
            name: "retained message",
            record: Record::Retained { message: id, topic: topic("a/b") },
            encoding: "01 0C 00000001 00000002 0000000000000003 0003 612F62",
            key: "52 612F62",
            change: KeyChange::Put,
        },
        Golden {
            name: "cleared topic",
            record: Record::RetainedCleared { topic: topic("a/b") },
            encoding: "01 0D 0003 612F62",
            key: "52 612F62",
            change: KeyChange::Remove,
        },
    ]
}

fn golden_queues() -> Vec<Golden> {
    let id = MessageId {
        incarnation: 1,
        shard: 2,
        sequence: 3,
    };
    vec![
        Golden {
            name: "queued message",
            record: Record::Queued {
                client_id: client_id("c"),
                sequence: 9,
                message: id,
                qos: QoS::AtLeastOnce,
                retain: true,
                identifiers: vec![identifier(1), identifier(2)],
                group: None,
            },
            encoding: "01 06 0001 63 0000000000000009 00000001 00000002 0000000000000003 05 00000001 00000002 00000000",
            key: "53 63 00 04 0000000000000009 01",
            change: KeyChange::Put,
        },
        Golden {
            name: "queued message of a shared group",
            record: Record::Queued {
                client_id: client_id("c"),
                sequence: 9,
                message: id,
                qos: QoS::AtLeastOnce,
                retain: false,
                identifiers: Vec::new(),
                group: Some(TopicFilterBuf::new("$share/g/a").unwrap()),
            },
            encoding: "01 06 0001 63 0000000000000009 00000001 00000002 0000000000000003 09 00000000 000A 2473686172652F672F61",
            key: "53 63 00 04 0000000000000009 01",
            change: KeyChange::Put,
        },
        Golden {
            name: "sent message",
            record: Record::Sent {
                client_id: client_id("c"),
                sequence: 9,
                packet_id: packet_id(258),
            },
            encoding: "01 07 0001 63 0000000000000009 0102",
            key: "53 63 00 04 0000000000000009 02",
            change: KeyChange::Put,
        },
        Golden {
            name: "received message",
            record: Record::Received {
                client_id: client_id("c"),
                sequence: 9,
            },
            encoding: "01 08 0001 63 0000000000000009",
            key: "53 63 00 04 0000000000000009 03",
            change: KeyChange::Put,
        },
        Golden {
            name: "settled message",
            record: Record::Settled {
                client_id: client_id("c"),
                sequence: 9,
            },
            encoding: "01 09 0001 63 0000000000000009",
            key: "53 63 00 04 0000000000000009",
            change: KeyChange::RemovePrefix,
        },
    ]
}

fn golden_packet_ids() -> Vec<Golden> {
    vec![
        Golden {
            name: "unreleased packet id",
            record: Record::Unreleased {
                client_id: client_id("c"),
                packet_id: packet_id(258),
            },
            encoding: "01 0A 0001 63 0102",
            key: "53 63 00 03 0102",
            change: KeyChange::Put,
        },
        Golden {
            name: "released packet id",
            record: Record::Released {
                client_id: client_id("c"),
                packet_id: packet_id(258),
            },
            encoding: "01 0B 0001 63 0102",
            key: "53 63 00 03 0102",
            change: KeyChange::Remove,
        },
    ]
}

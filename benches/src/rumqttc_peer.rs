use std::hint::black_box;

use bytes::BytesMut;
use rumqttc::v5::mqttbytes::v5::Packet;

use crate::packets::{V5_0, bytes};
use crate::{Harness, decode, encode};

const NAME: &str = "rumqttc";

pub(crate) fn all(harness: &mut impl Harness) {
    for packet in V5_0 {
        let bytes = bytes(packet);
        let full = || BytesMut::from(bytes.as_slice());
        harness.bench(decode(packet), NAME, full, |buffer| {
            black_box(&Packet::read(black_box(buffer), None));
        });
        let value = Packet::read(&mut full(), None).expect("a packet");
        let empty = || BytesMut::with_capacity(bytes.len());
        harness.bench(encode(packet), NAME, empty, |out| {
            black_box(&black_box(&value).write(black_box(out), None));
        });
    }
}

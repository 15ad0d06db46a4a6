use std::hint::black_box;

use mqttrs::{decode_slice, encode_slice};

use crate::packets::{V3_1_1, bytes};
use crate::{Harness, decode, encode};

const NAME: &str = "mqttrs";

pub(crate) fn all(harness: &mut impl Harness) {
    for packet in V3_1_1 {
        let bytes = bytes(packet);
        harness.bench(
            decode(packet),
            NAME,
            || (),
            |()| {
                black_box(&decode_slice(black_box(&bytes)));
            },
        );
        let value = decode_slice(&bytes)
            .expect("a packet")
            .expect("a whole one");
        let mut out = vec![0; bytes.len()];
        harness.bench(
            encode(packet),
            NAME,
            || (),
            |()| {
                black_box(&encode_slice(black_box(&value), black_box(&mut out)));
            },
        );
    }
}

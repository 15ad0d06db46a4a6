use std::hint::black_box;

use mqtt_codec::{Limits, Packet, decode as decode_packet};

use crate::packets::{SUBSCRIBE_V3_1_1, SUBSCRIBE_V5, V3_1_1, V5_0, bytes, version, with};
use crate::{Harness, decode, encode, walk};

const NAME: &str = "ours";

pub(crate) fn all(harness: &mut impl Harness) {
    let limits = Limits::default();
    for packet in V3_1_1.into_iter().chain(V5_0) {
        let version = version(packet);
        let bytes = bytes(packet);
        harness.bench(
            decode(packet),
            NAME,
            || (),
            |()| {
                black_box(&decode_packet(version, &limits, black_box(&bytes)));
            },
        );
        let mut out = vec![0; bytes.len()];
        with(packet, |packet_value| {
            harness.bench(
                encode(packet),
                NAME,
                || (),
                |()| {
                    let packet = black_box(packet_value);
                    black_box(packet.encode(version, black_box(&mut out)));
                },
            );
        });
    }
    for packet in [SUBSCRIBE_V3_1_1, SUBSCRIBE_V5] {
        let (version, bytes) = (version(packet), bytes(packet));
        harness.bench(
            walk(packet),
            NAME,
            || (),
            |()| {
                let decoded = decode_packet(version, &limits, black_box(&bytes));
                if let Ok(Some((Packet::Subscribe(subscribe), _))) = &decoded {
                    for subscription in subscribe.subscriptions {
                        black_box(&subscription);
                    }
                }
            },
        );
    }
}

use std::hint::black_box;
use std::sync::Arc;

use mqtt_protocol_core::mqtt::packet::{v3_1_1, v5_0};
use mqtt_protocol_core::mqtt::result_code::MqttError;

use crate::packets::{
    CONNECT_V5, PUBLISH_QOS_0_V3_1_1, PUBLISH_QOS_0_V5, PUBLISH_QOS_1_V5, SUBSCRIBE_V3_1_1,
    SUBSCRIBE_V5, bytes,
};
use crate::{Harness, decode, encode};

const NAME: &str = "mqtt-protocol-core";

/// Its parsers take the packet behind the fixed header, and a PUBLISH as an `Arc`; neither reading the header nor filling
/// the `Arc` is counted.
pub(crate) fn all(harness: &mut impl Harness) {
    publish(
        harness,
        PUBLISH_QOS_0_V3_1_1,
        v3_1_1::Publish::parse,
        v3_1_1::Publish::to_continuous_buffer,
    );
    publish(
        harness,
        PUBLISH_QOS_0_V5,
        v5_0::Publish::parse,
        v5_0::Publish::to_continuous_buffer,
    );
    publish(
        harness,
        PUBLISH_QOS_1_V5,
        v5_0::Publish::parse,
        v5_0::Publish::to_continuous_buffer,
    );
    other(
        harness,
        CONNECT_V5,
        v5_0::Connect::parse,
        v5_0::Connect::to_continuous_buffer,
    );
    other(
        harness,
        SUBSCRIBE_V3_1_1,
        v3_1_1::Subscribe::parse,
        v3_1_1::Subscribe::to_continuous_buffer,
    );
    other(
        harness,
        SUBSCRIBE_V5,
        v5_0::Subscribe::parse,
        v5_0::Subscribe::to_continuous_buffer,
    );
}

fn publish<P>(
    harness: &mut impl Harness,
    packet: &'static str,
    parse: impl Fn(u8, Arc<[u8]>) -> Result<(P, usize), MqttError>,
    to_bytes: impl Fn(&P) -> Vec<u8>,
) {
    let bytes = bytes(packet);
    let flags = bytes[0] & 0x0F;
    let body: Arc<[u8]> = body(&bytes).into();
    harness.bench(
        decode(packet),
        NAME,
        || Some(body.clone()),
        |body| {
            let body = body.take().expect("set up once each");
            black_box(&parse(black_box(flags), black_box(body)));
        },
    );
    let (value, _) = parse(flags, body).expect("a packet");
    harness.bench(
        encode(packet),
        NAME,
        || (),
        |()| {
            black_box(&to_bytes(black_box(&value)));
        },
    );
}

fn other<P>(
    harness: &mut impl Harness,
    packet: &'static str,
    parse: impl Fn(&[u8]) -> Result<(P, usize), MqttError>,
    to_bytes: impl Fn(&P) -> Vec<u8>,
) {
    let bytes = bytes(packet);
    let body = body(&bytes);
    harness.bench(
        decode(packet),
        NAME,
        || (),
        |()| {
            black_box(&parse(black_box(body)));
        },
    );
    let (value, _) = parse(body).expect("a packet");
    harness.bench(
        encode(packet),
        NAME,
        || (),
        |()| {
            black_box(&to_bytes(black_box(&value)));
        },
    );
}

fn body(bytes: &[u8]) -> &[u8] {
    let header = mqtt_codec::fixed_header(bytes)
        .expect("a packet")
        .expect("a whole one");
    &bytes[header.header_len..]
}

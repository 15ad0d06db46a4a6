use std::hint::black_box;

use bytes::BytesMut;
use mqttbytes::{Error, v4, v5};

use crate::packets::{V3_1_1, V5_0, bytes};
use crate::{Harness, decode, encode};

const NAME: &str = "mqttbytes";
const MAX_SIZE: usize = 1 << 20;

pub(crate) fn all(harness: &mut impl Harness) {
    for packet in V3_1_1 {
        run(harness, packet, v4::read, write_v4);
    }
    for packet in V5_0 {
        run(harness, packet, v5::read, write_v5);
    }
}

fn run<P>(
    harness: &mut impl Harness,
    packet: &'static str,
    read: impl Fn(&mut BytesMut, usize) -> Result<P, Error>,
    write: impl Fn(&P, &mut BytesMut) -> Result<usize, Error>,
) {
    let bytes = bytes(packet);
    let full = || BytesMut::from(bytes.as_slice());
    harness.bench(decode(packet), NAME, full, |buffer| {
        black_box(&read(black_box(buffer), MAX_SIZE));
    });
    let value = read(&mut full(), MAX_SIZE).expect("a packet");
    let empty = || BytesMut::with_capacity(bytes.len());
    harness.bench(encode(packet), NAME, empty, |out| {
        black_box(&write(black_box(&value), black_box(out)));
    });
}

fn write_v4(packet: &v4::Packet, out: &mut BytesMut) -> Result<usize, Error> {
    match packet {
        v4::Packet::Publish(publish) => publish.write(out),
        v4::Packet::Subscribe(subscribe) => subscribe.write(out),
        other => unreachable!("{other:?} is not measured"),
    }
}

fn write_v5(packet: &v5::Packet, out: &mut BytesMut) -> Result<usize, Error> {
    match packet {
        v5::Packet::Publish(publish) => publish.write(out),
        v5::Packet::Subscribe(subscribe) => subscribe.write(out),
        v5::Packet::Connect(connect) => connect.write(out),
        other => unreachable!("{other:?} is not measured"),
    }
}

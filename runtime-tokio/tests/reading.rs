//! However the bytes come, they mean the same.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "a test"
)]

mod harness;

use harness::{Raw, connect, packet, publish, publish_qos1, run, shut_down, start, subscribe};
use mqtt_broker_core::Config;
use runtime_tokio::ConnectionLimits;

#[test]
fn a_connect_may_come_byte_by_byte() {
    let (server, address, _told) = start(harness::builder());
    let mut raw = Raw::open(address);
    for byte in connect(4, "slow") {
        raw.send(&[byte]);
    }
    raw.expect(&[0x20, 2, 0, 0]);
    for byte in subscribe("a", 0).into_iter().chain(publish("a", b"b")) {
        raw.send(&[byte]);
    }
    raw.expect(&[0x90, 3, 0, 1, 0]);
    raw.expect(&publish("a", b"b"));
    shut_down(&server);
}

#[test]
fn what_comes_behind_connect_in_one_piece_is_taken() {
    let (server, address, _told) = start(harness::builder());
    let mut raw = Raw::open(address);
    let mut bytes = connect(4, "quick");
    bytes.extend(subscribe("a", 1));
    bytes.extend(publish_qos1("a", 7, b"b"));
    bytes.extend([0xC0, 0]);
    raw.send(&bytes);
    raw.expect(&[0x20, 2, 0, 0]);
    let mut answers: Vec<_> = (0..4).map(|_| raw.packet()).collect();
    answers.sort();
    assert_eq!(
        answers,
        [
            publish_qos1("a", 1, b"b"),
            vec![0x40, 2, 0, 7],
            vec![0x90, 3, 0, 1, 1],
            vec![0xD0, 0]
        ]
    );
    shut_down(&server);
}

/// [v3.1.1 MQTT-7.1.1-1] Over TCP all that is sent arrives in its order, however it is cut.
#[test]
fn a_stream_may_be_cut_anywhere() {
    let (server, address, _told) = start(harness::builder());
    let mut raw = Raw::connected(address, "cut");
    raw.send(&subscribe("#", 0));
    raw.expect(&[0x90, 3, 0, 1, 0]);
    let packets: Vec<_> = (0..40)
        .map(|n| publish("a", &vec![n; usize::from(n) * 50]))
        .collect();
    let stream = packets.concat();
    for piece in [1, 2, 3, 5, 127, 128, 129, 1_000, stream.len()] {
        // Without a delay the pieces are read as they come together by chance, which is as good.
        for piece in stream.chunks(piece) {
            raw.send(piece);
        }
        for packet in &packets {
            raw.expect(packet);
        }
    }
    shut_down(&server);
}

/// More than is read at once, with the end of one packet and the beginning of the next in one read, many times.
#[test]
fn a_flood_of_small_packets_arrives_whole() {
    let (server, address, _told) = start(harness::builder());
    let mut raw = Raw::connected(address, "flood");
    raw.send(&subscribe("a", 0));
    raw.expect(&[0x90, 3, 0, 1, 0]);
    let one = publish("a", &[7; 61]);
    let mut reader = Raw(raw.0.try_clone().unwrap());
    let sending = std::thread::Builder::new().spawn(move || {
        for _ in 0..10 {
            raw.send(&one.repeat(10_000));
        }
        raw
    });
    let one = publish("a", &[7; 61]);
    for _ in 0..100_000 {
        reader.expect(&one);
    }
    sending.unwrap().join().unwrap();
    shut_down(&server);
}

/// The broker takes a part of the bytes that are there and pauses: what is left comes later, without a new byte.
#[test]
fn what_the_broker_did_not_take_at_once_is_presented_again() {
    let config = Config {
        turn_bytes: 100,
        ..Config::default()
    };
    let (server, address, _told) = start(harness::builder().config(config));
    let mut raw = Raw::connected(address, "turns");
    raw.send(&subscribe("a", 0));
    raw.expect(&[0x90, 3, 0, 1, 0]);
    let one = publish("a", &[1; 40]);
    raw.send(&one.repeat(1_000));
    for _ in 0..1_000 {
        raw.expect(&one);
    }
    shut_down(&server);
}

#[test]
fn a_malformed_first_packet_is_answered_as_the_version_says() {
    let (server, address, told) = start(harness::builder());
    // A level that nobody knows, and one of 3.1's name.
    let mut raw = Raw::open(address);
    raw.send(&packet(0x10, b"\0\x04MQTT\x09\x02\0\x3c\0\0\x01a"));
    raw.expect(&[0x20, 3, 0, 0x84, 0]);
    raw.expect_end();
    let mut raw = Raw::open(address);
    raw.send(&packet(0x10, b"\0\x06MQIsdp\x09\x02\0\x3c\0\x01a"));
    raw.expect(&[0x20, 2, 0, 1]);
    raw.expect_end();
    // The reserved flag.
    let mut raw = Raw::open(address);
    raw.send(&packet(0x10, b"\0\x04MQTT\x04\x03\0\x3c\0\x01a"));
    raw.expect_end();
    told.wait_for("malformed");
    shut_down(&server);
}

#[test]
fn what_is_not_mqtt_is_named_and_closed() {
    let (server, address, told) = start(harness::builder());
    for (bytes, named) in [
        (
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
            "this is TLS, on a port without TLS",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "this is HTTP, on a port for MQTT",
        ),
        (
            b"\x30\x03\x00\x01a",
            "the first packet is no CONNECT: it begins with 0x30",
        ),
    ] {
        let mut raw = Raw::open(address);
        raw.send(bytes);
        raw.expect_end();
        told.wait_for(named);
    }
    let raw = Raw::open(address);
    raw.finish_sending();
    told.wait_for("closed before CONNECT");
    shut_down(&server);
}

#[test]
fn the_first_packet_may_have_96_kib_and_not_a_byte_more() {
    let (server, address, told) = start(harness::builder());
    // A 5.0 CONNECT with a long will, to reach the limit.
    let connect = |will: usize| {
        let mut body = b"\0\x04MQTT\x05\x06\0\x3c\0\0\x01a\0\0\x01w".to_vec();
        let user_property = [
            &[0x26][..],
            &[0, 1, b'a'],
            &60_000_u16.to_be_bytes(),
            &[b'b'; 60_000],
        ]
        .concat();
        let mut properties = vec![0xE6, 0xD4, 0x03];
        properties.extend(&user_property);
        assert_eq!(user_property.len(), 60_006);
        // Behind the fixed part of the variable header stand the properties.
        body.splice(10..11, properties);
        body.extend(u16::try_from(will).unwrap().to_be_bytes());
        body.resize(body.len() + will, b'x');
        packet(0x10, &body)
    };
    let fits = connect(96 * 1024 - connect(0).len());
    assert_eq!(fits.len(), 96 * 1024);
    let mut raw = Raw::open(address);
    raw.send(&fits);
    // User Properties have a lower limit: the broker looked at it.
    raw.expect(&[0x20, 3, 0, 0x97, 0]);
    raw.expect_end();

    let beyond = connect(96 * 1024 + 1 - connect(0).len());
    let mut raw = Raw::open(address);
    raw.send(&beyond);
    raw.expect(&[0x20, 3, 0, 0x95, 0]);
    raw.expect_end();
    told.wait_for("the first packet has more than 98304 bytes");
    shut_down(&server);
}

/// Packets that come in part are no way around the limits of memory.
#[test]
fn so_many_bytes_of_all_connections_are_held_unread_and_not_more() {
    let config = Config {
        maximum_packet_size: 8_000,
        ..Config::default()
    };
    let limits = ConnectionLimits {
        unread_bytes: Some(10_000),
        ..harness::limits()
    };
    let (server, address, told) = start(harness::builder().config(config).limits(limits));
    let mut body = vec![0, 1, b'a', 0];
    body.resize(7_900, b'x');
    let long = packet(0x30, &body);
    for round in 1..=3 {
        let mut both = ["a", "b"].map(|id| Raw::connected_v5(address, id));
        for raw in &mut both {
            raw.send(&long[..7_000]);
        }
        let line = told.wait_for(" closed: ");
        let [mut a, mut b] = both;
        let (mut kept, closed) = if line.starts_with('a') {
            (b, &mut a)
        } else {
            (a, &mut b)
        };
        let disconnect = closed.packet();
        assert_eq!((disconnect[0], disconnect[2]), (0xE0, 0x97));
        kept.send(&long[7_000..]);
        kept.send(&[0xC0, 0]);
        kept.expect(&[0xD0, 0]);
        assert_eq!(run(server.statistics()).closed_for_unread, round);
        drop(kept);
        told.wait_for(" closed");
    }
    shut_down(&server);
}

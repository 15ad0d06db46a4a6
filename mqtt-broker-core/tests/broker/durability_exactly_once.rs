//! QoS 2 in and out over a crash, or a cut, at every position: each message is delivered exactly once, in its order.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use std::collections::BTreeSet;

use crate::harness::store::{Durable, answer};
use crate::harness::{again, leak, pubrel, qos1, qos2, resuming, subscribe};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::{Packet, QoS, Version};

#[test]
fn a_qos_2_message_is_delivered_exactly_once_over_a_crash_at_every_position() {
    for version in crate::harness::VERSIONS {
        for fault in [
            Fault::Crash,
            Fault::CrashBehindCommit,
            Fault::CutReader,
            Fault::CutWriter,
        ] {
            each_position(|at| Run::new(version, QoS::ExactlyOnce, at, fault).run());
        }
    }
}

#[test]
fn a_qos_1_message_is_delivered_at_least_once_over_a_crash_at_every_position() {
    for version in crate::harness::VERSIONS {
        for fault in [
            Fault::Crash,
            Fault::CrashBehindCommit,
            Fault::CutReader,
            Fault::CutWriter,
        ] {
            each_position(|at| Run::new(version, QoS::AtLeastOnce, at, fault).run());
        }
    }
}

/// Two faults, one behind the other, at all positions of both.
#[test]
fn a_qos_2_message_is_delivered_exactly_once_over_two_crashes() {
    for second in 0..40 {
        each_position(|at| {
            let mut run = Run::new(Version::V5_0, QoS::ExactlyOnce, at, Fault::Crash);
            run.second = Some(second);
            run.run()
        });
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// What is not committed is gone.
    Crash,
    /// The oldest batch is committed, and the broker does not get to know.
    CrashBehindCommit,
    /// The connection of the subscriber breaks.
    CutReader,
    /// The connection of the publisher breaks.
    CutWriter,
}

/// A publisher with three messages, a subscriber and a store that take turns, one step at a time.
struct Run {
    world: Durable,
    version: Version,
    qos: QoS,
    fault: Fault,
    /// Before which step the fault comes.
    at: usize,
    /// How many steps behind it the same fault comes again.
    second: Option<usize>,
    step: usize,
    reader: LinkId,
    writer: LinkId,
    /// The subscriber's packet ids that wait for PUBREL. They are the client's own: no crash of the broker takes them.
    open: BTreeSet<u16>,
    got: Vec<String>,
    /// What the publisher is about to do or waits for.
    sending: Vec<Sending>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Sending {
    Publish,
    Release,
    Done,
}

const PAYLOADS: [&str; 3] = ["one", "two", "three"];

impl Run {
    fn new(version: Version, qos: QoS, at: usize, fault: Fault) -> Self {
        let mut world = Durable::new(Config::default());
        let reader = world.subscriber(version, "reader");
        let (writer, _) = world.connect(resuming(version, "writer", 600));
        world.forget();
        let sending = vec![Sending::Publish; PAYLOADS.len()];
        let (open, got) = (BTreeSet::new(), Vec::new());
        let (second, step) = (None, 0);
        Self {
            world,
            version,
            qos,
            fault,
            at,
            second,
            step,
            reader,
            writer,
            open,
            got,
            sending,
        }
    }

    /// Whether the fault came before everything was done.
    fn run(&mut self) -> bool {
        self.resend(false);
        let (mut faulted, mut came) = (false, false);
        let mut quiet = 0;
        while quiet < 7 {
            if self.step == self.at && !faulted {
                (faulted, came) = (true, true);
                self.fail();
                if let Some(second) = self.second.take() {
                    (self.at, faulted) = (self.step + 1 + second, false);
                }
            }
            // The parties take turns, the store more often.
            let moved = match [0, 2, 1, 2, 0, 1, 2][self.step % 7] {
                0 => self.reader_step(),
                1 => self.writer_step(),
                _ => self.world.commit(),
            };
            self.step += 1;
            quiet = if moved { 0 } else { quiet + 1 };
        }
        assert_eq!(
            self.sending,
            [Sending::Done; PAYLOADS.len()],
            "fault {:?} at {}",
            self.fault,
            self.at
        );
        if self.qos == QoS::ExactlyOnce {
            assert_eq!(self.got, PAYLOADS, "fault {:?} at {}", self.fault, self.at);
        } else {
            let mut first_seen: Vec<&str> = Vec::new();
            for payload in &self.got {
                if !first_seen.contains(&payload.as_str()) {
                    first_seen.push(payload);
                }
            }
            assert_eq!(
                first_seen, PAYLOADS,
                "fault {:?} at {}",
                self.fault, self.at
            );
        }
        came
    }

    /// The subscriber answers one packet.
    fn reader_step(&mut self) -> bool {
        let outcome = self.world.take_first(self.reader);
        let sent = outcome.sent();
        for packet in &sent {
            match packet {
                Packet::Publish(publish) => {
                    let id = publish.delivery.packet_id().expect("QoS 1 or 2").get();
                    if publish.delivery.qos() == QoS::AtLeastOnce || self.open.insert(id) {
                        self.got
                            .push(String::from_utf8(publish.payload.to_vec()).expect("a text"));
                    }
                }
                Packet::Pubrel(pubrel) => _ = self.open.remove(&pubrel.packet_id.get()),
                _ => {}
            }
            if let Some(answer) = answer(packet) {
                self.world.send(self.reader, answer);
            }
        }
        !outcome.all().is_empty()
    }

    /// The publisher goes on with one packet.
    fn writer_step(&mut self) -> bool {
        let outcome = self.world.take_first(self.writer);
        let sent = outcome.sent();
        for packet in &sent {
            match packet {
                Packet::Puback(puback) => *self.of(puback.packet_id.get()) = Sending::Done,
                Packet::Pubcomp(pubcomp) => *self.of(pubcomp.packet_id.get()) = Sending::Done,
                Packet::Pubrec(pubrec) => {
                    let id = pubrec.packet_id.get();
                    *self.of(id) = Sending::Release;
                    self.world.send(self.writer, pubrel(id));
                }
                _ => {}
            }
        }
        !outcome.all().is_empty()
    }

    fn of(&mut self, packet_id: u16) -> &mut Sending {
        &mut self.sending[usize::from(packet_id) - 1]
    }

    /// What is unacknowledged goes again, under its id: MQTT-4.4.0-1.
    fn resend(&mut self, dup: bool) {
        for (payload, id) in PAYLOADS.into_iter().zip(1..) {
            let publish = match self.qos {
                QoS::ExactlyOnce => qos2(id, "a", payload),
                QoS::AtMostOnce | QoS::AtLeastOnce => qos1(id, "a", payload),
            };
            match *self.of(id) {
                Sending::Publish if dup => self.world.send(self.writer, again(publish)),
                Sending::Publish => self.world.send(self.writer, publish),
                Sending::Release => self.world.send(self.writer, pubrel(id)),
                Sending::Done => {}
            }
        }
    }

    fn fail(&mut self) {
        match self.fault {
            Fault::Crash => self.world.crash(),
            Fault::CrashBehindCommit => {
                self.world.commit_silently();
                self.world.crash();
            }
            Fault::CutReader => self.world.cut(self.reader),
            Fault::CutWriter => self.world.cut(self.writer),
        }
        if self.fault != Fault::CutWriter {
            self.reader = self.world.link();
            self.world
                .send(self.reader, resuming(self.version, "reader", 600));
        }
        if self.fault != Fault::CutReader {
            let (link, present) = self.reconnect_writer();
            assert!(present);
            self.writer = link;
            self.resend(true);
        }
    }

    fn reconnect_writer(&mut self) -> (LinkId, bool) {
        let link = self.world.link();
        self.world.send(link, resuming(self.version, "writer", 600));
        loop {
            let outcome = self.world.take_first(link);
            if let Some(Packet::Connack(connack)) = outcome.sent().first() {
                return (
                    link,
                    connack.session_present || self.version == Version::V3_1,
                );
            }
            let moved = self.world.commit() || !outcome.all().is_empty();
            assert!(moved, "CONNACK comes when all is durable");
        }
    }
}

/// Runs with the fault before each step, until one ends before it comes.
fn each_position(mut run: impl FnMut(usize) -> bool) {
    let positions = (0..1_000).take_while(|&at| run(at)).count();
    assert!((10..1_000).contains(&positions), "{positions} positions");
}

/// A subscriber's id is not given to another message before its PUBCOMP is durable.
#[test]
fn many_messages_through_a_small_window_arrive_exactly_once_over_crashes() {
    let mut world = Durable::new(Config {
        send_maximum: 2,
        ..Config::default()
    });
    let (mut reader, _) = world.connect(resuming(Version::V5_0, "reader", 600));
    world.exchange(reader, subscribe(1, "a", QoS::ExactlyOnce));
    let (mut writer, _) = world.connect(resuming(Version::V5_0, "writer", 600));
    let (mut open, mut got) = (BTreeSet::new(), Vec::new());
    let wanted: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    for (n, payload) in wanted.iter().enumerate() {
        world.exchange(writer, qos2(1, "a", leak(payload.clone())));
        world.exchange(writer, pubrel(1));
        for step in 0..n % 7 {
            let outcome = world.take(reader);
            for packet in outcome.sent() {
                note(&packet, &mut open, &mut got);
                answer(&packet)
                    .into_iter()
                    .for_each(|answer| world.send(reader, answer));
            }
            if (n + step) % 3 == 0 {
                world.commit();
            }
        }
        if n % 4 == 3 {
            world.crash();
            reader = world.connect_only("reader");
            writer = world.connect(resuming(Version::V5_0, "writer", 600)).0;
        }
    }
    loop {
        world.commit_all();
        let outcome = world.take(reader);
        if outcome.sent().is_empty() {
            break;
        }
        for packet in outcome.sent() {
            note(&packet, &mut open, &mut got);
            answer(&packet)
                .into_iter()
                .for_each(|answer| world.send(reader, answer));
        }
    }
    assert_eq!(got, wanted);
}

fn note(packet: &Packet<'_>, open: &mut BTreeSet<u16>, got: &mut Vec<String>) {
    match packet {
        Packet::Publish(publish)
            if open.insert(publish.delivery.packet_id().expect("QoS 2").get()) =>
        {
            got.push(String::from_utf8(publish.payload.to_vec()).expect("a text"));
        }
        Packet::Pubrel(pubrel) => _ = open.remove(&pubrel.packet_id.get()),
        _ => {}
    }
}

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use mqtt_codec::packet::{Will, WillProperties};
use mqtt_codec::{Binary, QoS, TopicName, Version};

use super::packets;
use super::script::{Parting, Reads, Script};
use crate::network::Cut;
use crate::random::Random;

/// What a hostile client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Bytes that are no MQTT.
    Noise,
    /// Nothing at all.
    Silence,
    /// CONNECT byte by byte.
    Drip,
    /// The beginning of a packet that never ends.
    HalfPacket,
    /// A packet of almost the largest length that can be said.
    HugeLength,
    /// CONNECT once more.
    SecondConnect,
    /// Packets in which bits are wrong that have to be 0 or 1.
    ReservedBits,
    /// Packets with any byte changed.
    Flipped,
    /// Random bytes behind CONNECT.
    NoiseBehindConnect,
    /// More messages than it may send at once.
    Flood,
    /// Acknowledgements of nothing.
    StrayAcknowledgements,
    /// A will, and then the end of the connection.
    WillAndCut,
    /// Subscriptions to everything, and no reading.
    SlowConsumer,
}

pub(super) const KINDS: [Kind; 13] = [
    Kind::Noise,
    Kind::Silence,
    Kind::Drip,
    Kind::HalfPacket,
    Kind::HugeLength,
    Kind::SecondConnect,
    Kind::ReservedBits,
    Kind::Flipped,
    Kind::NoiseBehindConnect,
    Kind::Flood,
    Kind::StrayAcknowledgements,
    Kind::WillAndCut,
    Kind::SlowConsumer,
];

impl Kind {
    /// Fills the script of the hostile client with this number.
    pub(super) fn write(self, random: &mut Random, number: usize, script: &mut Script) {
        let version = random.pick(&VERSIONS).copied().unwrap_or(Version::V5_0);
        // Short: where the server does not hear of the end, it has to find out.
        let keep_alive = u16::try_from(random.between(1..=3)).unwrap_or(1);
        let connect = packets::connect(version, number, keep_alive, None);
        let soon = random.span(Duration::ZERO..=SOON);
        match self {
            Self::Noise => script.send(soon, noise(random)),
            Self::Silence => {}
            Self::Drip => {
                for byte in connect {
                    let later = random.span(Duration::ZERO..=DRIP);
                    script.send(later, vec![byte]);
                }
            }
            Self::WillAndCut => {
                script.send(soon, with_will(random, version, number, keep_alive));
                script.parting = Parting::IsCut(match random.below(4) {
                    0 => Cut::ServerIsBlind,
                    1 => Cut::ClientIsBlind,
                    _ => Cut::Both,
                });
            }
            Self::HalfPacket
            | Self::HugeLength
            | Self::SecondConnect
            | Self::ReservedBits
            | Self::Flipped
            | Self::NoiseBehindConnect
            | Self::Flood
            | Self::StrayAcknowledgements
            | Self::SlowConsumer => {
                script.send(soon, connect.clone());
                self.behind_connect(random, (version, number, connect), script);
            }
        }
    }

    fn behind_connect(
        self,
        random: &mut Random,
        (version, number, connect): (Version, usize, Vec<u8>),
        script: &mut Script,
    ) {
        let soon = random.span(Duration::ZERO..=SOON);
        let samples = samples(random, version, number);
        let sample = random.pick(&samples).cloned().unwrap_or_default();
        match self {
            Self::HalfPacket => {
                let mut packet = sample;
                packet.truncate(1 + random.below(packet.len().saturating_sub(1)));
                script.send(soon, packet);
            }
            Self::HugeLength => {
                let first = sample.first().copied().unwrap_or(0x30);
                script.send(soon, [&[first, 0xFF, 0xFF, 0xFF, 0x7F], &*sample].concat());
            }
            Self::SecondConnect => script.send(soon, connect),
            Self::ReservedBits => {
                let mut packet = sample;
                if let Some(first) = packet.first_mut() {
                    *first ^= 1 << random.below(4);
                }
                script.send(soon, packet);
            }
            Self::Flipped => {
                for mut packet in samples {
                    let place = random.below(packet.len());
                    if let Some(byte) = packet.get_mut(place) {
                        *byte ^= u8::try_from(random.between(1..=255)).unwrap_or(1);
                    }
                    script.send(random.span(Duration::ZERO..=SOON), packet);
                }
            }
            Self::NoiseBehindConnect => script.send(soon, noise(random)),
            Self::Flood => flood(random, version, number, script),
            Self::StrayAcknowledgements => {
                for _ in 0..random.between(1..=100) {
                    let packet_id = u16::try_from(random.between(1..=65_535)).unwrap_or(1);
                    let all = packets::acknowledgements(version, packet_id);
                    let stray = random.pick(&all).cloned().unwrap_or_default();
                    script.send(Duration::ZERO, stray);
                }
            }
            Self::SlowConsumer => {
                let qos = random.pick(&ALL_QOS).copied().unwrap_or_default();
                for filter in ["#", "+/+", "x/#"] {
                    script.send(soon, packets::subscribe(version, filter, qos));
                }
                script.reads = Reads::Nothing;
            }
            Self::Noise | Self::Silence | Self::Drip | Self::WillAndCut => {}
        }
    }
}

/// A packet of each kind that clients send, as it should be.
fn samples(random: &mut Random, version: Version, number: usize) -> Vec<Vec<u8>> {
    let mut samples: Vec<_> = ALL_QOS
        .into_iter()
        .map(|qos| packets::publish(version, number, 1, qos, random.below(200)))
        .collect();
    samples.extend(packets::acknowledgements(version, 1));
    samples.push(packets::subscribe(
        version,
        &packets::topic(number),
        QoS::ExactlyOnce,
    ));
    samples.push(packets::unsubscribe(version, &packets::topic(number)));
    samples.push(packets::PINGREQ.to_vec());
    samples
}

/// Messages to a topic of its own, with more of them open than the server allows.
fn flood(random: &mut Random, version: Version, number: usize, script: &mut Script) {
    script.reads = Reads::Nothing;
    let qos = random.pick(&ALL_QOS).copied().unwrap_or_default();
    let bytes = random.below(100);
    if random.percent(50) {
        let filter = packets::topic(number);
        script.send(Duration::ZERO, packets::subscribe(version, &filter, qos));
    }
    let last = random.pick(&FLOODS).copied().unwrap_or(1);
    for packet_id in 1..=last {
        let publish = packets::publish(version, number, packet_id, qos, bytes);
        script.send(Duration::ZERO, publish);
    }
}

fn with_will(random: &mut Random, version: Version, number: usize, keep_alive: u16) -> Vec<u8> {
    let topic = packets::topic(number);
    let Ok(topic) = TopicName::new(&topic) else {
        return Vec::new();
    };
    let Ok(payload) = Binary::new(b"a hostile will") else {
        return Vec::new();
    };
    let will = Will {
        topic,
        payload,
        qos: random.pick(&ALL_QOS).copied().unwrap_or_default(),
        retain: false,
        properties: WillProperties {
            will_delay_interval: u32::try_from(random.below(3)).ok(),
            ..WillProperties::default()
        },
    };
    packets::connect(version, number, keep_alive, Some(will))
}

fn noise(random: &mut Random) -> Vec<u8> {
    let len = 1 + random.below(NOISE);
    (0..len)
        .map(|_| u8::try_from(random.below(256)).unwrap_or(0))
        .collect()
}

/// How long a hostile client waits before it sends something.
const SOON: Duration = Duration::from_millis(100);
/// And before the next byte of its CONNECT.
const DRIP: Duration = Duration::from_millis(200);
/// How many bytes of noise it makes at most.
const NOISE: usize = 600;
/// How many messages it sends at once: servers allow up to 1,024.
const FLOODS: [u16; 4] = [100, 100, 300, 1_100];
const VERSIONS: [Version; 3] = [Version::V5_0, Version::V3_1_1, Version::V3_1];
const ALL_QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

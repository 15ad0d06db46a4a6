//! Tables as texts: what comes out of a broker, in a word or two for each combination.

use mqtt_codec::packet::{AuthProperties, ConnackProperties, DisconnectProperties};
use mqtt_codec::{Packet, PacketType};
use mqtt_session::{CloseReason, ProtocolError};

use super::{Saw, World, every_type};
use mqtt_broker_core::LinkId;

/// Compares a table with what `outcome` says of each row in each column. The first line names the columns, each other line
/// begins with the name of its row. Every combination stands there, and no other.
pub fn assert_table<R, C>(
    table: &str,
    rows: &[(&str, R)],
    columns: &[(&str, C)],
    outcome: impl Fn(&R, &C) -> String,
) {
    let mut lines = vec![vec![String::new()]];
    lines[0].extend(columns.iter().map(|(name, _)| (*name).to_owned()));
    for (name, row) in rows {
        let mut line = vec![(*name).to_owned()];
        line.extend(columns.iter().map(|(_, column)| outcome(row, column)));
        lines.push(line);
    }
    let width = |at: usize| lines.iter().map(|line| line[at].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..=columns.len()).map(width).collect();
    let drawn = |line: &Vec<String>| {
        let cells = line.iter().zip(&widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join(" | ").trim_end().to_owned() + "\n"
    };
    let actual: String = lines.iter().map(drawn).collect();
    assert!(
        actual == table.trim_start_matches('\n'),
        "it is\n{actual}\nfor\n{table}"
    );
}

/// What comes out because of a packet: a word for each, in order. `-` for nothing, `taken` for a message that was taken,
/// `asked` when it is asked who the client is, `waits` when it was not taken. Behind a close nothing comes.
pub fn answer(world: &mut World, link: LinkId, bytes: &[u8]) -> String {
    let taken = world.broker.counters().publishes_received;
    let asked = world.asked.len();
    world.send_bytes(link, bytes);
    let outcome = world.take(link);
    let all = outcome.all();
    if world.unread(link) == bytes.len() {
        assert_eq!(all, []);
        return "waits".to_owned();
    }
    let mut words = Vec::new();
    if world.broker.counters().publishes_received > taken {
        words.push("taken".to_owned());
    }
    let because_of = PacketType::from_bits(bytes[0] >> 4);
    words.extend(all.iter().map(|saw| word(saw, because_of)));
    if world.asked.len() > asked {
        words.push("asked".to_owned());
    }
    if matches!(all.last(), Some(Saw::Closed(_))) {
        assert_silent(world, link);
    }
    joined(&words)
}

/// A word for each, in order; `-` when there is none.
pub fn in_words(all: &[Saw<'_>], because_of: Option<PacketType>) -> String {
    let words: Vec<_> = all.iter().map(|saw| word(saw, because_of)).collect();
    joined(&words)
}

fn joined(words: &[String]) -> String {
    match words.is_empty() {
        true => "-".to_owned(),
        false => words.join(" "),
    }
}

/// The connection is over: nothing that comes is answered.
fn assert_silent(world: &mut World, link: LinkId) {
    let version = world.version(link);
    for (name, bytes) in every_type(version) {
        world.send_bytes(link, &bytes);
        assert_eq!(world.take(link).all(), [], "{name}");
    }
    world.broker.handle_closed(world.now, link);
    world.settle();
    assert_eq!(world.take(link).all(), []);
}

fn word(saw: &Saw<'_>, because_of: Option<PacketType>) -> String {
    match saw {
        Saw::Packet(packet) => packet_word(packet),
        Saw::Paused => "pause".to_owned(),
        Saw::Resumed => "resume".to_owned(),
        Saw::Closed(reason) => format!("!{}", reason_word(*reason, because_of)),
    }
}

/// `C` and `D` with their code are a CONNACK and a DISCONNECT that say nothing else, `connected` is a CONNACK of success.
fn packet_word(packet: &Packet<'_>) -> String {
    match packet {
        Packet::Connack(it) if !it.reason_code.is_error() => "connected".to_owned(),
        Packet::Connack(it) if it.properties == ConnackProperties::default() => {
            format!("C{:02X}", it.reason_code.byte())
        }
        Packet::Disconnect(it) if it.properties == DisconnectProperties::default() => {
            format!("D{:02X}", it.reason_code.byte())
        }
        Packet::Auth(it) if it.properties != AuthProperties::default() => {
            format!("AUTH {:02X}", it.reason_code.byte())
        }
        Packet::Puback(it) => coded("PUBACK", it.reason_code.byte()),
        Packet::Pubrec(it) => coded("PUBREC", it.reason_code.byte()),
        Packet::Pubrel(it) => coded("PUBREL", it.reason_code.byte()),
        Packet::Pubcomp(it) => coded("PUBCOMP", it.reason_code.byte()),
        Packet::Suback(it) => {
            let codes = it
                .reason_codes
                .iter()
                .map(|code| format!(" {:02X}", code.byte()));
            format!("SUBACK{}", codes.collect::<String>())
        }
        Packet::Unsuback(it) => {
            let codes = it
                .reason_codes
                .iter()
                .map(|code| format!(" {:02X}", code.byte()));
            format!("UNSUBACK{}", codes.collect::<String>())
        }
        Packet::Pingresp => "PINGRESP".to_owned(),
        other => format!("{other:?}"),
    }
}

fn coded(name: &str, code: u8) -> String {
    match code {
        0 => name.to_owned(),
        code => format!("{name} {code:02X}"),
    }
}

/// `type` is an unexpected packet of the type that came.
fn reason_word(reason: CloseReason, because_of: Option<PacketType>) -> String {
    match reason {
        CloseReason::Malformed(mqtt_codec::DecodeError::ReservedPacketType { .. }) => {
            "reserved".to_owned()
        }
        CloseReason::Malformed(_) => "malformed".to_owned(),
        CloseReason::Protocol(error) => match error {
            ProtocolError::UnexpectedPacket(it) if Some(it) == because_of => "type".to_owned(),
            ProtocolError::SecondConnect => "second".to_owned(),
            ProtocolError::AuthWithoutMethod => "bare".to_owned(),
            ProtocolError::AuthMethodChanged => "method".to_owned(),
            ProtocolError::UnexpectedAuth => "turn".to_owned(),
            ProtocolError::WrongAcknowledgement { packet_type, .. }
                if Some(packet_type) == because_of =>
            {
                "wrong".to_owned()
            }
            other => format!("{other:?}"),
        },
        CloseReason::PeerDisconnected { reason } => format!("left {:02X}", reason.byte()),
        CloseReason::Refused(reason) => format!("refused {:02X}", reason.byte()),
        other => format!("{other:?}"),
    }
}

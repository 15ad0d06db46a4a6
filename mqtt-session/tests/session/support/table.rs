//! Tables as texts: what comes out of a machine, in a word or two for each combination.

use mqtt_codec::packet::{
    AcknowledgementProperties, AuthProperties, ConnackProperties, DisconnectProperties,
};
use mqtt_codec::{Packet, PacketType, QoS, decode};
use mqtt_session::client::Event as ClientEvent;
use mqtt_session::server::Event as ServerEvent;
use mqtt_session::{CloseReason, ProtocolError, PublishError, PublishOutcome};

use super::packets::{every_type, message};
use super::{Machine, Out, Sent, Side, limits};

/// Compares a table with what `outcome` says of each row in each column. The first line names the columns, each other line
/// begins with the name of its row. Every combination stands there, and no other.
pub(crate) fn assert_table<R, C>(
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

/// What comes out because of a packet: a word for each, in order. `-` for nothing, `counted` when it was counted as an
/// acknowledgement of nothing, `waits` when it was not taken. Behind a close nothing comes, whatever is received.
pub(crate) fn answer<M: Machine>(side: &mut Side<M>, bytes: &[u8]) -> String {
    let ignored = side.machine.counters().ignored_acknowledgements;
    let consumed = side.machine.handle_bytes(side.now, bytes);
    let outs = side.drain();
    if consumed == 0 {
        assert_eq!(outs, []);
        return "waits".to_owned();
    }
    assert_eq!(consumed, bytes.len());
    if matches!(outs.last(), Some(Out::Close(_))) {
        assert_silent(side);
    }
    if side.machine.counters().ignored_acknowledgements > ignored {
        assert_eq!(outs, []);
        return "counted".to_owned();
    }
    in_words(&outs, PacketType::from_bits(bytes[0] >> 4))
}

/// A word for each, in order; `-` when there is none.
pub(crate) fn in_words(outs: &[Out], because_of: Option<PacketType>) -> String {
    if outs.is_empty() {
        return "-".to_owned();
    }
    let words: Vec<_> = outs.iter().map(|out| word(out, because_of)).collect();
    words.join(" ")
}

/// The connection is over: nothing that comes is answered, and nothing can be sent.
fn assert_silent<M: Machine>(side: &mut Side<M>) {
    for (name, bytes) in every_type(side.version) {
        assert_eq!(side.receive_bytes(&bytes), [], "{name}");
    }
    assert_eq!(side.lose_connection(), []);
    assert_eq!(side.machine.poll_timeout(), None);
    let message = message(QoS::AtMostOnce, "a", "x");
    let refused = side.machine.publish(side.now, message);
    assert_eq!(refused, Err(PublishError::NotConnected));
}

fn word(out: &Out, because_of: Option<PacketType>) -> String {
    match out {
        Out::Deliver(..) | Out::DeliverManually(..) => "taken".to_owned(),
        Out::Pause => "pause".to_owned(),
        Out::Resume => "resume".to_owned(),
        Out::Send(sent) => sent_word(sent),
        Out::Close(reason) => format!("!{}", reason_word(*reason, because_of)),
        Out::Client(event) => client_word(event),
        Out::Server(event) => server_word(event),
    }
}

/// `C` and `D` with their code are a CONNACK and a DISCONNECT that say nothing else.
fn sent_word(sent: &Sent) -> String {
    let none = AcknowledgementProperties::default();
    match decode(sent.version, &limits(), &sent.bytes) {
        Ok(Some((packet, _))) => match packet {
            Packet::Connack(it) if it.properties == ConnackProperties::default() => {
                format!("C{:02X}", it.reason_code.byte())
            }
            Packet::Disconnect(it) if it.properties == DisconnectProperties::default() => {
                format!("D{:02X}", it.reason_code.byte())
            }
            Packet::Auth(it) if it.properties != AuthProperties::default() => {
                format!("AUTH {:02X}", it.reason_code.byte())
            }
            Packet::Puback(it) if it.properties == none => coded("PUBACK", it.reason_code.byte()),
            Packet::Pubrec(it) if it.properties == none => coded("PUBREC", it.reason_code.byte()),
            Packet::Pubrel(it) if it.properties == none => coded("PUBREL", it.reason_code.byte()),
            Packet::Pubcomp(it) if it.properties == none => coded("PUBCOMP", it.reason_code.byte()),
            Packet::Pingresp => "PINGRESP".to_owned(),
            other => format!("{other:?}"),
        },
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
            ProtocolError::UnknownRequest { packet_type, .. }
                if Some(packet_type) == because_of =>
            {
                "unasked".to_owned()
            }
            ProtocolError::ReasonCodeCount { .. } => "count".to_owned(),
            other => format!("{other:?}"),
        },
        CloseReason::PeerDisconnected { reason } => format!("left {:02X}", reason.byte()),
        other => format!("{other:?}"),
    }
}

fn client_word(event: &ClientEvent) -> String {
    match event {
        ClientEvent::Connected(_) => "connected".to_owned(),
        ClientEvent::Published(outcome) => outcome_word(outcome),
        ClientEvent::Subscribed { .. } => "subscribed".to_owned(),
        ClientEvent::Unsubscribed { .. } => "unsubscribed".to_owned(),
        ClientEvent::Unanswered { .. } => "unanswered".to_owned(),
        ClientEvent::Authenticate { .. } => "auth?".to_owned(),
        ClientEvent::Reauthenticated { .. } => "authenticated".to_owned(),
        ClientEvent::Disconnected(_) => "told".to_owned(),
        ClientEvent::Refused(_) => "refused".to_owned(),
    }
}

fn server_word(event: &ServerEvent) -> String {
    match event {
        ServerEvent::Connect(_) => "connect?".to_owned(),
        ServerEvent::Authenticate { .. } => "auth?".to_owned(),
        ServerEvent::Reauthenticate { .. } => "again?".to_owned(),
        ServerEvent::Subscribe(_) => "subscribe?".to_owned(),
        ServerEvent::Unsubscribe(_) => "unsubscribe?".to_owned(),
        ServerEvent::Published(outcome) => outcome_word(outcome),
        ServerEvent::Disconnected(_) => "told".to_owned(),
    }
}

fn outcome_word(outcome: &PublishOutcome) -> String {
    match outcome {
        PublishOutcome::Acknowledged { reason, .. } => coded("settled", reason.byte()),
        PublishOutcome::Abandoned { .. } => "abandoned".to_owned(),
    }
}

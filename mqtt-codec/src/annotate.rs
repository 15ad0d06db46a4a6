//! What each byte of a packet is, for people. It shows what the decoder reads, so it cannot tell another story.
//!
//! ```
//! use mqtt_codec::Version;
//! use mqtt_codec::annotate::{annotate, parse_hex_dump};
//!
//! let bytes = parse_hex_dump("36 05 00 01 61 00 01")?;
//! let annotation = annotate(Version::V5_0, &bytes);
//! assert_eq!(
//!     annotation.to_string(),
//!     "\
//! \x20    0  36                       Packet Type and Flags: PUBLISH, QoS 3
//! \x20    1  05                       Remaining Length: 5
//! \x20    2  00 01 61 00 01           not read
//! malformed: QoS 3 in Packet Type and Flags [MQTT-3.3.1-4], Malformed Packet (0x81)
//! "
//! );
//! # Ok::<(), mqtt_codec::annotate::HexDumpError>(())
//! ```

mod describe;
mod hex_dump;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub use hex_dump::{HexDumpError, parse_hex_dump};

use crate::decode::decode_traced;
use crate::trace::{Shape, Trace};
use crate::{DecodeError, Field, Limits, PacketType, Version, fixed_header};

/// The bytes of a packet, each with its meaning. `Display` is a table, a field a line, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation<'a> {
    /// Of the packet: a CONNECT carries its own, and what follows it is of that version.
    pub version: Version,
    /// In their order, without a gap. They end with the packet, or with the input when it is not complete.
    pub lines: Vec<Line<'a>>,
    /// What came of it.
    pub outcome: Outcome,
}

/// One field, or the length before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The first byte, counted from that of the packet.
    pub at: usize,
    /// The bytes.
    pub bytes: &'a [u8],
    /// What they are.
    pub part: Part,
    /// Their value for people; empty for what was not read.
    pub value: String,
}

/// What bytes of a packet are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A field, of a string or Binary Data what follows their length.
    Field(Field),
    /// The two bytes before a string or Binary Data.
    LengthOf(Field),
    /// The decoder did not get there.
    NotRead,
}

/// What the decoder says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A packet of this many bytes. More may follow.
    Packet {
        /// With its fixed header.
        len: usize,
    },
    /// Not all of it is there.
    Incomplete {
        /// How long it will be, once that is known.
        len: Option<usize>,
    },
    /// No packet.
    Malformed(DecodeError),
}

/// Says what each byte of the packet at the front of `bytes` is. `version` is that of the connection.
#[must_use]
pub fn annotate(version: Version, bytes: &[u8]) -> Annotation<'_> {
    let limits = Limits {
        packet_size: Limits::MAX_PACKET_SIZE,
    };
    let mut seen = Seen(Vec::new());
    let decoded = decode_traced(version, &limits, bytes, &mut seen);
    let header = fixed_header(bytes).ok().flatten();
    if let (true, Some(header)) = (seen.0.is_empty(), header) {
        // Not complete: the decoder stops behind the fixed header.
        let len = header.header_len - 1;
        seen.push(Field::PacketTypeAndFlags, Shape::Byte, 1, 1);
        seen.push(
            Field::RemainingLength,
            Shape::VariableByteInteger,
            len,
            header.header_len,
        );
    }
    let len = header.map(|header| header.packet_len());
    let version = seen.connect_version(bytes).unwrap_or(version);
    let outcome = match decoded {
        Ok(Some((_, len))) => Outcome::Packet { len },
        Ok(None) => Outcome::Incomplete { len },
        Err(error) => Outcome::Malformed(error),
    };
    let shown = bytes.get(..len.unwrap_or(bytes.len())).unwrap_or(bytes);
    Annotation {
        version,
        lines: lines(version, shown, &seen),
        outcome,
    }
}

/// The fields as the decoder came to them.
struct Seen(Vec<SeenField>);

struct SeenField {
    field: Field,
    shape: Shape,
    len: usize,
    end: usize,
}

impl Seen {
    fn push(&mut self, field: Field, shape: Shape, len: usize, end: usize) {
        self.0.push(SeenField {
            field,
            shape,
            len,
            end,
        });
    }

    /// The version that a CONNECT says, be it malformed behind that.
    fn connect_version(&self, packet: &[u8]) -> Option<Version> {
        let bytes = |field| {
            let seen = self.0.iter().find(|seen| seen.field == field)?;
            packet.get(seen.end.checked_sub(seen.len)?..seen.end)
        };
        let name = bytes(Field::ProtocolName)?;
        let [level] = bytes(Field::ProtocolVersion)? else {
            return None;
        };
        [Version::V3_1, Version::V3_1_1, Version::V5_0]
            .into_iter()
            .find(|version| {
                version.protocol_name().as_bytes() == name && version.level() == level & 0x7F
            })
    }
}

impl Trace for &mut Seen {
    fn field(&mut self, field: Field, shape: Shape, bytes: &[u8], end: usize) {
        self.push(field, shape, bytes.len(), end);
    }
}

fn lines<'a>(version: Version, bytes: &'a [u8], seen: &Seen) -> Vec<Line<'a>> {
    let mut lines = Lines {
        version,
        bytes,
        packet_type: None,
        at: 0,
        lines: Vec::new(),
    };
    for seen in &seen.0 {
        let start = seen.end.saturating_sub(seen.len);
        if matches!(seen.shape, Shape::Text | Shape::Binary) {
            lines.push_until(start.saturating_sub(2), Part::NotRead, None);
            lines.push_until(
                start,
                Part::LengthOf(seen.field),
                Some(Shape::TwoByteInteger),
            );
        } else {
            lines.push_until(start, Part::NotRead, None);
        }
        lines.push_until(seen.end, Part::Field(seen.field), Some(seen.shape));
    }
    lines.push_until(bytes.len(), Part::NotRead, None);
    lines.lines
}

/// Lines that follow each other without a gap.
struct Lines<'a> {
    version: Version,
    bytes: &'a [u8],
    /// Of the first byte: what a code means depends on it.
    packet_type: Option<PacketType>,
    at: usize,
    lines: Vec<Line<'a>>,
}

impl Lines<'_> {
    /// The bytes from the last line to `end`, if there are some.
    fn push_until(&mut self, end: usize, part: Part, shape: Option<Shape>) {
        let Some(bytes) = self
            .bytes
            .get(self.at..end)
            .filter(|bytes| !bytes.is_empty())
        else {
            return;
        };
        if let (Part::Field(Field::PacketTypeAndFlags), Some(first)) = (part, bytes.first()) {
            self.packet_type = PacketType::from_bits(first >> 4);
        }
        let field = match part {
            Part::Field(field) => Some(field),
            Part::LengthOf(_) | Part::NotRead => None,
        };
        let value =
            shape.map(|shape| describe::value(self.version, self.packet_type, field, shape, bytes));
        self.lines.push(Line {
            at: self.at,
            bytes,
            part,
            value: value.unwrap_or_default(),
        });
        self.at = end;
    }
}

impl fmt::Display for Annotation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            line.fmt(f)?;
        }
        match self.outcome {
            Outcome::Packet { .. } => Ok(()),
            Outcome::Incomplete { len: None } => writeln!(f, "incomplete"),
            Outcome::Incomplete { len: Some(len) } => {
                let have: usize = self.lines.iter().map(|line| line.bytes.len()).sum();
                writeln!(f, "incomplete: {have} of {len} bytes")
            }
            Outcome::Malformed(error) => {
                write!(f, "malformed: {error}")?;
                if let Some(statement) = error.statement(self.version) {
                    write!(f, " [{statement}]")?;
                }
                if self.version.has_properties() {
                    write!(f, ", {}", error.reason_code())?;
                }
                writeln!(f)
            }
        }
    }
}

/// How many bytes stand in a row of the table.
const ROW: usize = 8;

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (row, bytes) in self.bytes.chunks(ROW).enumerate() {
            write!(f, "{:6} ", self.at + row * ROW)?;
            for byte in bytes {
                write!(f, " {byte:02X}")?;
            }
            if row == 0 {
                let width = 3 * (ROW - bytes.len());
                write!(f, "{:width$}  {}", "", self.part)?;
                if !self.value.is_empty() {
                    write!(f, ": {}", self.value)?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => field.fmt(f),
            Self::LengthOf(field) => write!(f, "length of {field}"),
            Self::NotRead => f.write_str("not read"),
        }
    }
}

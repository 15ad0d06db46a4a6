//! `reason-codes-v5.0.csv`.

use std::sync::LazyLock;

use super::csv::rows;
use super::{Place, Sender, framed};

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) byte: u8,
    pub(crate) name: &'static str,
    packets: Vec<Place>,
    senders: Senders,
}

/// What a note says of who may say a code.
#[derive(Clone, Copy, Debug)]
enum Senders {
    /// Whoever sends the packet.
    Natural,
    /// One side alone, in one packet or in all.
    Only(Sender, Option<Place>),
    /// Nobody in this packet, but it is taken from everybody.
    Taken(Place),
}

/// Who sends a code in a packet, and from whom it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coded {
    pub(crate) sent_by: Option<Sender>,
    pub(crate) taken_from: Sender,
}

/// The packets that carry reason codes.
pub(crate) const CODED: [Place; 9] = [
    Place::Connack,
    Place::Puback,
    Place::Pubrec,
    Place::Pubrel,
    Place::Pubcomp,
    Place::Suback,
    Place::Unsuback,
    Place::Disconnect,
    Place::Auth,
];

/// All rows.
pub(crate) fn reason_codes() -> &'static [Row] {
    static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
        let table = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../docs/standard/reason-codes-v5.0.csv"
        ));
        rows(table, ["code", "name", "packets", "note"])
            .iter()
            .map(Row::parse)
            .collect()
    });
    &ROWS
}

impl Row {
    fn parse(&[code, name, packets, note]: &[&'static str; 4]) -> Self {
        let row = Self {
            byte: u8::from_str_radix(code.strip_prefix("0x").unwrap(), 16).unwrap(),
            name,
            packets: packets.split(' ').map(Place::named).collect(),
            senders: senders(note),
        };
        assert!(row.packets.iter().all(|place| CODED.contains(place)));
        row
    }

    /// Who says it in a packet; nothing where it is none of that packet's.
    pub(crate) fn coded(&self, place: Place) -> Option<Coded> {
        if !self.packets.contains(&place) {
            return None;
        }
        let natural = place.sender();
        Some(match self.senders {
            Senders::Only(side, it) if it.is_none_or(|it| it == place) => Coded {
                sent_by: Some(side),
                taken_from: side,
            },
            Senders::Taken(it) if it == place => Coded {
                sent_by: None,
                taken_from: natural,
            },
            Senders::Natural | Senders::Only(..) | Senders::Taken(_) => Coded {
                sent_by: Some(natural),
                taken_from: natural,
            },
        })
    }
}

impl Coded {
    /// Of a code in a packet; nothing where it is none of that packet's.
    pub(crate) fn of(place: Place, byte: u8) -> Option<Self> {
        let mut found = reason_codes()
            .iter()
            .filter(|row| row.byte == byte)
            .filter_map(|row| row.coded(place));
        let coded = found.next();
        assert_eq!(found.next(), None, "{byte:#04x} twice in {place:?}");
        coded
    }
}

impl Place {
    /// The packet with this reason code and properties, as far as it has one. Of lists it is the last.
    pub(crate) fn coded(self, code: u8, properties: &[u8]) -> Vec<u8> {
        let block = super::sized(properties);
        let (first, body) = match self {
            Self::Connack => (0x20, [&[0, code], &block[..]].concat()),
            Self::Puback => (0x40, [&[0, 1, code], &block[..]].concat()),
            Self::Pubrec => (0x50, [&[0, 1, code], &block[..]].concat()),
            Self::Pubrel => (0x62, [&[0, 1, code], &block[..]].concat()),
            Self::Pubcomp => (0x70, [&[0, 1, code], &block[..]].concat()),
            Self::Suback => (0x90, [&[0, 1], &block[..], &[code]].concat()),
            Self::Unsuback => (0xB0, [&[0, 1], &block[..], &[code]].concat()),
            Self::Disconnect => (0xE0, [&[code], &block[..]].concat()),
            Self::Auth => (0xF0, [&[code], &block[..]].concat()),
            other => panic!("{other:?} has no reason code"),
        };
        framed(first, &body)
    }
}

fn senders(note: &str) -> Senders {
    match note {
        ""
        | "success"
        | "not an error during recovery"
        | "client or server"
        | "client or server; deletes the Will"
        | "CONNACK: for the Will Topic"
        | "table 3-10 says server only; section 3.3.4 also lets a client use it" => {
            Senders::Natural
        }
        "client only" => Senders::Only(Sender::Client, None),
        "server only"
        | "server only; success; optional instead of 0x00"
        | "server only; may carry Server Reference; permanent"
        | "server only; may carry Server Reference; temporary" => {
            Senders::Only(Sender::Server, None)
        }
        "AUTH: server only" => Senders::Only(Sender::Server, Some(Place::Auth)),
        "DISCONNECT: server only" => Senders::Only(Sender::Server, Some(Place::Disconnect)),
        "DISCONNECT is in the summary table 2-6 but not in the DISCONNECT table 3-10: accept it, do not send it" => {
            Senders::Taken(Place::Disconnect)
        }
        other => panic!("who says it: {other}"),
    }
}

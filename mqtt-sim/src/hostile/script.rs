use alloc::vec::Vec;
use core::time::Duration;

use super::kind::{KINDS, Kind};
use super::limit::admissible;
use crate::network::Cut;
use crate::random::Random;

/// What a hostile client sends, and when, and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) pieces: Vec<Piece>,
    pub(super) reads: Reads,
    /// How long it holds its connection at most.
    pub(super) span: Duration,
    pub(super) parting: Parting,
}

/// Some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// When they are sent, from the begin on.
    pub(super) at: Duration,
    pub(super) bytes: Vec<u8>,
}

/// Whether it reads what the server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    Everything,
    Nothing,
}

/// How it gives up its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parting {
    /// It closes the connection.
    Closes,
    /// The connection is lost.
    IsCut(Cut),
}

impl Script {
    pub(super) fn new(random: &mut Random, number: usize) -> Self {
        let kind = random.pick(&KINDS).copied().unwrap_or(Kind::Noise);
        let mut script = Self::of(random, number, kind);
        let all: Vec<u8> = script
            .pieces
            .iter()
            .flat_map(|piece| &piece.bytes)
            .copied()
            .collect();
        script.cut_at(admissible(&all));
        script
    }

    fn of(random: &mut Random, number: usize, kind: Kind) -> Self {
        let mut script = Self {
            pieces: Vec::new(),
            reads: if random.percent(50) {
                Reads::Everything
            } else {
                Reads::Nothing
            },
            span: random.span(SHORTEST..=LONGEST),
            parting: match random.below(8) {
                0 => Parting::IsCut(Cut::Both),
                1 => Parting::IsCut(Cut::ClientIsBlind),
                2 => Parting::IsCut(Cut::ServerIsBlind),
                _ => Parting::Closes,
            },
        };
        kind.write(random, number, &mut script);
        script
    }

    /// Sends this behind the rest, some time later.
    pub(super) fn send(&mut self, later: Duration, bytes: Vec<u8>) {
        let last = self.pieces.last().map_or(Duration::ZERO, |piece| piece.at);
        let at = last + later;
        self.pieces.push(Piece { at, bytes });
    }

    /// Only the first bytes are sent.
    fn cut_at(&mut self, mut left: usize) {
        for piece in &mut self.pieces {
            piece.bytes.truncate(left);
            left -= piece.bytes.len();
        }
    }
}

/// How long hostile clients hold their connections.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn a_seed_has_one_script() {
        for number in 0..100 {
            let script = || Script::new(&mut Random::new(1, Stream::Hostile(number)), number);
            assert_eq!(script(), script());
            assert!(script().span <= LONGEST);
        }
    }

    #[test]
    fn every_kind_has_something_to_send_or_nothing_by_intent() {
        for kind in KINDS {
            let mut random = Random::new(1, Stream::Hostile(0));
            let script = Script::of(&mut random, 7, kind);
            let bytes: usize = script.pieces.iter().map(|piece| piece.bytes.len()).sum();
            assert_eq!(bytes == 0, kind == Kind::Silence, "{kind:?}");
        }
    }

    #[test]
    fn a_script_is_cut_at_any_byte() {
        let mut script = Script::of(&mut Random::new(1, Stream::Hostile(0)), 7, Kind::Silence);
        script.send(Duration::ZERO, b"abc".to_vec());
        script.send(Duration::ZERO, b"def".to_vec());
        script.cut_at(4);
        let sent: Vec<_> = script.pieces.into_iter().map(|piece| piece.bytes).collect();
        assert_eq!(sent, [b"abc".to_vec(), b"d".to_vec()]);
    }
}

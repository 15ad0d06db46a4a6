use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::message::MessageId;
use crate::record::RecordError;

/// Why a [`Store`](crate::Store) did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no space left. Nothing was changed and nothing is lost: the same may work later.
    #[error("no space is left for the store")]
    OutOfSpace,
    /// The system failed. After a failed [`Operation::Write`] or [`Operation::Sync`] it is unknown what is durable: go on
    /// only from what a new start reads.
    #[error("the store failed to {operation}: {}", SystemError(*.code))]
    Io {
        /// At what.
        operation: Operation,
        /// The number that the system gave, if it gave one.
        code: Option<i32>,
    },
    /// What was written is not what is read. Nothing of it was used.
    #[error("the store is damaged at {place}: {damage}")]
    Damaged {
        /// Where.
        place: Place,
        /// How.
        damage: Damage,
    },
    /// A newer version of this software wrote it. Nothing was changed.
    #[error("the store has format {found}; this version reads up to format {supported}")]
    NewerVersion {
        /// The format of the store.
        found: u32,
        /// The newest that is known here.
        supported: u32,
    },
    /// Another process uses it. Nothing was changed.
    #[error("the store is in use by another process")]
    Locked,
    /// A record refers to what does not exist: a mistake of who made the batch. Nothing was changed.
    #[error("record {index} of the batch refers to what is not there")]
    Dangling {
        /// Which record of the batch, counted from 0.
        index: usize,
    },
}

/// Shows the number of a system's error.
struct SystemError(Option<i32>);

impl fmt::Display for SystemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(code) => write!(f, "system error {code}"),
            None => f.write_str("unknown system error"),
        }
    }
}

/// What a store was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Opening or creating what it keeps its data in.
    Open,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Making durable what was written.
    Sync,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open its data",
            Self::Read => "read",
            Self::Write => "write",
            Self::Sync => "make durable what was written",
        })
    }
}

/// A place in a store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// A byte of a file.
    File {
        /// Its path.
        file: String,
        /// Which byte.
        offset: u64,
    },
    /// An entry, by its [key](crate::Record::key).
    Key(Vec<u8>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, offset } => write!(f, "byte {offset} of {file}"),
            Self::Key(key) => write!(f, "the entry \"{}\"", key.escape_ascii()),
        }
    }
}

/// How a store is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// A record cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The checksum is another one.
    #[error("its checksum does not match")]
    Checksum,
    /// What stands there belongs somewhere else.
    #[error("it belongs to another key")]
    Misplaced,
    /// A message that is referred to is gone.
    #[error("message {}.{}.{}, to which it refers, is missing", .0.incarnation, .0.shard, .0.sequence)]
    MissingMessage(MessageId),
    /// Part of a session is there, and the session is not.
    #[error("the session to which it belongs is missing")]
    MissingSession,
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::{Damage, Operation, Place, StoreError};
    use crate::message::MessageId;
    use crate::record::RecordError;

    #[test]
    fn an_error_says_what_an_operator_can_look_for() {
        let damaged = |place, damage| StoreError::Damaged { place, damage };
        let file = Place::File {
            file: String::from("data/1.sst"),
            offset: 4096,
        };
        let id = MessageId {
            incarnation: 1,
            shard: 0,
            sequence: 9,
        };
        let newer = RecordError::NewerVersion {
            found: 2,
            supported: 1,
        };
        let failed = |code| StoreError::Io {
            operation: Operation::Sync,
            code,
        };
        let cases = [
            (
                failed(Some(5)),
                "the store failed to make durable what was written: system error 5",
            ),
            (
                failed(None),
                "the store failed to make durable what was written: unknown system error",
            ),
            (
                damaged(file, Damage::Checksum),
                "the store is damaged at byte 4096 of data/1.sst: its checksum does not match",
            ),
            (
                damaged(Place::Key(b"Sc\0\x01".to_vec()), Damage::Record(newer)),
                "the store is damaged at the entry \"Sc\\x00\\x01\": written in format 2; this version reads up to format 1",
            ),
            (
                damaged(Place::Key(b"Rt".to_vec()), Damage::MissingMessage(id)),
                "the store is damaged at the entry \"Rt\": message 1.0.9, to which it refers, is missing",
            ),
        ];
        for (error, text) in cases {
            assert_eq!(error.to_string(), text);
        }
    }
}

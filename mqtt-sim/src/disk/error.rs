use mqtt_broker_core::{Operation, StoreError};

/// Why a [`Disk`](crate::Disk) did not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    /// ENOSPC. Of an append, nothing or a part is written: see [`FailedAppend`](crate::FailedAppend).
    #[error("no space is left on the disk")]
    OutOfSpace,
    /// EIO.
    #[error("the disk failed to {operation}")]
    Io {
        /// At what.
        operation: Operation,
    },
    /// ENOENT.
    #[error("there is no such file")]
    NotFound,
}

impl From<DiskError> for StoreError {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::OutOfSpace => Self::OutOfSpace,
            DiskError::Io { operation } => Self::Io {
                operation,
                code: Some(EIO),
            },
            DiskError::NotFound => Self::Io {
                operation: Operation::Open,
                code: Some(ENOENT),
            },
        }
    }
}

const EIO: i32 = 5;
const ENOENT: i32 = 2;

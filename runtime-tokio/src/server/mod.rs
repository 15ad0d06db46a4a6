//! The broker on sockets.

mod admission;
mod authenticate;
mod behind_ready;
mod builder;
mod closing;
mod command;
mod connection;
mod descriptors;
mod event;
mod handle;
mod identifiers;
mod limits;
mod listener;
mod local_shard;
mod login;
mod reading;
mod shard;
mod statistics;
mod store_thread;
mod turn;
mod unread;
mod writing;

pub use builder::{ServerBuilder, StartError};
pub use event::{NoConnect, Refusal, ServerEvent};
pub use handle::{Server, ServerEnded};
pub use limits::{ConnectionLimits, Loopback, Rate};
pub use local_shard::LocalShard;
pub use statistics::{AcceptCounters, Statistics};

//! MQTT on tokio.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

mod clock;
mod server;

pub use server::{
    AcceptCounters, ConnectionLimits, LocalShard, Loopback, NoConnect, Rate, Refusal, Server, ServerBuilder,
    ServerEnded, ServerEvent, StartError, Statistics,
};

//! MQTT on tokio.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

mod client;
mod clock;
mod server;

pub use client::{
    Client, ClientEnded, ConnectError, PublishFailed, Publishing, RequestFailed, SubscribeFailed,
    Subscription,
};
pub use server::{
    AcceptCounters, ConnectionLimits, LocalShard, Loopback, NoConnect, Rate, Refusal, Server,
    ServerBuilder, ServerEnded, ServerEvent, StartError, Statistics,
};

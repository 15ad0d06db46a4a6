//! MQTT on tokio: a broker ([`Server`]) and a client ([`Client`]) on real sockets.
//!
//! The protocol lives in `mqtt-broker-core` and `mqtt-session`, which do no I/O. This crate moves their bytes and tells them
//! the time; it holds no rule of the protocol.
//!
//! # A broker and a client
//!
//! ```
//! use std::time::Duration;
//!
//! use mqtt_codec::{QoS, TopicFilterBuf, TopicNameBuf};
//! use mqtt_session::{Message, client::Config};
//! use runtime_tokio::{Client, Server};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! let server = Server::builder().bind("127.0.0.1:0".parse()?).start()?;
//!
//! let client = Client::connect(server.local_addrs()[0], Config::default()).await?;
//! let mut messages = client.subscribe(TopicFilterBuf::new("hello/#")?, QoS::AtMostOnce).await?;
//! client.publish(Message::new(TopicNameBuf::new("hello/world")?, "Hello, world")).await?.await?;
//! assert_eq!(messages.recv().await.ok_or("no message")?.message.payload, "Hello, world");
//!
//! client.disconnect().await;
//! server.shutdown(Duration::from_secs(5)).await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How the server works
//!
//! A worker is a thread with an executor of its own and one shard: a `Broker` with its connections. The task of a connection
//! waits until its socket can be read, and reads it once into the thread's one scratch buffer; the broker takes the bytes
//! from there, and only the incomplete packet at their end is copied. What became dirty is written by one task, which runs
//! behind all tasks that were ready and before the next poll. So under load one poll, a few reads and a few writes move many
//! messages, and a message that comes alone costs one poll, one read and one write and leaves at once.
//!
//! An idle connection is a task of two words, a socket, and what the broker knows of it; it owns no buffer.
//!
//! # What it promises
//!
//! - A [`Server`] handle can be used from any thread and any runtime. [`ServerBuilder::build_local`] gives a shard as a
//!   future instead, for programs with an executor of their own.
//! - All limits of [`ConnectionLimits`] are on by default. Listeners that other machines can reach need clients that say who
//!   they are, or the word [`ServerBuilder::allow_anonymous`].
//! - Every async function says what happens when it is cancelled.
//! - Publishing never waits on the task that reads: a [`Client`] cannot hang itself.
//!
//! # What it leaves out
//!
//! Transports other than TCP, more than one worker, and, in the client, reconnecting and enhanced authentication.
//!
//! # Features
//!
//! None.
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

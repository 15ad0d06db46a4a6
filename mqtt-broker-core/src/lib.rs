//! An MQTT 3.1, 3.1.1 and 5.0 broker as a pure state machine.
//!
//! A [`Broker`] is one shard: links, sessions, subscriptions, retained messages and timers. Bytes, time and commands go in,
//! [`Action`]s come out. It reads no socket, clock, thread or random number, so the same inputs always give the same
//! actions, and a whole deployment can run in virtual time.
//!
//! # The smallest complete program
//!
//! ```
//! use mqtt_broker_core::{Action, Authentication, Broker, Config, Peer};
//! use mqtt_codec::ClientIdBuf;
//! use mqtt_session::Instant;
//! use core::time::Duration;
//!
//! let now = Instant::from_micros(0);
//! let mut broker = Broker::new(Config::default(), [0; 16], now);
//! let link = broker.handle_connected(now, Peer {
//!     address: None,
//!     connect_deadline: now + Duration::from_secs(10),
//!     assigned_client_id: ClientIdBuf::new("assigned-1").unwrap(),
//!     authentication: Authentication::Anonymous,
//! })
//! .unwrap();
//!
//! // CONNECT of 3.1.1 with Clean Session and the Client Identifier `a`.
//! let connect = [0x10, 13, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 60, 0, 1, b'a'];
//! assert_eq!(broker.handle_bytes(now, link, &connect), connect.len());
//!
//! let mut sent = Vec::new();
//! while let Some(action) = broker.poll_action() {
//!     if let Action::Transmit { link } = action {
//!         sent = broker.tx(link).into_iter().flat_map(|tx| tx.segments()).flatten().copied().collect();
//!         broker.handle_written(now, link, sent.len());
//!     }
//! }
//! assert_eq!(sent, [0x20, 2, 0, 0]); // CONNACK: accepted
//! ```
//!
//! # The contract
//!
//! It stands at [`Broker`]. In short: after each input call [`Broker::poll_action`] until `None` and read
//! [`Broker::poll_timeout`]; `now` never goes back; the caller owns the read buffers.
//!
//! # Durability
//!
//! With [`Persistence::Store`] every change that must survive a crash is a [`Record`], handed out in batches by
//! [`Action::Persist`]. What a client may rely on is held until [`Broker::handle_persisted`] says that the batch is durable.
//! A [`Store`] keeps the records; [`Broker::restore`] takes them back. Without a store nothing waits, and nothing else
//! differs.
//!
//! # Features
//!
//! - `std`: `std::error::Error` for the errors of the crates below. The crate itself needs `alloc` only.
//!
//! # What it leaves out
//!
//! Sockets, TLS, files, the time-out and the packet limit before CONNECT (its caller decodes CONNECT first), hashing of
//! passwords (see [`Action::Authenticate`]), and the messages between shards.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod access;
mod action;
mod broker;
mod config;
mod counters;
mod deliver;
mod durable;
mod event;
mod hub;
mod kept_will;
mod link;
mod link_id;
mod links;
mod matching;
mod memory;
mod memory_store;
mod message;
mod outgoing;
mod queue;
pub mod record;
mod refill;
mod retained;
mod session;
mod store;
mod timer;
mod timers;

pub use access::{
    Authentication, AuthenticationOutcome, AuthenticationRequest, EnhancedData, Peer,
};
pub use action::Action;
pub use broker::Broker;
pub use config::{Availability, Config, Overflow, Persistence};
pub use counters::{Cause, Counters, Gauges};
pub use event::Event;
pub use link_id::LinkId;
pub use memory_store::{DelayedStore, MemoryStore};
pub use message::{Message, MessageBuilder, MessageId, Publisher};
pub use record::{KeyChange, Position, Record, RecordError, RecordField, SessionRecord};
pub use store::{
    Damage, Loaded, LoadedSession, LoadedSubscription, Operation, Page, PagedMessage, Place,
    QueueTail, Store, StoreError, compact,
};

//! MQTT sessions as state machines, without I/O: 3.1, 3.1.1 and 5.0, the client's side and the server's.
//!
//! Bytes, time and commands go in; actions come out. There is no socket, no clock, no thread and no randomness in here, so
//! the same code runs on any runtime or board, and every rule of the standard is a deterministic test.
//!
//! - [`ClientSession`] is a client: it connects, publishes, subscribes, keeps the connection alive, and goes on with its
//!   session on the next connection. `examples/blocking.rs` drives it over a plain socket in one loop.
//! - [`ServerSession`] is the other end of one connection, for a server or a test double of your own.
//! - [`Session`] and [`Connection`] are the flows below both: packets in, decoded and borrowed; meaning out; answers into a
//!   [`Tx`], when the caller says so. A broker with a store uses them directly.
//! - [`TxBuffer`], [`PacketIds`], [`KeepAlive`], [`Ping`], [`Authentication`] and [`Capabilities`] are parts that stand
//!   alone.
//!
//! # A complete program
//!
//! A client and a server, connected by nothing but copied bytes:
//!
//! ```
//! use mqtt_codec::{QoS, TopicNameBuf};
//! use mqtt_session::client::{self, ClientSession, Event};
//! use mqtt_session::server::{self, Accept, ServerSession};
//! use mqtt_session::{Instant, Message};
//!
//! let now = Instant::default();
//! let mut client = ClientSession::new(client::Config {
//!     client_id: mqtt_codec::ClientIdBuf::new("me")?,
//!     ..client::Config::default()
//! })?;
//! let mut server = ServerSession::new(server::Config::default());
//! client.handle_connected(now);
//! server.handle_connected(now);
//!
//! let mut received = Vec::new();
//! for _ in 0..10 {
//!     while let Some(action) = client.poll_action() {
//!         if let client::Action::Notify(Event::Connected(_)) = action {
//!             let message = Message::new(TopicNameBuf::new("sensors/door")?, "open");
//!             client.publish(now, Message { qos: QoS::ExactlyOnce, ..message })?;
//!         }
//!     }
//!     let bytes = client.tx().segments().collect::<Vec<_>>().concat();
//!     client.handle_written(now, bytes.len());
//!     server.handle_bytes(now, &bytes);
//!
//!     while let Some(action) = server.poll_action() {
//!         match action {
//!             server::Action::Notify(server::Event::Connect(_)) => server.accept(now, Accept::default())?,
//!             server::Action::Deliver(delivered) => received.push(delivered.message.payload),
//!             _ => {}
//!         }
//!     }
//!     let bytes = server.tx().segments().collect::<Vec<_>>().concat();
//!     server.handle_written(now, bytes.len());
//!     client.handle_bytes(now, &bytes);
//! }
//! assert_eq!(received, ["open"]);
//! assert_eq!(client.in_flight(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The contract
//!
//! Of [`ClientSession`] and [`ServerSession`]; each repeats it with its own names.
//!
//! 1. After an input or a command: `poll_action` until `None`, then read `poll_timeout`. Several inputs before that lose
//!    nothing.
//! 2. `now` never goes back. What must be unpredictable is an argument.
//! 3. The caller owns the read buffer; `handle_bytes` consumes whole packets from its front and says how much. Packets are
//!    encoded straight into `tx`, and that cannot fail.
//! 4. `handle_timeout` may come early, late or twice; after it the next deadline is later than `now`.
//! 5. The same inputs give the same actions.
//! 6. Every queue has a limit. At the limit a command returns an error, and a peer that exceeds what was announced is
//!    disconnected.
//! 7. `Close` comes once, and nothing after it until there is a new connection.
//!
//! # What is kept, and how it moves
//!
//! ```text
//! we publish    QoS 1: AwaitPuback ──PUBACK──▶ done
//!               QoS 2: AwaitPubrec ──PUBREC──▶ AwaitPubcomp ──PUBCOMP──▶ done
//!                      AwaitPubrec ──PUBREC of 0x80 or above──▶ done
//! we receive    QoS 2: (none) ──PUBLISH──▶ unreleased ──PUBREL──▶ (none)
//! ```
//!
//! This is all that outlives a connection, with what is needed to send a PUBLISH again. It has a stable encoding:
//! [`Session::encode_state`], [`SessionState::encode`], [`ClientSession::encode_state`]. The window of the peer's Receive
//! Maximum is derived from it and is never a counter of its own.
//!
//! Where the standard leaves a choice, or the versions differ:
//!
//! - An acknowledgement for nothing that is under way is ignored and counted. One of the wrong kind for what is under way
//!   ends the connection in 5.0; in 3.x, where a peer may send again at any time, it is ignored, too.
//! - What the standard gives to the other side alone is a Protocol Error: a reason code such as PUBACK 0x10 from a client,
//!   DISCONNECT 0x04 from a server, a Server Reference from a client. DISCONNECT 0x8C, which stands in one of its two
//!   tables only, is taken from both sides and sent by neither.
//! - A SUBACK or UNSUBACK for nothing that was asked ends the connection in every version: no server has a reason for one.
//! - A PUBREC for an unknown identifier is answered by PUBREL, and a PUBREL by PUBCOMP, with 0x92 in 5.0, so that the peer
//!   can end its side.
//! - A PUBREL for a message whose PUBREC has not left, since it or one before it is not acknowledged, ends the connection in
//!   every version. Else an identifier could be used again and again, whatever the window.
//! - A PUBREL that is sent again takes a place in the window until its PUBCOMP: who counts it is not overrun.
//! - In 3.x every refusal of a message is an acknowledgement like any other, and the Receive Maximum is not announced.
//! - An error of the peer's ends the connection with DISCONNECT in 5.0. In 3.x, where a client's DISCONNECT drops the Will,
//!   the connection is just closed.
//!
//! # Errors
//!
//! What the peer does wrong is a [`CloseReason`], with a [`DecodeError`](mqtt_codec::DecodeError) or a [`ProtocolError`]
//! that knows the statement it enforces and the reason code for the wire. What the caller cannot have is an error of the
//! command, and nothing is changed then.
//!
//! # Features
//!
//! - `std` turns errors into `std::io::Error`. Without it the crate needs `alloc` alone.
//!
//! # What it leaves out
//!
//! Reconnecting, resubscribing, a queue for messages that are published while there is no connection: that is the work of
//! whoever drives a session. Topic matching, retained messages, shared groups and Wills are a broker's. TLS and WebSocket
//! are below the bytes.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod acknowledged_qos;
mod authentication;
mod capabilities;
mod chunk_pool;
mod close_reason;
mod connection;
mod endpoint;
mod held;
mod instant;
#[cfg(feature = "std")]
mod io_error;
mod keep_alive;
mod message;
mod outbound;
mod packet_id_set;
mod packet_ids;
mod password;
mod protocol_error;
mod publish_outcome;
mod received;
mod session;
mod session_state;
mod topic_aliases;
mod tx;
mod tx_buffer;

pub mod client;
pub mod server;

pub use acknowledged_qos::{AcknowledgedQoS, Transmission};
pub use authentication::{AuthenticateError, Authentication, AuthenticationStep};
pub use capabilities::Capabilities;
pub use chunk_pool::ChunkPool;
pub use client::ClientSession;
pub use close_reason::CloseReason;
pub use connection::{Connection, Negotiated, ProblemInformation, Role};
pub use endpoint::Counters;
pub use instant::Instant;
pub use keep_alive::{KeepAlive, Ping, PingDue};
pub use message::{
    AcknowledgeError, Acknowledgement, Delivered, DeliveryToken, Message, PublishToken,
};
pub use outbound::{OutboundExchange, OutboundIter};
pub use packet_id_set::{PacketIdSet, PacketIdSetIter};
pub use packet_ids::PacketIds;
pub use password::Password;
pub use protocol_error::ProtocolError;
pub use publish_outcome::{AbandonCause, PublishError, PublishOutcome};
pub use received::{Known, Received, ReceivedTopic};
pub use server::ServerSession;
pub use session::{Kept, Refused, Resend, RestoreError, Session, ToResend, check_disconnect};
pub use session_state::SessionState;
pub use tx::{COPY_LIMIT, Tx};
pub use tx_buffer::{Segments, TxBuffer};

/// Everything moves between threads.
const _: () = {
    const fn assert_send<T: Send>() {}
    assert_send::<ClientSession>();
    assert_send::<client::Action>();
    assert_send::<ServerSession>();
    assert_send::<server::Action>();
    assert_send::<SessionState>();
    assert_send::<Session<Message>>();
    assert_send::<Connection>();
    assert_send::<TxBuffer>();
    assert_send::<ChunkPool>();
};

//! MQTT sessions as state machines without I/O.
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
pub use session::{Kept, Refused, Resend, RestoreError, Session, ToResend};
pub use session_state::SessionState;
pub use tx::{COPY_LIMIT, Tx};
pub use tx_buffer::{Segments, TxBuffer};

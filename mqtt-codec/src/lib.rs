//! MQTT 3.1, 3.1.1 and 5.0 on the wire.
//!
//! [`decode`] borrows a [`Packet`] from bytes; the same structs encode themselves. Nothing here does I/O, keeps state,
//! allocates or panics on what a peer sent.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod binary;
mod client_id;
mod decode;
mod decode_error;
mod encode;
mod error;
mod field;
mod fixed_header;
mod limits;
mod list;
mod packet_id;
mod qos;
mod reader;
mod scan;
mod statement;
mod text;
mod topic_filter;
mod topic_name;
mod trace;
mod version;

#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
pub mod annotate;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod packet;
pub mod property;
pub mod reason_code;
pub mod variable_byte_integer;

pub use binary::Binary;
pub use client_id::ClientId;
#[cfg(feature = "alloc")]
pub use client_id::ClientIdBuf;
pub use decode::decode;
pub use decode_error::{DecodeError, ProtocolName};
pub use error::{BinaryTooLong, TextError, TopicFilterError, TopicNameError};
pub use field::Field;
pub use fixed_header::{FixedHeader, fixed_header};
pub use limits::Limits;
pub use packet::{Packet, PacketType};
pub use packet_id::PacketId;
pub use qos::QoS;
pub use reason_code::ReasonCode;
pub use text::Text;
#[cfg(feature = "alloc")]
pub use text::TextBuf;
pub use topic_filter::TopicFilter;
#[cfg(feature = "alloc")]
pub use topic_filter::TopicFilterBuf;
pub use topic_name::TopicName;
#[cfg(feature = "alloc")]
pub use topic_name::TopicNameBuf;
pub use variable_byte_integer::read as variable_byte_integer;
pub use version::Version;

//! MQTT 3.1, 3.1.1 and 5.0 on the wire: packets are borrowed from bytes, and put themselves back into bytes.
//!
//! ```
//! use mqtt_codec::packet::Puback;
//! use mqtt_codec::{Limits, Packet, Version, decode};
//!
//! // What a peer sent: a PUBLISH of QoS 1, and the beginning of a PINGREQ.
//! let received = b"\x32\x09\x00\x01a\x00\x07\x00hi!\xC0";
//! let (version, limits) = (Version::V5_0, Limits::default());
//!
//! let mut rest = &received[..];
//! let mut answers = Vec::new();
//! while let Some((packet, len)) = decode(version, &limits, rest)? {
//!     rest = &rest[len..];
//!     let Packet::Publish(publish) = packet else { continue };
//!     println!("{:?}: {:?}", publish.topic, publish.payload);
//!     if let Some(packet_id) = publish.delivery.packet_id() {
//!         let puback = Puback::success(packet_id);
//!         let at = answers.len();
//!         answers.resize(at + puback.encoded_len(version).ok_or("too large")?, 0);
//!         puback.encode(version, &mut answers[at..]);
//!     }
//! }
//! assert_eq!(rest, [0xC0]);
//! assert_eq!(answers, [0x40, 2, 0, 7]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Contract
//!
//! 1. [`decode`] keeps no state. It looks at the front of what it is given: a packet and its length, or `None` when it
//!    is not whole yet; then only the fixed header was read, so that asking again with more costs next to nothing.
//! 2. One pass checks everything: lengths, reserved bits, UTF-8, topics, properties, lists. What is iterated later, such
//!    as the filters of a SUBSCRIBE, cannot fail any more. Strings, payloads and lists borrow from the input.
//! 3. The rules here are those that a packet can break alone. Which side may send it, when, and how often, is for the
//!    session to say. A [`DecodeError`] knows its [`reason_code`](DecodeError::reason_code) and the
//!    [`statement`](DecodeError::statement) of the standard that was broken.
//! 4. 3.1.1 and 5.0 are taken strictly; 3.1 is taken as its old clients speak it (stray header bits, announced login
//!    fields that are not there).
//! 5. The same structs encode. With a `Some` from `encoded_len` and that much room, `encode` cannot fail. What a version
//!    does not have is left out; what it cannot say at all, such as AUTH in 3.1.1, has no length.
//! 6. Nothing here does I/O, allocates (but for the owned forms), panics on what a peer sent, or takes more than linear
//!    time. A length that a peer claims is never trusted.
//!
//! # Features
//!
//! - `alloc` (default): owned forms such as `TopicNameBuf` and `WillBuf`, and `annotate`.
//! - `bytes`: each packet can be `put` into a `BufMut` of the crate `bytes`.
//! - `std`: a [`DecodeError`] becomes a `std::io::Error`.
//! - `fuzzing`: the bodies of the fuzz targets; no part of the interface.
//!
//! # What it leaves out
//!
//! Sessions, flows and their rules (`mqtt-session`), matching a topic against many filters at once (`mqtt-broker-core`),
//! sockets, TLS and WebSocket.
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
mod output;
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

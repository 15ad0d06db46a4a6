use core::num::NonZeroU16;
use core::time::Duration;

use mqtt_codec::Limits;

use crate::{Acknowledgement, Capabilities};

/// What a server offers to one connection, and its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// From the connection to CONNACK. 10 s.
    pub connect_timeout: Duration,
    /// The largest CONNECT, in bytes. 96 KiB.
    pub connect_packet_size: u32,
    /// The largest packet that we take after that, in bytes with its fixed header. 2 MiB.
    pub maximum_packet_size: u32,
    /// How many messages of QoS 1 and 2 the client may send before one is acknowledged. 1,024. 3.x knows no such limit.
    pub receive_maximum: NonZeroU16,
    /// How many topic aliases the client may use. 16.
    pub topic_alias_maximum: u16,
    /// How many topic aliases we use, as far as the client allows. 0.
    pub outbound_topic_aliases: u16,
    /// What a client may use. All. Who uses more is disconnected.
    pub capabilities: Capabilities,
    /// Who acknowledges messages that come in.
    pub acknowledgement: Acknowledgement,
    /// How many messages of QoS 1 and 2 may be open at once, whatever the client allows. 1,024.
    pub in_flight: NonZeroU16,
    /// How many SUBSCRIBEs and UNSUBSCRIBEs of the client may wait for the caller's answer; who sends more is disconnected.
    /// 64.
    pub requests: usize,
    /// How many bytes may wait to be written. A command is refused beyond; what must be answered to the client may double
    /// it, and then the connection is closed. 1 MiB.
    pub send_buffer: usize,
    /// How many actions may wait for `poll_action` until messages of QoS 0 are dropped, and counted. 65,536. Those of QoS 1
    /// and 2 are limited by `receive_maximum`.
    pub waiting_actions: usize,
}

impl Default for Config {
    fn default() -> Self {
        let window = NonZeroU16::new(1_024).unwrap_or(NonZeroU16::MAX);
        Self {
            connect_timeout: Duration::from_secs(10),
            connect_packet_size: 96 * 1024,
            maximum_packet_size: Limits::default().packet_size,
            receive_maximum: window,
            topic_alias_maximum: 16,
            outbound_topic_aliases: 0,
            capabilities: Capabilities::default(),
            acknowledgement: Acknowledgement::default(),
            in_flight: window,
            requests: 64,
            send_buffer: 1024 * 1024,
            waiting_actions: 65_536,
        }
    }
}

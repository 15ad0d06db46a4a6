use core::num::NonZeroU32;
use core::time::Duration;

use mqtt_broker_core::Config;

/// The limits of a [`Server`](crate::Server) on connections, before and beside those of the broker
/// ([`Config`](mqtt_broker_core::Config)). All are on by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// The largest first packet, in bytes with its fixed header: what somebody who has not logged in may send.
    pub packet_before_login: u32,
    /// The time from the accept to the whole CONNECT and the end of its authentication.
    pub connect_timeout: Duration,
    /// The most connections at a time. `None` means 80 % of the descriptors that the process may have, which is raised to
    /// the hard limit first, with 32 kept for files.
    pub connections: Option<usize>,
    /// The most connections of one address at a time.
    pub per_address: usize,
    /// The most connections that are not logged in, at a time, of all addresses and listeners.
    pub before_login: usize,
    /// The most bytes that are held of packets that have come in part, or that the broker does not take yet, of all
    /// connections together. The connection that brings more is closed with Quota exceeded. It is at least the largest packet.
    /// `None` means a quarter of the broker's `memory_bytes`, and 1 GiB at most.
    pub unread_bytes: Option<usize>,
    /// How fast connections are taken by one listener.
    pub rate: Rate,
    /// How fast connections are taken of one address.
    pub rate_per_address: Rate,
    /// Whether the limits of addresses, of rates and before login hold for connections from this machine.
    pub loopback: Loopback,
    /// How long a connection that we closed is still read, so that the last packet is not lost to a reset.
    pub linger: Duration,
}

/// A number of events in a time, of which some may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many in each second.
    pub per_second: NonZeroU32,
    /// How many at once after a pause.
    pub burst: NonZeroU32,
}

/// Whether connections from this machine have limits of address, of rate and before login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Loopback {
    /// They have none.
    #[default]
    Exempt,
    /// They have the same as all others.
    Limited,
}

impl Rate {
    /// So many in each second, of which `burst` may come at once. A zero counts as one.
    #[must_use]
    pub const fn new(per_second: u32, burst: u32) -> Self {
        Self {
            per_second: at_least_one(per_second),
            burst: at_least_one(burst),
        }
    }
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            packet_before_login: 96 * 1024,
            connect_timeout: Duration::from_secs(10),
            connections: None,
            per_address: 1_000,
            before_login: 1_000,
            unread_bytes: None,
            rate: Rate::new(2_000, 10_000),
            rate_per_address: Rate::new(50, 50),
            loopback: Loopback::Exempt,
            linger: Duration::from_secs(1),
        }
    }
}

impl ConnectionLimits {
    /// The most unread bytes with a broker of these limits.
    pub(crate) fn unread_bytes_with(&self, config: &Config) -> usize {
        let packet = usize::try_from(config.maximum_packet_size).unwrap_or(usize::MAX);
        let bytes = self.unread_bytes;
        bytes
            .unwrap_or_else(|| (config.memory_bytes / 4).min(UNREAD_BYTES))
            .max(packet)
    }
}

/// Whatever the memory is.
const UNREAD_BYTES: usize = 1024 * 1024 * 1024;

const fn at_least_one(n: u32) -> NonZeroU32 {
    match NonZeroU32::new(n) {
        Some(n) => n,
        None => NonZeroU32::MIN,
    }
}

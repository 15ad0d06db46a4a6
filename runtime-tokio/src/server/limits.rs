use core::num::NonZeroU32;
use core::time::Duration;

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
    /// The most connections of one address that are not logged in, at a time.
    pub per_address_before_login: usize,
    /// How fast connections are taken by one listener.
    pub rate: Rate,
    /// How fast connections are taken of one address.
    pub rate_per_address: Rate,
    /// Whether the limits of addresses and rates hold for connections from this machine.
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

/// Whether connections from this machine have limits of address and rate.
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
            per_address_before_login: 1_000,
            rate: Rate::new(2_000, 10_000),
            rate_per_address: Rate::new(50, 50),
            loopback: Loopback::Exempt,
            linger: Duration::from_secs(1),
        }
    }
}

const fn at_least_one(n: u32) -> NonZeroU32 {
    match NonZeroU32::new(n) {
        Some(n) => n,
        None => NonZeroU32::MIN,
    }
}

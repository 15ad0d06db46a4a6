/// What was counted since the start. Plain numbers: programs sum them over the shards and present them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Bytes of packets that were taken from links.
    pub bytes_received: u64,
    /// Bytes that were written to links.
    pub bytes_sent: u64,
    /// Packets of every kind that were taken from links.
    pub packets_received: u64,
    /// PUBLISH packets that were taken from links.
    pub publishes_received: u64,
    /// Packets of every kind that were put into send buffers; an acknowledgement from the moment when only others hold it up.
    pub packets_sent: u64,
    /// PUBLISH packets that were put into send buffers.
    pub publishes_sent: u64,
    /// Connections that were let in.
    pub connections_accepted: u64,
    /// What was refused or dropped, by [`Cause`].
    pub refused: [u64; Cause::COUNT],
}

impl Counters {
    /// How often something was refused or dropped for this cause.
    #[must_use]
    pub fn refused(&self, cause: Cause) -> u64 {
        self.refused.get(cause as usize).copied().unwrap_or(0)
    }

    #[inline]
    pub(crate) fn count_publish_sent(&mut self) {
        self.publishes_sent += 1;
        self.packets_sent += 1;
    }

    pub(crate) fn count(&mut self, cause: Cause) {
        if let Some(count) = self.refused.get_mut(cause as usize) {
            *count += 1;
        }
    }
}

/// Declares the causes with their names.
macro_rules! causes {
    ($($(#[$doc:meta])* $cause:ident = $name:literal,)+) => {
        /// Why something was refused or dropped.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Cause { $($(#[$doc])* $cause,)+ }

        impl Cause {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$cause,)+];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// A name for logs and metrics.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$cause => $name,)+ }
            }
        }
    };
}

causes! {
    /// A QoS 0 message did not fit a link's send buffer.
    SendBufferFull = "send buffer full",
    /// A message did not fit a session's queue.
    QueueFull = "queue full",
    /// A message's lifetime ran out.
    Expired = "expired",
    /// A packet would be above the client's Maximum Packet Size: a message, or an answer, which ends the connection.
    PacketTooLargeForClient = "packet too large for the client",
    /// A Client Identifier is too long.
    ClientIdTooLong = "client identifier too long",
    /// A User Name is too long.
    UserNameTooLong = "user name too long",
    /// A Password is too long.
    PasswordTooLong = "password too long",
    /// A Topic Name is too long or has too many levels.
    TopicName = "topic name",
    /// A Topic Filter is too long or has too many levels.
    TopicFilter = "topic filter",
    /// Too many subscriptions, of a session or in a packet.
    Subscriptions = "subscriptions",
    /// Too many User Properties, or too many bytes of them.
    UserProperties = "user properties",
    /// Too many sessions in all.
    Sessions = "sessions",
    /// Too many sessions of one principal.
    SessionsPerPrincipal = "sessions per principal",
    /// Too many retained messages, or too many bytes of them.
    Retained = "retained messages",
    /// A will is too large.
    Will = "will",
    /// The memory limit.
    Memory = "memory",
    /// A client published where it has no right to.
    NotAuthorized = "not authorized",
    /// Authentication failed.
    Authentication = "authentication",
    /// A session's principal is another one than who connects now.
    Principal = "principal",
}

impl Cause {
    /// The causes for which a message does not reach a subscriber. There may be one for each message, so these are only
    /// counted: no [`Event`](crate::Event) tells of each.
    pub const DROPS: &'static [Self] = &[
        Self::SendBufferFull,
        Self::QueueFull,
        Self::PacketTooLargeForClient,
    ];
}

/// How much there is of everything now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Gauges {
    /// Network connections, let in or not.
    pub links: usize,
    /// Clients that are let in.
    pub connected: usize,
    /// Sessions, connected or not.
    pub sessions: usize,
    /// Subscriptions of all sessions.
    pub subscriptions: usize,
    /// Retained messages, those under `$SYS/` included.
    pub retained_messages: usize,
    /// The memory that is counted, in bytes.
    pub memory_bytes: usize,
}

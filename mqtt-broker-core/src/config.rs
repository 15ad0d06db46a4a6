use core::num::NonZeroU16;
use core::time::Duration;

/// The limits and choices of a [`Broker`](crate::Broker). Every limit is on by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The largest packet taken from a client, in bytes with its fixed header; announced in 5.0.
    pub maximum_packet_size: u32,
    /// The longest Keep Alive, in seconds; in 5.0 a longer one, or 0, becomes this one by Server Keep Alive.
    pub maximum_keep_alive: NonZeroU16,
    /// After how long without a packet a 3.x client with Keep Alive 0 is closed.
    pub idle_limit: Duration,
    /// The longest Client Identifier, in bytes.
    pub client_id_bytes: usize,
    /// The longest User Name, in bytes.
    pub user_name_bytes: usize,
    /// The longest Password, in bytes.
    pub password_bytes: usize,
    /// The longest Topic Name or Topic Filter, in bytes.
    pub topic_bytes: usize,
    /// The most levels of a Topic Name or Topic Filter.
    pub topic_levels: usize,
    /// The most subscriptions of a session.
    pub subscriptions_per_session: usize,
    /// The most Topic Filters of a SUBSCRIBE.
    pub filters_per_packet: usize,
    /// The most User Properties of a packet.
    pub user_properties: usize,
    /// The most bytes of all names and values of a packet's User Properties.
    pub user_property_bytes: usize,
    /// The Topic Alias Maximum announced to 5.0 clients.
    pub topic_alias_maximum: u16,
    /// The Receive Maximum announced to 5.0 clients.
    pub receive_maximum: u16,
    /// The most unacknowledged PUBLISH to a 5.0 client, whatever its Receive Maximum.
    pub send_maximum: u16,
    /// The most unacknowledged PUBLISH to a 3.x client.
    pub send_maximum_v3: u16,
    /// The most messages in a session's queue, those in flight not counted.
    pub queue_messages: usize,
    /// The most bytes of topic and payload in a session's queue.
    pub queue_bytes: usize,
    /// What a full queue does.
    pub overflow: Overflow,
    /// How many messages at the head of an offline queue stay in memory; the rest is paged in from the store.
    pub queue_head_messages: usize,
    /// The bound of a link's send buffer, in bytes: a packet is admitted when it is empty or below.
    pub send_buffer: usize,
    /// After how long without progress of a non-empty send buffer a link is closed.
    pub stall_limit: Duration,
    /// The bytes of a link that are handled in one turn.
    pub turn_bytes: usize,
    /// The longest Session Expiry Interval, in seconds; 3.x sessions with Clean Session 0 have this one.
    pub maximum_session_expiry: u32,
    /// The most sessions.
    pub sessions: usize,
    /// The most sessions of a principal; anonymous clients have no such limit.
    pub sessions_per_principal: usize,
    /// The most retained messages, those under `$SYS/` not counted.
    pub retained_messages: usize,
    /// The most bytes of topic and payload of all retained messages.
    pub retained_bytes: usize,
    /// The most retained messages that are sent for a SUBSCRIBE in one turn, and wills in one turn.
    pub slice: usize,
    /// The largest will: topic and payload, in bytes.
    pub will_bytes: usize,
    /// The memory that the core may count, in bytes: new sessions are refused at 80 % of it, retained messages at 90 %,
    /// publishes at 100 %.
    pub memory_bytes: usize,
    /// Whether a restart loses what was acknowledged.
    pub persistence: Persistence,
    /// The most bytes of records that wait to become durable; beyond it publishers are not read.
    pub persist_backlog: usize,
    /// Whether clients may subscribe to `$share/…`.
    pub shared_subscriptions: Availability,
    /// Response Information for clients that ask for it; empty means none.
    pub response_information: alloc::string::String,
    /// How many topics the cache of match results holds.
    pub match_cache_topics: usize,
    /// How many subscribers of all those topics together the cache of match results holds.
    pub match_cache_targets: usize,
}

/// What a full queue does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Overflow {
    /// The new message is dropped for that session.
    #[default]
    DropNewest,
    /// The oldest waiting message of that session is dropped.
    DropOldest,
}

/// Whether the broker hands out records and waits for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Persistence {
    /// No records; nothing is held.
    #[default]
    None,
    /// `Action::Persist`; acknowledgements wait for `handle_persisted`.
    Store,
}

/// Whether the server has a capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Availability {
    /// It has.
    #[default]
    Available,
    /// It has not, and says so in CONNACK.
    Unavailable,
}

impl Default for Config {
    fn default() -> Self {
        const KIB: usize = 1024;
        const MIB: usize = 1024 * KIB;
        Self {
            maximum_packet_size: 2 * 1024 * 1024,
            maximum_keep_alive: const { NonZeroU16::new(1_200).unwrap() },
            idle_limit: Duration::from_secs(24 * 60 * 60),
            client_id_bytes: 256,
            user_name_bytes: 256,
            password_bytes: 8_192,
            topic_bytes: 4_096,
            topic_levels: 128,
            subscriptions_per_session: 10_000,
            filters_per_packet: 100,
            user_properties: 64,
            user_property_bytes: 16 * KIB,
            topic_alias_maximum: 16,
            receive_maximum: 1_024,
            send_maximum: 1_024,
            send_maximum_v3: 128,
            queue_messages: 10_000,
            queue_bytes: 16 * MIB,
            overflow: Overflow::DropNewest,
            queue_head_messages: 1_000,
            send_buffer: MIB,
            stall_limit: Duration::from_secs(30),
            turn_bytes: 256 * KIB,
            maximum_session_expiry: 7 * 24 * 60 * 60,
            sessions: 100_000,
            sessions_per_principal: 1_000,
            retained_messages: 100_000,
            retained_bytes: 256 * MIB,
            slice: 256,
            will_bytes: 64 * KIB,
            memory_bytes: usize::MAX,
            persistence: Persistence::None,
            persist_backlog: 16 * MIB,
            shared_subscriptions: Availability::Available,
            response_information: alloc::string::String::new(),
            match_cache_topics: 16_384,
            match_cache_targets: 1_000_000,
        }
    }
}

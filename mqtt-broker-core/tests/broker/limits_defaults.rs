//! The limits that hold when nobody sets any.
#![allow(
    clippy::std_instead_of_core,
    reason = "the helpers of a test may what the test may"
)]

use std::num::NonZeroU16;
use std::time::Duration;

use mqtt_broker_core::{Availability, Config, Overflow, Persistence};

/// The table of defaults, number by number. What is changed here changes what operators were told.
#[test]
fn every_limit_is_on_by_default_with_the_number_of_the_table() {
    const KIB: usize = 1024;
    const MIB: usize = 1024 * KIB;
    let table = Config {
        maximum_packet_size: 2 * 1024 * 1024,
        maximum_keep_alive: NonZeroU16::new(1_200).unwrap(),
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
        // The program knows the machine: 75 % of what it may use.
        memory_bytes: usize::MAX,
        persistence: Persistence::None,
        persist_backlog: 16 * MIB,
        shared_subscriptions: Availability::Available,
        response_information: String::new(),
        match_cache_topics: 16_384,
        match_cache_targets: 1_000_000,
    };
    assert_eq!(Config::default(), table);
}

//! The broker in virtual time: a file for each section of the standard or each theme, in one binary.

mod harness;
#[path = "../../../mqtt-codec/tests/standard/tables/mod.rs"]
mod tables;

mod authentication;
mod connect;
mod connection_rules;
mod durability_acknowledgements;
mod durability_connect;
mod durability_exactly_once;
mod durability_order;
mod durability_paging;
mod durability_restart;
mod durability_restored;
mod durability_same_state;
mod fairness;
mod first_message;
mod flow_control;
mod forward;
mod invariants;
mod limits_connect;
mod limits_defaults;
mod limits_keep_alive;
mod limits_memory;
mod limits_packets;
mod limits_queues;
mod limits_retained;
mod limits_topics;
mod numbers;
mod principals;
mod property_forwarding;
mod property_rules;
mod property_tables;
mod qos_delivery;
mod reason_codes;
mod reauthentication;
mod retain;
mod session_state;
mod shared;
mod shared_group_identity;
mod shutdown;
mod slow_consumers;
mod subscribe;
mod topics;
mod wills;

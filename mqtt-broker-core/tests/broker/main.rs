//! The broker in virtual time: a file for each section of the standard or each theme, in one binary.

mod harness;

mod authentication;
mod connect;
mod connection_rules;
mod durability_acknowledgements;
mod durability_connect;
mod durability_exactly_once;
mod durability_order;
mod durability_paging;
mod durability_restart;
mod durability_same_state;
mod fairness;
mod first_message;
mod flow_control;
mod forward;
mod invariants;
mod limits_connect;
mod limits_defaults;
mod limits_memory;
mod limits_packets;
mod limits_queues;
mod limits_retained;
mod limits_topics;
mod principals;
mod qos_delivery;
mod reauthentication;
mod retain;
mod session_state;
mod shared;
mod shared_group_identity;
mod slow_consumers;
mod subscribe;
mod time_keep_alive;
mod topics;
mod wills;

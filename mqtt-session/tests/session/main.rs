//! Sessions in virtual time: a file for each section of the standard or each theme, in one binary.

mod support;
#[path = "../../../mqtt-codec/tests/standard/tables/mod.rs"]
mod tables;

mod acknowledgement_order;
mod authentication;
mod authentication_turns;
mod client_identifier;
mod client_packet_sizes;
mod client_windows;
mod connack;
mod connect;
mod connect_actions;
mod connect_properties;
mod contract;
mod cut_exchange;
mod delivery_retry;
mod disconnect;
mod errors;
mod flow_control;
mod keep_alive;
mod late_acknowledgement;
mod limits;
mod lossy_network;
mod malformed_packets;
mod message_ordering;
mod packet_identifier;
mod pingreq;
mod properties;
mod property_defaults;
mod property_rules;
mod property_tables;
mod qos_delivery;
mod qos_receiving;
mod reason_codes;
mod reason_strings;
mod server_capabilities;
mod session_expiry;
mod session_layer;
mod session_lifetime;
mod session_present;
mod session_state;
mod subscribe;
mod time;
mod topic_alias;
mod version_3_1;

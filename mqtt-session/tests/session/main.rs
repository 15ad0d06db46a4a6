//! Sessions in virtual time: a file for each section of the standard or each theme, in one binary.

mod support;

mod authentication;
mod clean_session;
mod client_identifier;
mod connack;
mod connect;
mod connect_actions;
mod connect_properties;
mod contract;
mod delivery_retry;
mod disconnect;
mod errors;
mod flow_control;
mod keep_alive;
mod limits;
mod lossy_network;
mod message_ordering;
mod packet_identifier;
mod properties;
mod qos_delivery;
mod qos_receiving;
mod reason_strings;
mod server_capabilities;
mod session_present;
mod session_state;
mod subscribe;
mod topic_alias;

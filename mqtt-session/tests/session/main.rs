//! Sessions in virtual time: a file for each section of the standard or each theme, in one binary.

mod support;

mod acknowledgements;
mod authentication;
mod client_identifier;
mod client_states;
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
mod malformed;
mod message_ordering;
mod overrun;
mod packet_identifier;
mod packet_size;
mod properties;
mod qos_delivery;
mod qos_receiving;
mod reason_strings;
mod received_identifiers;
mod request_answers;
mod server_capabilities;
mod server_states;
mod session_present;
mod session_state;
mod subscribe;
mod topic_alias;

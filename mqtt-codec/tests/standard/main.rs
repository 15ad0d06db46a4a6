//! The codec against the standard, in one binary: a file for each section, and for each packet one with what is malformed.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod harness;
mod tables;

mod annotations;
mod malformed_auth;
mod malformed_connack;
mod malformed_connect;
mod malformed_disconnect;
mod malformed_fixed_header;
mod malformed_ping;
mod malformed_puback;
mod malformed_pubcomp;
mod malformed_publish;
mod malformed_pubrec;
mod malformed_pubrel;
mod malformed_suback;
mod malformed_subscribe;
mod malformed_unsuback;
mod malformed_unsubscribe;
mod section_1_5_5_lengths;
mod section_1_5_data_representation;
mod section_2_1_fixed_header;
mod section_2_2_2_properties;
mod section_2_2_2_property_length;
mod section_2_2_variable_header;
mod section_2_4_reason_codes;
mod section_3_14_disconnect;
mod section_3_1_2_login_flags;
mod section_3_1_2_will_flags;
mod section_3_1_connect;
mod section_3_2_connack;
mod section_3_3_publish;
mod section_3_4_acknowledgements;
mod section_3_8_subscribe;
mod section_4_7_topics;

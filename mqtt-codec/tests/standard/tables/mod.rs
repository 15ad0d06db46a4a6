//! The tables of MQTT 5.0 in `docs/standard`, as tests use them: what may stand where, what breaks the rule, and what is
//! said of it. A cell that is not understood fails every test that reads its table.
//!
//! The tests of `mqtt-session` and of `mqtt-broker-core` have this module too.

#![allow(
    dead_code,
    unused_imports,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "each test program uses its part, and fails by panicking"
)]

mod breach;
mod csv;
mod malformed;
mod place;
mod property;
mod reason_code;
mod rule;
mod wire_type;

pub(crate) use breach::{Breach, General, Violation};
pub(crate) use malformed::{Malformed, malformed};
pub(crate) use place::{Place, Sender};
pub(crate) use property::{Property, general, properties, properties_table, property};
pub(crate) use reason_code::{CODED, Coded, reason_codes};
pub(crate) use rule::Rule;
pub(crate) use wire_type::WireType;

/// The clauses of the properties' table that have a meaning here.
pub(crate) fn known_clauses() -> impl Iterator<Item = &'static str> {
    let rules = rule::RULES.iter().map(|(clause, _)| *clause);
    rules.chain(breach::BREACHES.iter().map(|(clause, _)| *clause))
}

/// An encoded packet of this first byte and body, which fits a Remaining Length of three bytes.
pub(crate) fn framed(first: u8, body: &[u8]) -> Vec<u8> {
    [vec![first], sized(body)].concat()
}

/// Bytes behind their length as a Variable Byte Integer.
pub(crate) fn sized(bytes: &[u8]) -> Vec<u8> {
    [
        wire_type::variable(u32::try_from(bytes.len()).unwrap()),
        bytes.to_vec(),
    ]
    .concat()
}

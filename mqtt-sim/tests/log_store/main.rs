//! What is durable in a log when a run ends, wherever it ends.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

mod crashes;
mod damage;
mod faults;
mod runs;
mod script;

//! The checks of the wire beside a real broker: whatever its clients, its clock and its crashes do, they have nothing to say.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    clippy::large_enum_variant,
    reason = "a test world"
)]

extern crate alloc;

mod world;

use mqtt_broker_core::Persistence;

use world::World;

#[test]
fn a_broker_keeps_the_rules_of_the_wire_whatever_its_clients_do() {
    for seed in 0..40 {
        for persistence in [Persistence::Store, Persistence::None] {
            let mut world = World::new(seed, persistence);
            for _ in 0..1_500 {
                world.step();
            }
            world.come_to_rest();
        }
    }
}

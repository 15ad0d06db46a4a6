//! The codec and its peers on the same packets. `instructions` counts, `codec` measures time; both run what is here.
//!
//! Each peer decodes the same bytes in its own way, from the buffer type that it asks for, into its own packet, which is
//! then dropped; what it encodes is what it decoded. Filling a buffer that a peer consumes is not counted. Ours encodes
//! packets that were built from the caller's slices, which is dearer than passing on what was decoded.

mod mqtt_protocol_core_peer;
mod mqttbytes_peer;
mod mqttrs_peer;
mod ours;
pub mod packets;
mod rumqttc_peer;

/// Runs or counts what it is given.
pub trait Harness {
    /// `run` on one `setup` after the other; only `run` is measured.
    fn bench<I>(
        &mut self,
        case: Case,
        peer: &'static str,
        setup: impl FnMut() -> I,
        run: impl FnMut(&mut I),
    );
}

/// One column of the table: what is done with which packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    pub action: Action,
    pub packet: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Decode,
    /// Decode and look at each item of the packet's list: ours borrows it, the peers have copied it while decoding.
    Walk,
    Encode,
}

impl core::fmt::Display for Case {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let action = match self.action {
            Action::Decode => "decode",
            Action::Walk => "decode and walk",
            Action::Encode => "encode",
        };
        write!(f, "{action} {}", self.packet)
    }
}

/// Everything, packet by packet.
pub fn all(harness: &mut impl Harness) {
    ours::all(harness);
    mqttrs_peer::all(harness);
    mqttbytes_peer::all(harness);
    mqtt_protocol_core_peer::all(harness);
    rumqttc_peer::all(harness);
}

pub(crate) fn decode(packet: &'static str) -> Case {
    Case {
        action: Action::Decode,
        packet,
    }
}

pub(crate) fn walk(packet: &'static str) -> Case {
    Case {
        action: Action::Walk,
        packet,
    }
}

pub(crate) fn encode(packet: &'static str) -> Case {
    Case {
        action: Action::Encode,
        packet,
    }
}

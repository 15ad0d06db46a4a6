/// A version of the protocol.
///
/// Where versions differ, they differ by the methods of this type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// MQTT 3.1: protocol name `MQIsdp`, level 3.
    V3_1,
    /// MQTT 3.1.1: protocol name `MQTT`, level 4.
    V3_1_1,
    /// MQTT 5.0: protocol name `MQTT`, version 5.
    V5_0,
}

impl Version {
    /// The Protocol Name field of CONNECT. Standard: MQTT 5.0 §3.1.2.1.
    #[must_use]
    pub const fn protocol_name(self) -> &'static str {
        match self {
            Self::V3_1 => "MQIsdp",
            Self::V3_1_1 | Self::V5_0 => "MQTT",
        }
    }

    /// The Protocol Version (in 3.x: Protocol Level) byte of CONNECT. Standard: MQTT 5.0 §3.1.2.2.
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            Self::V3_1 => 3,
            Self::V3_1_1 => 4,
            Self::V5_0 => 5,
        }
    }

    /// Whether packets carry properties and reason codes: true for 5.0.
    #[must_use]
    pub const fn has_properties(self) -> bool {
        matches!(self, Self::V5_0)
    }
}

impl core::fmt::Display for Version {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::V3_1 => "3.1",
            Self::V3_1_1 => "3.1.1",
            Self::V5_0 => "5.0",
        })
    }
}

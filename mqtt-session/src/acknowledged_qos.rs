use mqtt_codec::packet::Delivery;
use mqtt_codec::{PacketId, QoS};

/// A QoS with acknowledgements: 1 or 2. Standard: MQTT 5.0 §4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AcknowledgedQoS {
    /// QoS 1, acknowledged by PUBACK.
    AtLeastOnce,
    /// QoS 2, acknowledged by PUBREC, PUBREL and PUBCOMP.
    ExactlyOnce,
}

impl AcknowledgedQoS {
    /// `None` for QoS 0.
    #[must_use]
    #[inline]
    pub const fn new(qos: QoS) -> Option<Self> {
        match qos {
            QoS::AtMostOnce => None,
            QoS::AtLeastOnce => Some(Self::AtLeastOnce),
            QoS::ExactlyOnce => Some(Self::ExactlyOnce),
        }
    }

    /// The part of a PUBLISH that says it.
    #[must_use]
    #[inline]
    pub const fn delivery(self, packet_id: PacketId, transmission: Transmission) -> Delivery {
        let dup = matches!(transmission, Transmission::Again);
        match self {
            Self::AtLeastOnce => Delivery::AtLeastOnce { packet_id, dup },
            Self::ExactlyOnce => Delivery::ExactlyOnce { packet_id, dup },
        }
    }
}

impl From<AcknowledgedQoS> for QoS {
    #[inline]
    fn from(qos: AcknowledgedQoS) -> Self {
        match qos {
            AcknowledgedQoS::AtLeastOnce => Self::AtLeastOnce,
            AcknowledgedQoS::ExactlyOnce => Self::ExactlyOnce,
        }
    }
}

/// Whether a PUBLISH is sent for the first time: the DUP flag. Standard: MQTT 5.0 §3.3.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transmission {
    /// DUP 0 [MQTT-4.3.2-2] [MQTT-4.3.3-2].
    First,
    /// DUP 1 [MQTT-3.3.1-1].
    Again,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_every_qos_but_0() {
        assert_eq!(AcknowledgedQoS::new(QoS::AtMostOnce), None);
        for qos in [AcknowledgedQoS::AtLeastOnce, AcknowledgedQoS::ExactlyOnce] {
            assert_eq!(AcknowledgedQoS::new(qos.into()), Some(qos));
        }
    }
}

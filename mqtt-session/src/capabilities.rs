use mqtt_codec::QoS;
use mqtt_codec::packet::{Connack, Subscribe};

use crate::ProtocolError;

/// What a server offers, as CONNACK says it. Standard: MQTT 5.0 §3.2.2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Capabilities {
    /// The highest QoS of a PUBLISH that it takes.
    pub maximum_qos: QoS,
    /// Whether it keeps retained messages.
    pub retain: bool,
    /// Whether a Topic Filter may have wildcards.
    pub wildcard_subscriptions: bool,
    /// Whether a SUBSCRIBE may have an identifier.
    pub subscription_identifiers: bool,
    /// Whether there are shared subscriptions.
    pub shared_subscriptions: bool,
}

impl Default for Capabilities {
    /// All, as when CONNACK says nothing.
    fn default() -> Self {
        Self {
            maximum_qos: QoS::ExactlyOnce,
            retain: true,
            wildcard_subscriptions: true,
            subscription_identifiers: true,
            shared_subscriptions: true,
        }
    }
}

impl Capabilities {
    /// What a CONNACK says.
    #[must_use]
    pub fn of(connack: &Connack<'_>) -> Self {
        let properties = &connack.properties;
        Self {
            maximum_qos: properties.maximum_qos.unwrap_or(QoS::ExactlyOnce),
            retain: properties.retain_available.unwrap_or(true),
            wildcard_subscriptions: properties.wildcard_subscription_available.unwrap_or(true),
            subscription_identifiers: properties.subscription_identifier_available.unwrap_or(true),
            shared_subscriptions: properties.shared_subscription_available.unwrap_or(true),
        }
    }

    /// Writes them into a CONNACK; what is offered is left out, since absence says so.
    pub fn put(&self, connack: &mut Connack<'_>) {
        let properties = &mut connack.properties;
        properties.maximum_qos = (self.maximum_qos < QoS::ExactlyOnce).then_some(self.maximum_qos);
        properties.retain_available = (!self.retain).then_some(false);
        properties.wildcard_subscription_available =
            (!self.wildcard_subscriptions).then_some(false);
        properties.subscription_identifier_available =
            (!self.subscription_identifiers).then_some(false);
        properties.shared_subscription_available = (!self.shared_subscriptions).then_some(false);
    }

    /// Whether a server that offers this takes a PUBLISH.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::QoSNotSupported`] [MQTT-3.2.2-11], [`ProtocolError::RetainNotSupported`] [MQTT-3.2.2-14].
    #[inline]
    pub fn check_publish(&self, qos: QoS, retain: bool) -> Result<(), ProtocolError> {
        if qos > self.maximum_qos {
            return Err(ProtocolError::QoSNotSupported);
        }
        if retain && !self.retain {
            return Err(ProtocolError::RetainNotSupported);
        }
        Ok(())
    }

    /// Whether a server that offers this takes a SUBSCRIBE.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::SharedSubscriptionsNotSupported`], [`ProtocolError::WildcardSubscriptionsNotSupported`],
    /// [`ProtocolError::SubscriptionIdentifiersNotSupported`].
    pub fn check_subscribe(&self, subscribe: &Subscribe<'_>) -> Result<(), ProtocolError> {
        if subscribe.properties.subscription_identifier.is_some() && !self.subscription_identifiers
        {
            return Err(ProtocolError::SubscriptionIdentifiersNotSupported);
        }
        for subscription in subscribe.subscriptions.iter() {
            let shared = subscription.filter.shared();
            if shared.is_some() && !self.shared_subscriptions {
                return Err(ProtocolError::SharedSubscriptionsNotSupported);
            }
            if subscription.filter.has_wildcard() && !self.wildcard_subscriptions {
                return Err(ProtocolError::WildcardSubscriptionsNotSupported);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mqtt_codec::packet::ConnackProperties;
    use mqtt_codec::reason_code::ConnectReasonCode;

    use super::*;

    #[test]
    fn what_is_offered_is_not_said() {
        let none = Capabilities {
            maximum_qos: QoS::AtMostOnce,
            retain: false,
            wildcard_subscriptions: false,
            subscription_identifiers: false,
            shared_subscriptions: false,
        };
        for capabilities in [Capabilities::default(), none] {
            let said = said(&capabilities);
            assert_eq!(Capabilities::of(&said), capabilities);
            let is_silent = said.properties == ConnackProperties::default();
            assert_eq!(is_silent, capabilities == Capabilities::default());
        }
    }

    fn said(capabilities: &Capabilities) -> Connack<'static> {
        let mut connack = Connack {
            session_present: false,
            reason_code: ConnectReasonCode::Success,
            properties: ConnackProperties::default(),
        };
        capabilities.put(&mut connack);
        connack
    }
}

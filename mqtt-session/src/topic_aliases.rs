use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use mqtt_codec::packet::PublishTopic;
use mqtt_codec::property::TopicAlias;
use mqtt_codec::{TopicName, TopicNameBuf};

use crate::ProtocolError;
use crate::received::ReceivedTopic;

/// The aliases that the peer has given on this connection. Standard: MQTT 5.0 §3.3.2.3.4.
#[derive(Clone, Debug, Default)]
pub(crate) struct InboundAliases {
    /// Filled as they come; never sized by a number that the peer says.
    topics: BTreeMap<TopicAlias, TopicNameBuf>,
}

impl InboundAliases {
    pub(crate) const fn new() -> Self {
        Self {
            topics: BTreeMap::new(),
        }
    }

    /// The topic of a PUBLISH that has an alias.
    pub(crate) fn resolve<'a>(
        &mut self,
        topic: PublishTopic<'a>,
        maximum: u16,
    ) -> Result<ReceivedTopic<'a>, ProtocolError> {
        match topic {
            PublishTopic::Name(name) => Ok(ReceivedTopic::Name(name)),
            PublishTopic::Both(name, alias) => {
                check(alias, maximum)?;
                self.topics.insert(alias, name.into());
                Ok(ReceivedTopic::Name(name))
            }
            PublishTopic::Alias(alias) => {
                check(alias, maximum)?;
                match self.topics.get(&alias) {
                    Some(name) => Ok(ReceivedTopic::Alias(name.clone())),
                    None => Err(ProtocolError::UnknownTopicAlias { alias }),
                }
            }
        }
    }
}

/// [MQTT-3.3.2-9] [MQTT-3.3.2-11]: an alias never exceeds the maximum of its receiver.
fn check(alias: TopicAlias, maximum: u16) -> Result<(), ProtocolError> {
    if alias.get() > maximum {
        Err(ProtocolError::TopicAliasInvalid { alias, maximum })
    } else {
        Ok(())
    }
}

/// The aliases that we have given on this connection: the topics that were used lately.
#[derive(Clone, Debug)]
pub(crate) struct OutboundAliases {
    maximum: u16,
    by_topic: BTreeMap<TopicNameBuf, TopicAlias>,
    /// By alias, from 1.
    slots: Vec<Slot>,
    /// Where the search for an alias to be given away goes on.
    hand: usize,
}

#[derive(Clone, Debug)]
struct Slot {
    topic: TopicNameBuf,
    /// Since the hand passed.
    used: bool,
}

/// How the topic of a PUBLISH goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AliasUse {
    /// With its name alone.
    None,
    /// With its alias alone.
    Known(TopicAlias),
    /// With both. It counts from [`OutboundAliases::establish`] on.
    New(TopicAlias),
}

impl AliasUse {
    pub(crate) fn topic<'a>(&self, name: TopicName<'a>) -> PublishTopic<'a> {
        match self {
            Self::None => PublishTopic::Name(name),
            Self::Known(alias) => PublishTopic::Alias(*alias),
            Self::New(alias) => PublishTopic::Both(name, *alias),
        }
    }
}

impl OutboundAliases {
    /// `None` when the peer or the caller wants none [MQTT-3.1.2-27] [MQTT-3.2.2-18].
    pub(crate) fn new(maximum: u16) -> Option<Box<Self>> {
        let aliases = Self {
            maximum,
            by_topic: BTreeMap::new(),
            slots: Vec::new(),
            hand: 0,
        };
        (maximum > 0).then(|| Box::new(aliases))
    }

    /// Which alias to use for a topic. Nothing changes until `establish` says that it was sent.
    pub(crate) fn choose(&mut self, topic: &TopicNameBuf) -> AliasUse {
        if let Some(&alias) = self.by_topic.get(topic) {
            if let Some(slot) = self.slots.get_mut(usize::from(alias.get()) - 1) {
                slot.used = true;
            }
            return AliasUse::Known(alias);
        }
        let at = if self.slots.len() < usize::from(self.maximum) {
            self.slots.len()
        } else {
            self.victim()
        };
        let alias = u16::try_from(at + 1).ok().and_then(TopicAlias::new);
        alias.map_or(AliasUse::None, AliasUse::New)
    }

    /// A PUBLISH with this alias and topic was written.
    pub(crate) fn establish(&mut self, alias: TopicAlias, topic: &TopicNameBuf) {
        let slot = Slot {
            topic: topic.clone(),
            used: false,
        };
        let at = usize::from(alias.get()) - 1;
        if let Some(old) = self.slots.get_mut(at) {
            self.by_topic.remove(&old.topic);
            *old = slot;
        } else {
            self.slots.push(slot);
        }
        self.by_topic.insert(topic.clone(), alias);
    }

    /// The next slot that was not used since the hand last passed.
    fn victim(&mut self) -> usize {
        loop {
            let at = self.hand;
            self.hand = (at + 1) % self.slots.len().max(1);
            match self.slots.get_mut(at) {
                Some(slot) if slot.used => slot.used = false,
                Some(_) | None => return at,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str) -> TopicNameBuf {
        TopicNameBuf::new(name).unwrap()
    }

    fn publish(aliases: &mut OutboundAliases, name: &str) -> AliasUse {
        let topic = topic(name);
        let chosen = aliases.choose(&topic);
        if let AliasUse::New(alias) = chosen {
            aliases.establish(alias, &topic);
        }
        chosen
    }

    #[test]
    fn a_topic_in_use_keeps_its_alias_and_an_idle_one_loses_it() {
        let alias = |value| TopicAlias::new(value).unwrap();
        let mut aliases = OutboundAliases::new(2).unwrap();
        assert_eq!(publish(&mut aliases, "a"), AliasUse::New(alias(1)));
        assert_eq!(publish(&mut aliases, "a"), AliasUse::Known(alias(1)));
        assert_eq!(publish(&mut aliases, "b"), AliasUse::New(alias(2)));
        assert_eq!(publish(&mut aliases, "c"), AliasUse::New(alias(2)));
        assert_eq!(publish(&mut aliases, "a"), AliasUse::Known(alias(1)));
        assert_eq!(publish(&mut aliases, "b"), AliasUse::New(alias(2)));
        assert_eq!(aliases.by_topic.len(), 2);
    }

    #[test]
    fn an_alias_that_was_not_sent_is_not_established() {
        let mut aliases = OutboundAliases::new(1).unwrap();
        assert!(matches!(aliases.choose(&topic("a")), AliasUse::New(_)));
        assert!(matches!(aliases.choose(&topic("a")), AliasUse::New(_)));
        assert!(OutboundAliases::new(0).is_none());
    }
}

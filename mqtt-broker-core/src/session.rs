//! What the broker keeps of a client from one connection to the next.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use mqtt_codec::property::SubscriptionIdentifier;
use mqtt_codec::{ClientIdBuf, PacketId, QoS, TextBuf, TopicFilterBuf, Version};
use mqtt_session::{Instant, Session};

use crate::kept_will::KeptWill;
use crate::link_id::LinkId;
use crate::matching::{FilterKey, SessionKey};
use crate::message::Publisher;
use crate::queue::{Queue, Queued};
use crate::retained::ReplayCursor;

/// A session of the broker. Standard: MQTT 5.0 §4.1.
#[derive(Debug)]
pub(crate) struct BrokerSession {
    pub(crate) client_id: ClientIdBuf,
    /// The connection that it is on, from the moment it was let in.
    pub(crate) link: Option<LinkId>,
    pub(crate) version: Version,
    /// What is in flight, both ways.
    pub(crate) flows: Session<Queued>,
    pub(crate) queue: Queue,
    /// Sorted.
    pub(crate) subscriptions: Vec<FilterKey>,
    /// Seconds; `u32::MAX` means never.
    pub(crate) expiry_interval: u32,
    pub(crate) disconnected_at: Option<Instant>,
    /// Whether the store has it. One that was resumed with an expiry of 0 is there until it ends, so that its queue is.
    pub(crate) is_stored: bool,
    /// Who created it; `None` is anonymous.
    pub(crate) principal: Option<TextBuf>,
    pub(crate) will: Option<KeptWill>,
    /// What only few sessions have.
    pub(crate) rare: Option<Box<Rare>>,
    pub(crate) next_sequence: u64,
    /// Rises with each connection and each end of one: a timer of an earlier one is stale.
    pub(crate) epoch: u32,
}

/// What only few sessions have at a time.
#[derive(Debug, Default)]
pub(crate) struct Rare {
    /// Retained messages that are still to be sent.
    pub(crate) replays: VecDeque<Replay>,
    /// QoS 2 exchanges whose PUBLISH became durable while the send buffer was full.
    pub(crate) unsent: VecDeque<PacketId>,
    /// The places in the queue of what waits for PUBCOMP, for the store.
    pub(crate) releasing: VecDeque<(PacketId, u64)>,
}

/// The retained messages of one subscription that are still to be sent.
#[derive(Debug)]
pub(crate) struct Replay {
    pub(crate) filter: TopicFilterBuf,
    pub(crate) cursor: ReplayCursor,
    pub(crate) maximum_qos: QoS,
    pub(crate) identifier: Option<SubscriptionIdentifier>,
    /// Found and not sent yet.
    pub(crate) found: VecDeque<crate::message::Message>,
}

impl BrokerSession {
    pub(crate) fn new(
        client_id: ClientIdBuf,
        version: Version,
        principal: Option<TextBuf>,
    ) -> Self {
        Self {
            client_id,
            link: None,
            version,
            flows: Session::new(),
            queue: Queue::default(),
            subscriptions: Vec::new(),
            expiry_interval: 0,
            disconnected_at: None,
            is_stored: false,
            principal,
            will: None,
            rare: None,
            next_sequence: 0,
            epoch: 0,
        }
    }

    /// Whether it outlives its connection.
    #[inline]
    pub(crate) fn is_persistent(&self) -> bool {
        self.expiry_interval > 0
    }

    /// Whether it is without a connection and its time has run out.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        let Some(at) = self.disconnected_at else {
            return false;
        };
        let expiry = Duration::from_secs(u64::from(self.expiry_interval));
        self.expiry_interval < u32::MAX && at + expiry <= now
    }

    /// When its will is published, if it has one and no connection: after the delay, or when it ends before that.
    pub(crate) fn will_due_at(&self) -> Option<Instant> {
        let delay = self
            .will
            .as_ref()?
            .borrowed()
            .properties
            .will_delay_interval
            .unwrap_or(0);
        Some(
            self.disconnected_at? + Duration::from_secs(u64::from(delay.min(self.expiry_interval))),
        )
    }

    /// The client as the publisher of a message.
    pub(crate) fn publisher(&self) -> Publisher {
        Publisher {
            client_id: self.client_id.clone(),
            principal: self.principal.clone(),
        }
    }

    /// Notes a subscription.
    pub(crate) fn subscribed(&mut self, filter: FilterKey) {
        if let Err(at) = self.subscriptions.binary_search(&filter) {
            self.subscriptions.insert(at, filter);
        }
    }

    /// Forgets a subscription.
    pub(crate) fn unsubscribed(&mut self, filter: FilterKey) {
        if let Ok(at) = self.subscriptions.binary_search(&filter) {
            self.subscriptions.remove(at);
        }
    }

    pub(crate) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    pub(crate) fn take_sequence(&mut self) -> u64 {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        sequence
    }

    /// Frees what is not used any more.
    pub(crate) fn tidy(&mut self) {
        if self.rare.as_ref().is_some_and(|rare| {
            rare.replays.is_empty() && rare.unsent.is_empty() && rare.releasing.is_empty()
        }) {
            self.rare = None;
        }
    }
}

/// The sessions of a broker, by key and by Client Identifier.
#[derive(Debug)]
pub(crate) struct Sessions {
    slots: Vec<Option<Box<BrokerSession>>>,
    free: Vec<u32>,
    by_client: hashbrown::HashMap<ClientIdBuf, SessionKey, crate::matching::KeyedState>,
    /// Sessions of each principal.
    by_principal: hashbrown::HashMap<TextBuf, usize, crate::matching::KeyedState>,
}

impl Sessions {
    pub(crate) fn new(state: crate::matching::KeyedState) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_client: hashbrown::HashMap::with_hasher(state),
            by_principal: hashbrown::HashMap::with_hasher(state),
        }
    }

    #[inline]
    pub(crate) fn get(&self, key: SessionKey) -> Option<&BrokerSession> {
        self.slots.get(key.0 as usize)?.as_deref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: SessionKey) -> Option<&mut BrokerSession> {
        self.slots.get_mut(key.0 as usize)?.as_deref_mut()
    }

    pub(crate) fn find(&self, client_id: &str) -> Option<SessionKey> {
        self.by_client.get(client_id).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_client.len()
    }

    pub(crate) fn of_principal(&self, principal: &TextBuf) -> usize {
        self.by_principal.get(principal).copied().unwrap_or(0)
    }

    /// `None` when no key is left.
    pub(crate) fn insert(&mut self, session: BrokerSession) -> Option<SessionKey> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                let index = u32::try_from(self.slots.len()).ok()?;
                self.slots.push(None);
                index
            }
        };
        let key = SessionKey(index);
        self.by_client.insert(session.client_id.clone(), key);
        if let Some(principal) = &session.principal {
            *self.by_principal.entry(principal.clone()).or_insert(0) += 1;
        }
        *self.slots.get_mut(index as usize)? = Some(Box::new(session));
        Some(key)
    }

    pub(crate) fn remove(&mut self, key: SessionKey) -> Option<Box<BrokerSession>> {
        let session = self.slots.get_mut(key.0 as usize)?.take()?;
        self.free.push(key.0);
        self.by_client.remove(session.client_id.as_str());
        if let Some(principal) = &session.principal {
            if let Some(count) = self.by_principal.get_mut(principal) {
                *count -= 1;
                if *count == 0 {
                    self.by_principal.remove(principal);
                }
            }
        }
        Some(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::KeyedState;

    /// What most sessions never need takes room only while it is needed.
    #[test]
    fn what_is_rare_is_given_back_when_nothing_of_it_is_left() {
        let mut session = session("c", None);
        let id = PacketId::new(1).unwrap();
        session.rare_mut().unsent.push_back(id);
        session.rare_mut().releasing.push_back((id, 0));
        session.tidy();
        session.rare_mut().unsent.clear();
        session.tidy();
        assert_eq!(session.rare_mut().releasing.len(), 1);
        session.rare_mut().releasing.clear();
        session.tidy();
        assert!(session.rare.is_none());
    }

    /// A principal is known for as long as it has sessions.
    #[test]
    fn the_sessions_of_a_principal_are_counted() {
        let mut sessions = Sessions::new(KeyedState::new([7; 16]));
        let user = TextBuf::new("user").unwrap();
        let keys = ["a", "b"].map(|id| sessions.insert(session(id, Some(user.clone()))).unwrap());
        sessions.insert(session("c", None)).unwrap();
        assert_eq!((sessions.len(), sessions.of_principal(&user)), (3, 2));
        for (key, left) in keys.into_iter().zip([1, 0]) {
            assert!(sessions.remove(key).is_some());
            assert!(sessions.remove(key).is_none());
            assert_eq!(sessions.of_principal(&user), left);
            assert_eq!(sessions.by_principal.len(), left);
        }
        assert_eq!(sessions.len(), 1);
    }

    fn session(client_id: &str, principal: Option<TextBuf>) -> BrokerSession {
        let client_id = ClientIdBuf::new(client_id).unwrap();
        BrokerSession::new(client_id, Version::V5_0, principal)
    }
}

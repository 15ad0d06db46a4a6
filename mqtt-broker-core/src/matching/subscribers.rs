use core::mem;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::collections::btree_map;
use alloc::vec::Vec;
use core::slice;

use super::keys::SessionKey;
use super::subscription::{Member, Subscription};

/// The sessions that are subscribed to one Topic Filter, in the order of their keys. Most filters have one.
#[derive(Debug, Default)]
pub(super) enum Subscribers {
    /// Nobody.
    #[default]
    None,
    /// One, in place.
    One(Member),
    /// Up to [`FEW`](Self::FEW), sorted.
    Few(Vec<Member>),
    /// Many: nothing is moved far when one comes or goes.
    #[expect(clippy::box_collection, reason = "a node is a third larger without")]
    Many(Box<BTreeMap<SessionKey, Subscription>>),
}

/// See [`Subscribers::iter`].
#[derive(Debug)]
pub(super) enum Iter<'a> {
    Slice(slice::Iter<'a, Member>),
    Map(btree_map::Iter<'a, SessionKey, Subscription>),
}

impl Subscribers {
    /// Above this a list becomes a map; below a quarter it becomes a list again.
    const FEW: usize = 256;

    /// Whether there is nobody.
    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }

    /// How many there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Few(list) => list.len(),
            Self::Many(map) => map.len(),
        }
    }

    /// What they take on the heap, about.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::None | Self::One(_) => 0,
            Self::Few(list) => list.capacity() * size_of::<Member>(),
            // Nodes are at least half full.
            Self::Many(map) => map.len() * size_of::<Member>() * 2,
        }
    }

    /// All, in the order of their keys.
    #[inline]
    pub(super) fn iter(&self) -> Iter<'_> {
        match self {
            Self::None => Iter::Slice([].iter()),
            Self::One(member) => Iter::Slice(slice::from_ref(member).iter()),
            Self::Few(list) => Iter::Slice(list.iter()),
            Self::Many(map) => Iter::Map(map.iter()),
        }
    }

    /// How this session is subscribed.
    pub(super) fn get(&self, session: SessionKey) -> Option<Subscription> {
        match self {
            Self::None => None,
            Self::One(member) => (member.session == session).then_some(member.subscription),
            Self::Few(list) => {
                let at = list
                    .binary_search_by_key(&session, |member| member.session)
                    .ok()?;
                list.get(at).map(|member| member.subscription)
            }
            Self::Many(map) => map.get(&session).copied(),
        }
    }

    /// Subscribes a session; what was there before comes back.
    pub(super) fn insert(&mut self, member: Member) -> Option<Subscription> {
        match self {
            Self::None => {
                *self = Self::One(member);
                None
            }
            Self::One(only) if only.session == member.session => {
                Some(mem::replace(&mut only.subscription, member.subscription))
            }
            Self::One(only) => {
                let mut list = Vec::from([*only, member]);
                list.sort_unstable_by_key(|member| member.session);
                *self = Self::Few(list);
                None
            }
            Self::Few(list) => {
                let old = insert(list, member);
                if list.len() > Self::FEW {
                    let map = list
                        .iter()
                        .map(|member| (member.session, member.subscription))
                        .collect();
                    *self = Self::Many(Box::new(map));
                }
                old
            }
            Self::Many(map) => map.insert(member.session, member.subscription),
        }
    }

    /// Ends a session's subscription.
    pub(super) fn remove(&mut self, session: SessionKey) -> Option<Subscription> {
        match self {
            Self::None => None,
            Self::One(only) => {
                let old = (only.session == session).then_some(only.subscription)?;
                *self = Self::None;
                Some(old)
            }
            Self::Few(list) => {
                let old = remove(list, session)?;
                if let [only] = list.as_slice() {
                    *self = Self::One(*only);
                }
                Some(old)
            }
            Self::Many(map) => {
                let old = map.remove(&session)?;
                if map.len() < Self::FEW / 4 {
                    let member = |(session, subscription)| Member {
                        session,
                        subscription,
                    };
                    *self = Self::Few(mem::take(&mut **map).into_iter().map(member).collect());
                }
                Some(old)
            }
        }
    }
}

/// Puts a member in its place of a sorted list; what was there before comes back.
pub(super) fn insert(list: &mut Vec<Member>, member: Member) -> Option<Subscription> {
    match list.binary_search_by_key(&member.session, |member| member.session) {
        Ok(at) => list
            .get_mut(at)
            .map(|old| mem::replace(&mut old.subscription, member.subscription)),
        Err(at) => {
            list.insert(at, member);
            None
        }
    }
}

/// Takes a member out of a sorted list, which gives back memory that it does not need any more.
pub(super) fn remove(list: &mut Vec<Member>, session: SessionKey) -> Option<Subscription> {
    let at = list
        .binary_search_by_key(&session, |member| member.session)
        .ok()?;
    let old = list.remove(at);
    if list.len() < list.capacity() / 4 {
        list.shrink_to(list.len() * 2);
    }
    Some(old.subscription)
}

impl Iterator for Iter<'_> {
    type Item = Member;

    #[inline]
    fn next(&mut self) -> Option<Member> {
        match self {
            Self::Slice(iter) => iter.next().copied(),
            Self::Map(iter) => iter.next().map(|(&session, &subscription)| Member {
                session,
                subscription,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(session: u32) -> Member {
        let subscription = Subscription {
            options: Default::default(),
            identifier: None,
        };
        Member {
            session: SessionKey(session),
            subscription,
        }
    }

    #[test]
    fn every_form_keeps_the_order_and_each_session_once() {
        let mut subscribers = Subscribers::default();
        let count = 4 * u32::try_from(Subscribers::FEW).unwrap();
        // 7919 is prime: each key once, out of order.
        let keys: Vec<u32> = (0..count).map(|number| number * 7919 % count).collect();
        for (at, &key) in keys.iter().enumerate() {
            assert_eq!(subscribers.insert(member(key)), None);
            assert_eq!(
                subscribers.insert(member(key)),
                Some(member(key).subscription)
            );
            assert_eq!(subscribers.len(), at + 1);
            assert!(subscribers.iter().map(|member| member.session).is_sorted());
        }
        assert!(matches!(subscribers, Subscribers::Many(_)));
        for (at, &key) in keys.iter().enumerate() {
            assert_eq!(
                subscribers.get(SessionKey(key)),
                Some(member(key).subscription)
            );
            assert_eq!(
                subscribers.remove(SessionKey(key)),
                Some(member(key).subscription)
            );
            assert_eq!(subscribers.remove(SessionKey(key)), None);
            assert_eq!(subscribers.get(SessionKey(key)), None);
            assert_eq!(subscribers.iter().count(), keys.len() - at - 1);
        }
        assert!(subscribers.is_empty());
        assert_eq!(subscribers.bytes(), 0);
    }

    #[test]
    fn a_node_stays_small() {
        assert_eq!((size_of::<Member>(), size_of::<Subscribers>()), (12, 24));
    }

    /// How each form counts: what is in place takes nothing, a list its room, a map twice its members.
    #[test]
    fn the_form_follows_the_number_and_each_counts_its_memory() {
        let few = u32::try_from(Subscribers::FEW).unwrap();
        let mut subscribers = Subscribers::default();
        let step = |subscribers: &Subscribers| {
            let (form, bytes) = match subscribers {
                Subscribers::None => ("none", 0),
                Subscribers::One(_) => ("one", 0),
                Subscribers::Few(list) => ("few", list.capacity() * 12),
                Subscribers::Many(map) => ("many", map.len() * 24),
            };
            assert_eq!(subscribers.bytes(), bytes);
            form
        };
        assert_eq!(step(&subscribers), "none");
        for number in 1..=2 * few {
            subscribers.insert(member(number));
            let expected = match number {
                1 => "one",
                number if number <= few => "few",
                _ => "many",
            };
            assert_eq!(step(&subscribers), expected, "{number} came");
        }
        for number in (1..=2 * few).rev() {
            assert_ne!(step(&subscribers), "none");
            subscribers.remove(SessionKey(number));
            let expected = match number - 1 {
                0 => "none",
                1 => "one",
                left if left < few / 4 => "few",
                _ => "many",
            };
            assert_eq!(step(&subscribers), expected, "{number} went");
        }
    }

    #[test]
    fn a_list_keeps_its_room_while_it_needs_a_quarter_of_it_and_then_half_of_that() {
        let mut list = Vec::with_capacity(64);
        list.extend((0..18).map(member));
        remove(&mut list, SessionKey(17));
        remove(&mut list, SessionKey(16));
        assert_eq!((list.len(), list.capacity()), (16, 64));
        remove(&mut list, SessionKey(15));
        assert_eq!((list.len(), list.capacity()), (15, 30));
        remove(&mut list, SessionKey(14));
        assert_eq!((list.len(), list.capacity()), (14, 30));
    }
}

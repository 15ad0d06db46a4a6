//! The links of a broker, by [`LinkId`].

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::link::Link;
use crate::link_id::LinkId;

/// A slab: the index of a link that is gone is used again with the next generation.
#[derive(Debug, Default)]
pub(crate) struct Links {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    link: Option<Box<Link>>,
}

impl Links {
    /// Makes room for a link and puts in what `make` builds for its id. `None` when no index is left.
    pub(crate) fn insert(&mut self, make: impl FnOnce(LinkId) -> Link) -> Option<LinkId> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                let index = u32::try_from(self.slots.len()).ok()?;
                self.slots.push(Slot {
                    generation: 0,
                    link: None,
                });
                index
            }
        };
        let slot = self.slots.get_mut(index as usize)?;
        slot.generation = slot.generation.wrapping_add(1);
        let id = LinkId {
            generation: slot.generation,
            index,
        };
        slot.link = Some(Box::new(make(id)));
        Some(id)
    }

    #[inline]
    pub(crate) fn get(&self, id: LinkId) -> Option<&Link> {
        let slot = self.slots.get(id.index())?;
        if slot.generation == id.generation {
            slot.link.as_deref()
        } else {
            None
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: LinkId) -> Option<&mut Link> {
        let slot = self.slots.get_mut(id.index())?;
        if slot.generation == id.generation {
            slot.link.as_deref_mut()
        } else {
            None
        }
    }

    pub(crate) fn remove(&mut self, id: LinkId) -> Option<Box<Link>> {
        let slot = self.slots.get_mut(id.index())?;
        if slot.generation != id.generation {
            return None;
        }
        let link = slot.link.take()?;
        self.free.push(id.index);
        Some(link)
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// In the order of their indexes.
    pub(crate) fn ids(&self) -> impl Iterator<Item = LinkId> + '_ {
        self.slots
            .iter()
            .filter_map(|slot| slot.link.as_deref().map(|link| link.id))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::time::Duration;

    use mqtt_codec::{ClientIdBuf, Limits, Version};
    use mqtt_session::{Connection, Instant, Negotiated, Role};

    use super::*;
    use crate::access::{Authentication, Peer};

    #[test]
    fn a_link_that_is_gone_is_not_found_and_its_place_is_used_again() {
        let mut links = Links::default();
        let first = insert(&mut links);
        let second = insert(&mut links);
        assert_eq!((links.len(), ids(&links)), (2, [first, second].into()));
        assert!(links.remove(first).is_some());
        assert!(links.remove(first).is_none());
        assert_eq!((links.len(), ids(&links)), (1, [second].into()));
        let third = insert(&mut links);
        assert_eq!(third.index, first.index);
        assert_ne!(third, first);
        assert!(links.get(first).is_none() && links.get_mut(first).is_none());
        assert!(links.remove(first).is_none());
        assert!(links.get(third).is_some() && links.get_mut(third).is_some());
        assert_eq!((links.len(), ids(&links)), (2, [third, second].into()));
    }

    /// As a log shows it: two links with one index differ.
    #[test]
    fn an_id_shows_its_index_and_its_generation() {
        let id = LinkId {
            generation: 3,
            index: 14,
        };
        assert_eq!(alloc::format!("{id:?}"), "LinkId(14.3)");
    }

    fn ids(links: &Links) -> Vec<LinkId> {
        links.ids().collect()
    }

    fn insert(links: &mut Links) -> LinkId {
        let now = Instant::from_micros(0);
        let peer = Peer {
            address: None,
            connect_deadline: now + Duration::from_secs(10),
            assigned_client_id: ClientIdBuf::new("a").unwrap(),
            authentication: Authentication::Anonymous,
        };
        let limits = Limits { packet_size: 100 };
        let connection = Connection::new(Negotiated::new(Version::V5_0, Role::Server));
        links
            .insert(|id| Link::new(id, peer, limits, connection, now))
            .unwrap()
    }
}

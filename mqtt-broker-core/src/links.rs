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

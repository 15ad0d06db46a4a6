//! Which sessions a message goes to: subscriptions, shared groups and the cache of match results.
//!
//! [`Subscriptions`] keeps Topic Filters in a [`tree`] of levels. What a Topic Name matches is kept in a [`cache`] until
//! a subscription changes that may match it, see [`stamps`]. Nothing here recurses, and no hash map is iterated.
//! Standard: MQTT 5.0 §4.7, §4.8.

mod cache;
mod collector;
mod groups;
mod keyed_state;
mod keys;
mod levels;
mod matches;
mod slab;
mod stamps;
mod subscribers;
mod subscription;
mod subscriptions;
mod tree;
mod walk;

#[cfg(test)]
mod tests;

pub(crate) use cache::CacheLimits;
pub(crate) use groups::Usable;
pub(crate) use keyed_state::KeyedState;
pub(crate) use keys::{FilterKey, SessionKey};
pub(crate) use matches::{Matches, NoLocal, Target};
pub(crate) use subscription::{Change, Member, Subscription};
pub(crate) use subscriptions::Subscriptions;

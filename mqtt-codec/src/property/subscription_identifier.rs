use core::num::NonZeroU32;

use crate::field::Field;
use crate::list::list;
use crate::output::Output;
use crate::property::{PropertyBlock, PropertyOutput, Run, run};

/// A Subscription Identifier, 1 to 268,435,455. Standard: MQTT 5.0 §3.8.2.1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionIdentifier(NonZeroU32);

impl SubscriptionIdentifier {
    /// `None` for 0 and above 268,435,455.
    #[must_use]
    #[inline]
    pub const fn new(value: u32) -> Option<Self> {
        match NonZeroU32::new(value) {
            Some(number) if value <= crate::variable_byte_integer::MAX => Some(Self(number)),
            Some(_) | None => None,
        }
    }

    /// The number on the wire.
    #[must_use]
    #[inline]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

/// The Subscription Identifiers of a PUBLISH to a client, one for each matching subscription that has one
/// [MQTT-3.3.4-4]. Equality compares the items.
#[derive(Clone, Copy, Default)]
pub struct SubscriptionIdentifiers<'a>(Source<'a>);

#[derive(Clone, Copy)]
enum Source<'a> {
    /// Checked Subscription Identifiers and nothing else.
    Wire(&'a [u8]),
    /// A part of a checked property block, in which other properties stand between.
    Gaps(&'a [u8]),
    Slice(&'a [SubscriptionIdentifier]),
}

impl Default for Source<'_> {
    #[inline]
    fn default() -> Self {
        Self::Slice(&[])
    }
}

impl<'a> SubscriptionIdentifiers<'a> {
    /// None.
    pub const EMPTY: SubscriptionIdentifiers<'static> = SubscriptionIdentifiers(Source::Slice(&[]));

    /// The caller's identifiers.
    #[must_use]
    #[inline]
    pub const fn new(identifiers: &'a [SubscriptionIdentifier]) -> Self {
        Self(Source::Slice(identifiers))
    }

    #[inline]
    pub(crate) fn from_run(run: &Run<'a>) -> Self {
        Self(if run.has_gaps() {
            Source::Gaps(run.bytes())
        } else {
            Source::Wire(run.bytes())
        })
    }

    /// The identifiers in their order.
    #[must_use]
    #[inline]
    pub fn iter(self) -> SubscriptionIdentifiersIter<'a> {
        SubscriptionIdentifiersIter(self.0)
    }

    /// Whether there are none.
    #[must_use]
    #[inline]
    pub const fn is_empty(self) -> bool {
        match self.0 {
            Source::Wire(bytes) | Source::Gaps(bytes) => bytes.is_empty(),
            Source::Slice(identifiers) => identifiers.is_empty(),
        }
    }

    /// How many there are. Walks over them when they come from the wire.
    #[must_use]
    pub fn len(self) -> usize {
        match self.0 {
            Source::Slice(identifiers) => identifiers.len(),
            Source::Wire(_) | Source::Gaps(_) => self.iter().count(),
        }
    }
}

impl PropertyBlock for SubscriptionIdentifiers<'_> {
    #[inline]
    fn write<O: Output>(&self, out: &mut O) {
        match self.0 {
            Source::Wire(bytes) => out.bytes(bytes),
            Source::Slice(identifiers) => identifiers
                .iter()
                .for_each(|&identifier| out.subscription_identifier(identifier)),
            Source::Gaps(_) => self
                .iter()
                .for_each(|identifier| out.subscription_identifier(identifier)),
        }
    }
}

/// The identifiers of [`SubscriptionIdentifiers`] in their order.
#[derive(Clone)]
pub struct SubscriptionIdentifiersIter<'a>(Source<'a>);

impl Iterator for SubscriptionIdentifiersIter<'_> {
    type Item = SubscriptionIdentifier;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Slice(identifiers) => {
                let (first, rest) = identifiers.split_first()?;
                *identifiers = rest;
                Some(*first)
            }
            Source::Wire(rest) | Source::Gaps(rest) => {
                run::next(rest, Field::SubscriptionIdentifier, |rest| {
                    SubscriptionIdentifier::new(run::variable(rest)?)
                })
            }
        }
    }
}

list!(
    SubscriptionIdentifiers,
    SubscriptionIdentifiersIter,
    SubscriptionIdentifier
);

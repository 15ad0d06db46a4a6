use alloc::sync::Arc;
use alloc::vec::Vec;

use mqtt_codec::property::SubscriptionIdentifier;

use super::keys::SessionKey;
use super::matches::{NoLocal, Target};
use super::subscribers::Subscribers;
use super::subscription::Member;

/// Makes one [`Target`] of all subscriptions of a session that match. Its memory is used again.
#[derive(Debug, Default)]
pub(super) struct Collector {
    members: Vec<Member>,
    identifiers: Identifiers,
}

/// The Subscription Identifiers of a target. Neighbours with the same ones share them: whole fleets use one number.
#[derive(Debug, Default)]
struct Identifiers {
    current: Vec<SubscriptionIdentifier>,
    last: Option<Arc<[SubscriptionIdentifier]>>,
}

impl Collector {
    /// Keeps a member of a node that matches.
    #[inline]
    pub(super) fn push(&mut self, member: Member) {
        self.members.push(member);
    }

    /// Keeps the members of a node that matches.
    #[inline]
    pub(super) fn extend(&mut self, subscribers: &Subscribers) {
        match subscribers {
            Subscribers::None => {}
            Subscribers::One(member) => self.members.push(*member),
            Subscribers::Few(list) => self.members.extend_from_slice(list),
            Subscribers::Many(map) => {
                let member = |(&session, &subscription)| Member { session, subscription };
                self.members.extend(map.iter().map(member));
            }
        }
    }

    /// One target for each session that was kept, added to `targets` in the order of the sessions. `nodes` is from how
    /// many nodes they are; those of one node are sorted.
    pub(super) fn finish(&mut self, nodes: usize, targets: &mut Vec<Target>) {
        if nodes > 1 {
            self.members.sort_unstable_by_key(|member| (member.session, member.subscription.identifier));
        }
        let mut rest = self.members.as_slice();
        while let Some((first, others)) = rest.split_first() {
            let same = others.iter().take_while(|other| other.session == first.session).count();
            let (same, behind) = others.split_at_checked(same).unwrap_or((others, &[]));
            targets.push(target(first, same, &mut self.identifiers));
            rest = behind;
        }
        self.members.clear();
        self.members.shrink_to(KEEP);
        self.identifiers.last = None;
    }

    /// The target of a publisher's own message: from its subscriptions without No Local.
    pub(super) fn finish_for(&mut self, publisher: SessionKey) -> Option<Target> {
        self.members.retain(|member| member.session == publisher && !member.subscription.options.no_local);
        self.members.sort_unstable_by_key(|member| member.subscription.identifier);
        let target = self.members.split_first().map(|(first, others)| target(first, others, &mut self.identifiers));
        self.members.clear();
        self.identifiers.last = None;
        target
    }
}

/// The target of a session's subscriptions that match.
#[inline]
fn target(first: &Member, others: &[Member], identifiers: &mut Identifiers) -> Target {
    let options = first.subscription.options;
    let mut target = Target {
        session: first.session,
        qos: options.maximum_qos,
        retain_as_published: options.retain_as_published,
        no_local: if options.no_local { NoLocal::Always } else { NoLocal::Never },
        identifiers: identifiers.share(first, others),
    };
    for member in others {
        let options = member.subscription.options;
        target.qos = target.qos.max(options.maximum_qos);
        target.retain_as_published |= options.retain_as_published;
        target.no_local = match (target.no_local, options.no_local) {
            (NoLocal::Never, false) => NoLocal::Never,
            (NoLocal::Always, true) => NoLocal::Always,
            (NoLocal::Never, true) | (NoLocal::Always, false) | (NoLocal::Mixed, _) => NoLocal::Mixed,
        };
    }
    target
}

impl Identifiers {
    #[inline]
    fn share(&mut self, first: &Member, others: &[Member]) -> Option<Arc<[SubscriptionIdentifier]>> {
        self.current.clear();
        self.current.extend(first.subscription.identifier);
        self.current.extend(others.iter().filter_map(|member| member.subscription.identifier));
        if self.current.is_empty() {
            return None;
        }
        match &self.last {
            Some(last) if **last == *self.current => Some(Arc::clone(last)),
            _ => {
                self.last = Some(Arc::from(self.current.as_slice()));
                self.last.clone()
            }
        }
    }
}

/// How many members' places are kept for the next time.
const KEEP: usize = 4096;

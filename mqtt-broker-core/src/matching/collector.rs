use alloc::sync::Arc;
use alloc::vec::Vec;

use mqtt_codec::property::SubscriptionIdentifier;

use super::keys::SessionKey;
use super::matches::{NoLocal, Target};
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
    /// Keeps the members of a node that matches.
    #[inline]
    pub(super) fn extend(&mut self, members: impl Iterator<Item = Member>) {
        self.members.extend(members);
    }

    /// One target for each session that was kept, added to `targets` in the order of the sessions. `nodes` is from how
    /// many nodes they are; those of one node are sorted.
    pub(super) fn finish(&mut self, nodes: usize, targets: &mut Vec<Target>) {
        if nodes > 1 {
            self.members.sort_unstable_by_key(|member| (member.session, member.subscription.identifier));
        }
        for members in self.members.chunk_by(|one, other| one.session == other.session) {
            targets.extend(target(members, &mut self.identifiers));
        }
        self.members.clear();
        self.members.shrink_to(KEEP);
        self.identifiers.last = None;
    }

    /// The target of a publisher's own message: from its subscriptions without No Local.
    pub(super) fn finish_for(&mut self, publisher: SessionKey) -> Option<Target> {
        self.members.retain(|member| member.session == publisher && !member.subscription.options.no_local);
        self.members.sort_unstable_by_key(|member| member.subscription.identifier);
        let target = target(&self.members, &mut self.identifiers);
        self.members.clear();
        self.identifiers.last = None;
        target
    }
}

/// The target of a session's subscriptions that match; none when there are none.
#[inline]
fn target(members: &[Member], identifiers: &mut Identifiers) -> Option<Target> {
    let (first, others) = members.split_first()?;
    let options = first.subscription.options;
    let mut target = Target {
        session: first.session,
        qos: options.maximum_qos,
        retain_as_published: options.retain_as_published,
        no_local: if options.no_local { NoLocal::Always } else { NoLocal::Never },
        identifiers: identifiers.share(members),
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
    Some(target)
}

impl Identifiers {
    #[inline]
    fn share(&mut self, members: &[Member]) -> Option<Arc<[SubscriptionIdentifier]>> {
        self.current.clear();
        self.current.extend(members.iter().filter_map(|member| member.subscription.identifier));
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

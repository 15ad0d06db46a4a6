use alloc::sync::Arc;
use alloc::vec::Vec;

use mqtt_codec::property::SubscriptionIdentifier;

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
    /// One target for each session in these lists, added to `targets` in the order of the sessions.
    pub(super) fn collect<'a>(
        &mut self,
        lists: impl Iterator<Item = &'a Subscribers>,
        targets: &mut Vec<Target>,
    ) {
        let mut lists = lists.filter(|subscribers| !subscribers.is_empty());
        match (lists.next(), lists.next()) {
            (None, _) => {}
            (Some(only), None) => {
                targets.reserve(only.len());
                targets.extend(
                    only.iter()
                        .map(|member| target(&member, &[], &mut self.identifiers)),
                );
            }
            (Some(first), Some(second)) => {
                for subscribers in [first, second].into_iter().chain(lists) {
                    self.members.extend(subscribers.iter());
                }
                self.fold(targets);
            }
        }
        self.identifiers.last = None;
    }

    /// The target of a publisher's own message, from its subscriptions that match.
    pub(super) fn collect_for_publisher(
        &mut self,
        members: impl Iterator<Item = Member>,
    ) -> Option<Target> {
        // [MQTT-3.8.3-3]
        self.members
            .extend(members.filter(|member| !member.subscription.options.no_local));
        let mut targets = Vec::new();
        self.fold(&mut targets);
        self.identifiers.last = None;
        targets.pop()
    }

    /// Makes one target of all members that are the same session.
    fn fold(&mut self, targets: &mut Vec<Target>) {
        self.members
            .sort_unstable_by_key(|member| (member.session, member.subscription.identifier));
        let mut rest = self.members.as_slice();
        while let Some((first, others)) = rest.split_first() {
            let same = others
                .iter()
                .take_while(|other| other.session == first.session)
                .count();
            let (same, behind) = others.split_at_checked(same).unwrap_or((others, &[]));
            targets.push(target(first, same, &mut self.identifiers));
            rest = behind;
        }
        self.members.clear();
        self.members.shrink_to(KEEP);
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
        no_local: if options.no_local {
            NoLocal::Always
        } else {
            NoLocal::Never
        },
        identifiers: identifiers.share(first, others),
    };
    for member in others {
        let options = member.subscription.options;
        target.qos = target.qos.max(options.maximum_qos);
        target.retain_as_published |= options.retain_as_published;
        target.no_local = match (target.no_local, options.no_local) {
            (NoLocal::Never, false) => NoLocal::Never,
            (NoLocal::Always, true) => NoLocal::Always,
            (NoLocal::Never, true) | (NoLocal::Always, false) | (NoLocal::Mixed, _) => {
                NoLocal::Mixed
            }
        };
    }
    target
}

impl Identifiers {
    #[inline]
    fn share(
        &mut self,
        first: &Member,
        others: &[Member],
    ) -> Option<Arc<[SubscriptionIdentifier]>> {
        self.current.clear();
        self.current.extend(first.subscription.identifier);
        self.current.extend(
            others
                .iter()
                .filter_map(|member| member.subscription.identifier),
        );
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

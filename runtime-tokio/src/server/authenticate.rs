//! Asking who a client is.

use alloc::rc::Rc;
use core::future::Future;
use core::pin::Pin;

use mqtt_broker_core::{AuthenticationOutcome, AuthenticationRequest, LinkId};

use super::shard::Shard;

/// What decides who a client is.
pub(crate) type Authenticator = dyn Fn(Box<AuthenticationRequest>) -> Pin<Box<dyn Future<Output = AuthenticationOutcome> + Send>>
    + Send;

/// Asks, and gives the broker the answer. If the client is gone by then, the broker ignores it.
pub(crate) async fn authenticate(
    shard: Rc<Shard>,
    authenticator: Rc<Authenticator>,
    link: LinkId,
    request: Box<AuthenticationRequest>,
) {
    let outcome = authenticator(request).await;
    shard.apply(|broker, now| broker.handle_authenticated(now, link, outcome));
}

//! Accepting connections.

use alloc::rc::Rc;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::event::ServerEvent;
use super::login::{Listening, log_in};
use super::shard::Shard;

/// Opens a listener. It must be called inside a runtime.
///
/// # Errors
///
/// The system's.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restart need not wait for the connections of the run before.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts connections for ever. When it is dropped, those that have not logged in are closed.
pub(crate) async fn accept(
    shard: Rc<Shard>,
    listener: TcpListener,
    number: usize,
    listening: Rc<Listening>,
) {
    let mut logins = JoinSet::new();
    let mut accepting = Accepting::On;
    loop {
        let accepted = listener.accept().await;
        while logins.try_join_next().is_some() {}
        match accepted {
            Ok((stream, address)) => {
                if accepting == Accepting::OutOfDescriptors {
                    accepting = Accepting::On;
                    shard.tell(ServerEvent::AcceptingAgain);
                }
                // An IPv4 address may come as one of IPv6.
                let address = SocketAddr::new(address.ip().to_canonical(), address.port());
                admit(&shard, stream, address, number, &listening, &mut logins);
            }
            // The peer gave up while it waited.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                if !is_out_of_descriptors(&error) {
                    shard.tell(ServerEvent::AcceptFailed { error: &error });
                } else if accepting == Accepting::On {
                    accepting = Accepting::OutOfDescriptors;
                    shard.tell(ServerEvent::OutOfDescriptors { error: &error });
                }
                // Until a connection of ours ends; a descriptor may also come from elsewhere.
                let _ = timeout(RETRY, shard.admission.left.notified()).await;
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accepting {
    On,
    OutOfDescriptors,
}

fn admit(
    shard: &Rc<Shard>,
    stream: TcpStream,
    address: SocketAddr,
    number: usize,
    listening: &Rc<Listening>,
    logins: &mut JoinSet<()>,
) {
    let admitted = shard.admission.enter(shard.clock.now(), number, address);
    let mut state = shard.state();
    state.accepts.accepted += 1;
    match admitted {
        Ok(permit) => {
            logins.spawn_local(log_in(
                Rc::clone(shard),
                Rc::clone(listening),
                stream,
                permit,
            ));
        }
        Err(refusal) => {
            state.accepts.count(refusal);
            (state.hooks.on_event)(ServerEvent::Refused { address, refusal });
        }
    }
}

/// Neither the process, nor the system, has another descriptor, or memory for one.
fn is_out_of_descriptors(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;

        let errno = Errno::from_io_error(error);
        errno.is_some_and(|errno| {
            [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM].contains(&errno)
        })
    }
    #[cfg(not(unix))]
    {
        error.kind() == io::ErrorKind::OutOfMemory
    }
}

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 4_096;

/// How long nothing is accepted after it failed, unless a connection ends.
const RETRY: Duration = Duration::from_millis(500);

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn running_out_of_descriptors_is_told_from_other_failures() {
        use rustix::io::Errno;

        assert!(is_out_of_descriptors(&Errno::MFILE.into()));
        assert!(is_out_of_descriptors(&Errno::NFILE.into()));
        assert!(!is_out_of_descriptors(&Errno::CONNRESET.into()));
        assert!(!is_out_of_descriptors(&io::ErrorKind::WouldBlock.into()));
    }
}

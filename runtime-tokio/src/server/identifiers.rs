//! Client Identifiers for those who have none.

use core::cell::RefCell;
use core::fmt::Write as _;

use mqtt_codec::ClientIdBuf;

/// Gives Client Identifiers that nobody can guess and that were never given before: 128 random bits each.
#[derive(Debug)]
pub(crate) struct Identifiers {
    random: RefCell<Random>,
    unused: ClientIdBuf,
}

#[derive(Debug)]
struct Random {
    bytes: [u8; POOL],
    left: usize,
}

impl Identifiers {
    /// # Errors
    ///
    /// When the system has no random numbers.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut random = Random {
            bytes: [0; POOL],
            left: 0,
        };
        random.refill()?;
        Ok(Self {
            random: RefCell::new(random),
            unused: client_id("unused"),
        })
    }

    /// A new one.
    pub(crate) fn next(&self) -> ClientIdBuf {
        let mut text = String::from("auto-");
        for byte in self.random.borrow_mut().take() {
            let _ = write!(text, "{byte:02x}");
        }
        client_id(&text)
    }

    /// One for a client that has its own.
    pub(crate) fn unused(&self) -> ClientIdBuf {
        self.unused.clone()
    }
}

impl Random {
    fn refill(&mut self) -> Result<(), getrandom::Error> {
        getrandom::fill(&mut self.bytes)?;
        self.left = POOL / EACH;
        Ok(())
    }

    fn take(&mut self) -> [u8; EACH] {
        if self.left == 0 && self.refill().is_err() {
            // Random numbers were there when the server started, and systems do not take them back.
            debug_assert!(false, "no random numbers");
        }
        self.left = self.left.saturating_sub(1);
        let bytes = self.bytes.chunks_exact(EACH).nth(self.left);
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .unwrap_or_default()
    }
}

fn client_id(text: &str) -> ClientIdBuf {
    ClientIdBuf::from(mqtt_codec::ClientId::new(text).unwrap_or_default())
}

/// Random bytes that are fetched at once: a system call for each connection would be much.
const POOL: usize = 1_024;

/// Of each identifier.
const EACH: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_given_twice() {
        let identifiers = Identifiers::new().unwrap();
        let mut given: Vec<_> = (0..1_000)
            .map(|_| identifiers.next().as_str().to_owned())
            .collect();
        given.sort();
        given.dedup();
        assert_eq!(given.len(), 1_000);
        assert!(
            given
                .iter()
                .all(|id| id.len() == 37 && id.starts_with("auto-"))
        );
    }
}

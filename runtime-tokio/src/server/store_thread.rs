//! The thread that owns the store.

use alloc::collections::BTreeSet;
use core::time::Duration;
use std::sync::mpsc::{Receiver, RecvTimeoutError};

use mqtt_broker_core::{Page, Position, Record, Store, StoreError, compact};
use mqtt_codec::ClientIdBuf;
use tokio::sync::mpsc::UnboundedSender;

/// What a shard asks of the store.
#[derive(Debug)]
pub(crate) enum StoreRequest {
    /// Make these durable.
    Commit {
        records: Vec<Record>,
        position: Position,
    },
    /// Read a part of a queue.
    Page {
        client_id: ClientIdBuf,
        from: u64,
        messages: usize,
        bytes: usize,
    },
}

/// What the store's thread tells the shard.
#[derive(Debug)]
pub(crate) enum StoreResult {
    /// Everything up to here is durable.
    Persisted(Position),
    /// A part of a queue.
    Paged(Page),
    /// What was asked failed. It is tried again when that may help.
    Failed(StoreError),
}

/// The store with what is asked of it.
pub(crate) struct StoreThread {
    store: Box<dyn Store + Send>,
    requests: Receiver<StoreRequest>,
    results: UnboundedSender<StoreResult>,
    /// What is not durable yet.
    records: Vec<Record>,
    position: Option<Position>,
    /// Pages that were asked for.
    pages: Vec<Wanted>,
    /// How long until a full store is tried again.
    retry: Duration,
}

struct Wanted {
    client_id: ClientIdBuf,
    from: u64,
    messages: usize,
    bytes: usize,
}

impl StoreThread {
    pub(crate) fn new(
        store: Box<dyn Store + Send>,
        requests: Receiver<StoreRequest>,
        results: UnboundedSender<StoreResult>,
    ) -> Self {
        Self {
            store,
            requests,
            results,
            records: Vec::new(),
            position: None,
            pages: Vec::new(),
            retry: RETRY,
        }
    }

    /// Serves until the shard is gone and all that it asked is done, or until the store cannot be used any more.
    ///
    /// Group commit: what waits when a commit begins goes into it, and the next one begins when it ends. So an idle broker
    /// pays one sync of latency, and a busy one shares each sync among all that came meanwhile.
    pub(crate) fn serve(mut self) {
        let mut space = Space::Left;
        while self.gather(space) {
            match self.commit() {
                Ok(()) => {
                    space = Space::Left;
                    self.page();
                }
                Err(error) => {
                    let again = error == StoreError::OutOfSpace;
                    if space == Space::Left || !again {
                        self.tell(StoreResult::Failed(error));
                    }
                    if !again {
                        // It is not known what is durable: only a new start can tell.
                        return;
                    }
                    space = Space::Out;
                    // What is delivered and acknowledged makes room.
                    self.page();
                }
            }
        }
    }

    /// Waits for a request and takes all that are there. False when there is nothing more to do.
    fn gather(&mut self, space: Space) -> bool {
        let first = match space {
            Space::Left => match self.requests.recv() {
                Ok(request) => Some(request),
                Err(_) => return false,
            },
            Space::Out => match self.requests.recv_timeout(self.retry) {
                Ok(request) => Some(request),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return false,
            },
        };
        for request in first.into_iter().chain(self.requests.try_iter()) {
            match request {
                StoreRequest::Commit { records, position } => {
                    self.records.extend(records);
                    self.position = Some(position);
                }
                StoreRequest::Page {
                    client_id,
                    from,
                    messages,
                    bytes,
                } => {
                    self.pages.push(Wanted {
                        client_id,
                        from,
                        messages,
                        bytes,
                    });
                }
            }
        }
        true
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let Some(position) = self.position else {
            return Ok(());
        };
        self.records = compact(core::mem::take(&mut self.records));
        self.store.commit(&self.records)?;
        self.records.clear();
        self.position = None;
        self.tell(StoreResult::Persisted(position));
        Ok(())
    }

    /// Pages see what the broker handed out before it asked for them.
    ///
    /// What cannot be committed comes behind what was, so the beginning of a queue is known without it. Where it is not, the
    /// page waits for the commit.
    fn page(&mut self) {
        for wanted in core::mem::take(&mut self.pages) {
            if self.has_ended(&wanted.client_id) {
                self.pages.push(wanted);
                continue;
            }
            let Wanted {
                ref client_id,
                from,
                messages,
                bytes,
            } = wanted;
            let result = match self.store.page(client_id, from, messages, bytes) {
                Ok(mut page) => {
                    let settled = self.settled(client_id);
                    page.messages
                        .retain(|message| !settled.contains(&message.sequence));
                    if page.messages.is_empty() && self.position.is_some() {
                        // That there is nothing more would end the queue for the broker.
                        self.pages.push(wanted);
                        continue;
                    }
                    StoreResult::Paged(page)
                }
                Err(error) => StoreResult::Failed(error),
            };
            self.tell(result);
        }
    }

    /// Whether the session that the store knows has ended, which it does not know.
    fn has_ended(&self, of: &ClientIdBuf) -> bool {
        let mut records = self.records.iter();
        records
            .any(|record| matches!(record, Record::SessionEnded { client_id } if client_id == of))
    }

    /// The messages that have left a queue, which the store does not know.
    fn settled(&self, of: &ClientIdBuf) -> BTreeSet<u64> {
        let sequence = |record: &Record| {
            let Record::Settled {
                client_id,
                sequence,
            } = record
            else {
                return None;
            };
            (client_id == of).then_some(*sequence)
        };
        self.records.iter().filter_map(sequence).collect()
    }

    fn tell(&self, result: StoreResult) {
        // The shard may be gone, and nobody wants to know then.
        let _ = self.results.send(result);
    }
}

/// Whether the store had space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space {
    Left,
    Out,
}

/// How long until a full store is tried again.
const RETRY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use mqtt_broker_core::{Loaded, MemoryStore, Message, PagedMessage};
    use mqtt_codec::TopicNameBuf;
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    #[test]
    fn what_waits_is_one_commit_and_pages_follow_it() {
        let (requests, results) = serve(MemoryStore::new(), |requests| {
            for n in 1..=3 {
                requests
                    .send(StoreRequest::Commit {
                        records: Vec::new(),
                        position: Position(n),
                    })
                    .unwrap();
            }
            let client_id = ClientIdBuf::new("a").unwrap();
            requests
                .send(StoreRequest::Page {
                    client_id,
                    from: 0,
                    messages: 1,
                    bytes: 1,
                })
                .unwrap();
        });
        drop(requests);
        assert!(
            matches!(
                results[..],
                [StoreResult::Persisted(Position(3)), StoreResult::Paged(_)]
            ),
            "{results:?}"
        );
    }

    #[test]
    fn a_store_without_space_is_tried_again_and_told_of_once() {
        let full = Failing {
            failures: vec![StoreError::OutOfSpace, StoreError::OutOfSpace],
            store: MemoryStore::new(),
        };
        let (_, results) = serve(full, |requests| {
            for n in 1..=3 {
                requests
                    .send(StoreRequest::Commit {
                        records: Vec::new(),
                        position: Position(n),
                    })
                    .unwrap();
            }
        });
        assert!(matches!(
            results[..],
            [
                StoreResult::Failed(StoreError::OutOfSpace),
                StoreResult::Persisted(Position(3))
            ]
        ));
    }

    #[test]
    fn a_broken_store_is_not_used_again() {
        let error = StoreError::Io {
            operation: mqtt_broker_core::Operation::Sync,
            code: Some(5),
        };
        let broken = Failing {
            failures: vec![error],
            store: MemoryStore::new(),
        };
        let (requests, results) = serve(broken, |requests| {
            requests
                .send(StoreRequest::Commit {
                    records: Vec::new(),
                    position: Position(1),
                })
                .unwrap();
        });
        assert!(matches!(
            results[..],
            [StoreResult::Failed(StoreError::Io { .. })]
        ));
        assert!(
            requests
                .send(StoreRequest::Commit {
                    records: Vec::new(),
                    position: Position(2)
                })
                .is_err()
        );
    }

    /// Deliveries go on without space: what the store has of a queue is given.
    #[test]
    fn pages_are_served_without_space_as_far_as_the_store_knows_the_queue() {
        let (requests, waiting) = mpsc::channel();
        let (sender, mut results) = unbounded_channel();
        let full = Full(vec![queued(7), queued(8)]);
        let mut thread = StoreThread::new(Box::new(full), waiting, sender);
        let id = |id| ClientIdBuf::new(id).unwrap();
        let page = |client_id| StoreRequest::Page {
            client_id,
            from: 0,
            messages: 10,
            bytes: 1_000,
        };
        let records = vec![
            Record::Settled {
                client_id: id("settled"),
                sequence: 7,
            },
            Record::SessionEnded {
                client_id: id("ended"),
            },
        ];
        let position = Position(1);
        let commit = StoreRequest::Commit { records, position };
        requests.send(commit).unwrap();
        for client_id in ["nothing", "ended", "other", "settled"] {
            requests.send(page(id(client_id))).unwrap();
        }
        assert!(thread.gather(Space::Left));
        assert_eq!(thread.commit(), Err(StoreError::OutOfSpace));
        thread.page();
        let mut served = Vec::new();
        while let Ok(StoreResult::Paged(page)) = results.try_recv() {
            let sequences: Vec<_> = page.messages.iter().map(|m| m.sequence).collect();
            served.push((page.client_id.as_str().to_owned(), sequences));
        }
        assert_eq!(
            served,
            [
                ("other".to_owned(), vec![7, 8]),
                ("settled".to_owned(), vec![8])
            ]
        );
        let wait: Vec<_> = thread.pages.iter().map(|w| w.client_id.as_str()).collect();
        assert_eq!(wait, ["nothing", "ended"]);
    }

    fn queued(sequence: u64) -> PagedMessage {
        PagedMessage {
            sequence,
            message: Message::new(TopicNameBuf::new("a").unwrap(), "b".into()),
            qos: mqtt_codec::QoS::AtLeastOnce,
            retain: false,
            identifiers: Vec::new(),
            group: None,
            packet_id: None,
            received: false,
        }
    }

    /// Has no space, and the same in every queue but one.
    struct Full(Vec<PagedMessage>);

    impl Store for Full {
        fn incarnation(&mut self) -> Result<u32, StoreError> {
            Ok(1)
        }

        fn load(&mut self, _: usize, _: &mut dyn FnMut(Loaded)) -> Result<(), StoreError> {
            Ok(())
        }

        fn commit(&mut self, _: &[Record]) -> Result<(), StoreError> {
            Err(StoreError::OutOfSpace)
        }

        fn page(
            &mut self,
            client_id: &ClientIdBuf,
            from: u64,
            _: usize,
            _: usize,
        ) -> Result<Page, StoreError> {
            let messages = if client_id.as_str() == "nothing" {
                Vec::new()
            } else {
                self.0.clone()
            };
            Ok(Page {
                client_id: client_id.clone(),
                from,
                messages,
                next: None,
            })
        }
    }

    /// Serves what `ask` asks for, until there are no results any more for as long as the requests are not dropped.
    fn serve(
        store: impl Store + Send + 'static,
        ask: impl FnOnce(&mpsc::Sender<StoreRequest>),
    ) -> (mpsc::Sender<StoreRequest>, Vec<StoreResult>) {
        let (requests, waiting) = mpsc::channel();
        let (sender, mut results) = unbounded_channel();
        ask(&requests);
        let mut thread = StoreThread::new(Box::new(store), waiting, sender);
        thread.retry = Duration::from_millis(1);
        let serving = std::thread::Builder::new()
            .spawn(move || thread.serve())
            .unwrap();
        let mut got = Vec::new();
        while !matches!(
            got.last(),
            Some(StoreResult::Paged(_) | StoreResult::Failed(StoreError::Io { .. }))
        ) && !matches!(got[..], [StoreResult::Failed(_), StoreResult::Persisted(_)])
        {
            got.push(results.blocking_recv().unwrap());
        }
        if !matches!(got.last(), Some(StoreResult::Failed(StoreError::Io { .. }))) {
            return (requests, got);
        }
        serving.join().unwrap();
        (requests, got)
    }

    /// Fails some commits first.
    struct Failing {
        failures: Vec<StoreError>,
        store: MemoryStore,
    }

    impl Store for Failing {
        fn incarnation(&mut self) -> Result<u32, StoreError> {
            self.store.incarnation()
        }

        fn load(
            &mut self,
            queue_head: usize,
            each: &mut dyn FnMut(Loaded),
        ) -> Result<(), StoreError> {
            self.store.load(queue_head, each)
        }

        fn commit(&mut self, batch: &[Record]) -> Result<(), StoreError> {
            self.failures
                .pop()
                .map_or_else(|| self.store.commit(batch), Err)
        }

        fn page(
            &mut self,
            client_id: &ClientIdBuf,
            from: u64,
            messages: usize,
            bytes: usize,
        ) -> Result<Page, StoreError> {
            self.store.page(client_id, from, messages, bytes)
        }
    }
}

//! On SQLite, deliveries that come while a commit is under way go into the next one together: the disk is waited for once.
//! PostgreSQL does the same by itself for the commits of its connections.
//!
//! Nobody is answered before the commit that holds their delivery. A delivery that cannot be stored does not spoil the others:
//! then each is tried alone.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::database::Pool;
use super::deliveries::{self, NewDelivery, Reading, Receipt};
use super::{Store, StoreError, Tx};

/// The most deliveries of one transaction, so that no one waits long for others' to be applied.
const MOST_TOGETHER: usize = 100;

/// A delivery, and who waits to hear that it is stored.
#[derive(Debug)]
struct Arrival {
    new: NewDelivery,
    reading: Reading,
    answer: oneshot::Sender<Result<Receipt, StoreError>>,
}

/// The deliveries that wait to be stored, the first come first.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    waiting: Mutex<Vec<Arrival>>,
    /// Held by whoever stores a group.
    turn: tokio::sync::Mutex<()>,
}

impl Arrivals {
    fn add(&self, arrival: Arrival) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(arrival);
    }

    fn take(&self, most: usize) -> Vec<Arrival> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = most.min(waiting.len());
        waiting.drain(..taken).collect()
    }

    fn is_empty(&self) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Store {
    /// Stores a delivery raw, and in the same transaction what it was read as.
    pub(crate) async fn receive(&self, new: NewDelivery, reading: Reading) -> Result<Receipt, StoreError> {
        if let Pool::Postgres(_) = self.write {
            return self.store_alone(&new, reading).await;
        }
        let (answer, answered) = oneshot::channel();
        self.arrivals.add(Arrival { new, reading, answer });
        // A task of its own: a sender who hangs up must not break off the transaction that others wait for.
        tokio::spawn(self.clone().store_arrivals());
        answered.await.unwrap_or(Err(StoreError::BrokenOff))
    }

    /// Stores what waits when its turn comes. Each arrival brings one such turn; most find their arrival already stored.
    async fn store_arrivals(self) {
        let _turn = self.arrivals.turn.lock().await;
        if !self.arrivals.is_empty() {
            Box::pin(self.store_next_group()).await;
        }
    }

    async fn store_next_group(&self) {
        let tx = match self.begin().await {
            Ok(tx) => tx,
            Err(error) => return answer_all(self.arrivals.take(usize::MAX), error),
        };
        let group = self.arrivals.take(MOST_TOGETHER);
        match store_group(tx, &group).await {
            Ok(receipts) => group.into_iter().zip(receipts).for_each(|(arrival, receipt)| arrival.say(Ok(receipt))),
            Err(error) if group.len() == 1 => answer_all(group, error),
            Err(_) => self.store_each(group).await,
        }
    }

    /// Stores each alone. Once the database itself is in trouble, those left are told so, too.
    async fn store_each(&self, group: Vec<Arrival>) {
        let mut left = group.into_iter();
        while let Some(arrival) = left.next() {
            match self.store_alone(&arrival.new, arrival.reading.clone()).await {
                Err(error) if error.is_passing() => {
                    let rest = std::iter::once(arrival).chain(left).collect();
                    return answer_all(rest, error);
                }
                result => arrival.say(result),
            }
        }
    }

    async fn store_alone(&self, new: &NewDelivery, reading: Reading) -> Result<Receipt, StoreError> {
        let mut tx = self.begin().await?;
        let receipt = deliveries::store(&mut tx, new, reading).await?;
        tx.commit().await?;
        Ok(receipt)
    }
}

impl Arrival {
    /// Answers whoever waits, if they still do.
    fn say(self, result: Result<Receipt, StoreError>) {
        let _ = self.answer.send(result);
    }
}

async fn store_group(mut tx: Tx, group: &[Arrival]) -> Result<Vec<Receipt>, StoreError> {
    let mut receipts = Vec::with_capacity(group.len());
    for arrival in group {
        receipts.push(deliveries::store(&mut tx, &arrival.new, arrival.reading.clone()).await?);
    }
    tx.commit().await?;
    Ok(receipts)
}

fn answer_all(group: Vec<Arrival>, error: StoreError) {
    let error = Arc::new(error);
    for arrival in group {
        arrival.say(Err(StoreError::Together(Arc::clone(&error))));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::super::Place;
    use super::super::database::sql;
    use super::*;

    fn delivery(key: &str) -> NewDelivery {
        let received_at = Timestamp::UNIX_EPOCH;
        NewDelivery { source_id: "src_1".into(), idempotency_key: key.into(), body: b"{}".to_vec(), received_at }
    }

    fn idle() -> Reading {
        Reading::Nothing("of no concern".into())
    }

    #[tokio::test]
    async fn a_delivery_whose_sender_hangs_up_is_stored_with_the_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&Place::File(folder.path().join("m.db"))).await.expect("a new database");
        sql("INSERT INTO source (id, key, kind, name, secret, created_at, updated_at) VALUES ('src_1', 's', 'k', 'n', x'', 0, 0)")
            .run(&store.write)
            .await
            .expect("a source");
        let writer = store.begin().await.expect("another write goes on");
        let hung_up = tokio::time::timeout(Duration::ZERO, store.receive(delivery("1"), idle())).await;
        assert!(hung_up.is_err(), "it is not answered before it is stored");
        let free = async { drop(writer) };
        let (second, repeat, ()) =
            tokio::join!(store.receive(delivery("2"), idle()), store.receive(delivery("1"), idle()), free);
        assert_eq!(second.expect("stored"), Receipt::Ignored);
        assert_eq!(repeat.expect("stored"), Receipt::Repeated(None), "the first is there");
    }
}

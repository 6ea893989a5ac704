//! What waiting needs of the world: a clock, sleep and chance. Tests bring their own, in which no second passes.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::time::Duration;

use crate::model::Time;

/// A wait.
pub type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The world outside, as far as a client asks for it.
pub trait World: Send + Sync {
    /// This machine's clock.
    fn now(&self) -> Time;
    /// Ends after that time.
    fn sleep(&self, time: Duration) -> Wait;
    /// Ends when a request has taken this long.
    fn limit(&self, time: Duration) -> Wait;
    /// Any number.
    fn chance(&self) -> u64;
}

/// The real one; needs tokio's timer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Real;

impl World for Real {
    fn now(&self) -> Time {
        Time(chrono::Utc::now().timestamp_millis())
    }

    fn sleep(&self, time: Duration) -> Wait {
        // Made in the future: a timer needs its runtime.
        Box::pin(async move { tokio::time::sleep(time).await })
    }

    fn limit(&self, time: Duration) -> Wait {
        self.sleep(time)
    }

    fn chance(&self) -> u64 {
        // Each state has keys of its own.
        RandomState::new().hash_one(0_u8)
    }
}

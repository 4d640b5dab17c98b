//! Floor 1: the fleet, played. [`plan`](crate::plan) decides as it does in the live engine, before hosts that
//! are played, in a time of its own: hours pass in milliseconds.
//!
//! Invariant: nothing here decides what `plan` decides. What the property tests prove of the played hosts
//! holds of the plays that `fleet plan` and `fleet rehearse` show, since they are the same.

mod dice;
mod host;
mod odds;
mod measured;
mod faults;
mod change;
mod scene;
mod chance;
mod stage;
mod played;
mod play;
mod happen;
mod perform;
mod forecast;

pub use change::{Change, SENTENCES, What};
pub use dice::Dice;
pub use faults::Faults;
pub use forecast::{Forecast, HostForecast, Spread};
pub use host::{Host, Speech};
pub use measured::Measured;
pub use odds::Odds;
pub use play::play;
pub use played::{HostPlayed, Played, Turn};
pub use scene::{IMAGE_BYTES, Scene, Step, Work, Works};

#[cfg(test)]
mod tests;

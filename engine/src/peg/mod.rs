//! The peg's rules at the speed of a simulation, and the world that they are simulated in.
//!
//! The rules ([`curve`] to [`stabiliser`]) are twins of `src/stab3l/peg`, integer for integer; `tests/differential` holds
//! them equal. [`simulation`] runs blocks of agents' actions on them.

pub mod curve;
pub mod division;
pub mod flow_cap;
pub mod halves;
pub mod pool;
pub mod price_history;
pub mod random;
pub mod refusal;
pub mod root;
pub mod simulation;
pub mod stabiliser;
pub mod wide;

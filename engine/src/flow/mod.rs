//! Backpressure payments at the speed of a simulation: the integer rules of `src/stab3l/flow` and the way to share work
//! that `src/stab3l/sim/flow/sharing.py` describes.
//!
//! Each part is a twin of the Python module of its name; `tests/unit/sim` holds whole runs equal, to the last wei.

pub mod distribution;
pub mod fifo;
pub mod signal;
pub mod simulation;
pub mod units;

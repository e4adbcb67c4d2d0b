//! The laws of the engine: matching, the state machine, the journal and its snapshots.

mod commands;
mod defects;
mod journal;
mod matching;
mod snapshots;
mod totality;
mod venue;

//! The laws of the engine: matching, the state machine, the journal and its snapshots.

mod admission;
mod commands;
mod conditional;
mod defects;
mod derivatives;
mod journal;
mod lifetimes;
mod makers;
mod matching;
mod peg;
mod snapshots;
mod totality;
mod venue;

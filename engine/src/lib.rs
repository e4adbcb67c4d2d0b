//! The deterministic exchange engine of stab3l.
//!
//! `docs/reference/engine.md` is the rule book of [`state`] and below, `docs/reference/journal.md` of the files.
//! Its mirror is `src/stab3l/audit/reference_exchange.py`; one differential test compares the two byte for byte.

pub mod abi;
pub mod account;
pub mod admission;
pub mod amend;
pub mod arena;
pub mod benchmark;
pub mod book;
pub mod cancel;
pub mod collateral;
pub mod command;
pub mod conditional;
pub mod conservation;
pub mod decode;
pub mod derivative;
pub mod due;
pub mod encoding;
pub mod engine;
pub mod event;
pub mod expiry;
pub mod failure;
pub mod flow;
pub mod group;
pub mod hold;
pub mod index;
pub mod insolvency;
pub mod instrument;
pub mod journal;
pub mod keccak;
pub mod lanes;
pub mod liquidation;
pub mod listing;
mod lookahead;
pub mod margin;
pub mod market_encoding;
pub mod matching;
pub mod merkle;
pub mod order;
pub mod order_index;
pub mod outcome;
pub mod payload;
pub mod peg;
pub mod plain_book;
pub mod position;
pub mod prefetch;
pub mod protection;
#[cfg(feature = "pyo3")]
mod python;
pub mod request;
pub mod reserve;
pub mod schedule;
pub mod seal;
pub mod self_trade;
pub mod signing;
pub mod snapshot;
pub mod state;
pub mod transfer;
pub mod trigger;
pub mod underlying;
pub mod units;

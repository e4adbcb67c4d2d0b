//! What users signed: the EIP-712 digests of orders as records state them, and who made a signature.
//!
//! The state machine takes no part in this: evidence is checked before a record is sequenced, by API processes, and
//! again by anybody who reads the journal. `src/stab3l/api/signed.py` states the messages; one test compares the two.

pub mod order;
pub mod recovery;

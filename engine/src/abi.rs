//! `abi.encode` of static words, as Solidity lays them out: each value right-aligned in 32 big-endian bytes.

use crate::units::{Address, Hash};

/// `WORDS` words of `abi.encode`.
pub struct Words<const BYTES: usize> {
    bytes: [u8; BYTES],
    end: usize,
}

impl<const BYTES: usize> Words<BYTES> {
    /// No word yet.
    pub fn new() -> Self {
        Words { bytes: [0; BYTES], end: 0 }
    }

    fn right_aligned(mut self, value: &[u8]) -> Self {
        self.end += 32;
        self.bytes[self.end - value.len()..self.end].copy_from_slice(value);
        self
    }

    /// A `uint` of any width that fits 128 bits.
    pub fn uint(self, value: impl Into<u128>) -> Self {
        self.right_aligned(&value.into().to_be_bytes())
    }

    /// An `int256` that fits 128 bits.
    pub fn int(self, value: i128) -> Self {
        let mut word = [if value < 0 { 0xff } else { 0 }; 32];
        word[16..].copy_from_slice(&value.to_be_bytes());
        self.right_aligned(&word)
    }

    /// An `address`.
    pub fn address(self, address: &Address) -> Self {
        self.right_aligned(&address.0)
    }

    /// A `bytes32`.
    pub fn hash(self, hash: &Hash) -> Self {
        self.right_aligned(&hash.0)
    }

    /// The encoding, once every word is written.
    pub fn encoding(self) -> [u8; BYTES] {
        assert_eq!(self.end, BYTES, "every word is written");
        self.bytes
    }
}

impl<const BYTES: usize> Default for Words<BYTES> {
    fn default() -> Self {
        Words::new()
    }
}

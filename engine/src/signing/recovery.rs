//! Who signed: secp256k1 recovery by libsecp256k1, as strict as OpenZeppelin's `ECDSA` is on chain.

use std::sync::LazyLock;

use secp256k1::ecdsa::{RecoverableSignature, RecoveryId, Signature};
use secp256k1::{Message, Secp256k1, VerifyOnly};

use crate::keccak::keccak256;
use crate::units::Hash;

/// `r ++ s ++ v`, `v` 27 or 28.
pub const SIGNATURE_BYTES: usize = 65;

/// An Ethereum address.
pub type Address = [u8; 20];

static CURVE: LazyLock<Secp256k1<VerifyOnly>> = LazyLock::new(Secp256k1::verification_only);

/// The address whose key made this signature of `digest`; none for the malleable form (EIP-2), for another `v`, and
/// where no key can have made it.
pub fn signer(digest: &Hash, signature: &[u8; SIGNATURE_BYTES]) -> Option<Address> {
    let id = match signature[64] {
        27 => RecoveryId::Zero,
        28 => RecoveryId::One,
        _ => return None,
    };
    let mut lower = Signature::from_compact(&signature[..64]).ok()?;
    lower.normalize_s();
    if lower.serialize_compact() != signature[..64] {
        return None;
    }
    let found = RecoverableSignature::from_compact(&signature[..64], id).ok()?;
    let key = CURVE.recover_ecdsa(Message::from_digest(digest.0), &found).ok()?;
    keccak256(&key.serialize_uncompressed()[1..]).0[12..].try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hexadecimal<const N: usize>(text: &str) -> [u8; N] {
        std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hexadecimal"))
    }

    /// The mail of EIP-712's own example, signed by the key keccak("cow").
    fn mail() -> (Hash, [u8; SIGNATURE_BYTES]) {
        (
            Hash(hexadecimal("be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2")),
            hexadecimal(
                "4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d\
                 07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b915621c",
            ),
        )
    }

    #[test]
    fn the_example_of_eip_712_was_signed_by_its_cow() {
        let (digest, signature) = mail();
        assert_eq!(
            signer(&digest, &signature),
            Some(hexadecimal("cd2a3d9f938e13cd947ec05abc7fe734df8dd826"))
        );
    }

    #[test]
    fn the_malleable_twin_and_other_recovery_bytes_are_nobodys() {
        let (digest, signature) = mail();
        let order: [u8; 32] = hexadecimal("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
        let mut twin = signature;
        let mut borrow = 0i16;
        for at in (0..32).rev() {
            let difference = i16::from(order[at]) - i16::from(signature[32 + at]) - borrow;
            borrow = i16::from(difference < 0);
            twin[32 + at] = difference.rem_euclid(256) as u8;
        }
        twin[64] = 27;
        assert_eq!(signer(&digest, &twin), None);
        for v in [0, 1, 26, 29, 255] {
            let mut other = signature;
            other[64] = v;
            assert_eq!(signer(&digest, &other), None);
        }
        let mut zero = signature;
        zero[..32].fill(0);
        assert_eq!(signer(&digest, &zero), None);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {LocalChains} from "../libraries/LocalChains.sol";

/// @title Groth16Verifier
/// @notice Checks Groth16 proofs over BN254 with one verification key for two public values (Groth, EUROCRYPT 2016, section 3.2).
/// @dev The key lies in the code of a contract of its own, one copy away. A development key's trapdoor is known to everybody, so it refuses to stand
/// anywhere but on local chains.
/// @custom:stop Nothing to stop: ComputeUnitVerifier takes the method away.
/// @custom:trusts That nobody knows the trapdoor of the key: a ceremony with one honest participant (docs/operations/ceremony.md).
contract Groth16Verifier {
    error DevelopmentKeyOffLocalChain(uint256 chainId);
    error KeyLengthWrong(uint256 words);
    error KeyNotOnCurve();

    /// @notice alpha (G1), beta, gamma, delta (G2), then one point (G1) for the constant and for each public value.
    uint256 public constant KEY_WORDS = 20;
    uint256 private constant R = 21_888_242_871_839_275_222_246_405_745_257_275_088_548_364_400_416_034_343_698_204_186_575_808_495_617;
    uint256 private constant Q = 21_888_242_871_839_275_222_246_405_745_257_275_088_696_311_157_297_823_662_689_037_894_645_226_208_583;

    /// @notice Whether the key was made from a published seed.
    bool public immutable development;
    /// @notice keccak256 of the key's words.
    bytes32 public immutable keyHash;
    address private immutable _key;

    constructor(uint256[] memory key, bool development_) {
        if (key.length != KEY_WORDS) revert KeyLengthWrong(key.length);
        if (development_ && !LocalChains.isLocal(block.chainid)) revert DevelopmentKeyOffLocalChain(block.chainid);
        (development, keyHash) = (development_, keccak256(abi.encodePacked(key)));
        _key = _store(abi.encodePacked(key));
        // A pairing with the key's own points fails for any that is off its curve.
        if (!_wellFormed(key)) revert KeyNotOnCurve();
    }

    /// @notice Whether `proof` (a in G1, b in G2, c in G1) holds for the public values. False, never a revert, for whatever is malformed.
    function verify(uint256[8] calldata proof, uint256[2] calldata values) external view returns (bool) {
        address key = _key;
        uint256[4] memory scratch;
        uint256[24] memory pairs;
        if (values[0] >= R || values[1] >= R || proof[1] >= Q) return false;
        uint256[20] memory words;
        bool ok;
        assembly ("memory-safe") {
            extcodecopy(key, words, 1, 640)
            // x = IC0 + sum of value(i) IC(i + 1), in scratch[0..1]
            mstore(scratch, mload(add(words, 448)))
            mstore(add(scratch, 32), mload(add(words, 480)))
            ok := 1
            let product := add(scratch, 64)
            let term := mload(0x40)
            for { let i := 0 } lt(i, 2) { i := add(i, 1) } {
                let point := add(words, add(512, shl(6, i)))
                mstore(term, mload(point))
                mstore(add(term, 32), mload(add(point, 32)))
                mstore(add(term, 64), calldataload(add(values, shl(5, i))))
                ok := and(ok, staticcall(gas(), 7, term, 96, product, 64))
                ok := and(ok, staticcall(gas(), 6, scratch, 128, scratch, 64))
            }
            // e(-a, b) e(alpha, beta) e(x, gamma) e(c, delta) = 1
            calldatacopy(pairs, proof, 192)
            mstore(add(pairs, 32), mod(sub(Q, calldataload(add(proof, 32))), Q))
            mcopy(add(pairs, 192), words, 192)
            mcopy(add(pairs, 384), scratch, 64)
            mcopy(add(pairs, 448), add(words, 192), 128)
            calldatacopy(add(pairs, 576), add(proof, 192), 64)
            mcopy(add(pairs, 640), add(words, 320), 128)
            ok := and(ok, staticcall(gas(), 8, pairs, 768, scratch, 32))
        }
        return ok && scratch[0] == 1;
    }

    function _wellFormed(uint256[] memory key) private view returns (bool ok) {
        uint256[6] memory pair;
        for (uint256 g2 = 2; g2 < 14; g2 += 4) {
            (pair[0], pair[1]) = (key[0], key[1]);
            (pair[2], pair[3], pair[4], pair[5]) = (key[g2], key[g2 + 1], key[g2 + 2], key[g2 + 3]);
            assembly ("memory-safe") {
                ok := staticcall(gas(), 8, pair, 192, 0, 32)
            }
            if (!ok) return false;
        }
        for (uint256 g1 = 14; g1 < KEY_WORDS; g1 += 2) {
            (pair[0], pair[1], pair[2]) = (key[g1], key[g1 + 1], 1);
            assembly ("memory-safe") {
                ok := staticcall(gas(), 7, pair, 96, pair, 64)
            }
            if (!ok) return false;
        }
    }

    /// @dev A contract whose code is STOP and then `data`.
    function _store(bytes memory data) private returns (address stored) {
        bytes memory code = bytes.concat(hex"61", bytes2(uint16(data.length + 1)), hex"80600a3d393df300", data);
        assembly ("memory-safe") {
            stored := create(0, add(code, 32), mload(code))
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Statement} from "../types/Compute.sol";

/// @notice One way of proving a benchmark claim. Committee signatures, a zero-knowledge proof and a TEE quote all fit behind it.
interface IComputeProof {
    /// @notice Reverts with a typed error unless `proof` proves `statement`.
    function check(Statement calldata statement, bytes calldata proof) external view;
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Statement} from "../types/Compute.sol";

/// @notice One way of proving a benchmark claim. Committee signatures, a zero-knowledge proof and a TEE quote all fit behind it.
interface IComputeProof {
    /// @notice Reverts with a typed error unless `proof` proves `statement`. What is returned [bps] is the part of the rate that this proof is good for.
    function check(Statement calldata statement, bytes calldata proof) external view returns (uint256 creditBps);

    /// @notice The only K that this method proves; zero: any.
    function depth() external view returns (uint32);
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Peers
/// @notice Contracts that call each other are bound to each other once, at deployment, and never again.
/// @dev One comparison instead of a look-up in the AccessManager, which would take a mint above 200,000 gas (docs/decisions).
library Peers {
    error PeerZero();
    error PeerAlreadyBound(address peer);
    error CallerNotPeer(address caller, address peer);

    /// @notice `next`, unless `bound` is taken already or `next` is no address.
    function bindOnce(address bound, address next) internal pure returns (address) {
        if (bound != address(0)) revert PeerAlreadyBound(bound);
        if (next == address(0)) revert PeerZero();
        return next;
    }

    /// @notice Reverts unless the caller is `peer`.
    function check(address peer) internal view {
        if (msg.sender != peer) revert CallerNotPeer(msg.sender, peer);
    }
}

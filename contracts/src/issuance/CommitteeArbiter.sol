// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRedemption} from "../interfaces/IIssuance.sol";
import {CommitteeProof} from "./CommitteeProof.sol";

/// @title CommitteeArbiter
/// @notice Judges disputed deliveries by the signatures of M of N verifiers, each of whom ran the job again (docs/reference/redemption.md). Holds the arbiter role.
/// @dev The order's id, job and result are in what is signed, so a verdict is good for one delivery.
/// @custom:stop Governance takes the arbiter role away.
/// @custom:trusts That fewer than CommitteeProof's threshold of verifiers lie together.
contract CommitteeArbiter {
    event Judged(uint256 indexed id, bool delivered);

    /// @notice What each committee member signs, in CommitteeProof's domain.
    bytes32 public constant VERDICT_TYPEHASH =
        keccak256("Verdict(address redemption,uint256 orderId,bytes32 jobHash,bytes32 resultHash,bool delivered)");

    IRedemption public immutable redemption;
    CommitteeProof public immutable committee;

    constructor(IRedemption redemption_, CommitteeProof committee_) {
        (redemption, committee) = (redemption_, committee_);
    }

    /// @notice Anyone: brings the committee's verdict to Redemption. `proof` as in CommitteeProof.
    function judge(uint256 id, bool delivered, bytes calldata proof) external {
        IRedemption.Order memory order = redemption.orderOf(id);
        committee.requireSigned(keccak256(abi.encode(VERDICT_TYPEHASH, redemption, id, order.jobHash, order.resultHash, delivered)), proof);
        emit Judged(id, delivered);
        redemption.resolve(id, delivered);
    }
}

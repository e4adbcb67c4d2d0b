// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {IRedemption} from "../../src/interfaces/IIssuance.sol";
import {CommitteeProof} from "../../src/issuance/CommitteeProof.sol";
import {ComputeUnitVerifier} from "../../src/issuance/ComputeUnitVerifier.sol";
import {Redemption} from "../../src/issuance/Redemption.sol";
import {ProofCheats} from "./ProofCheats.sol";

/// @notice Honest participants and every cheat of the table in docs/reference/benchmark.md, mixed: those with proofs, and here those with redemptions.
contract CheatingHandler is ProofCheats {
    address private immutable FIRST_MINTER;
    uint256 private immutable FIRST_CLAIM;

    /// @dev Something is for sale from the start.
    constructor() {
        address provider = providers[0];
        uint256 claimId = _attested(provider, 1 << 20);
        (FIRST_MINTER, FIRST_CLAIM) = (provider, claimId);
        uint256 value = verifier.claimOf(claimId).cuValue;
        _top(provider, 2 * collateral.requiredUp(value));
        vm.prank(provider);
        (uint256 amount, uint256 stakeId) = agent.mint(claimId);
        minted += amount;
        _pass(SHORT_STAKE_SECONDS);
        vm.startPrank(provider);
        staking.unstake(stakeId);
        stable.transfer(buyers[0], amount / 2);
        stable.transfer(buyers[1], amount - amount / 2);
        vm.stopPrank();
    }

    /// @notice Names as `tried` counts them.
    function cheats() external pure returns (bytes32[15] memory) {
        return [
            bytes32("wrong entry"),
            "wrong word",
            "stale seed",
            "late root",
            "root-derived sampling",
            "replayed proof",
            "silence",
            "forged quote",
            "flipped byte",
            "outdated TCB",
            "development key",
            "over-claimed rate",
            "double redemption",
            "wrong result",
            "lying buyer"
        ];
    }

    /// @notice The same claim minted again, the same sSTB redeemed again, more than a provider owes, an order ended twice.
    function doubleRedemption(uint256 seed, uint256 share) external act {
        (uint256 id, address buyer, address provider) = _ordered(seed, share);
        if (id == 0) return;
        _refusedRedeem(provider, buyer, stable.balanceOf(buyer) + redemption.freeOf(provider) + 1, Redemption.AmountAboveFree.selector);
        uint256 free = redemption.freeOf(provider);
        if (free > stable.balanceOf(buyer) && redemption.gateAvailable() >= free && redemption.queueLength() == 0) {
            _refusedRedeem(provider, buyer, free, IERC20Errors.ERC20InsufficientBalance.selector);
        }
        _deliver(id);
        vm.prank(buyer);
        redemption.confirm(id);
        bytes[4] memory again = [
            abi.encodeCall(redemption.confirm, (id)),
            abi.encodeCall(redemption.finalize, (id)),
            abi.encodeCall(redemption.expire, (id)),
            abi.encodeCall(redemption.dispute, (id))
        ];
        for (uint256 i = 0; i < again.length; i++) {
            _refused(buyer, address(redemption), again[i], Redemption.OrderInState.selector);
        }
        _refused(FIRST_MINTER, address(agent), abi.encodeCall(agent.mint, (FIRST_CLAIM)), ComputeUnitVerifier.ClaimInState.selector);
        tried["double redemption"]++;
    }

    /// @notice Something else than what the job gives. Its buyer asks the committee, which runs it again.
    function wrongResult(uint256 seed, uint256 share) external act {
        (uint256 id, address buyer, address provider) = _ordered(seed, share);
        if (id == 0) return;
        vm.prank(provider);
        redemption.deliver(id, keccak256("not the result"), 1_000_000, RESULT_URI);
        vm.prank(buyer);
        redemption.dispute(id);
        _refusedJudge(id, true, _strangers(_verdict(id, true)), CommitteeProof.SignerUnknown.selector);
        _refused(provider, address(redemption), abi.encodeCall(redemption.finalize, (id)), Redemption.OrderInState.selector);
        uint256 held = dollar.balanceOf(address(collateral));
        uint256 had = dollar.balanceOf(buyer) + redemption.bondOf(id);
        _judge(id, false);
        uint256 paid = held - dollar.balanceOf(address(collateral));
        collateralOut += paid;
        assertEq(dollar.balanceOf(buyer), had + paid, "the buyer has it");
        assertEq(uint256(redemption.orderOf(id).state), uint256(IRedemption.State.Compensated));
        tried["wrong result"]++;
    }

    /// @notice Says before its time that nothing came, then that what came is wrong, with a verdict of its own, or one about something else.
    function lyingBuyer(uint256 seed, uint256 share) external act {
        (uint256 id, address buyer, address provider) = _ordered(seed, share);
        if (id == 0) return;
        _refused(buyer, address(redemption), abi.encodeCall(redemption.expire, (id)), Redemption.DeadlineAhead.selector);
        bytes memory early = _signedBy(_typed(_verdict(id, false))); // about an order without a result
        _deliver(id);
        vm.prank(buyer);
        redemption.dispute(id);
        _refusedJudge(id, false, early, CommitteeProof.SignerUnknown.selector);
        _refusedJudge(id, false, _strangers(_verdict(id, false)), CommitteeProof.SignerUnknown.selector);
        bytes memory few = abi.encode(_signatures(_typed(_verdict(id, false)), COMMITTEE_THRESHOLD - 1));
        _refusedJudge(id, false, few, CommitteeProof.ThresholdNotMet.selector);
        uint256 bond = redemption.bondOf(id);
        uint256 had = dollar.balanceOf(provider);
        _judge(id, true);
        assertEq(dollar.balanceOf(provider), had + bond, "lying costs the bond");
        _refused(buyer, address(redemption), abi.encodeCall(redemption.dispute, (id)), Redemption.OrderInState.selector);
        tried["lying buyer"]++;
    }

    /// @dev An order that a provider may deliver now, or zero: nothing to redeem, nobody to ask, too many before it.
    function _ordered(uint256 seed, uint256 share) private returns (uint256 id, address buyer, address provider) {
        uint256 first = seed % (providers.length * buyers.length);
        for (uint256 i = first; i < first + providers.length * buyers.length; i++) {
            (provider, buyer) = (_provider(i / buyers.length), _buyer(i));
            uint256 most = _least(redemption.freeOf(provider), stable.balanceOf(buyer) / 2);
            if (most == 0 || collateral.liquidated(provider)) continue;
            uint256 amount = bound(share, 1, most / 8 + 1);
            if (stable.balanceOf(buyer) < amount * 3 / 2 + 2) continue;
            vm.prank(buyer);
            id = redemption.redeem(provider, amount, IRedemption.Tier(seed % 3), JOB, JOB_URI);
            if (redemption.orderOf(id).state == IRedemption.State.Requested) burned += amount;
            else _waited(id);
            if (redemption.orderOf(id).state == IRedemption.State.Requested) return (id, buyer, provider);
            orders.push(id);
            return (0, buyer, provider);
        }
        return (0, buyer, provider);
    }

    function _waited(uint256 id) private {
        for (uint256 i = 0; i < 8 && redemption.orderOf(id).state == IRedemption.State.Queued; i++) {
            if (!_admits()) _pass(6 hours);
        }
    }

    function _refusedRedeem(address provider, address buyer, uint256 amount, bytes4 reason) private {
        bytes memory call_ = abi.encodeCall(redemption.redeem, (provider, amount, IRedemption.Tier.Standard, JOB, JOB_URI));
        _refused(buyer, address(redemption), call_, reason);
    }

    function _verdict(uint256 id, bool delivered) private view returns (bytes32) {
        IRedemption.Order memory order = redemption.orderOf(id);
        return keccak256(abi.encode(arbiter.VERDICT_TYPEHASH(), redemption, id, order.jobHash, order.resultHash, delivered));
    }

    function _judge(uint256 id, bool delivered) private {
        arbiter.judge(id, delivered, _signedBy(_typed(_verdict(id, delivered))));
    }

    function _refusedJudge(uint256 id, bool delivered, bytes memory with, bytes4 reason) private {
        _refused(OUTSIDER, address(arbiter), abi.encodeCall(arbiter.judge, (id, delivered, with)), reason);
    }
}

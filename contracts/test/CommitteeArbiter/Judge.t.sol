// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRedemption} from "../../src/interfaces/IIssuance.sol";
import {CommitteeArbiter} from "../../src/issuance/CommitteeArbiter.sol";
import {CommitteeProof} from "../../src/issuance/CommitteeProof.sol";
import {Redemption} from "../../src/issuance/Redemption.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";

/// @notice Disputes with a bond, judged by the committee that ran the job again, in time or not at all.
contract JudgeTest is IssuanceFixture {
    CommitteeArbiter internal arbiter;
    uint256 internal supply;
    uint256 internal id;
    uint256 internal bond;

    function setUp() public override {
        super.setUp();
        arbiter = CommitteeArbiter(_arbiter());
        supply = _circulating(PROVIDER, BUYER);
        vm.prank(address(timelock));
        redemption.setRules(Redemption.Rules(72 hours, 48 hours, 10_000, 0, 0, 100, 1000));
        id = _redeem(PROVIDER, supply / 2);
        _deliver(id);
        bond = collateral.valueDown(supply / 2) / 100 + 1;
        dollar.mint(BUYER, bond);
        vm.startPrank(BUYER);
        dollar.approve(address(redemption), bond);
        redemption.dispute(id);
        vm.stopPrank();
    }

    function _verdict(uint256 order, bytes32 result, bool delivered) internal view returns (bytes memory) {
        bytes32 struct_ = keccak256(abi.encode(arbiter.VERDICT_TYPEHASH(), redemption, order, JOB, result, delivered));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("stab3l CommitteeProof"),
                keccak256("1"),
                block.chainid,
                address(committee)
            )
        );
        return abi.encode(_signatures(keccak256(abi.encodePacked("\x19\x01", domain, struct_)), COMMITTEE_THRESHOLD));
    }

    function test_a_wrong_delivery_costs_compensation_and_penalty() public {
        uint256 before = dollar.balanceOf(BUYER);
        arbiter.judge(id, false, _verdict(id, RESULT, false));
        uint256 value = collateral.valueDown(supply / 2);
        assertApproxEqAbs(dollar.balanceOf(BUYER) - before, value + value / 10 + redemption.bondOf(id) + bond, 2);
        assertEq(uint256(redemption.orderOf(id).state), uint256(IRedemption.State.Compensated));
    }

    function test_a_buyer_who_lies_loses_its_bond_to_the_provider() public {
        arbiter.judge(id, true, _verdict(id, RESULT, true));
        assertApproxEqAbs(dollar.balanceOf(PROVIDER), bond, 1);
        assertLe(dollar.balanceOf(BUYER), 1);
        assertEq(uint256(redemption.orderOf(id).state), uint256(IRedemption.State.Settled));
    }

    function test_a_verdict_is_good_for_one_order_result_and_outcome() public {
        bytes memory verdict = _verdict(id, RESULT, true);
        vm.expectPartialRevert(CommitteeProof.SignerUnknown.selector);
        arbiter.judge(id, false, verdict);
        verdict = _verdict(id + 1, RESULT, false);
        vm.expectPartialRevert(CommitteeProof.SignerUnknown.selector);
        arbiter.judge(id, false, verdict);
        verdict = _verdict(id, JOB, false);
        vm.expectPartialRevert(CommitteeProof.SignerUnknown.selector);
        arbiter.judge(id, false, verdict);
        verdict = _verdict(id, RESULT, false);
        arbiter.judge(id, false, verdict);
        vm.expectPartialRevert(Redemption.OrderInState.selector);
        arbiter.judge(id, false, verdict);
    }

    function test_silence_of_the_committee_ends_for_the_buyer() public {
        vm.expectPartialRevert(Redemption.JudgementOpen.selector);
        redemption.lapse(id);
        _pass(48 hours + 1);
        bytes memory verdict = _verdict(id, RESULT, true);
        vm.expectPartialRevert(Redemption.JudgementLate.selector);
        arbiter.judge(id, true, verdict);
        redemption.lapse(id);
        assertApproxEqAbs(dollar.balanceOf(BUYER), collateral.valueDown(supply / 2) + bond, 2);
        assertGt(collateral.collateralOf(PROVIDER), 0);
    }

    function test_a_buyer_may_still_accept_and_gets_its_bond_back() public {
        vm.prank(BUYER);
        redemption.confirm(id);
        assertEq(dollar.balanceOf(BUYER), bond);
        assertEq(redemption.bondOf(id), 0);
        assertEq(dollar.balanceOf(address(redemption)), 0);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC3156FlashBorrower} from "@openzeppelin/contracts/interfaces/IERC3156FlashBorrower.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Bucket} from "../../src/interfaces/IStability.sol";
import {FlashLender} from "../../src/stability/FlashLender.sol";
import {StabilityFixture} from "../support/StabilityFixture.sol";

contract FlashLenderTest is StabilityFixture, IERC3156FlashBorrower {
    uint256 internal constant AMOUNT = 100_000e6;
    bytes32 internal answer = keccak256("ERC3156FlashBorrower.onFlashLoan");
    uint256 internal approved;
    bool internal again;

    function onFlashLoan(address, address token, uint256 amount, uint256 fee, bytes calldata) external returns (bytes32) {
        assertEq(cUSDC.balanceOf(address(this)), amount + fee);
        if (again) lender.flashLoan(this, token, 1, "");
        cUSDC.approve(address(lender), approved);
        return answer;
    }

    function _borrow() private returns (bool) {
        uint256 fee = lender.flashFee(address(cUSDC), AMOUNT);
        deal(address(cUSDC), address(this), fee);
        return lender.flashLoan(this, address(cUSDC), AMOUNT, "");
    }

    /// forge-config: default.isolate = true
    function test_a_loan_comes_back_with_its_fee_into_its_bucket() public {
        approved = AMOUNT + 50e6;
        uint256 before = vault.heldOf(Bucket.Flash, address(cUSDC));
        deal(address(cUSDC), address(this), 50e6);
        assertTrue(lender.flashLoan(this, address(cUSDC), AMOUNT, ""));
        vm.snapshotGasLastCall("FlashLender", "flashLoan, borrower does nothing");
        assertEq(vault.heldOf(Bucket.Flash, address(cUSDC)), before + 50e6);
    }

    function test_a_loan_that_does_not_come_back_reverts() public {
        approved = AMOUNT;
        vm.expectRevert();
        _borrowExternally();
        approved = AMOUNT + 50e6;
        answer = "no";
        vm.expectRevert(abi.encodeWithSelector(FlashLender.CallbackRefused.selector, address(this), bytes32("no")));
        _borrowExternally();
    }

    function test_no_loan_within_a_loan() public {
        again = true;
        vm.expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        _borrowExternally();
    }

    function test_no_more_than_the_bucket_and_nothing_while_stopped() public {
        uint256 max = lender.maxFlashLoan(address(cUSDC));
        vm.expectRevert(abi.encodeWithSelector(FlashLender.LoanTooLarge.selector, address(cUSDC), max + 1, max));
        lender.flashLoan(this, address(cUSDC), max + 1, "");
        vm.prank(GUARDIAN);
        lender.pause();
        assertEq(lender.maxFlashLoan(address(cUSDC)), 0);
    }

    function _borrowExternally() private {
        this.borrow();
    }

    function borrow() external {
        _borrow();
    }
}

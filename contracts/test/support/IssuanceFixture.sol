// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {IRedemption} from "../../src/interfaces/IIssuance.sol";
import {ComputeClass, ProofMethod, Statement} from "../../src/types/Compute.sol";
import {IssuanceDeployment} from "./IssuanceDeployment.sol";

/// @notice Issuance deployed, and the steps from registration to redemption with usual values.
abstract contract IssuanceFixture is IssuanceDeployment {
    uint32 internal constant STAKE_SECONDS = 30 days;
    uint32 internal constant TERM_SECONDS = 60 days;
    uint32 internal constant PRODUCTS = 100;
    uint256 internal constant WORK_BLOCKS = 10; // from the seed block to the commitment
    bytes32 internal constant ROOT = keccak256("root of the tiles");
    bytes32 internal constant JOB = keccak256("job document");
    bytes32 internal constant RESULT = keccak256("result");
    string internal constant JOB_URI = "https://example.org/job";
    string internal constant RESULT_URI = "https://example.org/result";

    address internal immutable PROVIDER = makeAddr("provider");
    address internal immutable OTHER_PROVIDER = makeAddr("other provider");
    address internal immutable BUYER = makeAddr("buyer");

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.roll(1000);
        _deployIssuance();
    }

    // --- Claims

    function _register(address provider) internal {
        vm.prank(provider);
        verifier.register(ProofMethod.Committee, STAKE_SECONDS);
    }

    function _open(address provider) internal returns (uint256 claimId) {
        vm.prank(provider);
        claimId = verifier.openChallenge(ComputeClass.F32, TERM_SECONDS, PRODUCTS);
    }

    /// @dev Registers, opens a claim and commits after the work's blocks.
    function _committed(address provider) internal returns (uint256 claimId) {
        _register(provider);
        claimId = _open(provider);
        _commit(provider, claimId);
    }

    function _commit(address provider, uint256 claimId) internal {
        vm.roll(verifier.claimOf(claimId).seedBlock + WORK_BLOCKS);
        vm.prank(provider);
        verifier.commitRoot(claimId, ROOT);
    }

    function _sampleBlockMined(uint256 claimId) internal {
        vm.roll(verifier.claimOf(claimId).commitBlock + 3);
    }

    function _proven(address provider) internal returns (uint256 claimId, uint256 cuValue) {
        claimId = _committed(provider);
        _sampleBlockMined(claimId);
        cuValue = verifier.prove(claimId, _proof(claimId));
    }

    /// @dev The first signers, as many as needed.
    function _proof(uint256 claimId) internal view returns (bytes memory) {
        bytes32 digest = committee.digestOf(verifier.statementOf(claimId));
        return abi.encode(_signatures(digest, COMMITTEE_THRESHOLD));
    }

    function _signatures(bytes32 digest, uint256 count) internal view returns (bytes[] memory signatures) {
        signatures = new bytes[](count);
        for (uint256 i = 0; i < count; i++) {
            signatures[i] = _signature(committeeKeys[i], digest);
        }
    }

    function _signature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    // --- Collateral and mint

    function _fund(address provider, uint256 amount) internal {
        dollar.mint(provider, amount);
        vm.startPrank(provider);
        dollar.approve(address(collateral), amount);
        collateral.deposit(amount);
        vm.stopPrank();
    }

    /// @dev With exactly the collateral that it needs.
    function _minted(address provider) internal returns (uint256 amount, uint256 stakeId) {
        return _mintedAt(provider, 12_000);
    }

    function _mintedAt(address provider, uint256 ratioBps) internal returns (uint256 amount, uint256 stakeId) {
        (uint256 claimId, uint256 cuValue) = _proven(provider);
        _fund(provider, (collateral.requiredUp(cuValue) * ratioBps + 11_999) / 12_000);
        vm.prank(provider);
        return agent.mint(claimId);
    }

    /// @dev Minted, unlocked, unstaked and handed to `holder`. The dollar's price is reported again.
    function _circulating(address provider, address holder) internal returns (uint256 amount) {
        uint256 stakeId;
        (amount, stakeId) = _minted(provider);
        _pass(STAKE_SECONDS);
        vm.startPrank(provider);
        staking.unstake(stakeId);
        stable.transfer(holder, amount);
        vm.stopPrank();
    }

    /// @dev Time passes with the price kept fresh at the end.
    function _pass(uint256 seconds_) internal {
        _passSilently(seconds_);
        (, uint256 price,) = oracle.lastAnswerOf(DOLLAR_FEED);
        _reportPrice(price);
    }

    function _passSilently(uint256 seconds_) internal {
        vm.warp(vm.getBlockTimestamp() + seconds_);
        vm.roll(vm.getBlockNumber() + seconds_ / 2);
    }

    function _addBudget(uint256 amount) internal {
        vm.prank(address(timelock));
        distributor.addBudget(amount);
    }

    // --- Redemption

    function _redeem(address provider, uint256 amount) internal returns (uint256 id) {
        vm.prank(BUYER);
        return redemption.redeem(provider, amount, IRedemption.Tier.Standard, JOB, JOB_URI);
    }

    function _deliver(uint256 id) internal {
        vm.prank(redemption.orderOf(id).provider);
        redemption.deliver(id, RESULT, 1_000_000, RESULT_URI);
    }

    function _liquidated(address provider) internal {
        collateral.startLiquidation(provider);
        _pass(GRACE_SECONDS + 1);
        collateral.liquidate(provider);
    }

    // --- Expectations

    function _expectUnauthorised(address caller) internal {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
    }

    function _assertNothingMinted() internal view {
        assertEq(stable.totalSupply(), 0, "sSTB");
        assertEq(cuToken.totalSupply(), 0, "CU");
        assertEq(collateral.outstandingOf(PROVIDER), 0, "obligation");
        assertEq(staking.totalStaked(), 0, "stake");
    }

    /// @dev The other half of a statement's test: its copy with one field changed.
    function _changed(Statement memory statement, uint256 field) internal pure returns (Statement memory) {
        if (field == 0) statement.claimId++;
        else if (field == 1) statement.provider = address(uint160(statement.provider) + 1);
        else if (field == 2) statement.computeClass = ComputeClass.F64;
        else if (field == 3) statement.rows++;
        else if (field == 4) statement.depth++;
        else if (field == 5) statement.products++;
        else if (field == 6) statement.seedBlock++;
        else if (field == 7) statement.commitBlock++;
        else if (field == 8) statement.seed ^= bytes32(uint256(1));
        else if (field == 9) statement.root ^= bytes32(uint256(1));
        else if (field == 10) statement.sampleSeed ^= bytes32(uint256(1));
        else statement.operationsPerSecond++;
        return statement;
    }
}

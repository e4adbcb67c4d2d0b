// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {Bucket} from "../../src/interfaces/IStability.sol";
import {PMMCore} from "../../src/stability/PMMCore.sol";
import {PMMPool} from "../../src/stability/PMMPool.sol";
import {Stabilizer} from "../../src/stability/Stabilizer.sol";
import {StabilizerPolicy} from "../../src/stability/StabilizerPolicy.sol";
import {StabilityFixture} from "../support/StabilityFixture.sol";

/// @notice Arbitrage between public pools and the mesh: bucket B sells above the target and buys back through gold, or nothing happens.
contract StabilizerTriangulateTest is StabilityFixture {
    uint256 internal constant AMOUNT = 2000e6;

    function _held(address token) private view returns (uint256) {
        return vault.heldOf(Bucket.Stabilisation, token);
    }

    function test_a_dear_pool_is_sold_to_and_bought_back_through_gold() public {
        _sellQuote(pool, 60_000e6); // cUSDT is dear
        int256 before = _deviation(pool);
        (uint256 base, uint256 quote) = (_held(address(cUSDT)), _held(address(cUSDC)));
        vm.prank(KEEPER);
        uint256 gained = stabilizer.triangulate(pool, true, AMOUNT);
        assertGt(gained, 0);
        assertEq(_held(address(cUSDT)), base + gained);
        assertEq(_held(address(cUSDC)), quote, "what was paid went on into the mesh");
        assertLt(_deviation(pool), before);
        assertGt(_deviation(pool), 0);
    }

    function test_a_cheap_pool_is_bought_from() public {
        _sellBase(pool, 60_000e6);
        int256 before = _deviation(pool);
        uint256 quote = _held(address(cUSDC));
        vm.prank(KEEPER);
        uint256 gained = stabilizer.triangulate(pool, false, AMOUNT);
        assertEq(_held(address(cUSDC)), quote + gained);
        assertGt(_deviation(pool), before);
    }

    function test_a_pool_against_gold_takes_one_leg_of_the_mesh() public {
        _sellQuote(goldPool, 10e6);
        uint256 base = _held(address(cUSDT));
        vm.prank(KEEPER);
        uint256 gained = stabilizer.triangulate(goldPool, true, AMOUNT);
        assertEq(_held(address(cUSDT)), base + gained);
    }

    // --- A keeper that lies

    function test_at_its_target_a_pool_is_not_traded() public {
        vm.expectPartialRevert(PMMCore.PaidTooLittle.selector);
        vm.prank(KEEPER);
        stabilizer.triangulate(pool, true, AMOUNT);
    }

    /// @dev Selling what is cheap would push the price away.
    function test_the_wrong_side_is_refused() public {
        _sellBase(pool, 60_000e6);
        vm.expectPartialRevert(PMMCore.PaidTooLittle.selector);
        vm.prank(KEEPER);
        stabilizer.triangulate(pool, true, AMOUNT);
    }

    function test_more_than_pays_is_refused() public {
        _sellQuote(pool, 60_000e6);
        vm.expectRevert();
        vm.prank(KEEPER);
        stabilizer.triangulate(pool, true, 100_000e6);
    }

    /// @dev Within the fees of both sides there is nothing to gain, and so nothing is moved.
    function test_a_deviation_within_the_fees_gains_nothing() public {
        _sellQuote(pool, 4000e6);
        assertGt(_deviation(pool), 0.0001e18);
        vm.expectPartialRevert(Stabilizer.NothingGained.selector);
        vm.prank(KEEPER);
        stabilizer.triangulate(pool, true, 10e6);
    }

    /// @dev However often it is called with whatever amount, the bucket holds no less of what was sold, and the mesh's cap ends it.
    function test_no_series_of_calls_costs_the_bucket_anything(uint256 seed) public {
        for (uint256 i = 0; i < 6; i++) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (seed % 2 == 0) _sellQuote(pool, 1e6 + seed % 60_000e6);
            else _sellBase(pool, 1e6 + seed % 60_000e6);
            bool sellsBase = seed & 4 == 0;
            address sold = sellsBase ? address(cUSDT) : address(cUSDC);
            (uint256 held, uint256 other) = (_held(sold), _held(sellsBase ? address(cUSDC) : address(cUSDT)));
            vm.prank(KEEPER);
            try stabilizer.triangulate(pool, sellsBase, 1 + (seed >> 32) % 20_000e6) {
                assertGt(_held(sold), held);
            } catch {
                assertEq(_held(sold), held);
            }
            assertEq(_held(sellsBase ? address(cUSDC) : address(cUSDT)), other);
            _roll(1);
        }
    }

    function test_only_keepers_and_only_while_not_stopped() public {
        _sellQuote(pool, 60_000e6);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, OUTSIDER));
        vm.prank(OUTSIDER);
        stabilizer.triangulate(pool, true, AMOUNT);
        vm.prank(GUARDIAN);
        stabilizer.pause();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        vm.prank(KEEPER);
        stabilizer.triangulate(pool, true, AMOUNT);
    }

    function test_a_pool_without_limits_is_refused() public {
        PMMPool other = PMMPool(address(peg.mesh[0]));
        vm.expectRevert(abi.encodeWithSelector(StabilizerPolicy.PoolUnknown.selector, address(other)));
        vm.prank(KEEPER);
        stabilizer.triangulate(other, true, AMOUNT);
    }
}

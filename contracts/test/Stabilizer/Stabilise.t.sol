// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {Bucket} from "../../src/interfaces/IStability.sol";
import {StabilizerLimits, StabilizerRules} from "../../src/libraries/StabilizerRules.sol";
import {PMMPool} from "../../src/stability/PMMPool.sol";
import {Stabilizer} from "../../src/stability/Stabilizer.sol";
import {StabilizerPolicy} from "../../src/stability/StabilizerPolicy.sol";
import {StabilityFixture} from "../support/StabilityFixture.sol";

contract StabilizerTest is StabilityFixture {
    function _expectNot(PMMPool target, StabilizerRules.Outcome outcome) private {
        vm.expectRevert(abi.encodeWithSelector(Stabilizer.NotNow.selector, address(target), outcome));
        stabilizer.stabilise(address(target));
    }

    // --- When it acts

    function test_a_sustained_deviation_is_traded_against_by_anyone() public {
        _sellBase(pool, 40_000e6);
        int256 before = _deviation(pool);
        assertLt(before, -0.001e18);
        _roll(2);
        _expectNot(pool, StabilizerRules.Outcome.WithinBand);
        _roll(1);
        uint256 held = vault.heldOf(Bucket.Stabilisation, address(cUSDT));
        vm.prank(OUTSIDER);
        uint256 paid = stabilizer.stabilise(address(pool));
        assertEq(vault.heldOf(Bucket.Stabilisation, address(cUSDT)), held + paid);
        assertGt(_deviation(pool), before * 6 / 10);
        _expectNot(pool, StabilizerRules.Outcome.TooSoon);
    }

    function test_pools_of_6_and_18_decimals_and_of_gold_are_kept_too() public {
        _sellQuote(computePool, 3e6);
        _sellQuote(goldPool, 5e6);
        _roll(3);
        (int256 compute_, int256 gold_) = (_deviation(computePool), _deviation(goldPool));
        assertGt(compute_, 0.001e18);
        assertGt(gold_, 0.001e18);
        stabilizer.stabilise(address(computePool));
        stabilizer.stabilise(address(goldPool));
        assertLt(_deviation(computePool), compute_ * 6 / 10);
        assertLt(_deviation(goldPool), gold_ * 6 / 10);
    }

    function test_a_gas_price_above_the_cap_stops_it() public {
        _sellBase(pool, 40_000e6);
        _roll(3);
        vm.txGasPrice(201 gwei);
        _expectNot(pool, StabilizerRules.Outcome.GasPriceHigh);
    }

    function test_the_guardian_stops_it() public {
        vm.prank(GUARDIAN);
        stabilizer.pause();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        stabilizer.stabilise(address(pool));
    }

    // --- Attacks on the guards

    /// @dev A spike within a block, and one that outlives its block but not N blocks.
    function test_a_spike_is_no_sustained_deviation() public {
        _roll(5);
        uint256 got = _sellQuote(pool, 300_000e6);
        _expectNot(pool, StabilizerRules.Outcome.WithinBand);
        _roll(2);
        _expectNot(pool, StabilizerRules.Outcome.WithinBand);
        vm.prank(TRADER);
        require(cUSDT.transfer(address(pool), got));
        pool.sellBase(TRADER, 0);
        _roll(1);
        (StabilizerRules.Outcome outcome) = stabilizer.checkDeviation(address(pool)).outcome;
        assertTrue(outcome != StabilizerRules.Outcome.Act);
    }

    /// @dev Trade in front, let it act, trade back: with size the attacker pays whichever way it pushes; the invariant has every size.
    function test_a_sandwich_around_the_stabiliser_loses() public {
        for (uint256 i = 0; i < 2; i++) {
            _sellBase(pool, 40_000e6);
            _roll(3);
            uint256 stake = 200_000e6;
            uint256 end;
            if (i == 0) {
                uint256 got = _sellBase(pool, stake);
                stabilizer.stabilise(address(pool));
                vm.prank(TRADER);
                require(cUSDC.transfer(address(pool), got));
                end = pool.sellQuote(TRADER, 0);
            } else {
                uint256 got = _sellQuote(pool, stake);
                _expectNot(pool, StabilizerRules.Outcome.SpotReturned);
                vm.prank(TRADER);
                require(cUSDT.transfer(address(pool), got));
                end = pool.sellBase(TRADER, 0);
            }
            assertLt(end, stake, "the attacker gained");
            _roll(10);
        }
    }

    /// @dev Calling as often as one likes spends neither the interval nor the cap on nothing.
    function test_griefing_the_interval_gains_nothing() public {
        for (uint256 i = 0; i < 10; i++) {
            _roll(1);
            _expectNot(pool, StabilizerRules.Outcome.WithinBand);
        }
        _sellBase(pool, 40_000e6);
        _roll(3);
        stabilizer.stabilise(address(pool));
    }

    function test_the_cap_holds_however_it_is_split() public {
        uint256 actions;
        StabilizerLimits memory limits = policy.limitsOf(address(pool));
        uint256 held = vault.heldOf(Bucket.Stabilisation, address(cUSDC));
        for (uint256 i = 0; i < 30; i++) {
            _sellBase(pool, 100_000e6);
            _roll(3);
            try stabilizer.stabilise(address(pool)) {
                assertLe(stabilizer.memoryOf(address(pool)).flow, limits.flowMax);
                actions++;
            } catch {}
        }
        uint256 spent = held - vault.heldOf(Bucket.Stabilisation, address(cUSDC));
        // cap + blocks x cap x (1 - memory)
        assertLe(spent, limits.flowMax + 90 * limits.flowMax / 10);
        assertGe(actions, 28);
    }

    // --- A true depeg

    /// @dev The other side of every guard: after a fall and a rise of 15 % it goes on acting, every interval, until the peg is back.
    function test_a_true_depeg_of_15_percent_does_not_freeze_it() public {
        StabilizerLimits memory limits = policy.limitsOf(address(goldPool));
        for (uint256 i = 0; i < 2; i++) {
            while (i == 0 ? _deviation(goldPool) > -0.15e18 : _deviation(goldPool) < 0.15e18) {
                if (i == 0) _sellBase(goldPool, 20_000e6);
                else _sellQuote(goldPool, 5e6);
            }
            uint256 actions;
            uint256 blocks;
            while (_abs(_deviation(goldPool)) > limits.threshold && blocks < 300) {
                _roll(1);
                blocks++;
                try stabilizer.stabilise(address(goldPool)) {
                    actions++;
                } catch {}
            }
            assertGe(actions * (limits.intervalBlocks + 1), blocks - 3, "frozen in between");
            assertLe(_abs(_deviation(goldPool)), limits.threshold);
        }
    }

    function test_governance_may_act_past_the_guards_up_to_its_own_cap() public {
        _sellBase(pool, 40_000e6);
        bytes memory order = abi.encodeCall(Stabilizer.overrideStabilise, (address(pool), false, 10_000e6));
        vm.expectRevert(abi.encodeWithSelector(Stabilizer.CapReached.selector, 10_000e6, 0));
        vm.prank(address(system.timelock));
        stabilizer.overrideStabilise(address(pool), false, 10_000e6);
        _govern(address(stabilizer), abi.encodeCall(Stabilizer.setOverrideCap, (address(pool), 15_000e6, 0.9e18)));
        int256 before = _deviation(pool);
        _govern(address(stabilizer), order);
        assertGt(_deviation(pool), before);
        vm.expectRevert(abi.encodeWithSelector(Stabilizer.CapReached.selector, 10_000e6, 5000e6));
        vm.prank(address(system.timelock));
        stabilizer.overrideStabilise(address(pool), false, 10_000e6);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, KEEPER));
        vm.prank(KEEPER);
        stabilizer.overrideStabilise(address(pool), false, 1);
    }

    function test_a_gain_that_would_overshoot_is_refused() public {
        StabilizerLimits memory limits = policy.limitsOf(address(pool));
        limits.gain *= 3;
        vm.expectRevert(abi.encodeWithSelector(StabilizerPolicy.LoopUnstable.selector, 1.5e18, 1e18));
        vm.prank(address(system.timelock));
        policy.setLimits(pool, limits);
    }

    // --- The mesh

    function test_the_mesh_restores_the_inventory_at_parity() public {
        uint256 held = vault.heldOf(Bucket.Stabilisation, address(cUSDC));
        vm.prank(KEEPER);
        uint256 received = stabilizer.executePrivateSwap(address(cUSDT), address(cUSDC), 10_000e6);
        assertGt(received, 9950e6);
        assertLe(received, 10_000e6);
        assertEq(vault.heldOf(Bucket.Stabilisation, address(cUSDC)), held + received);
    }

    function test_a_lying_keeper_is_bounded_by_slippage_and_cap() public {
        vm.startPrank(KEEPER);
        vm.expectRevert();
        stabilizer.executePrivateSwap(address(cUSDT), address(cUSDC), 190_000e6);
        for (uint256 i = 0; i < 5; i++) {
            stabilizer.executePrivateSwap(address(cUSDT), address(gold), 20_000e6);
            stabilizer.executePrivateSwap(address(gold), address(cUSDT), 5e6);
        }
        vm.expectRevert(abi.encodeWithSelector(Stabilizer.CapReached.selector, 1, 0));
        stabilizer.executePrivateSwap(address(gold), address(cUSDC), 1);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, OUTSIDER));
        vm.prank(OUTSIDER);
        stabilizer.executePrivateSwap(address(cUSDT), address(cUSDC), 1);
    }

    function _abs(int256 value) private pure returns (uint256) {
        return value < 0 ? uint256(-value) : uint256(value);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {Bucket} from "../../src/interfaces/IStability.sol";
import {Peers} from "../../src/libraries/Peers.sol";
import {PegEquation} from "../../src/libraries/PegEquation.sol";
import {TriangulationRules} from "../../src/libraries/TriangulationRules.sol";
import {BridgeReserveCoordinator} from "../../src/stability/BridgeReserveCoordinator.sol";
import {MeshPool} from "../../src/stability/MeshPool.sol";
import {PMMRouter} from "../../src/stability/PMMRouter.sol";
import {PegManager} from "../../src/stability/PegManager.sol";
import {ReserveVault} from "../../src/stability/ReserveVault.sol";
import {StabilityFixture} from "../support/StabilityFixture.sol";

/// @notice Vault, bridge reserve, prices and router on the deployed system.
contract ReserveVaultTest is StabilityFixture {
    address internal immutable BRIDGE = makeAddr("bridge");

    function _grant(uint64 role, address to) private {
        vm.prank(address(system.timelock));
        system.authority.grantRole(role, to, 0);
    }

    // --- Buckets

    function test_each_bucket_is_spent_by_its_own_contract_only() public {
        address[3] memory spenders = [address(stabilizer), address(lender), address(peg.coordinator)];
        for (uint256 bucket = 0; bucket < 5; bucket++) {
            for (uint256 i = 0; i < 3; i++) {
                bool may = bucket == i + 1;
                if (!may) {
                    vm.expectRevert(abi.encodeWithSelector(Peers.CallerNotPeer.selector, spenders[i], vault.spenderOf(Bucket(bucket))));
                }
                vm.prank(spenders[i]);
                vault.spend(Bucket(bucket), address(cUSDC), TRADER, 1);
            }
        }
        vm.prank(GUARDIAN);
        vault.pause();
        vm.prank(address(stabilizer));
        vm.expectRevert(Pausable.EnforcedPause.selector);
        vault.spend(Bucket.Stabilisation, address(cUSDC), TRADER, 1);
    }

    function test_capital_moves_only_by_rule_and_leaves_what_is_required() public {
        vm.startPrank(KEEPER);
        vm.expectRevert(abi.encodeWithSelector(ReserveVault.MoveNotByRule.selector, address(cUSDC), Bucket.Flash, Bucket.Public, 1, 0));
        vault.move(address(cUSDC), Bucket.Flash, Bucket.Public, 1);
        vault.move(address(cUSDC), Bucket.Reserve, Bucket.Bridge, 200_000e6);
        vm.expectPartialRevert(ReserveVault.MoveNotByRule.selector);
        vault.move(address(cUSDC), Bucket.Reserve, Bucket.Bridge, 50_001e6);
        vm.stopPrank();
        _govern(address(vault), abi.encodeCall(ReserveVault.setRequirement, (Bucket.Reserve, address(cUSDC), 790_000e6)));
        vm.expectRevert(abi.encodeWithSelector(ReserveVault.BucketShort.selector, Bucket.Reserve, address(cUSDC), 800_000e6, 810_000e6));
        vm.prank(KEEPER);
        vault.move(address(cUSDC), Bucket.Reserve, Bucket.Stabilisation, 20_000e6);
        (uint256 held, uint256 required, uint256 ratio) = vault.healthOf(Bucket.Reserve, address(cUSDC));
        assertEq(ratio, held * WAD / required);
    }

    function test_liquidity_comes_back_from_a_pool() public {
        uint256 before = vault.heldOf(Bucket.Public, address(cUSDC));
        _govern(address(vault), abi.encodeCall(ReserveVault.drainPool, (pool, Bucket.Public, 400_000e6, 400_000e6)));
        assertEq(vault.heldOf(Bucket.Public, address(cUSDC)), before + 400_000e6);
        assertEq(pool.state().baseTarget, 600_000e6);
    }

    // --- The bridge's reserve

    function test_the_bridge_reserve_covers_peak_outflow_times_latency_times_safety() public {
        _grant(22, BRIDGE);
        BridgeReserveCoordinator coordinator = peg.coordinator;
        vm.expectRevert(abi.encodeWithSelector(BridgeReserveCoordinator.NothingToRebalance.selector, address(cUSDC), 1_000_000e6, 0));
        coordinator.rebalance(address(cUSDC));
        vm.startPrank(BRIDGE);
        coordinator.release(address(cUSDC), TRADER, 600e6);
        coordinator.release(address(cUSDC), TRADER, 600e6);
        vm.stopPrank();
        // 1,200 in one block x 300 blocks x 3
        assertEq(coordinator.requiredOf(address(cUSDC)), 1_080_000e6);
        uint256 moved = coordinator.rebalance(address(cUSDC));
        assertEq(moved, 81_200e6);
        (,, uint256 ratio) = coordinator.healthOf(address(cUSDC));
        assertEq(ratio, WAD);
        vm.prank(BRIDGE);
        coordinator.release(address(cUSDC), TRADER, 1300e6);
        vm.expectRevert(abi.encodeWithSelector(BridgeReserveCoordinator.CoolingDown.selector, address(cUSDC), block.number + 100));
        coordinator.rebalance(address(cUSDC));
    }

    // --- Prices

    function test_weekend_gold_is_the_last_good_price_with_a_wider_spread_and_then_none() public {
        MeshPool mesh = peg.mesh[0];
        (uint256 fresh,) = mesh.querySellBase(4000e6);
        vm.warp(block.timestamp + 49 hours);
        (uint256 stale,) = mesh.querySellBase(4000e6);
        assertLt(stale, fresh * 97 / 100);
        assertGt(stale, fresh * 95 / 100);
        (, uint256 band) = pegs.targetOf(address(goldPool));
        assertGt(band, 0.03e18);
        vm.expectPartialRevert(bytes4(keccak256("TargetUncertain(uint256,uint256)")));
        vm.prank(KEEPER);
        goldPool.syncPrice(pegs);
        vm.warp(block.timestamp + 50 hours);
        vm.expectPartialRevert(TriangulationRules.PriceUnusable.selector);
        mesh.querySellBase(4000e6);
    }

    function test_a_feed_that_never_answered_prices_nothing() public {
        _govern(
            address(triangulation),
            abi.encodeWithSignature(
                "setAsset(address,string,(uint32,uint32,uint64,uint64))",
                address(cUSDT),
                "XAU/USD",
                TriangulationRules.Freshness(1, 2, 0, 0)
            )
        );
        vm.warp(block.timestamp + 3);
        vm.expectPartialRevert(TriangulationRules.PriceUnusable.selector);
        triangulation.inGold(address(cUSDT));
    }

    function test_the_peg_equation_steers_the_target_of_sSTB_within_its_band() public {
        assertEq(_computeTarget(), 0.06e18);
        _report("CU/USD", 0.0558e18);
        pegs.updateTarget();
        assertEq(_computeTarget(), 0.0588e18); // 0.0558 + 0.15 x 0.0042 lies below the band of 2 %
        vm.expectRevert(abi.encodeWithSelector(PegManager.TooSoon.selector, block.number + 5));
        pegs.updateTarget();
        PegEquation.Weights memory weights = pegs.equationWeights();
        (weights.arbitrage, weights.band) = (1e18, 0.1e18);
        _govern(address(pegs), abi.encodeCall(PegManager.setWeights, (weights)));
        _report("sSTB-FUTURES/USD", 0.065e18);
        _roll(5);
        assertEq(pegs.updateTarget(), 0.0605e18);
        assertEq(_computeTarget(), 0.0605e18);
        _report("USDC/USD", 0.95e18);
        assertEq(_computeTarget(), uint256(0.0605e18) * WAD / 0.95e18);
    }

    function _computeTarget() private view returns (uint256 target) {
        (target,) = pegs.targetOf(address(computePool));
    }

    // --- Router

    function test_the_router_quotes_public_and_private_ways_and_trades_the_public_one() public {
        (PMMRouter.Path memory open, PMMRouter.Path memory hidden) = peg.router.best(address(cUSDT), address(cUSDC), 1000e6);
        assertEq(open.pools.length, 1);
        assertEq(hidden.pools.length, 2);
        assertGt(open.paid, 999e6);
        assertGt(hidden.paid, 995e6);
        cUSDT.faucet(address(this), 1000e6);
        cUSDT.approve(address(peg.router), 1000e6);
        vm.expectRevert(abi.encodeWithSelector(PMMRouter.PaidTooLittle.selector, open.paid, open.paid + 1));
        peg.router.swap(open.pools, address(cUSDT), 1000e6, open.paid + 1, TRADER, block.timestamp);
        peg.router.swap(open.pools, address(cUSDT), 1000e6, open.paid, TRADER, block.timestamp);
        assertEq(cUSDC.balanceOf(TRADER), open.paid);
        address[] memory way = new address[](2);
        (way[0], way[1]) = (address(goldPool), address(peg.pools[2]));
        cUSDT.faucet(address(this), 400e6);
        cUSDT.approve(address(peg.router), 400e6);
        assertGt(peg.router.swap(way, address(cUSDT), 400e6, 398e6, TRADER, block.timestamp), 398e6);
    }
}

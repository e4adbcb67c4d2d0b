// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Bucket} from "../../src/interfaces/IStability.sol";
import {StabilityFixture} from "../support/StabilityFixture.sol";

contract StabilityGasTest is StabilityFixture {
    /// @dev A keeper's transaction, not a user's: it reads target and history, and moves both tokens between pool and vault.
    uint256 internal constant KEEPERS_GAS_MAX = 280_000;

    function setUp() public override {
        _deployStability();
        _sellBase(pool, 40_000e6);
        _sellQuote(computePool, 3e6);
        _sellBase(goldPool, 40_000e6);
        for (uint256 i = 0; i < 18; i++) {
            _roll(1);
            _sellBase(pool, 1e6);
            _sellBase(goldPool, 1e6);
        }
        _roll(3);
        cUSDT.faucet(TRADER, 1000e6);
        vm.prank(TRADER);
        cUSDT.approve(address(peg.router), type(uint256).max);
        cUSDC.faucet(address(this), 1e6);
        cUSDC.approve(address(vault), type(uint256).max);
    }

    /// forge-config: default.isolate = true
    function test_gas() public {
        stabilizer.stabilise(address(pool));
        _kept("Stabilizer", "stabilise, a stable pair", KEEPERS_GAS_MAX);
        stabilizer.stabilise(address(computePool));
        _kept("Stabilizer", "stabilise, sSTB", KEEPERS_GAS_MAX);
        stabilizer.stabilise(address(goldPool));
        _kept("Stabilizer", "stabilise, a gold pair", KEEPERS_GAS_MAX);
        vm.prank(KEEPER);
        stabilizer.executePrivateSwap(address(cUSDT), address(gold), 1000e6);
        _kept("Stabilizer", "executePrivateSwap, token for gold", KEEPERS_GAS_MAX);
        vm.prank(KEEPER);
        stabilizer.triangulate(pool, false, 500e6);
        _kept("Stabilizer", "triangulate, a stable pair over two mesh pools", 500_000);
        address[] memory pools = new address[](1);
        pools[0] = address(pool);
        vm.prank(TRADER);
        peg.router.swap(pools, address(cUSDT), 100e6, 0, TRADER, block.timestamp);
        _kept("PMMRouter", "swap through one pool");
        vault.deposit(Bucket.Reserve, address(cUSDC), 1e6);
        _kept("ReserveVault", "deposit");
        pegs.updateTarget();
        _kept("PegManager", "updateTarget");
    }

    function _kept(string memory group, string memory name) private {
        _kept(group, name, 200_000);
    }

    function _kept(string memory group, string memory name, uint256 max) private {
        vm.snapshotGasLastCall(group, name);
        assertLt(vm.lastCallGas().gasTotalUsed, max, name);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {StabilityFixture} from "../support/StabilityFixture.sol";

/// @notice Gas of a swap whose input lies in the pool already, 21,000 included, each in a block of its own with its history entry.
contract PMMPoolGasTest is StabilityFixture {
    function setUp() public override {
        _deployStability();
        for (uint256 i = 0; i < 20; i++) {
            _roll(1);
            _sellBase(pool, 100e6);
            _sellBase(computePool, 1e18);
            _sellQuote(pool, 50e6);
        }
        _roll(1);
    }

    /// forge-config: default.isolate = true
    function test_gas_of_a_swap() public {
        cUSDT.faucet(address(pool), 10_000e6);
        pool.sellBase(TRADER, 0);
        vm.snapshotGasLastCall("PMMPool", "sellBase, away from balance, with history");
        assertLt(vm.lastCallGas().gasTotalUsed, 105_000);
        _roll(1);
        cUSDC.faucet(address(pool), 1000e6);
        pool.sellQuote(TRADER, 0);
        vm.snapshotGasLastCall("PMMPool", "sellQuote, back to balance, with history");
        assertLt(vm.lastCallGas().gasTotalUsed, 105_000);
        _roll(1);
        cUSDC.faucet(address(pool), 50_000e6);
        pool.sellQuote(TRADER, 0);
        vm.snapshotGasLastCall("PMMPool", "sellQuote, across balance, with history");
        assertLt(vm.lastCallGas().gasTotalUsed, 115_000);
        cUSDC.faucet(address(computePool), 1e6);
        computePool.sellQuote(TRADER, 0);
        vm.snapshotGasLastCall("PMMPool", "sellQuote, 6 for 18 decimals, with history");
        assertLt(vm.lastCallGas().gasTotalUsed, 105_000);
    }
}

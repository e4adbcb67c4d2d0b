// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {FlowFixture} from "../support/FlowFixture.sol";
import {FlowHandler} from "./FlowHandler.sol";

/// @notice I11 on the real Superfluid: no sink is paid above its smoothed capacity; sinks, escrow and dust are all that the sources sent.
contract FlowInvariantTest is FlowFixture {
    uint256 internal constant SINKS = 5;
    uint256 internal constant SOURCES = 2;
    uint256 internal constant FUNDS = 1_000_000e18;

    FlowHandler internal handler;

    function setUp() public override {
        super.setUp();
        address[] memory sinks = new address[](SINKS);
        address[] memory sources = new address[](SOURCES);
        for (uint256 i = 0; i < SINKS; i++) {
            sinks[i] = _sink(i);
            _registered(sinks[i]);
        }
        for (uint256 i = 0; i < SOURCES; i++) {
            sources[i] = makeAddr(string.concat("source ", vm.toString(i)));
            _fund(sources[i], FUNDS);
        }
        handler = new FlowHandler(pools, escrow, sinks, sources);
        targetContract(address(handler));
    }

    /// forge-config: default.invariant.runs = 8
    /// forge-config: default.invariant.depth = 48
    /// forge-config: soak.invariant.runs = 64
    /// forge-config: soak.invariant.depth = 256
    function invariant_I11() public view {
        _no_sink_is_paid_above_its_smoothed_capacity();
        _sinks_escrow_and_dust_are_what_the_sources_sent();
        _the_escrow_holds_what_it_says();
        _the_pool_always_has_a_unit_and_knows_its_sinks();
    }

    function _no_sink_is_paid_above_its_smoothed_capacity() private view {
        for (uint256 i = 0; i < SINKS; i++) {
            (uint256 smoothed,,) = registry.signalOf(TASK, _named(i));
            assertLe(_rateOf(_named(i)), smoothed / 1e18, "paid above capacity");
        }
    }

    function _sinks_escrow_and_dust_are_what_the_sources_sent() private view {
        uint256 left;
        for (uint256 i = 0; i < SOURCES; i++) {
            (int256 available, uint256 buffer,,) = payment.realtimeBalanceOfNow(handler.sources(i));
            left += uint256(available + int256(buffer));
        }
        uint256 sent = SOURCES * FUNDS - left;
        uint256 atSinks;
        for (uint256 i = 0; i < SINKS; i++) {
            atSinks += _received(_named(i));
        }
        assertEq(sent, atSinks + escrow.bufferLevel(TASK) + payment.balanceOf(address(pools)), "wei out of place");
    }

    function _the_escrow_holds_what_it_says() private view {
        (int256 claimable,) = pool.getClaimableNow(address(escrow));
        assertEq(payment.balanceOf(address(escrow)) + uint256(claimable), escrow.bufferLevel(TASK));
    }

    function _the_pool_always_has_a_unit_and_knows_its_sinks() private view {
        assertGe(pool.getUnits(address(escrow)), 1);
        (, uint256 sinkUnits,, uint256 escrowUnits,,,) = pools.stateOf(TASK);
        assertEq(pool.getTotalUnits(), sinkUnits + escrowUnits);
    }

    function _named(uint256 index) private view returns (address) {
        return handler.sinks(index);
    }
}

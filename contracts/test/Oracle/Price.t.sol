// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {IOracle} from "../../src/interfaces/IOracle.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {Oracle} from "../../src/oracle/Oracle.sol";
import {OracleFeed} from "../../src/oracle/OracleFeed.sol";
import {IssuanceDeployment} from "../support/IssuanceDeployment.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

contract PriceTest is IssuanceDeployment {
    bytes32 internal constant FEED = keccak256("sSTB/USD");

    function setUp() public {
        vm.warp(1_800_000_000);
        _deployIssuance();
        _setRules(2, 1 hours, 1000);
    }

    function _setRules(uint8 quorum, uint32 age, uint16 deviation) private {
        vm.prank(address(timelock));
        oracle.setFeed(FEED, Oracle.FeedRules(quorum, age, deviation));
    }

    function _report(uint256 reporter, uint256 price) private {
        vm.prank(REPORTERS[reporter]);
        oracle.report(FEED, price);
    }

    function _price() private view returns (uint256 price) {
        (price,) = oracle.priceOf(FEED);
    }

    // --- Median and quorum

    function test_the_price_is_the_median_of_the_fresh_reports() public {
        _report(0, 0.0601e18);
        _report(1, 0.06e18);
        assertEq(_price(), 0.06005e18, "mean of two");
        vm.expectEmit(address(oracle));
        emit IOracle.Reported(FEED, REPORTERS[2], 0.0599e18, uint64(block.timestamp));
        vm.expectEmit(address(oracle));
        emit IOracle.AnswerUpdated(FEED, 0.06e18, uint64(block.timestamp));
        _report(2, 0.0599e18);
        assertEq(_price(), 0.06e18);
        _report(0, 0.0602e18);
        assertEq(_price(), 0.06e18, "one report for each reporter");
        assertEq(oracle.reportersOf(FEED).length, 3);
    }

    function test_below_the_quorum_there_is_no_price() public {
        vm.expectRevert(abi.encodeWithSelector(Oracle.QuorumNotMet.selector, FEED, 0, 2));
        oracle.priceOf(FEED);
        _report(0, 0.06e18);
        vm.expectRevert(abi.encodeWithSelector(Oracle.QuorumNotMet.selector, FEED, 1, 2));
        oracle.priceOf(FEED);
    }

    function test_stale_reports_do_not_count() public {
        _report(0, 0.06e18);
        vm.warp(block.timestamp + 30 minutes);
        uint64 newest = uint64(block.timestamp);
        _report(1, 0.061e18);
        _report(2, 0.062e18);
        vm.warp(newest + 30 minutes);
        assertEq(_price(), 0.061e18, "an hour is fresh");
        vm.warp(newest + 30 minutes + 1);
        (uint256 price, uint64 updatedAt) = oracle.priceOf(FEED);
        assertEq(price, 0.0615e18, "the first is stale");
        assertEq(updatedAt, newest);
        vm.warp(newest + 1 hours + 1);
        vm.expectRevert(abi.encodeWithSelector(Oracle.QuorumNotMet.selector, FEED, 0, 2));
        oracle.priceOf(FEED);
    }

    /// @dev A plain list of the last reports, sorted, is the judge of the kept median.
    function testFuzz_the_price_is_what_a_plain_median_says(uint256[12] calldata seeds) public {
        _setRules(1, 1 hours, type(uint16).max);
        uint256[3] memory prices;
        uint256[3] memory times;
        for (uint256 i = 0; i < seeds.length; i++) {
            uint256 who = seeds[i] % 3;
            (prices[who], times[who]) = (0.05e18 + (seeds[i] >> 8) % 0.02e18, vm.getBlockTimestamp());
            _report(who, prices[who]);
            _assertMedian(prices, times);
            vm.warp(vm.getBlockTimestamp() + (seeds[i] >> 128) % 50 minutes);
            _assertMedian(prices, times);
        }
    }

    function _assertMedian(uint256[3] memory prices, uint256[3] memory times) private view {
        uint256[] memory fresh = new uint256[](3);
        uint256 count;
        for (uint256 i = 0; i < 3; i++) {
            if (times[i] != 0 && times[i] + 1 hours >= vm.getBlockTimestamp()) fresh[count++] = prices[i];
        }
        uint256 low = fresh[0] < fresh[1] ? fresh[0] : fresh[1];
        uint256 high = fresh[0] + fresh[1] - low;
        if (count == 1) assertEq(_price(), fresh[0]);
        if (count == 2) assertEq(_price(), (low + high) / 2);
        if (count == 3) assertEq(_price(), fresh[2] < low ? low : fresh[2] > high ? high : fresh[2]);
    }

    // --- Guards

    function test_a_report_that_deviates_too_far_is_refused() public {
        _report(0, 0.06e18);
        _report(1, 0.06e18);
        vm.expectRevert(abi.encodeWithSelector(Oracle.PriceDeviates.selector, FEED, 0.066e18 + 1, 0.06e18, 1000));
        _report(2, 0.066e18 + 1);
        vm.expectRevert(abi.encodeWithSelector(Oracle.PriceDeviates.selector, FEED, 0.054e18 - 1, 0.06e18, 1000));
        _report(2, 0.054e18 - 1);
        _report(2, 0.066e18);
        assertEq(_price(), 0.06e18);
    }

    /// @dev The guard freezes the price when the world jumps; governance moves the anchor, but alone it sets no price.
    function test_governance_moves_the_anchor_past_the_guard() public {
        _report(0, 0.06e18);
        _report(1, 0.06e18);
        vm.expectEmit(address(oracle));
        emit Oracle.AnchorSet(FEED, 0.12e18);
        vm.prank(address(timelock));
        oracle.setAnchor(FEED, 0.12e18);
        assertEq(oracle.anchorOf(FEED), 0.12e18);
        vm.expectRevert(abi.encodeWithSelector(Oracle.QuorumNotMet.selector, FEED, 0, 2));
        oracle.priceOf(FEED);
        _report(0, 0.119e18);
        _report(1, 0.121e18);
        assertEq(_price(), 0.12e18);
    }

    function test_prices_out_of_range_are_refused() public {
        vm.expectRevert(abi.encodeWithSelector(Oracle.PriceOutOfRange.selector, 0, type(uint128).max));
        _report(0, 0);
        vm.expectRevert(abi.encodeWithSelector(Oracle.PriceOutOfRange.selector, uint256(1) << 128, type(uint128).max));
        _report(0, uint256(1) << 128);
        vm.expectRevert(abi.encodeWithSelector(Oracle.PriceOutOfRange.selector, 0, type(uint128).max));
        vm.prank(address(timelock));
        oracle.setAnchor(FEED, 0);
    }

    function test_a_feed_that_was_not_opened_is_unknown() public {
        bytes32 other = keccak256("XAU/USD");
        vm.expectRevert(abi.encodeWithSelector(Oracle.FeedUnknown.selector, other));
        oracle.priceOf(other);
        vm.expectRevert(abi.encodeWithSelector(Oracle.FeedUnknown.selector, other));
        vm.prank(REPORTERS[0]);
        oracle.report(other, 1e18);
    }

    function test_only_reporters_report() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, address(timelock)));
        vm.prank(address(timelock));
        oracle.report(FEED, 0.06e18);
    }

    function test_the_guardian_stops_reports_until_prices_are_stale() public {
        _report(0, 0.06e18);
        _report(1, 0.06e18);
        vm.prank(GUARDIAN);
        oracle.pause();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        _report(2, 0.06e18);
        assertEq(_price(), 0.06e18);
        vm.warp(block.timestamp + 1 hours + 1);
        vm.expectRevert(abi.encodeWithSelector(Oracle.QuorumNotMet.selector, FEED, 0, 2));
        oracle.priceOf(FEED);
    }

    function test_a_dropped_reporter_no_longer_counts() public {
        _report(0, 0.06e18);
        _report(1, 0.061e18);
        _report(2, 0.062e18);
        vm.expectEmit(address(oracle));
        emit Oracle.ReporterDropped(FEED, REPORTERS[0]);
        vm.prank(address(timelock));
        oracle.dropReporter(FEED, REPORTERS[0]);
        assertEq(_price(), 0.0615e18);
        assertEq(oracle.reportOf(FEED, REPORTERS[0]).at, 0);
        assertEq(oracle.reportOf(FEED, REPORTERS[2]).price, 0.062e18);
        _report(2, 0.063e18);
        assertEq(_price(), 0.062e18);
        vm.expectRevert(abi.encodeWithSelector(Oracle.ReporterUnknown.selector, FEED, REPORTERS[0]));
        vm.prank(address(timelock));
        oracle.dropReporter(FEED, REPORTERS[0]);
    }

    function test_the_number_of_reporters_is_bounded() public {
        for (uint256 i = 0; i < 16; i++) {
            address reporter = makeAddr(string(abi.encode(i)));
            vm.prank(address(timelock));
            authority.grantRole(Roles.REPORTER, reporter, 0);
            if (i == 15) vm.expectRevert(abi.encodeWithSelector(Oracle.ReportersFull.selector, FEED, 15));
            vm.prank(reporter);
            oracle.report(FEED, 0.06e18);
        }
    }

    function test_new_rules_count_at_once() public {
        _report(0, 0.06e18);
        _report(1, 0.06e18);
        _setRules(3, 1 hours, 1000);
        vm.expectRevert(abi.encodeWithSelector(Oracle.QuorumNotMet.selector, FEED, 2, 3));
        oracle.priceOf(FEED);
        Oracle.FeedRules[4] memory bad = [
            Oracle.FeedRules(0, 1 hours, 1000),
            Oracle.FeedRules(16, 1 hours, 1000),
            Oracle.FeedRules(2, 0, 1000),
            Oracle.FeedRules(2, 1 hours, 0)
        ];
        for (uint256 i = 0; i < bad.length; i++) {
            vm.expectRevert(abi.encodeWithSelector(Oracle.FeedRulesInvalid.selector, bad[i]));
            vm.prank(address(timelock));
            oracle.setFeed(FEED, bad[i]);
        }
        assertEq(oracle.rulesOf(FEED).quorum, 3);
    }

    // --- As a Chainlink feed

    function test_a_feed_reads_like_an_aggregator() public {
        OracleFeed feed = new OracleFeed(oracle, "sSTB/USD");
        vm.expectRevert(abi.encodeWithSelector(OracleFeed.RoundUnavailable.selector, 0, 0));
        feed.latestRoundData();
        _report(0, 0.06e18);
        _report(1, 0.061e18);
        (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) = feed.latestRoundData();
        assertEq(round, 1);
        assertEq(answer, 0.0605e18);
        assertEq(startedAt, block.timestamp);
        assertEq(updatedAt, block.timestamp);
        assertEq(answeredIn, 1);
        assertEq(feed.decimals(), 18);
        assertEq(feed.description(), "sSTB/USD");
        (, answer,,,) = feed.getRoundData(1);
        assertEq(answer, 0.0605e18);
        vm.expectRevert(abi.encodeWithSelector(OracleFeed.RoundUnavailable.selector, 2, 1));
        feed.getRoundData(2);
    }

    /// forge-config: default.isolate = true
    function test_gas_of_a_report() public {
        _report(0, 0.06e18);
        _report(1, 0.06e18);
        _report(2, 0.06e18);
        assertLt(vm.snapshotGasLastCall("Oracle", "report, a reporter's first"), 200_000);
        _report(2, 0.061e18);
        assertLt(vm.snapshotGasLastCall("Oracle", "report, third of three"), 200_000);
    }
}

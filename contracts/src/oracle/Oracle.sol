// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {IOracle} from "../interfaces/IOracle.sol";

/// @title Oracle
/// @notice For each feed the median of what several reporters said lately [wad dollars]. A quorum of reports must be fresh, or there is no price.
/// @dev A report that deviates from the last median by more than the guard is refused, so one median can move only so far. A guard against
/// manipulation is also a way to be frozen: governance moves the anchor, which discards every report and needs a quorum near the new anchor.
/// The last median is kept with the time until which no report behind it grows stale: until then it is read instead of being computed again.
/// @custom:stop The guardian pauses reports; prices then go stale and everything that needs one stops. Governance drops a reporter.
/// @custom:trusts That fewer than half of a feed's reporters lie together.
contract Oracle is IOracle, AccessManaged, Pausable {
    /// @notice Governed, per feed. A feed without a quorum does not exist.
    struct FeedRules {
        uint8 quorum; // fresh reports that a price needs
        uint32 ageSecondsMax; // [seconds] a report is fresh for this long
        uint16 deviationBpsMax; // [bps] of the anchor
    }

    struct Report {
        uint128 price; // [wad dollars]
        uint64 at; // [unix seconds] zero: discarded
    }

    struct Feed {
        uint8 quorum;
        uint32 ageSecondsMax;
        uint16 deviationBpsMax;
        uint64 round; // medians so far
        uint64 answeredAt; // [unix seconds] of the last median
        uint64 answerUntil; // [unix seconds] the last median is the price until then; zero: compute it
        uint128 answer; // [wad dollars] the last median
        uint128 anchor; // [wad dollars] the last median, or what governance put in its place
        Report[] reports;
        address[] reporters; // whose they are, by place
    }

    /// @dev Of one feed, now: prices in ascending order, at the front.
    struct Fresh {
        uint256[] prices;
        uint256 count;
        uint64 oldest; // [unix seconds]
        uint64 newest; // [unix seconds]
    }

    error FeedUnknown(bytes32 feed);
    error ReportsUneven(uint256 feeds, uint256 prices);
    error FeedRulesInvalid(FeedRules rules);
    error PriceOutOfRange(uint256 price, uint256 max);
    error PriceDeviates(bytes32 feed, uint256 price, uint256 anchor, uint256 deviationBpsMax);
    error QuorumNotMet(bytes32 feed, uint256 fresh, uint256 quorum);
    error ReportersFull(bytes32 feed, uint256 max);
    error ReporterUnknown(bytes32 feed, address reporter);

    event FeedSet(bytes32 indexed feed, FeedRules rules);
    event AnchorSet(bytes32 indexed feed, uint256 price);
    event ReporterDropped(bytes32 indexed feed, address indexed reporter);

    /// @notice Bounds the gas of a median.
    uint256 public constant REPORTERS_MAX = 15;
    /// @notice [wad dollars]
    uint256 public constant PRICE_MAX = type(uint128).max;
    uint256 private constant BASIS_POINTS = 10_000;

    mapping(bytes32 feed => Feed) private _feeds;
    mapping(bytes32 feed => mapping(address reporter => uint256 place)) private _placeOf; // from 1; 0: none

    constructor(address authority_) AccessManaged(authority_) {}

    // --- Reports

    /// @inheritdoc IOracle
    function report(bytes32 feed, uint256 price) external restricted whenNotPaused {
        _report(feed, price);
    }

    /// @notice Reporter role. Several prices at once [1e18 fixed point dollars], all or none.
    function reportMany(bytes32[] calldata feeds, uint256[] calldata prices) external restricted whenNotPaused {
        if (feeds.length != prices.length) revert ReportsUneven(feeds.length, prices.length);
        for (uint256 i = 0; i < feeds.length; i++) {
            _report(feeds[i], prices[i]);
        }
    }

    function _report(bytes32 feed, uint256 price) private {
        Feed storage stored = _feed(feed);
        _checkRange(price);
        _checkDeviation(feed, stored, price);

        stored.reports[_place(feed, stored) - 1] = Report(uint128(price), uint64(block.timestamp));
        emit Reported(feed, msg.sender, price, uint64(block.timestamp));
        _answer(feed, stored);
    }

    /// @dev Until there is a first median anything goes: the quorum alone guards it.
    function _checkDeviation(bytes32 feed, Feed storage stored, uint256 price) private view {
        uint256 anchor = stored.anchor;
        if (anchor == 0) return;
        uint256 distance = price > anchor ? price - anchor : anchor - price;
        uint256 bpsMax = stored.deviationBpsMax;
        if (distance * BASIS_POINTS > anchor * bpsMax) revert PriceDeviates(feed, price, anchor, bpsMax);
    }

    function _place(bytes32 feed, Feed storage stored) private returns (uint256 place) {
        place = _placeOf[feed][msg.sender];
        if (place != 0) return place;
        if (stored.reports.length == REPORTERS_MAX) revert ReportersFull(feed, REPORTERS_MAX);
        stored.reports.push();
        stored.reporters.push(msg.sender);
        place = stored.reports.length;
        _placeOf[feed][msg.sender] = place;
    }

    /// @dev The median becomes the anchor of the reports to come.
    function _answer(bytes32 feed, Feed storage stored) private {
        Fresh memory fresh = _fresh(stored);
        if (fresh.count < stored.quorum) {
            stored.answerUntil = 0;
            return;
        }
        uint256 median = _median(fresh);
        (stored.answer, stored.anchor) = (uint128(median), uint128(median));
        stored.round++;
        stored.answeredAt = uint64(block.timestamp);
        stored.answerUntil = fresh.oldest + stored.ageSecondsMax;
        emit AnswerUpdated(feed, median, uint64(block.timestamp));
    }

    // --- Prices

    /// @inheritdoc IOracle
    /// @dev `updatedAt` [unix seconds] is the newest of the fresh reports.
    function priceOf(bytes32 feed) external view returns (uint256 price, uint64 updatedAt) {
        Feed storage stored = _feed(feed);
        if (block.timestamp <= stored.answerUntil) return (stored.answer, stored.answeredAt);
        Fresh memory fresh = _fresh(stored);
        if (fresh.count < stored.quorum) revert QuorumNotMet(feed, fresh.count, stored.quorum);
        return (_median(fresh), fresh.newest);
    }

    /// @notice The last median [wad dollars], its ordinal and its time, however old. Zero before the first.
    function lastAnswerOf(bytes32 feed) external view returns (uint64 round, uint256 price, uint64 answeredAt) {
        Feed storage stored = _feed(feed);
        return (stored.round, stored.answer, stored.answeredAt);
    }

    /// @notice Where a feed's reports are measured from [wad dollars]; zero before the first median.
    function anchorOf(bytes32 feed) external view returns (uint256) {
        return _feed(feed).anchor;
    }

    /// @notice What was set for a feed.
    function rulesOf(bytes32 feed) external view returns (FeedRules memory) {
        Feed storage stored = _feed(feed);
        return FeedRules(stored.quorum, stored.ageSecondsMax, stored.deviationBpsMax);
    }

    /// @notice Who has reported to a feed.
    function reportersOf(bytes32 feed) external view returns (address[] memory) {
        return _feed(feed).reporters;
    }

    /// @notice A reporter's last report; all zero when there is none or it was discarded.
    function reportOf(bytes32 feed, address reporter) external view returns (Report memory) {
        uint256 place = _placeOf[feed][reporter];
        return place == 0 ? Report(0, 0) : _feeds[feed].reports[place - 1];
    }

    function _fresh(Feed storage stored) private view returns (Fresh memory fresh) {
        uint256 reports = stored.reports.length;
        uint256 ageMax = stored.ageSecondsMax;
        fresh.prices = new uint256[](reports);
        fresh.oldest = type(uint64).max;
        for (uint256 i = 0; i < reports; i++) {
            Report memory given = stored.reports[i];
            if (given.at == 0 || given.at + ageMax < block.timestamp) continue;
            _insert(fresh.prices, fresh.count++, given.price);
            if (given.at < fresh.oldest) fresh.oldest = given.at;
            if (given.at > fresh.newest) fresh.newest = given.at;
        }
    }

    /// @dev Into the `count` prices in ascending order that are there.
    function _insert(uint256[] memory prices, uint256 count, uint256 price) private pure {
        for (; count > 0 && prices[count - 1] > price; count--) {
            prices[count] = prices[count - 1];
        }
        prices[count] = price;
    }

    /// @dev Of an even number the mean of the middle two, rounded down.
    function _median(Fresh memory fresh) private pure returns (uint256) {
        return (fresh.prices[(fresh.count - 1) / 2] + fresh.prices[fresh.count / 2]) / 2;
    }

    // --- Governance and guardian

    /// @notice Opens a feed or changes its rules.
    function setFeed(bytes32 feed, FeedRules calldata rules) external restricted {
        bool valid = rules.quorum > 0 && rules.quorum <= REPORTERS_MAX && rules.ageSecondsMax > 0 && rules.deviationBpsMax > 0;
        if (!valid) revert FeedRulesInvalid(rules);
        Feed storage stored = _feeds[feed];
        (stored.quorum, stored.ageSecondsMax, stored.deviationBpsMax) = (rules.quorum, rules.ageSecondsMax, rules.deviationBpsMax);
        stored.answerUntil = 0;
        emit FeedSet(feed, rules);
    }

    /// @notice Moves the anchor past the deviation guard and discards every report: the price returns with a quorum near `price` [wad dollars].
    function setAnchor(bytes32 feed, uint256 price) external restricted {
        Feed storage stored = _feed(feed);
        _checkRange(price);
        for (uint256 i = 0; i < stored.reports.length; i++) {
            delete stored.reports[i];
        }
        (stored.anchor, stored.answerUntil) = (uint128(price), 0);
        emit AnchorSet(feed, price);
    }

    /// @notice Forgets a reporter whose role was taken away, instead of waiting until its report is stale.
    function dropReporter(bytes32 feed, address reporter) external restricted {
        uint256 place = _placeOf[feed][reporter];
        if (place == 0) revert ReporterUnknown(feed, reporter);
        Feed storage stored = _feeds[feed];
        uint256 last = stored.reporters.length;
        address moved = stored.reporters[last - 1];
        (stored.reports[place - 1], stored.reporters[place - 1]) = (stored.reports[last - 1], moved);
        _placeOf[feed][moved] = place;
        stored.reports.pop();
        stored.reporters.pop();
        stored.answerUntil = 0;
        delete _placeOf[feed][reporter];
        emit ReporterDropped(feed, reporter);
    }

    /// @notice Stops reports.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }

    // --- Shared checks

    function _feed(bytes32 feed) private view returns (Feed storage stored) {
        stored = _feeds[feed];
        if (stored.quorum == 0) revert FeedUnknown(feed);
    }

    function _checkRange(uint256 price) private pure {
        if (price == 0 || price > PRICE_MAX) revert PriceOutOfRange(price, PRICE_MAX);
    }
}

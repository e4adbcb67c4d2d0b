// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {FlowCap} from "../../src/libraries/FlowCap.sol";
import {PMMPricing, PMMState, PMMTerms} from "../../src/libraries/PMMPricing.sol";
import {PegEquation} from "../../src/libraries/PegEquation.sol";
import {ReserveRules} from "../../src/libraries/ReserveRules.sol";
import {StabilizerLimits, StabilizerRules} from "../../src/libraries/StabilizerRules.sol";
import {TriangulationRules} from "../../src/libraries/TriangulationRules.sol";

/// @title PegRules
/// @notice The libraries of the peg behind one address, so that tests/differential can hold the rules of src/stab3l/peg equal to them.
contract PegRules {
    function sellBase(PMMTerms memory terms, PMMState memory state, uint256 amount)
        external
        pure
        returns (uint256 paid, uint256 fee, PMMState memory next, uint256 price)
    {
        (paid, fee, next) = PMMPricing.sellBase(terms, state, amount);
        price = PMMPricing.midPrice(terms, next);
    }

    function sellQuote(PMMTerms memory terms, PMMState memory state, uint256 amount)
        external
        pure
        returns (uint256 paid, uint256 fee, PMMState memory next, uint256 price)
    {
        (paid, fee, next) = PMMPricing.sellQuote(terms, state, amount);
        price = PMMPricing.midPrice(terms, next);
    }

    function targetsUp(PMMTerms memory terms, PMMState memory state) external pure returns (uint256 base, uint256 quote) {
        return PMMPricing.targetsUp(terms, state);
    }

    function decide(StabilizerLimits memory limits, StabilizerRules.View memory seen)
        external
        pure
        returns (StabilizerRules.Outcome outcome, bool sellsBase, uint256 amount)
    {
        return StabilizerRules.decide(limits, seen);
    }

    function leastPaidUp(uint256 amount, uint256 price, uint256 slippage, uint256 sold, uint256 paid) external pure returns (uint256) {
        return StabilizerRules.leastPaidUp(amount, price, slippage, sold, paid);
    }

    function decayedUp(uint256 flow, uint256 memory_, uint256 blocks) external pure returns (uint256) {
        return FlowCap.decayedUp(flow, memory_, blocks);
    }

    function usable(uint256 value, uint256 updatedAt, uint256 now_, TriangulationRules.Freshness memory rules)
        external
        pure
        returns (TriangulationRules.Price memory)
    {
        return TriangulationRules.usable(value, updatedAt, now_, rules);
    }

    function cross(TriangulationRules.Price memory sold, TriangulationRules.Price memory bought)
        external
        pure
        returns (TriangulationRules.Price memory, TriangulationRules.Price memory)
    {
        return (TriangulationRules.crossDown(sold, bought), TriangulationRules.inGoldDown(sold, bought));
    }

    function pegTarget(uint256 par, PegEquation.Inputs memory inputs, PegEquation.Weights memory weights)
        external
        pure
        returns (uint256 target, int256 unbounded)
    {
        return (PegEquation.target(par, inputs, weights), PegEquation.unboundedTarget(par, inputs, weights));
    }

    function requiredUp(uint256 peak, uint256 blocks, uint256 safetyBps) external pure returns (uint256) {
        return ReserveRules.requiredUp(peak, blocks, safetyBps);
    }
}

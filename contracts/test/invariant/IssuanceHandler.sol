// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IComputeUnitVerifier} from "../../src/interfaces/IComputeUnitVerifier.sol";
import {IRedemption} from "../../src/interfaces/IIssuance.sol";
import {ClaimFaults} from "../../src/issuance/ClaimFaults.sol";
import {CommitteeArbiter} from "../../src/issuance/CommitteeArbiter.sol";
import {Redemption} from "../../src/issuance/Redemption.sol";
import {CollateralManager} from "../../src/staking/CollateralManager.sol";
import {ComputeClass, ProofMethod} from "../../src/types/Compute.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";

/// @notice Providers, buyers, a keeper, the committee, the arbiter, reporters and governance, in any order, over moving prices and time.
/// After every action the keeper flags whoever is short. Holds its own count of what was minted and burned.
abstract contract IssuanceHandler is IssuanceFixture {
    uint256 internal constant COMMITTEE_PROVIDERS = 3;
    uint256 internal constant PRICE_MIN = 0.3e18;
    uint256 internal constant PRICE_MAX = 1.3e18;
    uint32 internal constant SHORT_STAKE_SECONDS = 7 days;

    address[] internal providers; // first those who prove by the committee
    address[2] internal buyers;
    uint256[] internal stakes;
    uint256[] internal orders;
    uint256 public minted;
    uint256 public burned;
    uint256 public collateralIn;
    uint256 public collateralOut;
    mapping(bytes32 what => uint256) public reached;
    ClaimFaults internal faults;
    CommitteeArbiter internal arbiter;

    constructor() {
        vm.warp(1_800_000_000);
        vm.roll(1000);
        _deployIssuance();
        buyers = [makeAddr("first buyer"), makeAddr("second buyer")];
        for (uint256 i = 0; i < COMMITTEE_PROVIDERS; i++) {
            providers.push(makeAddr(string.concat("provider ", vm.toString(i))));
            vm.prank(providers[i]);
            verifier.register(ProofMethod.Committee, SHORT_STAKE_SECONDS);
        }
        _addBudget(1e18);
        (faults, arbiter) = (ClaimFaults(verifier.faults()), CommitteeArbiter(_arbiter()));
        vm.startPrank(address(timelock));
        redemption.setRules(Redemption.Rules(72 hours, 8 days, 11_000, 10, 2000, 100, 1000));
        // Matrices small enough to be multiplied here.
        verifier.setStandard(IComputeUnitVerifier.Standard(64, 4096, 100, 2, 1, 9000, 1));
        vm.stopPrank();
        for (uint256 i = 0; i < buyers.length; i++) {
            dollar.mint(buyers[i], type(uint96).max);
            vm.prank(buyers[i]);
            dollar.approve(address(redemption), type(uint256).max);
        }
    }

    /// @dev The world goes on a little, prices stay fresh, and the keeper does its rounds.
    modifier act() {
        _;
        for (uint256 i = 0; i < providers.length; i++) {
            if (collateral.inLiquidation(providers[i])) continue;
            if (collateral.collateralOf(providers[i]) < collateral.requiredUp(collateral.outstandingOf(providers[i]))) {
                collateral.startLiquidation(providers[i]);
                reached["flagged"]++;
            }
        }
    }

    // --- Claims and mints

    function claim(uint256 who, uint32 products) external act {
        address provider = providers[who % COMMITTEE_PROVIDERS];
        if (_state(provider) == IComputeUnitVerifier.ClaimState.Proven) return;
        uint256 claimId = _attested(provider, bound(products, 1, verifier.PRODUCTS_MAX()));
        reached[verifier.claimOf(claimId).state == IComputeUnitVerifier.ClaimState.Proven ? bytes32("proven") : bytes32("verified again")]++;
    }

    /// @dev A claim that the committee says is true.
    function _attested(address provider, uint256 products) internal returns (uint256 claimId) {
        vm.prank(provider);
        claimId = verifier.openChallenge(ComputeClass.F32, TERM_SECONDS, uint32(products));
        _commit(provider, claimId);
        _sampleBlockMined(claimId);
        verifier.prove(claimId, _proof(claimId));
    }

    /// @dev A fault of claims that no processor could compute here, as ClaimFaults acts on it once it has judged an entry.
    function fault(uint256 who, uint256 share) external act {
        address provider = _provider(who);
        uint256 owed = collateral.outstandingOf(provider);
        if (owed == 0 || share % 4 != 0) return;
        uint256 claimId = verifier.lastClaimOf(provider);
        IComputeUnitVerifier.ClaimState state = verifier.claimOf(claimId).state;
        if (state < IComputeUnitVerifier.ClaimState.Committed || state == IComputeUnitVerifier.ClaimState.Revoked) return;
        vm.startPrank(address(faults));
        (, uint256 cu) = verifier.revoke(claimId);
        collateralOut += collateral.slash(provider, buyers[0], collateral.valueDown(cu) / 10);
        vm.stopPrank();
        reached["revoked"]++;
    }

    function mint(uint256 who, uint256 topUp) external act {
        address provider = _provider(who);
        if (_state(provider) != IComputeUnitVerifier.ClaimState.Proven || collateral.inLiquidation(provider)) return;
        uint256 claimId = verifier.lastClaimOf(provider);
        if (block.timestamp > verifier.mintableUntilOf(claimId)) return;
        uint256 value = verifier.claimOf(claimId).cuValue;
        uint256 required = collateral.requiredUp(collateral.outstandingOf(provider) + value);
        uint256 held = collateral.collateralOf(provider);
        if (held < required) _top(provider, bound(topUp, 1, (required - held) * 2));
        held = collateral.collateralOf(provider);

        vm.prank(provider);
        try agent.mint(claimId) returns (uint256 amount, uint256 stakeId) {
            assertGe(held, required, "minted uncovered");
            assertEq(amount, value);
            stakes.push(stakeId);
            minted += amount;
            reached["minted"]++;
        } catch (bytes memory reason) {
            assertLt(held, required, "refused although covered");
            assertEq(bytes4(reason), CollateralManager.CollateralShort.selector);
            reached["refused"]++;
        }
    }

    // --- Collateral

    function deposit(uint256 who, uint256 amount) external act {
        address provider = _provider(who);
        if (collateral.liquidated(provider)) return;
        bool flagged = collateral.inLiquidation(provider);
        _top(provider, bound(amount, 1, 1000e6));
        if (flagged && !collateral.inLiquidation(provider)) reached["cured"]++;
    }

    function withdraw(uint256 who, uint256 amount) external act {
        address provider = _provider(who);
        uint256 most = collateral.releasableDown(provider);
        if (most == 0) return;
        amount = bound(amount, 1, most);
        vm.prank(provider);
        collateral.withdraw(amount);
        collateralOut += amount;
        reached["withdrawn"]++;
    }

    function liquidate(uint256 who) external act {
        address provider = _provider(who);
        if (!collateral.inLiquidation(provider) || collateral.liquidated(provider)) return;
        if (collateral.collateralOf(provider) >= collateral.requiredUp(collateral.outstandingOf(provider))) {
            collateral.cure(provider);
            return;
        }
        if (block.timestamp <= collateral.graceUntilOf(provider)) return;
        collateral.liquidate(provider);
        reached["liquidated"]++;
    }

    // --- Stakes and rewards

    function unstake(uint256 which, uint256 buyer) external act {
        if (stakes.length == 0) return;
        uint256 stakeId = stakes[which % stakes.length];
        (address provider, uint256 amount,, uint64 unlocksAt) = staking.stakeOf(stakeId);
        if (block.timestamp < unlocksAt) return;
        stakes[which % stakes.length] = stakes[stakes.length - 1];
        stakes.pop();
        vm.startPrank(provider);
        staking.unstake(stakeId);
        stable.transfer(_buyer(buyer), amount - amount / 5);
        vm.stopPrank();
        reached["unstaked"]++;
    }

    function stake(uint256 who, uint256 amount) external act {
        address provider = _provider(who);
        uint256 held = stable.balanceOf(provider);
        if (held == 0) return;
        amount = bound(amount, 1, _least(held, staking.LARGE_STAKE()));
        vm.startPrank(provider);
        stable.approve(address(staking), amount);
        stakes.push(staking.stake(amount, SHORT_STAKE_SECONDS));
        vm.stopPrank();
        reached["staked"]++;
    }

    function claimReward(uint256 who) external act {
        address provider = _provider(who);
        if (distributor.accruedOf(provider) == 0) return;
        vm.prank(provider);
        distributor.claim();
        reached["rewarded"]++;
    }

    function govern(uint256 multiplier, uint256 added) external act {
        vm.startPrank(address(timelock));
        distributor.setMultiplier(bound(multiplier, 0, 1e12));
        distributor.addBudget(bound(added, 0, 1e18));
        vm.stopPrank();
    }

    // --- Redemption

    function redeem(uint256 who, uint256 buyerSeed, uint256 amount, uint256 tier) external act {
        (address provider, address buyer) = (_provider(who), _buyer(buyerSeed));
        uint256 most = _least(stable.balanceOf(buyer), redemption.freeOf(provider));
        if (most == 0) return;
        bool liquidated = collateral.liquidated(provider);
        // What is left pays fee and premium.
        if (!liquidated) most = most * 2 / 3;
        if (most == 0) return;
        amount = bound(amount, 1, most);
        if (!liquidated && stable.balanceOf(buyer) < amount * 3 / 2 + 2) return;
        vm.prank(buyer);
        if (liquidated) {
            burned += amount;
            collateralOut += redemption.redeemLiquidated(provider, amount);
            reached["redeemed liquidated"]++;
        } else {
            uint256 id = redemption.redeem(provider, amount, IRedemption.Tier(tier % 3), JOB, JOB_URI);
            orders.push(id);
            bool queued = redemption.orderOf(id).state == IRedemption.State.Queued;
            if (!queued) burned += amount;
            reached[queued ? bytes32("queued") : bytes32("redeemed")]++;
        }
    }

    /// @dev The queue's head moves on, or a buyer leaves, or a provider changes its price.
    function queue(uint256 which, uint16 premiumBps) external act {
        if (premiumBps % 3 == 0) {
            vm.prank(_provider(which));
            redemption.setOffer([premiumBps % 1000, premiumBps % 2000, premiumBps % 4000], JOB_URI);
            reached["priced"]++;
        }
        if (orders.length > 0 && premiumBps % 5 == 0) {
            uint256 id = orders[which % orders.length];
            if (redemption.orderOf(id).state == IRedemption.State.Queued) {
                vm.prank(redemption.orderOf(id).buyer);
                redemption.withdraw(id);
                reached["left"]++;
            }
        }
        _admits();
    }

    /// @dev Whether the queue's head left it.
    function _admits() internal returns (bool) {
        try redemption.admit() returns (uint256 id) {
            if (id != 0 && redemption.orderOf(id).state == IRedemption.State.Requested) burned += redemption.orderOf(id).amount;
            reached["admitted"]++;
            return true;
        } catch {
            reached["waiting"]++;
            return false;
        }
    }

    function retire(uint256 who, uint256 amount) external act {
        address provider = _provider(who);
        uint256 most = _least(stable.balanceOf(provider), redemption.freeOf(provider));
        if (most == 0) return;
        amount = bound(amount, 1, most);
        vm.prank(provider);
        redemption.retire(amount);
        burned += amount;
        reached["retired"]++;
    }

    /// @dev Moves an order one step on, whichever steps are open to it. Orders that have ended are forgotten: nothing lies here for them.
    function proceed(uint256 which, uint256 choice) external act {
        uint256 id = _unended(which);
        if (id == 0) return;
        IRedemption.Order memory order = redemption.orderOf(id);
        uint256 before = dollar.balanceOf(address(collateral));
        if (order.state == IRedemption.State.Requested) _proceedRequested(id, order);
        else if (order.state == IRedemption.State.Delivered) _proceedDelivered(id, order, choice);
        else if (order.state == IRedemption.State.Disputed) _proceedDisputed(id, order, choice % 2 == 0);
        collateralOut += before - dollar.balanceOf(address(collateral));
    }

    function _unended(uint256 which) private returns (uint256 id) {
        while (orders.length > 0) {
            id = orders[which % orders.length];
            IRedemption.State state = redemption.orderOf(id).state;
            bool ended =
                state == IRedemption.State.Settled || state == IRedemption.State.Compensated || state == IRedemption.State.Withdrawn;
            if (!ended) return id;
            assertEq(redemption.premiumOf(id) + redemption.bondOf(id), 0, "something lies here for an order that has ended");
            orders[which % orders.length] = orders[orders.length - 1];
            orders.pop();
        }
        return 0;
    }

    function _proceedRequested(uint256 id, IRedemption.Order memory order) private {
        if (block.timestamp > order.deadline) {
            redemption.expire(id);
            reached["expired"]++;
        } else {
            _deliver(id);
        }
    }

    function _proceedDelivered(uint256 id, IRedemption.Order memory order, uint256 choice) private {
        if (block.timestamp > order.disputeUntil) {
            redemption.finalize(id);
            reached["finalised"]++;
            return;
        }
        vm.prank(order.buyer);
        choice % 2 == 0 ? redemption.confirm(id) : redemption.dispute(id);
        reached[choice % 2 == 0 ? bytes32("confirmed") : bytes32("disputed")]++;
    }

    function _proceedDisputed(uint256 id, IRedemption.Order memory order, bool delivered) private {
        if (block.timestamp > order.disputeUntil) {
            redemption.lapse(id);
            reached["lapsed"]++;
            return;
        }
        vm.prank(address(arbiter));
        redemption.resolve(id, delivered);
        reached["resolved"]++;
    }

    // --- The world

    function movePrice(uint256 price) external act {
        _reportPrice(bound(price, PRICE_MIN, PRICE_MAX));
    }

    /// @dev Hours for those who wait for a job, days for those who wait for a stake.
    function pass(uint256 seconds_, bool long) external act {
        _pass(bound(seconds_, 1, long ? 12 days : 2 hours));
    }

    // --- What the invariants ask

    function sums() external view returns (uint256 collaterals, uint256 outstanding, uint256 pending, uint256 staked, uint256 accrued) {
        for (uint256 i = 0; i < providers.length; i++) {
            collaterals += collateral.collateralOf(providers[i]);
            outstanding += collateral.outstandingOf(providers[i]);
            pending += redemption.pendingOf(providers[i]);
            staked += staking.stakedOf(providers[i]);
            accrued += distributor.accruedOf(providers[i]);
        }
    }

    function balances()
        external
        view
        returns (uint256 dollars, uint256 compute, uint256 stableSupply, uint256 stakedTokens, uint256 rewards)
    {
        dollars = dollar.balanceOf(address(collateral));
        compute = cuToken.totalSupply();
        stableSupply = stable.totalSupply();
        stakedTokens = stable.balanceOf(address(staking));
        rewards = reward.totalSupply();
    }

    /// @notice What lies in Redemption, and what should: fees, premiums and queued amounts; bonds of disputes.
    function escrows() external view returns (uint256 tokens, uint256 tokensOwed, uint256 bonds, uint256 bondsOwed) {
        (tokens, bonds) = (stable.balanceOf(address(redemption)), dollar.balanceOf(address(redemption)));
        tokensOwed = redemption.fees();
        for (uint256 i = 0; i < orders.length; i++) {
            tokensOwed += redemption.premiumOf(orders[i]);
            bondsOwed += redemption.bondOf(orders[i]);
            IRedemption.Order memory order = redemption.orderOf(orders[i]);
            if (order.state == IRedemption.State.Queued) tokensOwed += order.amount;
        }
    }

    function budgets() external view returns (uint256 promised, uint256 budget, uint256 totalStaked) {
        return (distributor.promisedUp(), distributor.budget(), staking.totalStaked());
    }

    /// @notice Providers that are short and not in liquidation, or pending above what they owe.
    function breaches() external view returns (uint256 short_, uint256 overbooked) {
        for (uint256 i = 0; i < providers.length; i++) {
            uint256 owed = collateral.outstandingOf(providers[i]);
            bool covered = collateral.collateralOf(providers[i]) >= collateral.requiredUp(owed);
            if (!covered && !collateral.inLiquidation(providers[i])) short_++;
            if (redemption.pendingOf(providers[i]) > owed) overbooked++;
        }
    }

    function _top(address provider, uint256 amount) internal {
        _fund(provider, amount);
        collateralIn += amount;
    }

    function _state(address provider) private view returns (IComputeUnitVerifier.ClaimState) {
        uint256 claimId = verifier.lastClaimOf(provider);
        bool expired = claimId != 0 && block.timestamp > verifier.mintableUntilOf(claimId);
        return expired ? IComputeUnitVerifier.ClaimState.None : verifier.claimOf(claimId).state;
    }

    function _provider(uint256 seed) internal view returns (address) {
        return providers[seed % providers.length];
    }

    function _buyer(uint256 seed) internal view returns (address) {
        return buyers[seed % buyers.length];
    }

    function _least(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }
}

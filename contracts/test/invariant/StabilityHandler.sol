// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC3156FlashBorrower} from "@openzeppelin/contracts/interfaces/IERC3156FlashBorrower.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Test} from "forge-std/Test.sol";

import {Deployed} from "../../script/Deployment.sol";
import {Bucket} from "../../src/interfaces/IStability.sol";
import {PMMPool} from "../../src/stability/PMMPool.sol";
import {Stabilizer} from "../../src/stability/Stabilizer.sol";
import {StabilizerPolicy} from "../../src/stability/StabilizerPolicy.sol";

/// @notice Traders and attackers: pushes, round trips in pieces, sandwiches around the stabiliser on borrowed capital, a keeper that trades the
/// mesh at random, calls at any time, gold that jumps and goes stale, donations.
contract StabilityHandler is Test, IERC3156FlashBorrower {
    Deployed internal system;
    address internal immutable keeper;
    Stabilizer internal immutable stabilizer;

    uint256 public gained; // round trips that ended with more
    uint256 public early; // actions before MIN_BLOCKS
    uint256 public uncalled; // actions without a deviation
    uint256 public underpaid; // actions that went through the target by more than the slippage
    mapping(address pool => uint256) internal actedBlock;
    mapping(bytes32 what => uint256) public reached;

    constructor(Deployed memory system_, address keeper_) {
        system = system_;
        (keeper, stabilizer) = (keeper_, system_.stability.stabilizer);
    }

    /// @dev The four pools of 6-decimal tokens; sSTB cannot be had at will.
    function _pool(uint256 seed) private view returns (PMMPool) {
        return system.stability.pools[seed % 4];
    }

    function _sell(PMMPool pool, bool base, uint256 amount) private returns (uint256 paid) {
        require(IERC20(base ? pool.baseToken() : pool.quoteToken()).transfer(address(pool), amount));
        return base ? pool.sellBase(address(this), 0) : pool.sellQuote(address(this), 0);
    }

    /// @dev Up to a fifth of a reserve, so that pools stay tradable.
    function _size(PMMPool pool, bool base, uint256 seed) private returns (uint256 amount) {
        amount = bound(seed, 1e4, (base ? pool.state().baseReserve : pool.state().quoteReserve) / 5 + 1e4);
        address token = base ? pool.baseToken() : pool.quoteToken();
        deal(token, address(this), IERC20(token).balanceOf(address(this)) + amount, true);
    }

    function push(uint256 poolSeed, uint256 sizeSeed, uint256 donation, bool base) external {
        PMMPool pool = _pool(poolSeed);
        uint256 amount = _size(pool, base, sizeSeed);
        try this.sell(pool, base, amount) {} catch {}
        donation = bound(donation, 0, 1e6);
        deal(pool.baseToken(), address(pool), IERC20(pool.baseToken()).balanceOf(address(pool)) + donation, true);
        reached["pushed"]++;
    }

    function sell(PMMPool pool, bool base, uint256 amount) external returns (uint256) {
        require(msg.sender == address(this));
        return _sell(pool, base, amount);
    }

    /// @dev There in `pieces`, back at once, within one block. Donations that lie in the pool are taken out first.
    function roundTrip(uint256 poolSeed, uint256 sizeSeed, uint256 pieces, bool base) external {
        PMMPool pool = _pool(poolSeed);
        _sweep(pool);
        uint256 amount = _size(pool, base, sizeSeed);
        pieces = bound(pieces, 1, 4);
        uint256 spent;
        uint256 got;
        for (uint256 i = 0; i < pieces; i++) {
            uint256 piece = amount / pieces;
            try this.sell(pool, base, piece) returns (uint256 paid) {
                spent += piece;
                got += paid;
            } catch {}
        }
        if (got == 0) return;
        try this.sell(pool, !base, got) returns (uint256 back) {
            if (back > spent) gained++;
            reached["went there and back"]++;
        } catch {}
    }

    /// @dev Borrows from bucket C, trades in front of the stabiliser, lets it act, trades back, repays with the fee.
    function sandwich(uint256 poolSeed, uint256 sizeSeed, bool base) external {
        PMMPool pool = _pool(poolSeed);
        _sweep(pool);
        IERC20 token = IERC20(base ? pool.baseToken() : pool.quoteToken());
        uint256 amount = bound(sizeSeed, 1e4, system.stability.lender.maxFlashLoan(address(token)) / 2);
        uint256 fee = system.stability.lender.flashFee(address(token), amount);
        deal(address(token), address(this), fee + amount, true);
        (int256 before,) = _deviation(pool);
        try system.stability.lender.flashLoan(this, address(token), amount, abi.encode(pool, base)) {
            uint256 end = token.balanceOf(address(this));
            // Selling what is dear ahead of the stabiliser takes part of a deviation that stood open to anyone, and no more than that.
            bool away = base == (before < 0);
            uint256 open = away ? 0 : amount * uint256(before < 0 ? -before : before) / 1e18 + 1;
            if (end > fee + amount + open) gained++;
            reached["sandwiched"]++;
        } catch {}
    }

    function onFlashLoan(address, address token, uint256 amount, uint256 fee, bytes calldata data) external returns (bytes32) {
        (PMMPool pool, bool base) = abi.decode(data, (PMMPool, bool));
        uint256 got = _sell(pool, base, amount);
        _stabilise(pool);
        _sell(pool, !base, got);
        IERC20(token).approve(address(system.stability.lender), amount + fee);
        return keccak256("ERC3156FlashBorrower.onFlashLoan");
    }

    function stabilise(uint256 poolSeed) external {
        _stabilise(_pool(poolSeed));
    }

    function _stabilise(PMMPool pool) private {
        (int256 before, uint256 band) = _deviation(pool);
        StabilizerPolicy policy = system.stability.policy;
        (uint256 base, uint256 quote) = _inventory(pool);
        try stabilizer.stabilise(address(pool)) {
            uint256 last = actedBlock[address(pool)];
            if (last > 0 && block.number < last + policy.limitsOf(address(pool)).intervalBlocks) early++;
            if (uint256(before < 0 ? -before : before) <= policy.limitsOf(address(pool)).threshold + band) uncalled++;
            _checkPaid(pool, base, quote, policy.limitsOf(address(pool)).slippage);
            actedBlock[address(pool)] = block.number;
            reached["stabilised"]++;
        } catch {
            reached["refused"]++;
        }
    }

    function _inventory(PMMPool pool) private view returns (uint256 base, uint256 quote) {
        base = system.stability.vault.heldOf(Bucket.Stabilisation, pool.baseToken());
        quote = system.stability.vault.heldOf(Bucket.Stabilisation, pool.quoteToken());
    }

    /// @dev At the target the inventory is worth no less than before, but for the slippage of what was sold. Both tokens have 6 decimals.
    function _checkPaid(PMMPool pool, uint256 base, uint256 quote, uint256 slippage) private {
        (uint256 target,) = system.stability.pegs.targetOf(address(pool));
        (uint256 baseAfter, uint256 quoteAfter) = _inventory(pool);
        bool soldBase = baseAfter < base;
        uint256 sold = soldBase ? (base - baseAfter) * target / 1e18 : quote - quoteAfter;
        uint256 paid = soldBase ? quoteAfter - quote : (baseAfter - base) * target / 1e18;
        if (paid + 2 < sold * (1e18 - slippage) / 1e18) underpaid++;
    }

    function _deviation(PMMPool pool) private view returns (int256 deviation, uint256 band) {
        try system.stability.pegs.deviationOf(address(pool)) returns (int256 found, uint256 uncertain) {
            return (found, uncertain);
        } catch {
            return (0, type(uint64).max);
        }
    }

    function privateSwap(uint256 soldSeed, uint256 boughtSeed, uint256 amount) external {
        address[3] memory tokens = [system.stability.tokens.cUSDT, system.stability.tokens.cUSDC, system.stability.tokens.cXAUC];
        amount = bound(amount, 1, 60_000e6);
        vm.prank(keeper);
        try stabilizer.executePrivateSwap(tokens[soldSeed % 3], tokens[boughtSeed % 3], amount) {
            reached["private swap"]++;
        } catch {}
    }

    /// @dev A keeper that names whatever side and amount it likes.
    function triangulate(uint256 poolSeed, bool sellsBase, uint256 amount) external {
        PMMPool pool = system.stability.pools[poolSeed % 4];
        (uint256 base, uint256 quote) = _inventory(pool);
        vm.prank(keeper);
        try stabilizer.triangulate(pool, sellsBase, bound(amount, 1, 30_000e6)) {
            (uint256 baseAfter, uint256 quoteAfter) = _inventory(pool);
            if (sellsBase ? baseAfter <= base || quoteAfter < quote : quoteAfter <= quote || baseAfter < base) underpaid++;
            reached["triangulated"]++;
        } catch {}
    }

    /// @dev Gold jumps by up to 5 %, or its reporters sleep.
    function prices(uint256 seed, uint256 jump) external {
        if (seed % 4 == 0) {
            vm.warp(block.timestamp + bound(jump, 1 hours, 90 hours));
            return;
        }
        bytes32 feed = keccak256("XAU/USD");
        uint256 price = system.oracle.anchorOf(feed) * bound(jump, 9500, 10_500) / 10_000;
        for (uint256 i = 1; i <= 3; i++) {
            vm.prank(makeAddr(string.concat("reporter ", vm.toString(i))));
            try system.oracle.report(feed, price) {} catch {}
        }
        for (uint256 i = 1; i < 4; i++) {
            vm.prank(keeper);
            try system.stability.pools[i].syncPrice(system.stability.pegs) {
                reached["gold moved"]++;
            } catch {}
        }
    }

    function wait_(uint256 blocks) external {
        blocks = bound(blocks, 1, 6);
        vm.roll(block.number + blocks);
        vm.warp(block.timestamp + 2 * blocks);
    }

    function _sweep(PMMPool pool) private {
        try pool.sellBase(address(0xdead), 0) {} catch {}
        try pool.sellQuote(address(0xdead), 0) {} catch {}
    }
}

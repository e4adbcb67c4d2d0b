// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Test} from "forge-std/Test.sol";

import {IFlashSwapper} from "../../src/interfaces/IStability.sol";
import {PMMPricing, PMMState, Regime} from "../../src/libraries/PMMPricing.sol";
import {Peers} from "../../src/libraries/Peers.sol";
import {PMMCore} from "../../src/stability/PMMCore.sol";
import {PMMPool} from "../../src/stability/PMMPool.sol";
import {PlainToken, ReentrantToken} from "../support/Tokens.sol";

/// @notice One pool alone; this contract is its vault and administers it.
contract PMMPoolTradeTest is Test, IFlashSwapper {
    uint256 internal constant WAD = 1e18;
    AccessManager internal authority;
    PlainToken internal base;
    PlainToken internal quote;
    PMMPool internal pool;
    uint256 internal returned; // of a flash swap

    function setUp() public {
        vm.roll(100);
        authority = new AccessManager(address(this));
        (base, quote) = (new PlainToken("BASE", 18), new PlainToken("QUOTE", 18));
        pool = _pool(base, quote, 100e18, 0.1e18, 0.003e18);
        _open(pool, 10e18, 1000e18);
    }

    function _pool(PlainToken base_, PlainToken quote_, uint256 price, uint256 slope, uint256 fee) private returns (PMMPool) {
        return new PMMPool(address(authority), IERC20Metadata(base_), IERC20Metadata(quote_), address(this), price, slope, fee);
    }

    function _open(PMMPool target, uint256 baseAmount, uint256 quoteAmount) private {
        PlainToken(target.baseToken()).mint(address(target), baseAmount);
        PlainToken(target.quoteToken()).mint(address(target), quoteAmount);
        target.init();
    }

    function _sellBase(PMMPool target, uint256 amount) private returns (uint256) {
        PlainToken(target.baseToken()).mint(address(target), amount);
        return target.sellBase(address(this), 0);
    }

    function _sellQuote(PMMPool target, uint256 amount) private returns (uint256) {
        PlainToken(target.quoteToken()).mint(address(target), amount);
        return target.sellQuote(address(this), 0);
    }

    // --- What it pays

    /// @dev The first published trade of DODO V2's own tests, one unit of 10^-18 less (tests/unit/peg/test_pool_vectors.py has all of them).
    function test_the_published_trade_is_met() public {
        assertEq(_sellQuote(pool, 100e18), 986_174_542_266_106_306);
        assertEq(uint8(pool.state().regime), uint8(Regime.BaseShort));
    }

    function testFuzz_a_round_trip_never_gains(uint256 amount, uint256 before, uint64 slope, bool baseFirst, bool small) public {
        slope = uint64(bound(slope, 0, 0.9e18));
        PlainToken coarse = new PlainToken("COARSE", 6);
        PMMPool mixed = small ? _pool(base, coarse, 0.06e18, slope, 0) : _pool(coarse, base, 16.6e18, slope, 0);
        _open(mixed, small ? 1e24 : 1e12, small ? 6e10 : 16.6e24);
        _sellBase(mixed, small ? bound(before, 1e18, 2e24) : bound(before, 1e6, 2e12));
        amount = bound(amount, 1, baseFirst == small ? 1e24 : 1e11);
        PMMState memory state = mixed.state();
        if (baseFirst) {
            (uint256 paid,) = mixed.querySellBase(amount);
            vm.assume(paid > 0);
            assertEq(_sellBase(mixed, amount), paid);
            (uint256 back,) = mixed.querySellQuote(paid);
            assertLe(back, amount);
        } else {
            (uint256 paid,) = mixed.querySellQuote(amount);
            vm.assume(paid > 0);
            assertEq(_sellQuote(mixed, amount), paid);
            (uint256 back,) = mixed.querySellBase(paid);
            assertLe(back, amount);
        }
        assertGt(state.baseReserve, 0);
    }

    function test_terms_that_the_curve_is_not_made_for_are_refused() public {
        vm.expectRevert(abi.encodeWithSelector(PMMPricing.TermsInvalid.selector, 1e18, 0.95e18, 0));
        pool.setTerms(1e18, 0.95e18, 0);
        pool.setTerms(1e18, 1e18, 0);
        PlainToken fine = new PlainToken("FINE", 19);
        vm.expectRevert(abi.encodeWithSelector(PMMPricing.DecimalsUnsupported.selector, 19, 18));
        _pool(fine, quote, 1e18, 0, 0);
    }

    // --- Attacks

    function test_it_opens_once() public {
        vm.expectRevert(PMMCore.AlreadyInitialised.selector);
        pool.init();
        PMMPool closed = _pool(base, quote, 1e18, 0, 0);
        vm.expectRevert(PMMCore.NotInitialised.selector);
        closed.midPrice();
        vm.prank(address(0xbad));
        vm.expectRevert(abi.encodeWithSelector(Peers.CallerNotPeer.selector, address(0xbad), address(this)));
        closed.init();
    }

    function test_a_donation_moves_no_price_and_goes_to_the_next_trader() public {
        uint256 price = pool.midPrice();
        base.mint(address(pool), 1e18);
        quote.mint(address(pool), 50e18);
        assertEq(pool.midPrice(), price);
        assertEq(pool.state().baseReserve, 10e18);
        assertGt(pool.sellQuote(address(this), 0), 0);
    }

    function test_too_little_paid_is_refused_and_nothing_sold_too() public {
        quote.mint(address(pool), 100e18);
        vm.expectRevert(abi.encodeWithSelector(PMMCore.PaidTooLittle.selector, 986_174_542_266_106_306, 1e18));
        pool.sellQuote(address(this), 1e18);
        vm.expectRevert(PMMPricing.AmountZero.selector);
        pool.sellBase(address(this), 0);
    }

    function test_nobody_trades_in_the_middle_of_a_trade() public {
        ReentrantToken reentrant = new ReentrantToken();
        PMMPool target = _pool(base, reentrant, 100e18, 0.1e18, 0);
        _open(target, 10e18, 1000e18);
        base.mint(address(target), 1e18);
        reentrant.arm(address(target), abi.encodeCall(PMMPool.sellBase, (address(this), 0)));
        target.sellBase(address(this), 0);
        assertTrue(reentrant.called());
        assertFalse(reentrant.succeeded());
        assertEq(bytes4(reentrant.answer()), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
    }

    function test_trades_of_one_block_weigh_nothing_in_the_history() public {
        _sellQuote(pool, 100e18);
        vm.roll(110);
        _sellBase(pool, 1);
        uint256 before = pool.midPrice();
        _sellQuote(pool, 900e18);
        (int256 mean, uint256 covered,) = pool.averageDeviation(before, 1e18, 10);
        assertEq(mean, 0);
        assertEq(covered, 10);
        vm.roll(111);
        (mean,,) = pool.averageDeviation(before, 0.1e18, 10);
        assertEq(mean, 0.01e18);
    }

    // --- Flash swaps

    function onFlashSwap(address, uint256 baseOut, uint256, bytes calldata) external {
        assertEq(base.balanceOf(address(this)), baseOut);
        require(base.transfer(msg.sender, returned));
        quote.mint(msg.sender, returned == 0 ? 200e18 : 0);
    }

    function test_a_flash_swap_is_paid_in_the_other_token_at_the_curve_and_not_a_unit_less() public {
        (uint256 most,) = pool.querySellQuote(200e18);
        vm.expectRevert(abi.encodeWithSelector(PMMPool.FlashSwapUnpaid.selector, most + 1, most));
        pool.flashSwap(most + 1, 0, address(this), "x");
        pool.flashSwap(most, 0, address(this), "x");
        assertEq(pool.state().quoteReserve, 1200e18);
    }

    function test_a_flash_swap_may_be_returned() public {
        returned = 5e18;
        pool.flashSwap(5e18, 0, address(this), "x");
        assertEq(pool.state().baseReserve, 10e18);
        returned = 0;
        vm.expectRevert(abi.encodeWithSelector(PMMPool.FlashSwapUnpaid.selector, 1e18, 0));
        pool.flashSwap(1e18, 1e18, address(0xbeef), "");
    }

    // --- Stop

    function test_a_stopped_pool_still_gives_its_liquidity_back() public {
        pool.pause();
        base.mint(address(pool), 1e18);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        pool.sellBase(address(this), 0);
        pool.reset(5e18, 500e18);
        assertEq(quote.balanceOf(address(this)), 500e18);
        assertEq(pool.state().quoteTarget, 500e18);
    }
}

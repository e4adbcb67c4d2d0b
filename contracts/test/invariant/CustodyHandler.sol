// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";

import {Custody} from "../../src/exchange/Custody.sol";
import {ICustody} from "../../src/interfaces/ICustody.sol";
import {SettlementModel} from "../support/SettlementModel.sol";
import {PlainToken} from "../support/Tokens.sol";

/// @notice Traders, the engine, the sequencer and strangers, in any order. Holds its own count of what moved.
contract CustodyHandler is Test {
    struct Arrival {
        address token;
        address owner;
        uint256 amount;
    }

    uint256 internal constant AMOUNT_MAX = 1e24;

    Custody internal immutable custody;
    SettlementModel internal immutable model;
    address internal immutable sequencer;
    PlainToken[] internal tokens;

    Arrival[] internal uncredited;
    uint256 internal nextCredit;
    mapping(address token => uint256) public donated;
    mapping(address token => uint256) public paidByHand;
    mapping(address token => uint256) public requested;
    mapping(bytes32 what => uint256) public reached;

    constructor(Custody custody_, SettlementModel model_, address sequencer_, PlainToken[] memory tokens_) {
        (custody, model, sequencer, tokens) = (custody_, model_, sequencer_, tokens_);
    }

    function deposit(uint256 tokenSeed, uint256 amount, address owner) external {
        PlainToken token = tokens[tokenSeed % tokens.length];
        if (owner == address(0)) owner = address(this);
        amount = bound(amount, 1e4, AMOUNT_MAX);
        token.mint(address(this), amount);
        token.approve(address(custody), amount);
        (uint256 before,,,) = custody.totalsOf(address(token));
        custody.deposit(address(token), amount, owner);
        (uint256 deposited,,,) = custody.totalsOf(address(token));
        uncredited.push(Arrival(address(token), owner, deposited - before));
        if (deposited - before < amount) reached["fee kept"]++;
    }

    /// @dev The engine sees some of the deposits, in order.
    function credit(uint256 countSeed) external {
        uint256 count = bound(countSeed, 0, uncredited.length - nextCredit);
        for (uint256 i = 0; i < count; i++) {
            Arrival memory arrival = uncredited[nextCredit++];
            model.credit(arrival.token, arrival.owner, arrival.amount);
            reached["credited"]++;
        }
    }

    function requestWithdrawal(uint256 tokenSeed, uint256 amount, bool ofAnotherChain) external {
        address token = address(tokens[tokenSeed % tokens.length]);
        uint256 free = model.credited(token) - model.withdrawn(token);
        if (free == 0) return;
        amount = bound(amount, 1, free);
        if (ofAnotherChain) {
            model.withdrawOn(138, token, address(this), address(0xbeef), amount);
            return;
        }
        model.withdraw(token, address(this), address(0xbeef), amount);
        requested[token] += amount;
        reached["requested"]++;
    }

    function settle(uint64 inputs) external {
        ICustody.Batch memory batch = model.batch(uint64(bound(inputs, 1, 1e9)));
        vm.prank(sequencer);
        custody.settle(batch);
        model.settled(batch);
        reached["settled"]++;
    }

    /// @dev Any withdrawal against any batch, paid ones and other chains' included.
    function withdraw(uint64 batchSeed, uint64 idSeed) external {
        uint64 batches = custody.batchCount();
        if (batches == 0) return;
        uint64 index = uint64(bound(batchSeed, 1, batches));
        uint64 count = custody.batchOf(index).withdrawalsCount;
        if (count == 0) return;
        _withdraw(index, uint64(bound(idSeed, 0, count - 1)), count);
    }

    function _withdraw(uint64 index, uint64 id, uint64 count) private {
        ICustody.Withdrawal memory leaf = model.withdrawalOf(id);
        bytes32[] memory proof = model.proofOf(id, count);
        bool wasPaid = custody.paid(id);
        (, uint256 left,) = custody.epochOf(leaf.token);
        try custody.withdraw(index, leaf, proof) {
            assertFalse(wasPaid, "paid twice");
            assertEq(leaf.chainId, block.chainid, "paid another chain's withdrawal");
            assertLe(leaf.amount, left, "paid above the cap");
            paidByHand[leaf.token] += leaf.amount;
            reached["paid"]++;
        } catch (bytes memory reason) {
            if (leaf.chainId != block.chainid) return _refused(reason, Custody.WithdrawalOfOtherChain.selector, "other chain");
            if (wasPaid) return _refused(reason, Custody.WithdrawalAlreadyPaid.selector, "paid already");
            assertGt(leaf.amount, left, "refused within the cap");
            _refused(reason, Custody.WithdrawalCapReached.selector, "cap");
        }
    }

    function _refused(bytes memory reason, bytes4 selector, bytes32 what) private {
        assertEq(bytes4(reason), selector);
        reached[what]++;
    }

    function donate(uint256 tokenSeed, uint256 amount) external {
        PlainToken token = tokens[tokenSeed % tokens.length];
        amount = bound(amount, 1, AMOUNT_MAX);
        token.mint(address(custody), amount);
        donated[address(token)] += amount;
    }

    function wait_(uint256 seconds_) external {
        vm.warp(block.timestamp + bound(seconds_, 1, 2 days));
    }
}

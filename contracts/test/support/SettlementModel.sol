// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ICustody} from "../../src/interfaces/ICustody.sol";
import {ReferenceTree} from "./ReferenceTree.sol";

/// @notice What the engine knows of one chain: credits, withdrawals and the batch that it would post next. Written from
/// docs/reference/engine.md, with nothing taken from Custody.
contract SettlementModel {
    uint64 public lastInput;
    uint64 public lastBlock;
    uint64 public depositCount;
    bytes32 public depositHash;
    mapping(address token => uint256) public credited;
    mapping(address token => uint256) public withdrawn;

    address[] private _tokens;
    bytes32[] private _leaves;
    ICustody.Withdrawal[] private _withdrawals;

    function list(address token) external {
        _tokens.push(token);
    }

    function credit(address token, address owner, uint256 amount) external {
        depositCount++;
        depositHash = keccak256(abi.encode(depositHash, depositCount, token, owner, amount));
        credited[token] += amount;
    }

    /// @notice Also what a dishonest operator would do: nothing is checked here.
    function withdraw(address token, address owner, address recipient, uint256 amount) external returns (uint64 id) {
        return withdrawOn(uint64(block.chainid), token, owner, recipient, amount);
    }

    function withdrawOn(uint64 chainId, address token, address owner, address recipient, uint256 amount) public returns (uint64 id) {
        id = uint64(_leaves.length);
        _withdrawals.push(ICustody.Withdrawal(id, chainId, token, owner, recipient, amount));
        _leaves.push(keccak256(abi.encode(keccak256(abi.encode(id, chainId, token, owner, recipient, amount)))));
        if (chainId == block.chainid) withdrawn[token] += amount;
    }

    /// @notice The batch of the next `inputs` inputs; changes nothing until `settled`.
    function batch(uint64 inputs) external view returns (ICustody.Batch memory next) {
        next.firstInput = lastInput + 1;
        next.lastInput = lastInput + inputs;
        next.block_ = lastBlock + 1;
        next.depositCount = depositCount;
        next.depositHash = depositHash;
        next.inputHash = keccak256(abi.encode("input", next.lastInput));
        next.outputHash = keccak256(abi.encode("output", next.lastInput));
        next.balancesRoot = keccak256(abi.encode("balances", next.lastInput));
        next.balancesCount = 7;
        next.withdrawalsRoot = ReferenceTree.root(_leaves);
        next.withdrawalsCount = uint64(_leaves.length);
        next.positionsRoot = keccak256(abi.encode("positions", next.lastInput));
        next.positionsCount = 3;
        next.totals = new ICustody.TokenTotal[](_tokens.length);
        for (uint256 i = 0; i < _tokens.length; i++) {
            next.totals[i] = ICustody.TokenTotal(_tokens[i], credited[_tokens[i]], withdrawn[_tokens[i]]);
        }
    }

    function settled(ICustody.Batch memory done) external {
        (lastInput, lastBlock) = (done.lastInput, done.block_);
    }

    function withdrawalCount() external view returns (uint64) {
        return uint64(_leaves.length);
    }

    function withdrawalOf(uint64 id) external view returns (ICustody.Withdrawal memory) {
        return _withdrawals[id];
    }

    /// @notice Proof against a batch that had `count` withdrawals.
    function proofOf(uint64 id, uint64 count) external view returns (bytes32[] memory) {
        return ReferenceTree.proof(leaves(count), id);
    }

    function leaves(uint64 count) public view returns (bytes32[] memory first) {
        first = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            first[i] = _leaves[i];
        }
    }
}

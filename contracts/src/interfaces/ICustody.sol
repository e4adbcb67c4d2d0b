// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Deposits, constant-size settlement batches and proved withdrawals of one chain (DESIGN section 7).
interface ICustody {
    /// @notice Cumulative totals of one token, as the engine has them at the end of the batch.
    struct TokenTotal {
        address token;
        uint256 credited;
        uint256 withdrawn;
    }

    /// @notice Its size does not depend on the number of trades. Hashes as in docs/reference/engine.md.
    struct Batch {
        uint64 firstInput; // last batch's lastInput + 1
        uint64 lastInput;
        uint64 block_; // engine block that the batch ends with
        uint64 depositCount; // deposits of this chain credited so far
        bytes32 depositHash; // deposit chain hash at depositCount
        bytes32 inputHash;
        bytes32 outputHash;
        bytes32 balancesRoot;
        uint64 balancesCount;
        bytes32 withdrawalsRoot;
        uint64 withdrawalsCount;
        bytes32 positionsRoot;
        uint64 positionsCount;
        TokenTotal[] totals; // every listed token, in listing order
    }

    struct Withdrawal {
        uint64 id; // leaf index in the withdrawals tree
        uint64 chainId;
        address token;
        address owner;
        address recipient;
        uint256 amount;
    }

    event TokenListed(address indexed token, uint256 epochCap);
    event Deposited(uint64 indexed ordinal, address indexed owner, address indexed token, uint256 amount, bytes32 depositHash);
    event BatchSettled(
        uint64 indexed index, uint64 firstInput, uint64 lastInput, uint64 block_, bytes32 stateRoot, bytes32 inputHash, bytes32 outputHash
    );
    event Withdrawn(uint64 indexed id, address indexed owner, address indexed recipient, address token, uint256 amount);

    /// @notice Takes `amount` of `token` from the caller and credits `owner` with what arrived.
    function deposit(address token, uint256 amount, address owner) external returns (uint64 ordinal);
    /// @notice Only the sequencer.
    function settle(Batch calldata batch) external returns (uint64 index);
    /// @notice Anyone: pays a withdrawal that is proved against the settled batch `index`. Pays each id once.
    function withdraw(uint64 index, Withdrawal calldata withdrawal, bytes32[] calldata proof) external;
    function depositCount() external view returns (uint64);
    function depositHashAt(uint64 ordinal) external view returns (bytes32);
    function lastBatch() external view returns (uint64 index, uint64 lastInput, uint64 block_, uint64 withdrawalsCount);
    function stateRootOf(uint64 index) external view returns (bytes32);
    function paid(uint64 id) external view returns (bool);
    function totalsOf(address token) external view returns (uint256 deposited, uint256 credited, uint256 withdrawn, uint256 paidOut);
    function tokens() external view returns (address[] memory);
}

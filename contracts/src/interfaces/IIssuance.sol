// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice One transaction: CU minted, swapped 1:1 for sSTB, burned, sSTB staked (DESIGN section 5).
interface IMintingAgent {
    event Minted(uint256 indexed claimId, address indexed provider, uint256 amount, uint256 stakeId);

    /// @notice Only the claim's provider; only once; only with collateral for it.
    function mint(uint256 claimId) external returns (uint256 amount, uint256 stakeId);
}

/// @notice Burns sSTB for compute; releases collateral on delivery, compensates from it on default.
interface IRedemption {
    enum Tier {
        Standard, // 24 h
        Premium, // 6 h
        Enterprise // 1 h
    }

    enum State {
        None,
        Requested,
        Delivered,
        Disputed,
        Settled, // confirmed, silent past the dispute window, or judged delivered
        Compensated, // expired, judged undelivered, or not judged in time
        Queued, // waits for the gate; its sSTB lies here
        Withdrawn // left the queue; its sSTB went back
    }

    struct Order {
        address buyer;
        State state;
        Tier tier;
        uint64 deadline; // unix seconds: delivery until then
        uint64 disputeUntil; // unix seconds, set by deliver
        address provider;
        uint256 amount; // [wad CU]
        bytes32 jobHash; // keccak256 of the job document that jobUri names
        bytes32 resultHash;
        uint256 workDone; // operations billed (fuel of a WASM job)
    }

    event RedemptionRequested(
        uint256 indexed id,
        address indexed buyer,
        address indexed provider,
        uint256 amount,
        Tier tier,
        bytes32 jobHash,
        string jobUri,
        uint64 deadline
    );
    event Delivered(uint256 indexed id, address indexed provider, bytes32 resultHash, uint256 workDone, string resultUri);
    event RedemptionQueued(uint256 indexed id, address indexed buyer, uint256 position, string jobUri);
    event RedemptionWithdrawn(uint256 indexed id, address indexed buyer, uint256 returned);
    event OfferSet(address indexed provider, uint16[3] premiumBps, string uri);
    event PenaltyPaid(uint256 indexed id, address indexed provider, uint256 amount);
    event Disputed(uint256 indexed id, address indexed buyer);
    event Settled(uint256 indexed id, uint256 collateralReleasable);
    event Compensated(uint256 indexed id, address indexed buyer, uint256 collateralPaid);
    event Retired(address indexed provider, uint256 amount);

    /// @notice Burns `amount` sSTB of the caller and notifies `provider`.
    function redeem(address provider, uint256 amount, Tier tier, bytes32 jobHash, string calldata jobUri) external returns (uint256 id);
    function deliver(uint256 id, bytes32 resultHash, uint256 workDone, string calldata resultUri) external;
    /// @notice Anyone: moves the queue's head on if the gate lets it through. Zero: only withdrawn orders were stepped over, call again.
    function admit() external returns (uint256 id);
    /// @notice The buyer leaves the queue.
    function withdraw(uint256 id) external;
    /// @notice A provider's price per tier [bps of the amount, in sSTB], and where buyers reach it.
    function setOffer(uint16[3] calldata premiumBps, string calldata uri) external;
    /// @notice Buyer accepts the delivery.
    function confirm(uint256 id) external;
    /// @notice Anyone, after the dispute window: silence is acceptance.
    function finalize(uint256 id) external;
    function dispute(uint256 id) external;
    /// @notice Arbiter role (the verifier committee) decides a dispute.
    function resolve(uint256 id, bool delivered) external;
    /// @notice Anyone: a dispute that was not judged in time ends for the buyer.
    function lapse(uint256 id) external;
    /// @notice Anyone, after the deadline without delivery: the buyer is compensated from the provider's collateral.
    function expire(uint256 id) external;
    /// @notice A provider burns its own sSTB to end its obligation without a job.
    function retire(uint256 amount) external;
    /// @notice Redeems against a provider in liquidation: immediate pro-rata compensation from its collateral.
    function redeemLiquidated(address provider, uint256 amount) external returns (uint256 paid);
    function orderOf(uint256 id) external view returns (Order memory);
    function orderCount() external view returns (uint256);
}

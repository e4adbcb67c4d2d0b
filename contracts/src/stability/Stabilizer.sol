// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {Bucket, IReserveVault, ITradingPool} from "../interfaces/IStability.sol";
import {FlowCap} from "../libraries/FlowCap.sol";
import {StabilizerRules} from "../libraries/StabilizerRules.sol";
import {MeshPool} from "./MeshPool.sol";
import {StabilizerPolicy} from "./StabilizerPolicy.sol";
import {XAUTriangulation} from "./XAUTriangulation.sol";

/// @title Stabilizer
/// @notice Trades bucket B against sustained deviations of public pools, and restores its inventory through the private mesh
/// (source 2, section 10: checkDeviation, executePrivateSwap). Anyone may call `stabilise`: it takes no number from its caller.
/// @custom:stop The guardian pauses every trade.
/// @custom:trusts StabilizerPolicy for size and time. Keepers choose which tokens the mesh exchanges, within slippage and a cap.
contract Stabilizer is AccessManaged, Multicall, Pausable {
    struct Cap {
        uint128 max; // [wad] zero: none of it
        uint64 memory_; // [wad per block]
        uint128 flow;
        uint64 flowBlock;
    }

    error NotNow(address pool, StabilizerRules.Outcome outcome);
    error CapReached(uint256 amount, uint256 room);
    error MeshUnknown(address token);
    error SameToken(address token);
    error CapInvalid(uint256 memory_, uint256 slippage);
    error NothingGained(address pool, uint256 amount, uint256 back);

    event Stabilised(address indexed pool, bool sellsBase, uint256 sold, uint256 paid, uint256 volume, bool overridden);
    event PrivateSwap(address indexed sold, address indexed bought, uint256 amount, uint256 received, uint256 gold);
    event Triangulated(address indexed pool, bool sellsBase, uint256 amount, uint256 paid, uint256 back);
    event MeshPoolSet(address indexed token, address pool);
    event CapsSet(uint256 meshMax, uint256 meshMemory, uint256 meshSlippage);
    event OverrideCapSet(address indexed pool, uint256 max, uint256 memory_);

    uint256 private constant WAD = 1e18;

    StabilizerPolicy public immutable policy;
    IReserveVault public immutable vault;
    XAUTriangulation public immutable triangulation;
    address public immutable gold;

    mapping(address pool => StabilizerPolicy.Memory) private _memory;
    mapping(address pool => Cap) private _overrides; // [quote base units]
    mapping(address token => MeshPool) public meshOf;
    Cap private _mesh; // [base units of gold]
    /// @notice [wad] how far below parity a private swap may be paid, both legs together.
    uint64 public meshSlippage;

    constructor(address authority_, StabilizerPolicy policy_, XAUTriangulation triangulation_) AccessManaged(authority_) {
        (policy, vault, triangulation) = (policy_, policy_.vault(), triangulation_);
        gold = triangulation_.gold();
    }

    // --- Public pools

    /// @notice What `stabilise` would do now.
    function checkDeviation(address pool) external view returns (StabilizerPolicy.Order memory) {
        return policy.decide(pool, _memory[pool]);
    }

    /// @notice Trades against a sustained deviation of a public pool, if every limit allows it.
    function stabilise(address pool) external whenNotPaused returns (uint256 paid) {
        StabilizerPolicy.Memory memory remembered = _memory[pool];
        StabilizerPolicy.Order memory order = policy.decide(pool, remembered);
        if (order.outcome != StabilizerRules.Outcome.Act) revert NotNow(pool, order.outcome);

        _memory[pool] = StabilizerPolicy.Memory(uint64(block.number), uint64(block.number), uint128(order.flow));
        paid = _trade(pool, order, false);
    }

    /// @notice Governance's way past a guard that freezes: its own cap, and still the slippage cap. `volume` [quote base units].
    function overrideStabilise(address pool, bool sellsBase, uint256 volume) external restricted whenNotPaused returns (uint256 paid) {
        _use(_overrides[pool], volume);
        StabilizerPolicy.Order memory order = policy.orderOf(pool, sellsBase, volume);
        paid = _trade(pool, order, true);
    }

    function _trade(address pool, StabilizerPolicy.Order memory order, bool overridden) private returns (uint256 paid) {
        vault.spend(Bucket.Stabilisation, order.sold, pool, order.amount);
        ITradingPool target = ITradingPool(pool);
        paid = order.sellsBase ? target.sellBase(address(vault), order.paidMin) : target.sellQuote(address(vault), order.paidMin);
        vault.credit(Bucket.Stabilisation, order.paid);
        emit Stabilised(pool, order.sellsBase, order.amount, paid, order.volume, overridden);
    }

    // --- The mesh

    /// @notice Exchanges inventory of bucket B through gold: sold -> XAU -> bought. `amount` [base units of what is sold].
    /// @return received [base units of what is bought]
    function executePrivateSwap(address sold, address bought, uint256 amount) external restricted whenNotPaused returns (uint256 received) {
        return _privateSwap(sold, bought, amount);
    }

    /// @notice Arbitrage between a public pool and the mesh: sells `amount` [base units of what is sold] on the pool, above its target, and buys it back
    /// through gold. Reverts unless bucket B then holds more of it than before; so a keeper that lies can only bring prices together.
    /// @return gained [base units of what is sold]
    function triangulate(ITradingPool pool, bool sellsBase, uint256 amount) external restricted whenNotPaused returns (uint256 gained) {
        (address sold, address between) = (pool.baseToken(), pool.quoteToken());
        if (!sellsBase) (sold, between) = (between, sold);
        uint256 fair = policy.fairUp(address(pool), sellsBase, amount);
        vault.spend(Bucket.Stabilisation, sold, address(pool), amount);
        uint256 paid = sellsBase ? pool.sellBase(address(vault), fair) : pool.sellQuote(address(vault), fair);
        vault.credit(Bucket.Stabilisation, between);
        uint256 back = _privateSwap(between, sold, paid);
        if (back <= amount) revert NothingGained(address(pool), amount, back);
        gained = back - amount;
        emit Triangulated(address(pool), sellsBase, amount, paid, back);
    }

    function _privateSwap(address sold, address bought, uint256 amount) private returns (uint256 received) {
        if (sold == bought) revert SameToken(sold);
        uint256 worth = _inGold(sold, amount);
        _use(_mesh, worth);
        uint256 least = _least(sold, bought, amount);
        uint256 through = sold == gold ? amount : _toGold(sold, bought, amount);
        received = bought == gold ? through : _fromGold(sold, bought, amount, least);
        if (bought == gold) vault.credit(Bucket.Stabilisation, gold);
        emit PrivateSwap(sold, bought, amount, received, through);
    }

    /// @dev The gold goes straight to the next pool, or home.
    function _toGold(address sold, address bought, uint256 amount) private returns (uint256) {
        MeshPool pool = _meshOf(sold);
        vault.spend(Bucket.Stabilisation, sold, address(pool), amount);
        return pool.sellBase(bought == gold ? address(vault) : address(_meshOf(bought)), bought == gold ? _least(sold, gold, amount) : 0);
    }

    function _fromGold(address sold, address bought, uint256 amount, uint256 least) private returns (uint256 received) {
        MeshPool pool = _meshOf(bought);
        if (sold == gold) vault.spend(Bucket.Stabilisation, gold, address(pool), amount);
        received = pool.sellQuote(address(vault), least);
        vault.credit(Bucket.Stabilisation, bought);
    }

    /// @dev Parity less the slippage and less what the price is uncertain by.
    function _least(address sold, address bought, uint256 amount) private view returns (uint256) {
        (uint256 parity, uint256 band) = triangulation.cross(sold, bought);
        uint256 lost = 2 * band + meshSlippage;
        if (lost >= WAD) return 0;
        return StabilizerRules.leastPaidUp(amount, parity, lost, _scale(sold), _scale(bought));
    }

    function _inGold(address token, uint256 amount) private view returns (uint256) {
        if (token == gold) return amount;
        (uint256 price,) = triangulation.inGold(token);
        return amount * price * _scale(gold) / (WAD * _scale(token));
    }

    function _meshOf(address token) private view returns (MeshPool pool) {
        pool = meshOf[token];
        if (address(pool) == address(0)) revert MeshUnknown(token);
    }

    function _scale(address token) private view returns (uint256) {
        return 10 ** IERC20Metadata(token).decimals();
    }

    // --- Caps

    function _use(Cap storage cap, uint256 amount) private {
        uint256 left = FlowCap.decayedUp(cap.flow, cap.memory_, block.number - cap.flowBlock);
        uint256 room = cap.max > left ? cap.max - left : 0;
        if (amount > room) revert CapReached(amount, room);
        (cap.flow, cap.flowBlock) = (uint128(left + amount), uint64(block.number));
    }

    // --- Governance and guardian

    /// @notice Names the private pool of a token.
    function setMeshPool(MeshPool pool) external restricted {
        address token = pool.baseToken();
        meshOf[token] = pool;
        emit MeshPoolSet(token, address(pool));
    }

    /// @notice The mesh's decaying cap [base units of gold], its memory [wad per block] and its slippage [wad].
    function setMeshCaps(uint128 max, uint64 memory_, uint64 slippage) external restricted {
        if (memory_ > WAD || slippage > WAD) revert CapInvalid(memory_, slippage);
        (_mesh.max, _mesh.memory_, meshSlippage) = (max, memory_, slippage);
        emit CapsSet(max, memory_, slippage);
    }

    /// @notice The cap of governance's own trades in a pool [quote base units], with its memory [wad per block].
    function setOverrideCap(address pool, uint128 max, uint64 memory_) external restricted {
        if (memory_ > WAD) revert CapInvalid(memory_, 0);
        (_overrides[pool].max, _overrides[pool].memory_) = (max, memory_);
        emit OverrideCapSet(pool, max, memory_);
    }

    /// @notice Stops every trade.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }

    // --- Views

    /// @notice Last action and flow of a pool.
    function memoryOf(address pool) external view returns (StabilizerPolicy.Memory memory) {
        return _memory[pool];
    }
}

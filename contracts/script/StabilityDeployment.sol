// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Bucket} from "../src/interfaces/IStability.sol";
import {Oracle} from "../src/oracle/Oracle.sol";
import {BridgeReserveCoordinator} from "../src/stability/BridgeReserveCoordinator.sol";
import {FlashLender} from "../src/stability/FlashLender.sol";
import {MeshPool} from "../src/stability/MeshPool.sol";
import {PMMCore} from "../src/stability/PMMCore.sol";
import {PMMPool} from "../src/stability/PMMPool.sol";
import {PMMRouter} from "../src/stability/PMMRouter.sol";
import {PegManager} from "../src/stability/PegManager.sol";
import {ReserveVault} from "../src/stability/ReserveVault.sol";
import {Stabilizer} from "../src/stability/Stabilizer.sol";
import {StabilizerPolicy} from "../src/stability/StabilizerPolicy.sol";
import {XAUTriangulation} from "../src/stability/XAUTriangulation.sol";
import {StabilityConfig, StabilityDefaults, StabilityTokens} from "./StabilityConfig.sol";
import {StabilityRights} from "./StabilityRights.sol";
import {LocalToken} from "./local/LocalToken.sol";

/// @notice What keeps the peg on a chain. Pools are named by their pair; mesh pools by their token.
struct StabilityDeployed {
    bool localTokens;
    uint128 computeDepth; // [wad sSTB]
    uint128 computeQuote; // [base units] the same in cUSDC at par
    uint128 meshDepth; // [wad sSTB] of its mesh pool
    uint128 meshOunces; // [base units of gold] the same
    StabilityTokens tokens;
    XAUTriangulation triangulation;
    ReserveVault vault;
    PegManager pegs;
    StabilizerPolicy policy;
    Stabilizer stabilizer;
    FlashLender lender;
    BridgeReserveCoordinator coordinator;
    PMMRouter router;
    PMMPool[] pools; // cUSDT/cUSDC, cUSDT/XAU, cUSDC/XAU, cEURT/XAU, sSTB/cUSDC
    MeshPool[] mesh; // cUSDT, cUSDC, cEURT, sSTB
}

/// @title StabilityDeployment
/// @notice Deploys and wires what keeps the peg; called by Deployment while the deployer still administers the AccessManager.
/// @dev The pool of sSTB and its mesh pool open later, as planned, when bucket A and B have sSTB: none exists when a chain is deployed.
library StabilityDeployment {
    uint256 internal constant WAD = 1e18;
    uint256 private constant COMPUTE_POOL = 4;
    uint256 private constant COMPUTE_MESH = 3;

    function deploy(AccessManager authority, Oracle oracle, IERC20Metadata computeToken, StabilityConfig memory config)
        internal
        returns (StabilityDeployed memory d)
    {
        d.localTokens = config.tokens.cUSDT == address(0);
        d.computeDepth = config.computeDepth > 0 ? config.computeDepth : StabilityDefaults.COMPUTE_DEPTH;
        d.computeQuote = uint128(d.computeDepth * config.par / (WAD * 1e12));
        d.meshOunces = uint128(Math.max(d.computeQuote / StabilityDefaults.GOLD_PRICE, StabilityDefaults.MESH_OUNCES_MIN));
        d.meshDepth = uint128(d.meshOunces * StabilityDefaults.GOLD_PRICE * 1e12 * WAD / config.par);
        d.tokens = d.localTokens ? _localTokens() : config.tokens;
        _deployCore(d, authority, oracle, computeToken, config.par);
        _deployPools(d, authority, computeToken);
        _priceTokens(d, oracle, address(computeToken));
        d.vault.wire(address(d.stabilizer), address(d.lender), address(d.coordinator));
        _list(d);
        if (d.localTokens) _capitalise(d);
        _plan(d);
        _limit(d);
        authority.multicall(StabilityRights.calls(d, config.keepers));
    }

    function _localTokens() private returns (StabilityTokens memory tokens) {
        tokens.cUSDT = address(new LocalToken("cUSDT", 6));
        tokens.cUSDC = address(new LocalToken("cUSDC", 6));
        tokens.cEURT = address(new LocalToken("cEURT", 6));
        tokens.cXAUC = address(new LocalToken("cXAUC", 6));
        tokens.USDT = address(new LocalToken("USDT", 6));
    }

    function _deployCore(StabilityDeployed memory d, AccessManager authority, Oracle oracle, IERC20 computeToken, uint256 par) private {
        address manager = address(authority);
        d.triangulation = new XAUTriangulation(manager, oracle, d.tokens.cXAUC);
        d.vault = new ReserveVault(manager);
        d.pegs = new PegManager(
            manager, d.triangulation, d.vault, computeToken, par, StabilityDefaults.TARGET_BLOCKS_MIN, StabilityDefaults.weights()
        );
        d.policy = new StabilizerPolicy(manager, d.pegs, d.vault);
        d.stabilizer = new Stabilizer(manager, d.policy, d.triangulation);
        d.lender = new FlashLender(manager, d.vault, StabilityDefaults.FLASH_FEE);
        d.coordinator = new BridgeReserveCoordinator(manager, d.vault);
        d.router = new PMMRouter(manager);
    }

    // --- Pools

    function _deployPools(StabilityDeployed memory d, AccessManager authority, IERC20Metadata computeToken) private {
        StabilityTokens memory t = d.tokens;
        address a = address(authority);
        uint256 ounce = WAD / StabilityDefaults.GOLD_PRICE;
        (uint256 k, uint256 fee) = (StabilityDefaults.GOLD_SLOPE, StabilityDefaults.GOLD_FEE);
        d.pools = new PMMPool[](5);
        d.pools[0] = _pool(d, a, t.cUSDT, t.cUSDC, WAD, StabilityDefaults.STABLE_SLOPE, StabilityDefaults.STABLE_FEE);
        d.pools[1] = _pool(d, a, t.cUSDT, t.cXAUC, ounce, k, fee);
        d.pools[2] = _pool(d, a, t.cUSDC, t.cXAUC, ounce, k, fee);
        d.pools[3] = _pool(d, a, t.cEURT, t.cXAUC, ounce * 108 / 100, k, fee);
        d.pools[COMPUTE_POOL] =
            _pool(d, a, address(computeToken), t.cUSDC, 0.06e18, StabilityDefaults.COMPUTE_SLOPE, StabilityDefaults.COMPUTE_FEE);
        d.mesh = new MeshPool[](4);
        address[4] memory private_ = [t.cUSDT, t.cUSDC, t.cEURT, address(computeToken)];
        for (uint256 i = 0; i < private_.length; i++) {
            d.mesh[i] = new MeshPool(
                a, IERC20Metadata(private_[i]), d.triangulation, address(d.vault), StabilityDefaults.MESH_SLOPE, StabilityDefaults.MESH_FEE
            );
        }
    }

    function _pool(StabilityDeployed memory d, address a, address base, address quote, uint256 price, uint256 slope, uint256 fee)
        private
        returns (PMMPool)
    {
        return new PMMPool(a, IERC20Metadata(base), IERC20Metadata(quote), address(d.vault), price, slope, fee);
    }

    function _list(StabilityDeployed memory d) private {
        bytes[] memory pegs = new bytes[](d.localTokens ? 6 : 5);
        bytes[] memory router = new bytes[](9);
        for (uint256 i = 0; i < 5; i++) {
            PegManager.Kind kind = i == 0 ? PegManager.Kind.Stablecoin : PegManager.Kind.Commodity;
            if (i == COMPUTE_POOL) kind = PegManager.Kind.Compute;
            pegs[i] = abi.encodeCall(PegManager.setPeg, (d.pools[i], kind, i == 0 ? uint128(WAD) : 0));
            router[i] = abi.encodeCall(PMMRouter.listPool, (address(d.pools[i]), false));
        }
        if (d.localTokens) pegs[5] = abi.encodeCall(PegManager.setReserveTokens, (_reserveTokens(d)));
        d.pegs.multicall(pegs);
        bytes[] memory mesh = new bytes[](5);
        for (uint256 i = 0; i < 4; i++) {
            mesh[i] = abi.encodeCall(Stabilizer.setMeshPool, (d.mesh[i]));
            router[5 + i] = abi.encodeCall(PMMRouter.listPool, (address(d.mesh[i]), true));
        }
        mesh[4] = abi.encodeCall(Stabilizer.setMeshCaps, (50e6, 0.9e18, 0.005e18));
        d.stabilizer.multicall(mesh);
        d.router.multicall(router);
    }

    // --- Prices

    /// @dev Every price of the peg is a feed of the oracle; a token's own is what the triangulation reads.
    function _priceTokens(StabilityDeployed memory d, Oracle oracle, address computeToken) private {
        string[6] memory pairs = ["XAU/USD", "USDT/USD", "EUR/USD", "CU/USD", "sSTB/USD", "sSTB-FUTURES/USD"];
        for (uint256 i = 0; i < pairs.length; i++) {
            oracle.setFeed(keccak256(bytes(pairs[i])), StabilityDefaults.feed());
        }
        bytes[] memory assets = new bytes[](5);
        assets[0] = _asset(d.tokens.cXAUC, "XAU/USD");
        assets[1] = _asset(d.tokens.cUSDT, "USDT/USD");
        assets[2] = _asset(d.tokens.cUSDC, "USDC/USD");
        assets[3] = _asset(d.tokens.cEURT, "EUR/USD");
        assets[4] = _asset(computeToken, "sSTB/USD");
        d.triangulation.multicall(assets);
    }

    function _asset(address token, string memory pair) private pure returns (bytes memory) {
        return abi.encodeCall(XAUTriangulation.setAsset, (token, pair, StabilityDefaults.freshness()));
    }

    // --- Capital

    function _reserveTokens(StabilityDeployed memory d) private pure returns (address[] memory tokens) {
        tokens = new address[](4);
        (tokens[0], tokens[1], tokens[2], tokens[3]) = (d.tokens.cUSDT, d.tokens.cUSDC, d.tokens.cEURT, d.tokens.cXAUC);
    }

    /// @dev Ten million of each dollar token and the gold to match, from the local faucets, over the five buckets.
    function _capitalise(StabilityDeployed memory d) private {
        address[] memory tokens = _reserveTokens(d);
        bytes[] memory calls = new bytes[](4);
        for (uint256 i = 0; i < 4; i++) {
            uint256 unit = i == 3 ? StabilityDefaults.DEPTH / StabilityDefaults.GOLD_PRICE : StabilityDefaults.DEPTH;
            LocalToken(tokens[i]).faucet(address(d.vault), 10 * unit);
            calls[i] = abi.encodeCall(ReserveVault.allot, (tokens[i], [4 * unit, 3 * unit, unit, unit, unit]));
        }
        d.vault.multicall(calls);
    }

    /// @dev In this order: plans, openings where there is capital, rules of movement.
    function _plan(StabilityDeployed memory d) private {
        bytes[] memory calls = new bytes[](d.localTokens ? 28 : 21);
        (uint128 depth, uint128 gold) = (StabilityDefaults.DEPTH, uint128(StabilityDefaults.DEPTH / StabilityDefaults.GOLD_PRICE));
        uint128[4] memory quotes = [depth, gold, gold, gold * 108 / 100];
        uint256 at = 0;
        for (uint256 i = 0; i < COMPUTE_POOL; i++) {
            calls[at++] = _planned(d.pools[i], Bucket.Public, depth, quotes[i]);
        }
        calls[at++] = _planned(d.pools[COMPUTE_POOL], Bucket.Public, d.computeDepth, d.computeQuote);
        for (uint256 i = 0; i < COMPUTE_MESH; i++) {
            calls[at++] = _planned(d.mesh[i], Bucket.Stabilisation, depth / 2, quotes[i + 1] / 2);
        }
        calls[at++] = _planned(d.mesh[COMPUTE_MESH], Bucket.Stabilisation, d.meshDepth, d.meshOunces);
        for (uint256 i = 0; d.localTokens && i < 7; i++) {
            PMMCore pool = i < COMPUTE_POOL ? PMMCore(d.pools[i]) : PMMCore(d.mesh[i - COMPUTE_POOL]);
            calls[at++] = abi.encodeCall(ReserveVault.openPool, (pool));
        }
        address[] memory tokens = _reserveTokens(d);
        for (uint256 i = 0; i < 4; i++) {
            uint128 cap = i == 3 ? gold / 4 : depth / 4;
            calls[at++] = _rule(tokens[i], Bucket.Reserve, Bucket.Bridge, cap);
            calls[at++] = _rule(tokens[i], Bucket.Reserve, Bucket.Stabilisation, cap);
            calls[at++] = _rule(tokens[i], Bucket.Stabilisation, Bucket.Reserve, cap);
        }
        d.vault.multicall(calls);
    }

    function _planned(PMMCore pool, Bucket bucket, uint128 base, uint128 quote) private pure returns (bytes memory) {
        return abi.encodeCall(ReserveVault.planPool, (pool, bucket, base, quote));
    }

    function _rule(address token, Bucket from, Bucket to, uint128 cap) private pure returns (bytes memory) {
        return abi.encodeCall(ReserveVault.setMoveRule, (token, from, to, cap, 0.99e18));
    }

    function _limit(StabilityDeployed memory d) private {
        (uint128 depth, uint128 gold) = (StabilityDefaults.DEPTH, uint128(StabilityDefaults.DEPTH / StabilityDefaults.GOLD_PRICE));
        bytes[] memory limits = new bytes[](5);
        limits[0] =
            abi.encodeCall(StabilizerPolicy.setLimits, (d.pools[0], StabilityDefaults.limits(StabilityDefaults.STABLE_SLOPE, depth)));
        for (uint256 i = 1; i < COMPUTE_POOL; i++) {
            limits[i] =
                abi.encodeCall(StabilizerPolicy.setLimits, (d.pools[i], StabilityDefaults.limits(StabilityDefaults.GOLD_SLOPE, gold)));
        }
        limits[COMPUTE_POOL] = abi.encodeCall(
            StabilizerPolicy.setLimits, (d.pools[COMPUTE_POOL], StabilityDefaults.limits(StabilityDefaults.COMPUTE_SLOPE, d.computeQuote))
        );
        d.policy.multicall(limits);
        address[] memory tokens = _reserveTokens(d);
        bytes[] memory routes = new bytes[](4);
        for (uint256 i = 0; i < 4; i++) {
            routes[i] = abi.encodeCall(BridgeReserveCoordinator.setRoute, (tokens[i], 300, 30_000, 100, 0.999e18));
        }
        d.coordinator.multicall(routes);
    }
}

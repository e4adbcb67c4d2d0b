// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Deployed} from "../../script/Deployment.sol";
import {DeploymentConfig} from "../../script/DeploymentConfig.sol";
import {StabilityDeployed} from "../../script/StabilityDeployment.sol";
import {LocalToken} from "../../script/local/LocalToken.sol";
import {Bucket} from "../../src/interfaces/IStability.sol";
import {sSTBToken} from "../../src/issuance/sSTBToken.sol";
import {Oracle} from "../../src/oracle/Oracle.sol";
import {FlashLender} from "../../src/stability/FlashLender.sol";
import {MeshPool} from "../../src/stability/MeshPool.sol";
import {PMMCore} from "../../src/stability/PMMCore.sol";
import {PMMPool} from "../../src/stability/PMMPool.sol";
import {PegManager} from "../../src/stability/PegManager.sol";
import {ReserveVault} from "../../src/stability/ReserveVault.sol";
import {Stabilizer} from "../../src/stability/Stabilizer.sol";
import {StabilizerPolicy} from "../../src/stability/StabilizerPolicy.sol";
import {XAUTriangulation} from "../../src/stability/XAUTriangulation.sol";
import {DeploymentFixture} from "./DeploymentFixture.sol";

/// @notice What keeps the peg as the deploy path leaves it, prices reported, the pools of sSTB open.
abstract contract StabilityFixture is DeploymentFixture {
    address internal immutable KEEPER = makeAddr("peg keeper");
    address internal immutable TRADER = makeAddr("trader");
    uint256 internal constant WAD = 1e18;
    uint256 internal constant GOLD_DOLLARS = 4000e18;

    Deployed internal system;
    StabilityDeployed internal peg;
    Oracle internal oracle;
    ReserveVault internal vault;
    PegManager internal pegs;
    StabilizerPolicy internal policy;
    Stabilizer internal stabilizer;
    XAUTriangulation internal triangulation;
    FlashLender internal lender;
    PMMPool internal pool; // cUSDT/cUSDC
    PMMPool internal goldPool; // cUSDT/XAU
    PMMPool internal computePool; // sSTB/cUSDC, 18 and 6 decimals
    LocalToken internal cUSDT;
    LocalToken internal cUSDC;
    LocalToken internal gold;
    IERC20 internal compute;

    function setUp() public virtual {
        _deployStability();
    }

    function _deployStability() internal {
        vm.warp(1_800_000_000);
        vm.roll(1000);
        DeploymentConfig memory config = _config(false);
        config.stability.enabled = true;
        config.stability.par = 0.06e18;
        config.stability.keepers = new address[](1);
        config.stability.keepers[0] = KEEPER;
        system = DEPLOYER.deploy(config);
        peg = system.stability;
        (oracle, vault, pegs, policy, stabilizer) = (system.oracle, peg.vault, peg.pegs, peg.policy, peg.stabilizer);
        (triangulation, lender) = (peg.triangulation, peg.lender);
        (pool, goldPool, computePool) = (peg.pools[0], peg.pools[1], peg.pools[4]);
        (cUSDT, cUSDC, gold) = (LocalToken(peg.tokens.cUSDT), LocalToken(peg.tokens.cUSDC), LocalToken(peg.tokens.cXAUC));
        compute = IERC20(address(system.token));
        _reportAll();
        pegs.updateTarget();
        _openCompute();
        _roll(20);
    }

    // --- Prices

    function _reportAll() internal {
        _report("USDC/USD", WAD);
        _report("USDT/USD", WAD);
        _report("EUR/USD", 1.08e18);
        _report("XAU/USD", GOLD_DOLLARS);
        _report("CU/USD", 0.06e18);
        _report("sSTB/USD", 0.06e18);
        _report("sSTB-FUTURES/USD", 0.06e18);
    }

    function _report(string memory pair, uint256 price) internal {
        for (uint256 i = 1; i <= 3; i++) {
            vm.prank(makeAddr(string.concat("reporter ", vm.toString(i))));
            oracle.report(keccak256(bytes(pair)), price);
        }
    }

    // --- Capital

    function _openCompute() private {
        vm.prank(address(system.timelock));
        sSTBToken(address(compute)).wire(address(this), address(this));
        sSTBToken(address(compute)).mint(address(this), 20_000e18);
        compute.approve(address(vault), type(uint256).max);
        vault.deposit(Bucket.Public, address(compute), 5000e18);
        vault.deposit(Bucket.Stabilisation, address(compute), 15_000e18);
        vault.openPool(computePool);
        vault.openPool(peg.mesh[3]);
    }

    function _give(address token, address to, uint256 amount) internal {
        if (token == address(compute)) sSTBToken(token).mint(to, amount);
        else deal(token, to, amount, true);
    }

    // --- Trades

    function _sellBase(PMMPool target, uint256 amount) internal returns (uint256) {
        _give(target.baseToken(), address(this), amount);
        require(IERC20(target.baseToken()).transfer(address(target), amount));
        return target.sellBase(TRADER, 0);
    }

    function _sellQuote(PMMPool target, uint256 amount) internal returns (uint256) {
        _give(target.quoteToken(), address(this), amount);
        require(IERC20(target.quoteToken()).transfer(address(target), amount));
        return target.sellQuote(TRADER, 0);
    }

    function _roll(uint256 blocks) internal {
        vm.roll(block.number + blocks);
        vm.warp(block.timestamp + 2 * blocks);
    }

    function _deviation(PMMPool target) internal view returns (int256 deviation) {
        (deviation,) = pegs.deviationOf(address(target));
    }

    function _govern(address target, bytes memory call_) internal {
        vm.prank(address(system.timelock));
        (bool done, bytes memory answer) = target.call(call_);
        require(done, string(answer));
    }
}

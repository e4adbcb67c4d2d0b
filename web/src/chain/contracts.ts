import { parseAbi } from "viem";

/** The few functions that the console calls itself; the contracts' full interfaces are in docs and the Python package. */
export const ERC20 = parseAbi([
  "function balanceOf(address owner) view returns (uint256)",
  "function allowance(address owner, address spender) view returns (uint256)",
  "function approve(address spender, uint256 amount) returns (bool)",
]);

export const FAUCET = parseAbi(["function faucet(address to, uint256 amount)"]);

export const CUSTODY = parseAbi([
  "function deposit(address token, uint256 amount, address owner) returns (uint64 ordinal)",
  "function stateRootOf(uint64 index) view returns (bytes32)",
  "struct TokenTotal { address token; uint256 credited; uint256 withdrawn; }",
  "struct Batch { uint64 firstInput; uint64 lastInput; uint64 block_; uint64 depositCount; bytes32 depositHash; bytes32 inputHash; bytes32 outputHash; bytes32 balancesRoot; uint64 balancesCount; bytes32 withdrawalsRoot; uint64 withdrawalsCount; bytes32 positionsRoot; uint64 positionsCount; TokenTotal[] totals; }",
  "function settle(Batch batch) returns (uint64 index)",
  "struct Withdrawal { uint64 id; uint64 chainId; address token; address owner; address recipient; uint256 amount; }",
  "function withdraw(uint64 index, Withdrawal withdrawal, bytes32[] proof)",
]);

export const REDEMPTION = parseAbi([
  "function redeem(address provider, uint256 amount, uint8 tier, bytes32 jobHash, string jobUri) returns (uint256 id)",
  "function confirm(uint256 id)",
  "function dispute(uint256 id)",
  "function expire(uint256 id)",
  "function withdraw(uint256 id)",
  "function freeOf(address provider) view returns (uint256)",
  "function premiumBpsOf(address provider) view returns (uint16[3])",
]);

export const STAKING = parseAbi([
  "function unstake(uint256 stakeId) returns (uint256 amount)",
  "function stake(uint256 amount, uint32 periodSeconds) returns (uint256 stakeId)",
]);

export const REWARDS = parseAbi([
  "function accruedOf(address provider) view returns (uint256)",
  "function claim() returns (uint256 amount)",
  "function multiplier() view returns (uint256)",
]);

export const COLLATERAL = parseAbi([
  "function deposit(uint256 amount)",
  "function withdraw(uint256 amount)",
  "function releasableDown(address provider) view returns (uint256)",
]);

export const STABILIZER_POLICY = parseAbi([
  "struct Limits { uint64 threshold; uint64 clamp; uint8 sustainedBlocks; uint16 intervalBlocks; uint64 memory_; uint128 gain; uint128 amountMin; uint128 flowMax; uint64 slippage; uint64 gasPriceMax; }",
  "function limitsOf(address pool) view returns (Limits)",
]);

export const VERIFIER = parseAbi(["function register(uint8 method, uint32 stakePeriodSeconds)"]);

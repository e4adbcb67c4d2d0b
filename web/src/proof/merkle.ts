import { type Address, type Hex, concat, encodeAbiParameters, keccak256 } from "viem";

/** A balance as its leaf states it. `amount`: available and held together, in the token's base units. */
export interface BalanceLeaf {
  readonly owner: Address;
  readonly account: number;
  readonly chainId: number;
  readonly token: Address;
  readonly amount: bigint;
}

const BALANCE = [{ type: "address" }, { type: "uint32" }, { type: "uint64" }, { type: "address" }, { type: "uint256" }] as const;

/** keccak(keccak(abi.encode(owner, account, chainId, token, amount))): hashed twice, so that no leaf can pass for a node. */
export function balanceLeaf(leaf: BalanceLeaf): Hex {
  const encoded = encodeAbiParameters(BALANCE, [leaf.owner, leaf.account, BigInt(leaf.chainId), leaf.token, leaf.amount]);
  return keccak256(keccak256(encoded));
}

/** The root that a leaf at `index` leads to over its siblings, lowest first. Throws when the index does not fit the depth. */
export function rootOf(leaf: Hex, index: bigint, siblings: readonly Hex[]): Hex {
  if (index < 0n || index >> BigInt(siblings.length) !== 0n) {
    throw new RangeError(`index ${index.toString()} does not fit ${siblings.length} levels`);
  }
  let node = leaf;
  let at = index;
  for (const sibling of siblings) {
    node = keccak256(at & 1n ? concat([sibling, node]) : concat([node, sibling]));
    at >>= 1n;
  }
  return node;
}

export interface StateParts {
  readonly balancesRoot: Hex;
  readonly balancesCount: bigint;
  readonly withdrawalsRoot: Hex;
  readonly withdrawalsCount: bigint;
  readonly positionsRoot: Hex;
  readonly positionsCount: bigint;
}

const STATE = [
  { type: "bytes32" },
  { type: "uint64" },
  { type: "bytes32" },
  { type: "uint64" },
  { type: "bytes32" },
  { type: "uint64" },
] as const;

/** The state root that a settlement batch posts (docs/reference/engine.md, Hashes). */
export function stateRoot(parts: StateParts): Hex {
  return keccak256(
    encodeAbiParameters(STATE, [
      parts.balancesRoot,
      parts.balancesCount,
      parts.withdrawalsRoot,
      parts.withdrawalsCount,
      parts.positionsRoot,
      parts.positionsCount,
    ]),
  );
}

import { expect, it } from "vitest";
import type { Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { type MessageName, type SigningDomain, digest, typedDataJson } from "../../src/signing/messages";
import { balanceLeaf, rootOf, stateRoot } from "../../src/proof/merkle";
import vectors from "../vectors/signing.json";

// The vectors are computed by the Python package; tests/unit/api/test_console_vectors.py holds the file to it.
const domain = vectors.domain as SigningDomain;

it.each(vectors.messages.map((vector) => [vector.name, vector] as const))("%s has the digest and signature of the server's own code", async (_, vector) => {
  const message = { name: vector.name as MessageName, values: vector.values };
  expect(digest(domain, message)).toBe(vector.digest);
  const typed = JSON.parse(typedDataJson(domain, message)) as Parameters<ReturnType<typeof privateKeyToAccount>["signTypedData"]>[0];
  expect(await privateKeyToAccount(vectors.key as Hex).signTypedData(typed)).toBe(vector.signature);
});

it("writes 64-bit integers as text: a JavaScript number would round them", () => {
  const message = { name: "Cancel", values: { account: `0x${"1".repeat(40)}`, order: 2n ** 63n + 1n, expiresAt: 1n } } as const;
  expect(typedDataJson(domain, message)).toContain('"9223372036854775809"');
});

it("computes leaves, roots and the state root as the exchange does", () => {
  const { balance, siblings, index, root, state, stateRoot: expected, leaf } = vectors.proof;
  const computed = balanceLeaf({ ...balance, owner: balance.owner as Hex, token: balance.token as Hex, amount: BigInt(balance.amount) });
  expect(computed).toBe(leaf);
  expect(rootOf(computed, BigInt(index), siblings as Hex[])).toBe(root);
  const parts = {
    balancesRoot: state.balancesRoot as Hex,
    balancesCount: BigInt(state.balancesCount),
    withdrawalsRoot: state.withdrawalsRoot as Hex,
    withdrawalsCount: BigInt(state.withdrawalsCount),
    positionsRoot: state.positionsRoot as Hex,
    positionsCount: BigInt(state.positionsCount),
  };
  expect(stateRoot(parts)).toBe(expected);
});

it("refuses an index that its siblings cannot have", () => {
  expect(() => rootOf(`0x${"00".repeat(32)}`, 2n, [`0x${"11".repeat(32)}`])).toThrow(RangeError);
});

import type { Address, Hex } from "viem";
import { hashTypedData } from "viem";

/**
 * The EIP-712 messages that users sign (docs/reference/api.md, "Signing"; twin of src/stab3l/api/signed.py,
 * held equal by tests/vectors/signing.json).
 */
export interface SigningDomain {
  readonly name: "stab3l";
  readonly version: "1";
  readonly chainId: number;
  readonly verifyingContract: Address;
}

interface TypeField {
  readonly name: string;
  readonly type: string;
}

export type MessageValues = Readonly<Record<string, string | number | bigint>>;

export interface TypedMessage {
  readonly name: MessageName;
  readonly values: MessageValues;
}

const fields = (text: string): readonly TypeField[] =>
  text.split(",").map((pair) => {
    const [type = "", name = ""] = pair.split(" ");
    return { name, type };
  });

export const MESSAGE_TYPES = {
  Order: fields(
    "address account,uint32 market,uint64 clientId,uint64 expiresAt,uint64 ticks,uint64 lots,uint8 side,uint8 orderType," +
      "uint8 timeInForce,uint8 instructions,uint8 selfTrade,uint16 label,uint64 goodTill,uint64 triggerTicks",
  ),
  Amend: fields("address account,uint64 order,uint64 clientId,uint64 expiresAt,uint64 ticks,uint64 lots"),
  Cancel: fields("address account,uint64 order,uint64 expiresAt"),
  CancelAll: fields("address account,uint32 market,uint16 label,uint8 side,uint64 expiresAt"),
  ScheduleCancel: fields("address account,uint64 clientId,uint64 expiresAt,uint64 at"),
  Withdrawal: fields(
    "address account,uint32 asset,uint64 clientId,uint64 expiresAt,uint256 amount,address recipient",
  ),
  Delegation: fields("address account,address agent,uint64 validFrom,uint64 validUntil"),
} as const;

export type MessageName = keyof typeof MESSAGE_TYPES;

const DOMAIN_FIELDS = fields("string name,string version,uint256 chainId,address verifyingContract");

/** What `eth_signTypedData_v4` takes. Integers travel as decimal strings: 64 bits do not fit a JavaScript number. */
export function typedDataJson(domain: SigningDomain, message: TypedMessage): string {
  return JSON.stringify(
    {
      domain,
      primaryType: message.name,
      types: { EIP712Domain: DOMAIN_FIELDS, [message.name]: MESSAGE_TYPES[message.name] },
      message: message.values,
    },
    (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value),
  );
}

/** The EIP-712 digest, for tests and the development wallet. */
export function digest(domain: SigningDomain, message: TypedMessage): Hex {
  return hashTypedData({
    domain,
    primaryType: message.name,
    types: { [message.name]: [...MESSAGE_TYPES[message.name]] },
    message: message.values,
  });
}

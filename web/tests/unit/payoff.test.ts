import { expect, it } from "vitest";
import { type Leg, breakEvens, payoffAt, payoffCorners, payoffRange } from "../../src/market/payoff";
import { ZERO, decimal, toText } from "../../src/money/decimal";

const leg = (kind: Leg["kind"], strike: string, quantity: string, price: string): Leg => ({ kind, strike: decimal(strike), quantity: decimal(quantity), price: decimal(price) });

it("pays a call above its strike, a put below, a future both ways", () => {
  expect(toText(payoffAt([leg("call", "0.06", "100", "0.002")], decimal("0.07")))).toBe("0.8");
  expect(toText(payoffAt([leg("call", "0.06", "100", "0.002")], decimal("0.05")))).toBe("-0.2");
  expect(toText(payoffAt([leg("put", "0.06", "-100", "0.002")], decimal("0.05")))).toBe("-0.8");
  expect(toText(payoffAt([leg("future", "0", "10", "0.06")], decimal("0.055")))).toBe("-0.05");
});

it("is the same for a future and for a call less a put at one strike", () => {
  for (let price = 1; price < 130; price += 7) {
    const at = decimal(`0.${String(price).padStart(3, "0")}`);
    const synthetic = payoffAt([leg("call", "0.06", "5", "0.001"), leg("put", "0.06", "-5", "0.001")], at);
    expect(toText(payoffAt([leg("future", "0", "5", "0.06")], at))).toBe(toText(synthetic));
  }
});

it("draws corners at the strikes and finds where it breaks even", () => {
  const straddle = [leg("call", "0.06", "100", "0.002"), leg("put", "0.06", "100", "0.002")];
  const corners = payoffCorners(straddle, decimal("0.03"), decimal("0.09"));
  expect(corners.map((corner) => toText(corner.settlement))).toEqual(["0.03", "0.06", "0.09"]);
  expect(toText(payoffRange(corners).worst)).toBe("-0.4");
  expect(breakEvens(straddle, ZERO, decimal("0.18"), 6).map(toText)).toEqual(["0.056", "0.064"]);
});

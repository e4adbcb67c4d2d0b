import { describe, expect, it } from "vitest";
import { add, compare, decimal, divideDown, fromUnits, multiply, neighbours, parseDecimal, roundDown, roundUp, stepsOf, subtract, toText, toUnits } from "../../src/money/decimal";
import { basisPoints, brief, fixed, grouped, rate, reserveRatio, shortest, significant, signed, tokens, wadPercent } from "../../src/money/format";

describe("decimals", () => {
  it("adds what floats cannot", () => {
    expect(toText(add(decimal("0.1"), decimal("0.2")))).toBe("0.3");
    expect(toText(subtract(decimal("1"), decimal("0.000000000000000001")))).toBe("0.999999999999999999");
  });

  it.each(["", " 1", "1e5", "+1", ".5", "1.", "1,5", "0x10", "NaN", "-", "--1", "1".repeat(81)])("refuses %j", (text) => {
    expect(parseDecimal(text)).toBeNull();
  });

  it("reads and writes the shortest text", () => {
    for (const [given, written] of [["007.500", "7.5"], ["-0.10", "-0.1"], ["12", "12"], ["0.000", "0"]] as const) {
      expect(toText(decimal(given))).toBe(written);
    }
  });

  it("keeps more digits than a number has", () => {
    const large = "123456789012345678901234567890.123456789012345678";
    expect(toText(decimal(large))).toBe(large);
    expect(toUnits(decimal(large), 18)).toBe(123456789012345678901234567890123456789012345678n);
  });

  it("gives no base units between two of them", () => {
    expect(toUnits(decimal("0.0000001"), 6)).toBeNull();
    expect(toUnits(decimal("1.5"), 6)).toBe(1_500_000n);
  });

  it("rounds by its name, below zero, too", () => {
    expect(toText(roundDown(decimal("1.239"), 2))).toBe("1.23");
    expect(toText(roundUp(decimal("1.231"), 2))).toBe("1.24");
    expect(toText(roundDown(decimal("-1.231"), 2))).toBe("-1.24");
    expect(toText(roundUp(decimal("-1.239"), 2))).toBe("-1.23");
    expect(toText(divideDown(decimal("1"), decimal("3"), 4))).toBe("0.3333");
    expect(toText(divideDown(decimal("-1"), decimal("3"), 4))).toBe("-0.3334");
  });

  it("multiplies and divides back for any pair of grids", () => {
    for (let index = 1n; index < 500n; index++) {
      const [a, b] = [{ units: index * 7919n, scale: Number(index % 9n) }, { units: index * 104_729n + 1n, scale: Number(index % 7n) }];
      expect(compare(divideDown(multiply(a, b), b, 20), a)).toBe(0);
    }
  });

  it("finds the steps of a grid", () => {
    const step = decimal("0.00001");
    expect(stepsOf(decimal("0.06"), step)).toBe(6000n);
    expect(stepsOf(decimal("0.060005"), step)).toBeNull();
    expect(neighbours(decimal("0.060005"), step).map(toText)).toEqual(["0.06", "0.06001"]);
  });
});

describe("formats", () => {
  it("shows amounts exactly", () => {
    expect(tokens("184250500000000000000000", 18)).toBe("184\u202f250.5");
    expect(tokens("1", 18)).toBe("0.000000000000000001");
    expect(tokens("999999", 6)).toBe("0.99");
    expect(fixed(decimal("1234.5"), 2)).toBe("1\u202f234.50");
    expect(shortest(decimal("0"), 2)).toBe("0");
    expect(grouped("1000000")).toBe("1\u202f000\u202f000");
  });

  it("shows signs, ratios and rates", () => {
    expect(signed(decimal("0.5"), 2)).toBe("+0.50");
    expect(signed(decimal("-0.5"), 2)).toBe("\u22120.50");
    expect(basisPoints(12_027, 1)).toBe("120.2\u202f%");
    expect(wadPercent("1500000000000000000", 1)).toBe("150.0\u202f%");
    expect(rate("1843500000000")).toBe("1.84 Top/s");
    expect(rate("999")).toBe("999 op/s");
    expect(brief(fromUnits("123456", 0))).toBe("123.45k");
    expect(brief(decimal("2500000"))).toBe("2.5M");
  });
});

it("shows prices of very different size with as many digits", () => {
  expect(significant(decimal("0.000249976123"), 6)).toBe("0.000249976");
  expect(significant(decimal("1.000381"), 6)).toBe("1.00038");
  expect(significant(decimal("4000"), 6)).toBe("4\u202f000.00");
  expect(significant(decimal("-0.06"), 3)).toBe("\u22120.0600");
  expect(significant(decimal("0"), 3)).toBe("0.000");
  expect(significant(decimal("1234567"), 3)).toBe("1\u202f234\u202f567");
});

it("says what a reserve ratio is, and where the contract stops counting", () => {
  expect(reserveRatio("100000000000000000")).toBe("10.0\u202f%");
  expect(reserveRatio((2n ** 64n - 1n).toString())).toBe("over 1\u202f844\u202f%");
  expect(reserveRatio(null)).toBe("–");
});

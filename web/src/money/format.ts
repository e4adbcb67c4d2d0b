import { type Decimal, decimal, divideDown, fromUnits, roundDown, sign, toText } from "./decimal";

const GROUP = "\u202f";
const MINUS = "\u2212";

/** Whole part in groups of three, exactly `places` decimals, rounded towards minus infinity. */
export function fixed(value: Decimal, places: number): string {
  const text = toText(roundDown(value, places));
  const negative = text.startsWith("-");
  const [whole = "0", fraction = ""] = (negative ? text.slice(1) : text).split(".");
  const padded = places > 0 ? `.${fraction.padEnd(places, "0")}` : "";
  return `${negative ? MINUS : ""}${grouped(whole)}${padded}`;
}

/** At most `places` decimals and no trailing zeros; a tiny amount shows its first digit instead of zero. */
export function shortest(value: Decimal, places: number): string {
  const cut = roundDown(value, places);
  const shown = cut.units === 0n && value.units > 0n ? value : cut;
  const text = toText(shown);
  const negative = text.startsWith("-");
  const [whole = "0", fraction] = (negative ? text.slice(1) : text).split(".");
  return `${negative ? MINUS : ""}${grouped(whole)}${fraction ? `.${fraction}` : ""}`;
}

/** With so many significant digits: rates of very different size beside each other. */
export function significant(value: Decimal, digits: number): string {
  const text = toText(value).replace(/^-/, "");
  const [whole = "0", fraction = ""] = text.split(".");
  const leading = whole === "0" ? -(/^0*/.exec(fraction)?.[0].length ?? 0) : whole.length;
  return fixed(value, Math.max(0, Math.min(18, digits - leading)));
}

/** Base units of a token as people read them. */
export function tokens(base: string | bigint, decimals: number, places = 2): string {
  return shortest(fromUnits(base, decimals), places);
}

/** A price on its market's grid: always as many decimals as the step has. */
export function onGrid(text: string, step: string): string {
  return fixed(decimal(text), placesOf(step));
}

export function placesOf(step: string): number {
  return decimal(step).scale;
}

/** With a sign and an arrow, so that up and down are not told by colour alone. */
export function signed(value: Decimal, places: number): string {
  const direction = sign(value);
  const text = fixed(value, places);
  return direction > 0 ? `+${text}` : text;
}

/** Basis points as a percentage. */
export function basisPoints(bps: number | bigint, places = 2): string {
  return `${shortest({ units: BigInt(bps), scale: 2 }, places)}${GROUP}%`;
}

/** A wad ratio (1e18 = 1) as a percentage. */
export function wadPercent(wad: string | bigint, places = 2): string {
  return `${fixed({ units: BigInt(wad), scale: 16 }, places)}${GROUP}%`;
}

/** Where the contract stops counting: 18.4 times what is owed. */
const RATIO_MAX = 2n ** 64n - 1n;

/** Reserves over what is owed (wad), as people say it. */
export function reserveRatio(wad: string | null): string {
  if (wad === null) return "–";
  const ratio = BigInt(wad);
  return ratio >= RATIO_MAX ? `over ${wadPercent(ratio, 0)}` : wadPercent(ratio, 1);
}

/** Parts per million as a percentage. */
export function ppmPercent(ppm: number): string {
  return `${shortest({ units: BigInt(ppm), scale: 4 }, 4)}${GROUP}%`;
}

const RATES = ["op/s", "kop/s", "Mop/s", "Gop/s", "Top/s", "Pop/s", "Eop/s"];

/** Operations per second with a unit prefix. */
export function rate(operations: string): string {
  let value: Decimal = { units: BigInt(operations), scale: 0 };
  let index = 0;
  while (value.units >= 1000n * 10n ** BigInt(value.scale) && index < RATES.length - 1) {
    value = divideDown(value, { units: 1000n, scale: 0 }, 6);
    index++;
  }
  return `${shortest(value, 2)} ${RATES[index] ?? ""}`;
}

/** Large counts, briefly: 12.3k, 4.56M. */
export function brief(value: Decimal): string {
  const steps: [bigint, string][] = [
    [1_000_000_000n, "B"],
    [1_000_000n, "M"],
    [10_000n, "k"],
  ];
  for (const [least, suffix] of steps) {
    const unit = suffix === "k" ? 1000n : least;
    if (value.units >= least * 10n ** BigInt(value.scale)) {
      return `${shortest(divideDown(value, { units: unit, scale: 0 }, 2), 2)}${suffix}`;
    }
  }
  return shortest(value, 2);
}

export function grouped(whole: string): string {
  return whole.replace(/\B(?=(\d{3})+(?!\d))/g, GROUP);
}

/** `0x1234…abcd`. */
export function shortHash(text: string, head = 6, tail = 4): string {
  return text.length <= head + tail + 1 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`;
}

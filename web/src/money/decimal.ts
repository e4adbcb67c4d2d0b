/**
 * Exact decimals: `units` x 10^-`scale`. Money in this console is bigint; a float only ever places a pixel.
 * Rounding is in the name, as everywhere in stab3l.
 */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

export const ZERO: Decimal = { units: 0n, scale: 0 };
const PLAIN = /^(-?)(\d+)(?:\.(\d+))?$/;
const CHARACTERS_MAX = 80;

/** A plain decimal such as `12` or `-0.0605`; null for anything else (no exponent, no sign but minus, no spaces). */
export function parseDecimal(text: string): Decimal | null {
  if (text.length > CHARACTERS_MAX) return null;
  const match = PLAIN.exec(text);
  if (!match) return null;
  const [, sign, whole, fraction = ""] = match;
  const units = BigInt((whole ?? "") + fraction);
  return { units: sign ? -units : units, scale: fraction.length };
}

/** What a server said to be a decimal. Throws on anything else: a wrong number must never be shown as a right one. */
export function decimal(text: string): Decimal {
  const value = parseDecimal(text);
  if (value === null) throw new RangeError(`not a plain decimal: ${text.slice(0, 48)}`);
  return value;
}

/** `base` units of a token with this many decimals. */
export function fromUnits(base: bigint | string, decimals: number): Decimal {
  return { units: BigInt(base), scale: decimals };
}

/** The token's base units; null when the value lies between two of them. */
export function toUnits(value: Decimal, decimals: number): bigint | null {
  if (value.scale <= decimals) return value.units * tenTo(decimals - value.scale);
  const divisor = tenTo(value.scale - decimals);
  return value.units % divisor === 0n ? value.units / divisor : null;
}

export function add(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: widen(a, scale) + widen(b, scale), scale };
}

export function subtract(a: Decimal, b: Decimal): Decimal {
  return add(a, negate(b));
}

export function negate(a: Decimal): Decimal {
  return { units: -a.units, scale: a.scale };
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, scale: a.scale + b.scale };
}

/** a / b, towards minus infinity, with `scale` decimals. Throws when b is zero. */
export function divideDown(a: Decimal, b: Decimal, scale: number): Decimal {
  if (b.units === 0n) throw new RangeError("division by zero");
  const shift = scale + b.scale - a.scale;
  const numerator = shift >= 0 ? a.units * tenTo(shift) : a.units;
  const denominator = shift >= 0 ? b.units : b.units * tenTo(-shift);
  return { units: floorDivide(numerator, denominator), scale };
}

/** With `scale` decimals, towards minus infinity. */
export function roundDown(value: Decimal, scale: number): Decimal {
  if (value.scale <= scale) return { units: widen(value, scale), scale };
  return { units: floorDivide(value.units, tenTo(value.scale - scale)), scale };
}

/** With `scale` decimals, towards plus infinity. */
export function roundUp(value: Decimal, scale: number): Decimal {
  return negate(roundDown(negate(value), scale));
}

export function compare(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const [left, right] = [widen(a, scale), widen(b, scale)];
  return left < right ? -1 : left > right ? 1 : 0;
}

export function minimum(a: Decimal, b: Decimal): Decimal {
  return compare(a, b) <= 0 ? a : b;
}

export function maximum(a: Decimal, b: Decimal): Decimal {
  return compare(a, b) >= 0 ? a : b;
}

export function isZero(value: Decimal): boolean {
  return value.units === 0n;
}

export function sign(value: Decimal): -1 | 0 | 1 {
  return value.units > 0n ? 1 : value.units < 0n ? -1 : 0;
}

/** The shortest plain decimal: `0.0605`, `12`, `-3`. */
export function toText(value: Decimal): string {
  const negative = value.units < 0n;
  const digits = (negative ? -value.units : value.units).toString().padStart(value.scale + 1, "0");
  const whole = digits.slice(0, digits.length - value.scale);
  const fraction = digits.slice(digits.length - value.scale).replace(/0+$/, "");
  return `${negative ? "-" : ""}${whole}${fraction ? `.${fraction}` : ""}`;
}

/** How many whole steps a value is; null between two. */
export function stepsOf(value: Decimal, step: Decimal): bigint | null {
  const scale = Math.max(value.scale, step.scale);
  const [numerator, denominator] = [widen(value, scale), widen(step, scale)];
  return denominator !== 0n && numerator % denominator === 0n ? numerator / denominator : null;
}

/** The nearest grid points at and below, at and above. */
export function neighbours(value: Decimal, step: Decimal): [Decimal, Decimal] {
  const below = multiply(divideDown(value, step, 0), step);
  return stepsOf(value, step) === null ? [below, add(below, step)] : [value, value];
}

/** For pixels and charts only, never for value. */
export function toPixelNumber(value: Decimal): number {
  return Number(toText(value));
}

/** parts per million of a value, exact. */
export function partsPerMillion(value: Decimal, ppm: number): Decimal {
  return { units: value.units * BigInt(ppm), scale: value.scale + 6 };
}

function widen(value: Decimal, scale: number): bigint {
  return value.units * tenTo(scale - value.scale);
}

function tenTo(power: number): bigint {
  return 10n ** BigInt(power);
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

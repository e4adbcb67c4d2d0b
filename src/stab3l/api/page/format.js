// Numbers and names as people read them. Amounts are decimal strings of base units and stay exact: no floating point.

const NARROW = "\u202f";

/** "1234567" -> "1 234 567". */
export function grouped(digits) {
  return digits.replace(/\B(?=(\d{3})+$)/g, NARROW);
}

/** A base-unit amount in whole tokens, cut (never rounded up) to `places` decimals; a smaller one to its first digits. */
export function tokens(amount, decimals, places = 2) {
  const digits = amount.padStart(decimals + 1, "0");
  const first = digits.search(/[1-9]/) - (digits.length - decimals);
  if (places > 0 && first >= places) return `0.${digits.slice(-decimals).slice(0, first + 2).replace(/0+$/, "")}`;
  const whole = grouped(digits.slice(0, digits.length - decimals));
  const rest = digits.slice(digits.length - decimals, digits.length - decimals + places);
  return places > 0 && /[1-9]/.test(rest) ? `${whole}.${rest}` : whole;
}

/** A decimal with its whole part grouped and a fixed number of decimals (as many as `step` has). */
export function decimal(text, step) {
  const [whole, rest = ""] = text.split(".");
  const places = (step.split(".")[1] ?? "").length;
  return places ? `${grouped(whole)}.${rest.padEnd(places, "0")}` : grouped(whole);
}

/** Decimals as integers of the smallest step between them, for exact sums and comparisons. */
export function scaled(text, places) {
  const [whole, rest = ""] = text.split(".");
  return BigInt(whole + rest.padEnd(places, "0"));
}

export function unscaled(value, places) {
  const digits = value.toString().padStart(places + 1, "0");
  return places ? `${digits.slice(0, -places)}.${digits.slice(-places)}` : digits;
}

/** Operations per second with an SI prefix: 1.25 T. */
export function rate(perSecond) {
  const prefixes = ["", "k", "M", "G", "T", "P", "E", "Z"];
  const step = Math.min(Math.floor((perSecond.length - 1) / 3), prefixes.length - 1);
  if (step === 0) return `${perSecond} op/s`;
  const at = perSecond.length - 3 * step;
  return `${perSecond.slice(0, at)}.${perSecond.slice(at, at + 2)} ${prefixes[step]}op/s`;
}

/** Basis points as a percentage: 15000 -> 150 %. */
export function percent(basisPoints) {
  const whole = basisPoints / 100;
  return `${whole >= 1000 ? grouped(Math.floor(whole).toString()) : whole.toFixed(whole % 1 ? 1 : 0)}${NARROW}%`;
}

/** 0x1234…abcd */
export function short(hex, head = 4, tail = 4) {
  return hex.length <= head + tail + 3 ? hex : `${hex.slice(0, 2 + head)}…${hex.slice(-tail)}`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** Local time of nanoseconds since 1970. */
export function time(nanoseconds) {
  return clock.format(new Date(Number(BigInt(nanoseconds) / 1000000n)));
}

/** What is left until a unix second: "5 h 59 min", "passed". */
export function until(second, nowMs) {
  const left = Number(second) - Math.floor(nowMs / 1000);
  if (left <= 0) return "passed";
  const [hours, minutes] = [Math.floor(left / 3600), Math.floor((left % 3600) / 60)];
  if (hours >= 48) return `${Math.floor(hours / 24)} d`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min` : `${left} s`;
}

const MILLION = 1_000_000n;

/** The exchange's nanoseconds since 1970, as milliseconds for a clock face. */
export function fromNanoseconds(nanoseconds: string | bigint): number {
  return Number(BigInt(nanoseconds) / MILLION);
}

export function toNanoseconds(milliseconds: number): bigint {
  return BigInt(milliseconds) * MILLION;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", year: "numeric" });

export function clock(milliseconds: number): string {
  return CLOCK.format(milliseconds);
}

export function moment(milliseconds: number): string {
  return DAY.format(milliseconds);
}

export function date(milliseconds: number): string {
  return DATE.format(milliseconds);
}

/** `3 s`, `12 min`, `4 h 10 min`, `2 d 3 h`. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function ago(milliseconds: number, now: number): string {
  return now - milliseconds < 1500 ? "now" : `${span(now - milliseconds)} ago`;
}

export function until(milliseconds: number, now: number): string {
  return milliseconds <= now ? "passed" : `in ${span(milliseconds - now)}`;
}

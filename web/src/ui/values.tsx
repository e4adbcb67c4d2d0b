import { type ReactElement, useEffect, useState } from "react";
import { type Decimal, sign } from "../money/decimal";
import { basisPoints, shortHash, signed } from "../money/format";
import { tell } from "./toast";

/** A shortened address or hash; pressing it copies the whole. */
export function Hash({ value, label = "Copy" }: { value: string; label?: string }): ReactElement {
  const copy = (): void => {
    navigator.clipboard.writeText(value).then(
      () => tell("Copied"),
      () => tell("The browser does not allow copying", "bad"),
    );
  };
  return (
    <button type="button" className="copy mono" title={value} aria-label={`${label} ${shortHash(value)}`} onClick={copy}>
      {shortHash(value)}
    </button>
  );
}

/** A change with its sign and an arrow: never by colour alone. */
export function Change({ value, places, suffix = "" }: { value: Decimal; places: number; suffix?: string }): ReactElement {
  const direction = sign(value);
  return (
    <span className={direction > 0 ? "up" : direction < 0 ? "down" : ""}>
      <span aria-hidden="true">{direction > 0 ? "▲ " : direction < 0 ? "▼ " : ""}</span>
      {signed(value, places)}
      {suffix}
    </span>
  );
}

export function ChangeBps({ bps }: { bps: number }): ReactElement {
  return (
    <span className={bps > 0 ? "up" : bps < 0 ? "down" : ""}>
      <span aria-hidden="true">{bps > 0 ? "▲ " : bps < 0 ? "▼ " : ""}</span>
      {bps > 0 ? "+" : ""}
      {basisPoints(bps)}
    </span>
  );
}

export function SideWord({ side }: { side: "buy" | "sell" }): ReactElement {
  return <span className={side === "buy" ? "up" : "down"}>{side === "buy" ? "▲ Buy" : "▼ Sell"}</span>;
}

/** Now, once a second. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** A share of a whole between 0 and 1 as a bar; `label` says it in words. */
export function Meter({ share, label }: { share: number; label: string }): ReactElement {
  const width = `${Math.round(Math.min(1, Math.max(0, share)) * 100)}%`;
  return (
    <span className="meter" role="img" aria-label={label}>
      <span style={{ width }} />
    </span>
  );
}

import type { ReactElement } from "react";
import { signed } from "../../money/format";

const WIDTH = 160;
const HEIGHT = 18;
/** The picture spans +-0.5 %; the band within which the peg is kept is +-0.10 %. */
const SPAN = 5e15;
const BAND = 1e15;

/** Where a price stands against its target; `deviation` is a signed wad. */
export function DeviationBar({ deviation, name }: { deviation: string; name: string }): ReactElement {
  const value = Math.max(-SPAN, Math.min(SPAN, Number(BigInt(deviation))));
  const x = (at: number): number => WIDTH / 2 + (at / SPAN) * (WIDTH / 2 - 4);
  const words = `${name} is ${signed({ units: BigInt(deviation), scale: 16 }, 3)} % from its target`;
  return (
    <svg width={WIDTH} height={HEIGHT} role="img" aria-label={words}>
      <rect x={x(-SPAN)} width={x(SPAN) - x(-SPAN)} y="7" height="4" rx="2" fill="var(--sunken)" stroke="var(--line)" />
      <rect x={x(-BAND)} width={x(BAND) - x(-BAND)} y="4" height="10" rx="2" fill="var(--up-wash)" stroke="var(--up-solid)" />
      <circle cx={x(value)} cy={HEIGHT / 2} r="4.5" fill="var(--accent)" stroke="var(--surface)" strokeWidth="1.5" />
    </svg>
  );
}

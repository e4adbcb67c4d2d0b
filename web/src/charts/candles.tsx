import {
  CandlestickSeries,
  ColorType,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type UTCTimestamp,
  createChart,
} from "lightweight-charts";
import { type ReactElement, useEffect, useRef } from "react";
import type { Candle } from "../market/candles";
import { decimal, toPixelNumber } from "../money/decimal";
import { useIsDark } from "../shell/theme";

interface CandleChartProps {
  readonly candles: readonly Candle[];
  readonly places: number;
  readonly label: string;
}

interface Parts {
  readonly chart: IChartApi;
  readonly prices: ISeriesApi<"Candlestick">;
  readonly volumes: ISeriesApi<"Histogram">;
}

/** Candles and volume; lightweight-charts draws them. Its numbers are pixels: nothing is computed from them. */
export default function CandleChart({ candles, places, label }: CandleChartProps): ReactElement {
  const space = useRef<HTMLDivElement>(null);
  const parts = useRef<Parts | null>(null);
  const dark = useIsDark();
  useEffect(() => {
    if (!space.current) return;
    const made = makeChart(space.current);
    parts.current = made;
    return () => {
      parts.current = null;
      made.chart.remove();
    };
  }, []);
  useEffect(() => paint(parts.current, places), [dark, places]);
  useEffect(() => fill(parts.current, candles), [candles, dark]);
  return (
    <div className="chart-space">
      <div className="canvas" ref={space} role="img" aria-label={label} />
      <a className="credit" href="https://www.tradingview.com/" rel="noreferrer" target="_blank">
        Charts by TradingView
      </a>
    </div>
  );
}

function makeChart(space: HTMLElement): Parts {
  const chart = createChart(space, { autoSize: true, layout: { attributionLogo: false }, timeScale: { barSpacing: 11 } });
  const prices = chart.addSeries(CandlestickSeries, {});
  const volumes = chart.addSeries(HistogramSeries, { priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
  chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
  prices.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.24 } });
  return { chart, prices, volumes };
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function paint(parts: Parts | null, places: number): void {
  if (!parts) return;
  parts.chart.applyOptions({
    layout: {
      background: { type: ColorType.Solid, color: colour("--surface") },
      textColor: colour("--ink-faint"),
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: 11,
    },
    grid: { vertLines: { color: colour("--line") }, horzLines: { color: colour("--line") } },
    rightPriceScale: { borderColor: colour("--line") },
    timeScale: { borderColor: colour("--line"), timeVisible: true, secondsVisible: false, rightOffset: 3, minBarSpacing: 2 },
  });
  // Rising candles are hollow, falling ones filled: told by shape as well as by colour.
  parts.prices.applyOptions({
    upColor: colour("--surface"),
    borderUpColor: colour("--up-solid"),
    wickUpColor: colour("--up-solid"),
    downColor: colour("--down-solid"),
    borderDownColor: colour("--down-solid"),
    wickDownColor: colour("--down-solid"),
    priceFormat: { type: "price", precision: places, minMove: 1 / 10 ** places },
  });
}

function fill(parts: Parts | null, candles: readonly Candle[]): void {
  if (!parts) return;
  const at = (candle: Candle): UTCTimestamp => Number(candle.start) as UTCTimestamp;
  const number = (text: string): number => toPixelNumber(decimal(text));
  parts.prices.setData(
    candles.map((candle) => ({ time: at(candle), open: number(candle.open), high: number(candle.high), low: number(candle.low), close: number(candle.close) })),
  );
  const [rising, falling] = [colour("--up-wash"), colour("--down-wash")];
  parts.volumes.setData(
    candles.map((candle) => ({ time: at(candle), value: number(candle.volume), color: number(candle.close) >= number(candle.open) ? rising : falling })),
  );
}

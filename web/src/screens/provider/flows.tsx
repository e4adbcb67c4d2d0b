import type { ReactElement } from "react";
import { useList } from "../../api/queries";
import type { FlowView } from "../../api/types";
import { type Decimal, fromUnits, multiply, toPixelNumber } from "../../money/decimal";
import { basisPoints, shortest, significant } from "../../money/format";
import { Empty, Loading, Panel, Stats } from "../../ui/panel";
import { Table } from "../../ui/table";
import { Hash, Meter } from "../../ui/values";

const DAY: Decimal = { units: 86_400n, scale: 0 };

const TOKEN_DECIMALS = 18;
/** A signal is wei a second in the fixed point 1e18 (docs/reference/flow.md). */
const SIGNAL_DECIMALS = 36;
const DIGITS = 4;

/** So much a second as tokens a day. */
const perDay = (text: string, decimals = TOKEN_DECIMALS): string => `${significant(multiply(fromUnits(text, decimals), DAY), DIGITS)} a day`;

/** Streams of payment, shared by the capacity that providers can show (docs/reference/flow.md). */
export function Flows(): ReactElement {
  const { data } = useList<FlowView>("/v1/flows");
  if (data === undefined) return <Loading />;
  if (data === null || data.length === 0) return <Empty title="No stream is set up yet">A stream begins when a buyer pays for a kind of task; providers of that kind share it by their capacity.</Empty>;
  return (
    <div className="stack">
      {data.map((flow) => (
        <Flow key={flow.task_type} flow={flow} />
      ))}
    </div>
  );
}

function Flow({ flow }: { flow: FlowView }): ReactElement {
  const share = (part: string, whole: string): number => {
    const total = toPixelNumber({ units: BigInt(whole), scale: 0 });
    return total === 0 ? 0 : toPixelNumber({ units: BigInt(part), scale: 0 }) / total;
  };
  return (
    <Panel title={flow.name || flow.task_type} flush aside={flow.needs_rebalance ? "wants rebalancing" : "in balance"}>
      <Stats
        label={`Flow ${flow.name}`}
        items={[
          { label: "Stream in", value: perDay(flow.rate) },
          { label: "Capacity", value: perDay(flow.capacity) },
          { label: "Spare", value: perDay(flow.spare) },
          {
            label: "Escrow buffer",
            value: `${significant(fromUnits(flow.buffer_level, TOKEN_DECIMALS), DIGITS)} of ${shortest(fromUnits(flow.buffer_max, TOKEN_DECIMALS), 2)}`,
            note: <Meter share={share(flow.buffer_level, flow.buffer_max)} label="Fill of the escrow buffer" />,
          },
        ]}
      />
      <Table
        label={`Sinks of ${flow.name}`}
        rows={flow.sinks}
        rowKey={(sink) => sink.sink}
        empty="Nobody takes this stream yet"
        columns={[
          { head: "Provider", cell: (sink) => <Hash value={sink.sink} /> },
          { head: "Capacity (smoothed)", end: true, cell: (sink) => perDay(sink.smoothed, SIGNAL_DECIMALS) },
          { head: "Share", cell: (sink) => <Meter share={share(sink.smoothed.slice(0, -TOKEN_DECIMALS) || "0", flow.capacity)} label={`Share of ${sink.sink}`} /> },
          { head: "Missed", end: true, cell: (sink) => basisPoints(BigInt(sink.miss_bps)) },
          { head: "Epoch", end: true, cell: (sink) => sink.epoch },
        ]}
      />
    </Panel>
  );
}

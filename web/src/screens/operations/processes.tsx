import type { ReactElement } from "react";
import type { StatusView } from "../../api/types";
import { ago } from "../../money/time";
import { Panel, State } from "../../ui/panel";
import { Table } from "../../ui/table";

/** By the beginning of the name; the first that fits. */
const DUTIES: readonly [string, string][] = [
  ["exchange", "Matches, journals, answers"],
  ["history", "The index that past and provider pages read"],
  ["api", "Serves programs and this page"],
  ["indexer", "Reads chains and the exchange into the index"],
  ["keeper-deposits", "Credits deposits once they are confirmed"],
  ["keeper-settlement", "Seals blocks, settles batches, pays withdrawals"],
  ["keeper-oracle", "Reports prices to each chain"],
  ["keeper-peg", "Keeps targets, stabilises pools, restores reserves"],
  ["keeper-flow", "Rebalances payment streams"],
  ["keeper-sweep", "Does what is due: expiries, marks, liquidations"],
  ["keeper-reverification", "Calls summons, shows every provider's credit"],
  ["keeper-arbitrage", "Trades pools back to the outside price"],
  ["verifier", "Judges claims of compute"],
  ["provider", "Runs redeemed jobs"],
  ["agent", "Takes part in the demonstration economy"],
];

interface Row {
  readonly name: string;
  readonly state: "up" | "does not answer" | "silent";
  readonly since: string | null;
}

/** What the API asks itself comes from `down`, what shares its home tells of itself. */
function rowsOf(status: StatusView): Row[] {
  const told = (status.processes ?? []).map((one): Row => ({ name: one.name, state: one.state === "running" ? "up" : "silent", since: one.since }));
  const asked = ["exchange", "history", ...status.down].filter((name, index, all) => all.indexOf(name) === index && !told.some((row) => row.name === name));
  const rows = [...asked.map((name): Row => ({ name, state: "up", since: null })), ...told];
  return rows.map((row) => (status.down.includes(row.name) ? { ...row, state: "does not answer" } : row));
}

/** The duty stands below the name: beside it, it pushed the state out of sight. */
function Named({ name }: { name: string }): ReactElement {
  return (
    <>
      {name}
      <div className="soft small wraps">{DUTIES.find(([begins]) => name.startsWith(begins))?.[1] ?? DUTIES.at(-1)?.[1]}</div>
    </>
  );
}

export function Processes({ status, now }: { status: StatusView | undefined; now: number }): ReactElement {
  const rows = status && rowsOf(status);
  const silent = rows?.filter((row) => row.state !== "up").length ?? 0;
  return (
    <Panel title="Processes" flush className="span-5" aside={rows && (silent === 0 ? `all ${rows.length} answer` : `${silent} of ${rows.length} silent`)}>
      <Table
        label="Processes"
        className="scroll-y"
        rows={rows}
        rowKey={(row) => row.name}
        empty="Nothing runs"
        columns={[
          { head: "Process", cell: (row) => <Named name={row.name} /> },
          { head: "Started", end: true, cell: (row) => (row.since === null ? "–" : ago(Number(row.since) * 1000, now)) },
          { head: "State", end: true, cell: (row) => <State name={row.state} tone={row.state === "up" ? "good" : "bad"} /> },
        ]}
      />
    </Panel>
  );
}

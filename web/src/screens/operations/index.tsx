import type { ReactElement } from "react";
import { useBatches, useNetwork, useStatus } from "../../api/queries";
import type { ChainView } from "../../api/types";
import { grouped, shortHash } from "../../money/format";
import { ago, fromNanoseconds } from "../../money/time";
import { useHeartbeat, useLiveState, useLiveStatus } from "../../shell/live-state";
import { Empty, PageHead, Panel, State, Stats } from "../../ui/panel";
import { Table } from "../../ui/table";
import { Hash, Meter, useNow } from "../../ui/values";
import { Processes } from "./processes";

const count = (text: string | null | undefined): string => (text == null ? "–" : grouped(text));

/** How far every part is, and which does not answer. */
export default function Operations(): ReactElement {
  const now = useNow();
  const { data: asked } = useStatus();
  const status = useLiveStatus() ?? asked;
  const heartbeat = useHeartbeat();
  const state = useLiveState();
  const time = heartbeat?.time ?? status?.time;
  const behind = status?.sequence && status.sealed_sequence ? (BigInt(status.sequence) - BigInt(status.sealed_sequence)).toString() : null;
  return (
    <>
      <PageHead title="Operations">What runs, how far it is, and what does not answer.</PageHead>
      <Stats
        label="Sequencer"
        items={[
          { label: "Sequencer head", value: count(heartbeat?.sequence ?? status?.sequence), note: time && time !== "0" ? ago(fromNanoseconds(time), now) : undefined },
          { label: "Block", value: count(heartbeat?.block ?? status?.block) },
          { label: "Not sealed yet", value: behind ?? "–", note: "inputs since the last seal" },
          { label: "State root", value: status?.state_root ? <span className="mono">{shortHash(status.state_root)}</span> : "–" },
          { label: "This page", value: <State name={state} tone={state === "live" ? "good" : state === "stale" ? "warn" : "bad"} />, note: "its socket to the exchange" },
        ]}
      />
      <div className="grid">
        <Processes status={status ?? undefined} now={now} />
        <Chains chains={status?.chains} now={now} />
        <LastBatches />
        <Contracts />
      </div>
    </>
  );
}

const LAG_SHOWN = 20;

function Chains({ chains, now }: { chains: readonly ChainView[] | undefined; now: number }): ReactElement {
  return (
    <Panel title="Chains" flush className="span-7">
      <Table
        label="Chains"
        rows={chains}
        rowKey={(chain) => String(chain.chain_id)}
        empty={<Empty title="No chain is known" />}
        columns={[
          { head: "Chain", cell: (chain) => `${chain.chain_id} ${chain.name}` },
          { head: "Head", end: true, cell: (chain) => chain.head },
          { head: "Indexed", end: true, cell: (chain) => chain.indexed },
          {
            head: "Behind",
            cell: (chain) => (
              <span className="row" style={{ flexWrap: "nowrap" }}>
                <Meter share={Number(chain.lag) / LAG_SHOWN} label={`${chain.lag} blocks behind`} />
                {chain.lag}
              </span>
            ),
          },
          { head: "Depth", end: true, cell: (chain) => chain.confirmations },
          { head: "Last block", end: true, cell: (chain) => (chain.time === null ? "–" : ago(Number(chain.time) * 1000, now)) },
        ]}
      />
    </Panel>
  );
}

/** Keepers show in what they do: the last settlement of each chain is the settlement keeper's pulse. */
function LastBatches(): ReactElement {
  const { data } = useBatches();
  const latest = new Map((data ?? []).toReversed().map((batch) => [batch.chain_id, batch]));
  return (
    <Panel title="Keepers: last settlement of each chain" flush className="span-6">
      <Table
        label="Last settlement of each chain"
        rows={data === undefined ? undefined : [...latest.values()].sort((a, b) => a.chain_id - b.chain_id)}
        rowKey={(batch) => String(batch.chain_id)}
        empty="Nothing is settled yet"
        columns={[
          { head: "Chain", cell: (batch) => batch.chain_id },
          { head: "Batch", end: true, cell: (batch) => batch.index },
          { head: "Up to input", end: true, cell: (batch) => batch.last_input },
          { head: "State", end: true, cell: (batch) => <State name={batch.state} tone={batch.state === "confirmed" ? "good" : "busy"} /> },
        ]}
      />
    </Panel>
  );
}

function Contracts(): ReactElement {
  const { data } = useNetwork();
  const rows = (data?.chains ?? []).flatMap((chain) => Object.entries(chain.contracts).map(([name, address]) => ({ chain: chain.chain_id, name, address })));
  return (
    <Panel title="Contracts" flush className="span-6" aside={data?.development ? <State name="local network" tone="warn" /> : undefined}>
      <Table
        label="Contracts"
        className="scroll-y"
        rows={data === undefined ? undefined : rows}
        rowKey={(row) => `${row.chain} ${row.name}`}
        empty="None"
        columns={[
          { head: "Contract", cell: (row) => row.name },
          { head: "Chain", cell: (row) => row.chain },
          { head: "Address", end: true, cell: (row) => <Hash value={row.address} /> },
        ]}
      />
    </Panel>
  );
}

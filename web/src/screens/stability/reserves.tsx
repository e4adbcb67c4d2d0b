import type { ReactElement } from "react";
import { useList } from "../../api/queries";
import type { ReserveView } from "../../api/types";
import { fromUnits } from "../../money/decimal";
import { brief, wadPercent } from "../../money/format";
import { Empty, Loading, Panel, State } from "../../ui/panel";
import { Table } from "../../ui/table";
import { decimalsOf } from "./pools";

const BUCKETS = [
  ["A", "Public liquidity"],
  ["B", "Stabilisation"],
  ["C", "Flash loans"],
  ["D", "Cross-chain"],
  ["E", "Long term"],
] as const;

export function Reserves(): ReactElement {
  const { data, error } = useList<ReserveView>("/v1/reserves");
  if (error) return <Empty title="The reserves cannot be read">{error.message}</Empty>;
  if (data === undefined) return <Loading />;
  if (!data?.length) return <Empty title="No reserve is held yet">Five buckets, each with its own purpose; what moves between them moves by rule.</Empty>;
  return (
    <div className="grid">
      {BUCKETS.map(([bucket, name]) => (
        <Panel key={bucket} title={`${bucket} · ${name}`} flush className="span-6">
          <Table
            label={`Bucket ${bucket}`}
            rows={data.filter((one) => one.bucket === bucket)}
            rowKey={(one) => `${one.chain_id} ${one.token}`}
            empty="Empty"
            columns={[
              { head: "Token", cell: (one) => one.symbol },
              { head: "Chain", cell: (one) => one.chain_id },
              { head: "Held", end: true, cell: (one) => brief(fromUnits(one.held, decimalsOf(one))) },
              { head: "Required", end: true, cell: (one) => (one.required === "0" ? "–" : brief(fromUnits(one.required, decimalsOf(one)))) },
              { head: "Health", end: true, cell: (one) => <Health reserve={one} /> },
            ]}
          />
        </Panel>
      ))}
    </div>
  );
}

function Health({ reserve }: { reserve: ReserveView }): ReactElement {
  if (reserve.required === "0") return <span className="faint">no requirement</span>;
  const enough = BigInt(reserve.held) >= BigInt(reserve.required);
  const ratio = reserve.ratio === null ? "" : ` ${wadPercent(reserve.ratio, 0)}`;
  return <State name={enough ? `covered${ratio}` : `short${ratio}`} tone={enough ? "good" : "bad"} />;
}

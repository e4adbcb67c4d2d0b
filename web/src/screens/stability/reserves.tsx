import type { ReactElement } from "react";
import { useList } from "../../api/queries";
import type { ReserveView } from "../../api/types";
import { fromUnits } from "../../money/decimal";
import { brief, wadPercent } from "../../money/format";
import { Empty, Loading, Panel, State } from "../../ui/panel";
import { Table } from "../../ui/table";
import { decimalsOf } from "./pools";

const BUCKETS = [
  ["A", "Public liquidity", "what the public pools trade with"],
  ["B", "Stabilisation", "what the stabiliser may use"],
  ["C", "Flash loans", "lent within one transaction"],
  ["D", "Cross-chain", "what bridges need ready"],
  ["E", "Long term", "what the reserve ratio counts"],
] as const;

export function Reserves(): ReactElement {
  const { data, error } = useList<ReserveView>("/v1/reserves");
  if (error) return <Empty title="The reserves cannot be read">{error.message}</Empty>;
  if (data === undefined) return <Loading />;
  if (!data?.length) return <Empty title="No reserve is held yet">Five buckets, each with its own purpose; what moves between them moves by rule.</Empty>;
  const chains = [...new Set(data.map((one) => one.chain_id))];
  return (
    <div className="grid">
      {BUCKETS.map(([bucket, name, duty]) => {
        const held = data.filter((one) => one.bucket === bucket);
        return (
          <Panel key={bucket} title={`${bucket} · ${name}`} flush className="span-6" aside={duty}>
            <Table
              label={`Bucket ${bucket}`}
              rows={[...new Set(held.map((one) => one.symbol))].sort()}
              rowKey={(symbol) => symbol}
              empty="Empty"
              columns={[
                { head: "Token", cell: (symbol: string) => symbol },
                ...chains.map((chain) => ({
                  head: `Chain ${chain}`,
                  end: true,
                  cell: (symbol: string) => <Held reserve={held.find((one) => one.symbol === symbol && one.chain_id === chain)} />,
                })),
              ]}
            />
          </Panel>
        );
      })}
    </div>
  );
}

/** What is held, and how much of what the rules require that is, where they require something. */
function Held({ reserve }: { reserve: ReserveView | undefined }): ReactElement {
  if (!reserve) return <span className="faint">–</span>;
  return (
    <span className="row" style={{ justifyContent: "flex-end", flexWrap: "nowrap" }}>
      {reserve.required !== "0" && <Health reserve={reserve} />}
      {brief(fromUnits(reserve.held, decimalsOf(reserve)))}
    </span>
  );
}

function Health({ reserve }: { reserve: ReserveView }): ReactElement {
  const enough = BigInt(reserve.held) >= BigInt(reserve.required);
  const ratio = reserve.ratio === null ? "" : ` ${wadPercent(reserve.ratio, 0)}`;
  return (
    <span title={`Required: ${brief(fromUnits(reserve.required, decimalsOf(reserve)))} ${reserve.symbol}`}>
      <State name={enough ? `covered${ratio}` : `short${ratio}`} tone={enough ? "good" : "bad"} />
    </span>
  );
}

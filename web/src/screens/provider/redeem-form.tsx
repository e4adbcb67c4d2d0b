import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { type Address, encodeFunctionData } from "viem";
import { useProviders } from "../../api/queries";
import type { NetworkChain, NetworkView, ProviderView } from "../../api/types";
import { carryOut, contractOf, tokenBalance } from "../../chain/actions";
import { REDEMPTION } from "../../chain/contracts";
import { type JobDocument, matrixJob, moduleJob, randomBytes, upload } from "../../chain/jobs";
import { read } from "../../chain/rpc";
import { type Decimal, fromUnits, multiply, parseDecimal, toText, toUnits } from "../../money/decimal";
import { shortHash, shortest, tokens } from "../../money/format";
import { useAction } from "../../ui/action";
import { Field, Segmented, Select } from "../../ui/form";
import { Empty, Loading } from "../../ui/panel";
import { tell } from "../../ui/toast";
import { NotConnected } from "../../shell/wallet-button";
import { useSession } from "../../wallet/hooks";

const TIERS = [
  { value: "0", label: "Standard: within 24 h" },
  { value: "1", label: "Premium: within 6 h" },
  { value: "2", label: "Enterprise: within 1 h" },
] as const;
const OPERATIONS_PER_CU: Decimal = { units: 10n ** 15n, scale: 0 };

interface RedeemProps {
  readonly network: NetworkView;
  readonly chain: NetworkChain;
  readonly onDone: () => void;
}

/** Burns sSTB for a job: the job is left with the provider first, its hash goes on chain with the order. */
export function RedeemForm({ network, chain, onDone }: RedeemProps): ReactElement {
  const { data: providers } = useProviders();
  const { connected } = useSession();
  if (!connected) return <NotConnected>It burns the sSTB and signs for the job.</NotConnected>;
  if (providers === undefined) return <Loading />;
  const able = (providers ?? []).filter((one) => one.outstanding_cu !== "0" && !one.in_liquidation);
  const first = able[0];
  if (!first) return <Empty title="No provider owes compute now" />;
  return <Form network={network} chain={chain} providers={able} first={first} onDone={onDone} />;
}

interface FormProps extends RedeemProps {
  readonly providers: readonly ProviderView[];
  readonly first: ProviderView;
}

function Form({ network, chain, providers, first, onDone }: FormProps): ReactElement {
  const { connected } = useSession();
  const [provider, setProvider] = useState<Address>(first.address);
  const [text, setText] = useState("");
  const [tier, setTier] = useState<(typeof TIERS)[number]["value"]>("0");
  const [job, setJob] = useState<JobDocument | null>(null);
  const [step, setStep] = useState("");
  const [busy, run] = useAction();
  const { data: held } = useHoldings(chain, connected?.address, provider);
  const value = parseDecimal(text);
  const amount = value && value.units > 0n ? toUnits(value, 18) : null;
  const error = text === "" ? null : amount === null ? "A number with at most 18 decimals" : held && amount > held.balance ? "More than your wallet holds" : held && amount > held.free ? "More than this provider can take now" : null;
  const budget = value && amount !== null ? multiply(value, OPERATIONS_PER_CU) : null;
  const send = (): void =>
    run(async () => {
      if (!connected || amount === null || job === null || network.provider_url === null) return;
      setStep("Leave the job with the provider");
      await upload(network.provider_url, job);
      const uri = `${network.provider_url}/documents/${job.name}`;
      const data = encodeFunctionData({ abi: REDEMPTION, functionName: "redeem", args: [provider, amount, Number(tier), job.name, uri] });
      await carryOut(connected, chain, [{ words: "Redeem", to: contractOf(chain, "Redemption"), data }], setStep);
      tell(`${tokens(amount, 18)} sSTB are burned; the provider has until the tier's deadline`, "good");
      onDone();
    });
  return (
    <div className="grid" style={{ marginBottom: 0 }}>
      <div className="span-6 stack">
        <Select label="Provider" value={provider} onChange={setProvider} choices={providers.map((one) => ({ value: one.address, label: `${shortHash(one.address, 10, 6)}, owes ${tokens(one.outstanding_cu, 18)} CU` }))} />
        <Field
          label="Amount"
          numeric
          value={text}
          onChange={setText}
          suffix="sSTB"
          error={error}
          hint={budget ? `Buys ${shortest(budget, 0)} operations; a fee and the provider's premium come on top.` : <>One sSTB buys 10<sup>15</sup> operations.</>}
          aside={
            held ? (
              <button type="button" className="copy" onClick={() => setText(toText(fromUnits(held.balance, 18)))}>
                {tokens(held.balance, 18)} in your wallet
              </button>
            ) : null
          }
        />
        <Select label="Tier" value={tier} onChange={setTier} choices={TIERS} />
      </div>
      <div className="span-6 stack">
        <JobChoice onChange={setJob} />
        {network.provider_url === null && <p className="note-box warn">This page knows no address of the provider: leave the job with it by the command line.</p>}
        <button type="button" className="button primary full" disabled={busy || amount === null || error !== null || job === null || network.provider_url === null} onClick={send}>
          {busy ? `${step}…` : "Redeem"}
        </button>
      </div>
    </div>
  );
}

function useHoldings(chain: NetworkChain, owner: Address | undefined, provider: Address): { data: { balance: bigint; free: bigint } | undefined } {
  return useQuery({
    queryKey: ["redeemable", owner, provider],
    enabled: chain.rpc_url !== null && owner !== undefined,
    refetchInterval: 4_000,
    queryFn: async () => {
      if (owner === undefined || chain.rpc_url === null) return { balance: 0n, free: 0n };
      const [balance, free] = await Promise.all([
        tokenBalance(chain, contractOf(chain, "sSTBToken"), owner),
        read(chain.rpc_url, { address: contractOf(chain, "Redemption"), abi: REDEMPTION, name: "freeOf", args: [provider] }),
      ]);
      return { balance, free: free as bigint };
    },
  });
}

type Kind = "matrix" | "module";

function JobChoice({ onChange }: { onChange: (job: JobDocument | null) => void }): ReactElement {
  const [kind, setKind] = useState<Kind>("matrix");
  const [side, setSide] = useState("64");
  const [shown, setShown] = useState<JobDocument | null>(null);
  const [module, setModule] = useState<Uint8Array | null>(null);
  const [input, setInput] = useState<Uint8Array>(new Uint8Array());
  const set = (job: JobDocument | null): void => {
    setShown(job);
    onChange(job);
  };
  const make = (): void => set(kind === "matrix" ? matrixJob(Number(side), randomBytes) : module ? moduleJob(module, input) : null);
  const change = (next: Kind): void => {
    setKind(next);
    set(null);
  };
  const ready = kind === "matrix" ? /^\d+$/.test(side) && Number(side) >= 1 && Number(side) <= 1024 : module !== null;
  return (
    <div className="stack">
      <Segmented
        label="Kind of job"
        value={kind}
        onChange={change}
        choices={[
          { value: "matrix", label: "Matrix product" },
          { value: "module", label: "WebAssembly" },
        ]}
      />
      {kind === "matrix" ? (
        <Field label="Side" numeric value={side} onChange={setSide} hint="Two random square matrices of int8, 1 to 1024 a side." />
      ) : (
        <>
          <FileField label="Module (.wasm)" onRead={setModule} />
          <FileField label="Input (may be left out)" onRead={setInput} />
        </>
      )}
      <p className="row">
        <button type="button" className="button" disabled={!ready} onClick={make}>
          Prepare the job
        </button>
        {shown && (
          <span className="small soft">
            {shortHash(shown.name)}, {shown.bytes.length} bytes{shown.operations === null ? "" : `, ${shown.operations.toString()} operations`}
          </span>
        )}
      </p>
    </div>
  );
}

function FileField({ label, onRead }: { label: string; onRead: (bytes: Uint8Array) => void }): ReactElement {
  return (
    <label className="field small soft">
      {label}
      <input
        type="file"
        onChange={(event) => {
          void event.target.files?.[0]?.arrayBuffer().then((buffer) => onRead(new Uint8Array(buffer)));
        }}
      />
    </label>
  );
}

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import type { Address } from "viem";
import type { AssetView, Markets, NetworkChain, NetworkView } from "../../api/types";
import { carryOut, depositSteps, faucetStep, tokenBalance } from "../../chain/actions";
import { fromUnits, parseDecimal, toText, toUnits } from "../../money/decimal";
import { tokens } from "../../money/format";
import { ConnectButton } from "../../shell/wallet-button";
import { useAction } from "../../ui/action";
import { Field, Select } from "../../ui/form";
import { Empty, Panel } from "../../ui/panel";
import { tell } from "../../ui/toast";
import { useSession } from "../../wallet/hooks";
import { Movements } from "./movements";

interface DepositProps {
  readonly address: string;
  readonly markets: Markets;
  readonly network: NetworkView;
}

export function DepositPanel({ address, markets, network }: DepositProps): ReactElement {
  const first = markets.assets[0];
  return (
    <div className="stack">
      <div className="grid">
        <Panel title="Deposit" className="span-6">
          {first ? <DepositForm markets={markets} network={network} first={first} /> : <Empty title="No asset is listed" />}
        </Panel>
        <Panel title="How it works" className="span-6">
          <ol className="stack soft">
            <li>1. Your wallet allows Custody, the exchange&apos;s contract on the asset&apos;s own chain, to take the amount, and deposits it.</li>
            <li>2. After the chain&apos;s confirmation depth the exchange credits it, exactly once. The first deposit opens your account.</li>
            <li>3. What was deposited on a chain can leave on that chain, by your signature, against a root that the chain itself holds.</li>
          </ol>
        </Panel>
      </div>
      <Movements address={address} markets={markets} />
    </div>
  );
}

function DepositForm({ markets, network, first }: { markets: Markets; network: NetworkView; first: AssetView }): ReactElement {
  const { connected } = useSession();
  const preferred = markets.assets.find((asset) => asset.symbol === "USDC") ?? first;
  const [choice, setChoice] = useState(String(preferred.asset));
  const [text, setText] = useState("");
  const asset = markets.assets.find((one) => String(one.asset) === choice) ?? first;
  const chain = network.chains.find((one) => one.chain_id === asset.chain_id);
  const { data: balance } = useWalletBalance(chain, asset, connected?.address);
  const value = parseDecimal(text);
  const amount = value && value.units > 0n ? toUnits(value, asset.decimals) : null;
  const error = text === "" ? null : amount === null ? `A number with at most ${asset.decimals} decimals` : balance !== undefined && amount > balance ? "More than your wallet holds" : null;
  return (
    <div className="stack">
      <Select
        label="Asset"
        value={choice}
        onChange={setChoice}
        choices={markets.assets.map((one) => ({ value: String(one.asset), label: `${one.symbol} on chain ${one.chain_id}` }))}
      />
      <Field
        label="Amount"
        numeric
        value={text}
        onChange={setText}
        suffix={asset.symbol}
        error={error}
        aside={
          balance === undefined ? null : (
            <button type="button" className="copy" onClick={() => setText(toText(fromUnits(balance, asset.decimals)))}>
              {tokens(balance, asset.decimals, 6)} in your wallet
            </button>
          )
        }
      />
      <DepositButtons chain={chain} asset={asset} amount={error === null ? amount : null} network={network} onDone={() => setText("")} />
    </div>
  );
}

function useWalletBalance(chain: NetworkChain | undefined, asset: AssetView, owner: Address | undefined): { data: bigint | undefined } {
  return useQuery({
    queryKey: ["wallet-balance", asset.asset, owner],
    enabled: chain?.rpc_url != null && owner !== undefined,
    refetchInterval: 4_000,
    queryFn: () => (chain && owner ? tokenBalance(chain, asset.token, owner) : 0n),
  });
}

interface ButtonsProps {
  readonly chain: NetworkChain | undefined;
  readonly asset: AssetView;
  readonly amount: bigint | null;
  readonly network: NetworkView;
  readonly onDone: () => void;
}

const TEST_DOLLARS = 10_000n;

function DepositButtons({ chain, asset, amount, network, onDone }: ButtonsProps): ReactElement {
  const { connected } = useSession();
  const [busy, run] = useAction();
  const [step, setStep] = useState("");
  const queries = useQueryClient();
  if (!connected) return <ConnectButton to="deposit" full />;
  if (chain?.rpc_url == null) return <p className="note-box">No node of chain {asset.chain_id} is known to this page. Deposit from your wallet to Custody on that chain.</p>;
  const refresh = (): Promise<void> => queries.invalidateQueries({ queryKey: ["wallet-balance"] });
  const deposit = (): void =>
    run(async () => {
      if (amount === null) return;
      await carryOut(connected, chain, await depositSteps(chain, asset.token, amount, connected.address, asset.symbol), setStep);
      tell(`${tokens(amount, asset.decimals, 6)} ${asset.symbol} are on their way: credited after ${chain.confirmations} blocks`, "good");
      onDone();
      await refresh();
    });
  const faucet = (): void =>
    run(async () => {
      await carryOut(connected, chain, [faucetStep(asset.token, connected.address, TEST_DOLLARS * 10n ** BigInt(asset.decimals))], setStep);
      tell(`${TEST_DOLLARS.toString()} test ${asset.symbol} are in your wallet`, "good");
      await refresh();
    });
  const isTestDollar = network.development && chain.contracts["LocalDollar"]?.toLowerCase() === asset.token.toLowerCase();
  return (
    <>
      <button type="button" className="button primary full" disabled={busy || amount === null} onClick={deposit}>
        {busy ? `${step}…` : `Deposit ${asset.symbol}`}
      </button>
      {isTestDollar && (
        <div className="row apart note-box warn">
          <span>Local network: test dollars are free and worth nothing.</span>
          <button type="button" className="button small" disabled={busy} onClick={faucet}>
            Get test dollars
          </button>
        </div>
      )}
    </>
  );
}

import { grouped, percent, rate, short, tokens, until } from "./format.js";
import { cell, code, element, fill, row } from "./table.js";

const CU = 18;
const COLLATERAL_DECIMALS = 6;
const RATIO_MIN_BPS = 12000;
const RATIO_FULL_BPS = 24000;
const LAG_LATE = 10;
const TIERS = { standard: "Standard", premium: "Premium", enterprise: "Enterprise" };
const DONE = new Set(["settled", "confirmed", "proven", "minted", "delivered"]);
const ALARM = new Set(["compensated", "disputed", "expired"]);
const byId = (id) => document.getElementById(id);

function state(name) {
  const kind = DONE.has(name) ? "done" : ALARM.has(name) ? "alarm" : "";
  return element("span", `state ${kind}`, name[0].toUpperCase() + name.slice(1));
}

export function drawSupply(supply) {
  if (!supply) return;
  for (const [id, amount] of [["sstb", supply.sstb], ["staked", supply.staked], ["redeemed", supply.redeemed], ["cu", supply.cu]]) {
    byId(`supply-${id}`).textContent = tokens(amount, CU);
  }
  const share = BigInt(supply.sstb) ? (BigInt(supply.staked) * 10000n) / BigInt(supply.sstb) : 0n;
  byId("supply-staked-share").textContent = `${percent(Number(share))} of supply`;
  byId("supply-cu-note").textContent = supply.cu === "0" ? "minted and burned at once" : "must be zero outside a mint";
}

export function drawChains(chains) {
  byId("chains").replaceChildren(
    ...chains.map((chain) => {
      const lag = Number(chain.lag);
      const note = lag <= 1 ? "in step" : `${lag} behind`;
      return element(
        "li",
        "",
        element("span", "", element("strong", "", chain.name), " ", element("span", "unit", String(chain.chain_id))),
        element(
          "span",
          "height",
          element("span", "", grouped(chain.head)),
          " ",
          element("span", lag >= LAG_LATE ? "late" : "unit", note),
        ),
      );
    }),
  );
}

export function drawProviders(providers) {
  const rows = providers.map((provider) => {
    const bps = provider.collateral_ratio_bps;
    const meter = element("span", "meter", element("span", ""));
    meter.style.setProperty("--fill", `${bps === null ? 0 : Math.min(100, (100 * bps) / RATIO_FULL_BPS)}%`);
    meter.setAttribute("aria-hidden", "true");
    const low = bps !== null && bps < RATIO_MIN_BPS;
    const text = bps === null ? "no obligation" : percent(bps) + (provider.in_liquidation ? " liquidating" : "");
    return row(
      cell(code(short(provider.address), provider.address), "text"),
      cell(rate(provider.operations_per_s)),
      cell([tokens(provider.outstanding_cu, CU), element("span", "unit", " CU")], "wide"),
      cell([element("span", "unit", "$"), tokens(provider.collateral, COLLATERAL_DECIMALS)], "wide"),
      cell(element("span", `ratio${low ? " low" : ""}`, ...(bps === null ? [] : [meter]), text)),
      cell(tokens(provider.staked, CU), "wide"),
    );
  });
  fill("providers", rows, 6, "No provider has registered yet");
}

/** Deadlines are on the chain's clock, which a local network may have moved ahead of this one. */
export function drawRedemptions(redemptions, chains) {
  const now = chains[0]?.time ? 1000 * Number(chains[0].time) : Date.now();
  const rows = redemptions.map((one) =>
    row(
      cell(one.redemption_id),
      cell(state(one.state), "text"),
      cell([tokens(one.amount, CU), element("span", "unit", " CU")]),
      cell(TIERS[one.tier] ?? one.tier, "text wide"),
      cell(code(short(one.buyer), one.buyer), "text wide"),
      cell(code(short(one.provider), one.provider), "text wide"),
      cell(one.state === "requested" ? until(one.deadline, now) : "–"),
    ),
  );
  fill("redemptions", rows, 7, "Nothing was redeemed yet");
}

export function drawBatches(batches, chains) {
  const names = new Map(chains.map((chain) => [chain.chain_id, chain.name]));
  const rows = batches.map((batch) =>
    row(
      cell(batch.index),
      cell(names.get(batch.chain_id) ?? String(batch.chain_id), "text"),
      cell(state(batch.state), "text"),
      cell(`${grouped(batch.first_input)}–${grouped(batch.last_input)}`, "wide"),
      cell(code(short(batch.state_root), batch.state_root), "text"),
      cell(code(short(batch.tx_hash, 6, 6), batch.tx_hash), "text wide"),
    ),
  );
  fill("batches", rows, 6, "No batch was settled yet");
  const newest = batches.reduce((most, batch) => Math.max(most, Number(batch.block)), 0);
  byId("settlement-note").textContent = newest ? `exchange block ${newest}` : "";
}

export function drawInvariants(invariants) {
  byId("invariants-panel").hidden = !invariants?.length;
  byId("invariants").replaceChildren(
    ...(invariants ?? []).map((one) => {
      const held = element("span", `state ${one.ok ? "done" : "alarm"}`, `${one.id} ${one.ok ? "holds" : "is broken"}`);
      return element("li", "", held);
    }),
  );
}

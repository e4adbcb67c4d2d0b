import { Link, read } from "./live.js";
import { applyBook, drawBook, drawTrades } from "./market.js";
import { drawBatches, drawChains, drawInvariants, drawProviders, drawRedemptions, drawSupply } from "./system.js";

const HISTORY_MS = 3000;
const STATES = { live: "Live", polling: "Polling", down: "Not reachable; trying again", connecting: "Connecting" };
const view = { markets: [], assets: [], market: null, bids: new Map(), asks: new Map(), trades: [], status: null };
const byId = (id) => document.getElementById(id);

function state(name) {
  const link = byId("link");
  const down = view.status?.down ?? [];
  const partly = name !== "down" && down.length > 0;
  link.dataset.state = partly ? "down" : name;
  const text = partly ? `${down.join(" and ")} not answering` : STATES[name];
  const block = view.status?.sequence ? ` · input ${view.status.sequence} · block ${view.status.block}` : "";
  const line = text + block;
  if (byId("link-text").textContent !== line) byId("link-text").textContent = line;
  view.link = name;
}

let drawing = false;
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawBook(view);
    drawTrades(view);
  });
}

function take(message) {
  if (message.channel === "status") {
    view.status = message.status;
    drawSupply(view.status.supply);
    drawChains(view.status.chains);
    drawInvariants(view.status.invariants);
    state(view.link ?? "live");
  } else if (message.channel && message.market === view.market?.symbol) {
    if (message.channel === "book") applyBook(view, message);
    else if (message.type === "snapshot") view.trades = message.trades;
    else view.trades = [...message.trades.slice().reverse(), ...view.trades].slice(0, 50);
    draw();
  }
}

const link = new Link({ onState: state, onMessage: take });

function choose(market) {
  Object.assign(view, { market, bids: new Map(), asks: new Map(), trades: [] });
  drawMarkets();
  draw();
  link.follow(market.symbol);
}

function drawMarkets() {
  byId("markets").replaceChildren(
    ...view.markets.map((market) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = market.symbol + (market.status === "open" ? "" : " (halted)");
      button.setAttribute("aria-pressed", String(market.symbol === view.market?.symbol));
      button.addEventListener("click", () => choose(market));
      return button;
    }),
  );
}

async function refreshMarkets() {
  const listed = await read("/v1/markets");
  const changed = JSON.stringify(listed.markets) !== JSON.stringify(view.markets);
  Object.assign(view, { markets: listed.markets, assets: listed.assets });
  if (!view.market && listed.markets.length) choose(listed.markets[0]);
  else if (changed) drawMarkets();
}

const HISTORY = [
  refreshMarkets,
  async () => drawProviders((await read("/v1/providers")).items),
  async () => drawRedemptions((await read("/v1/redemptions?limit=12")).items, view.status?.chains ?? []),
  async () => drawBatches((await read("/v1/batches?limit=12")).items, view.status?.chains ?? []),
];

async function refresh() {
  if (!document.hidden) await Promise.allSettled(HISTORY.map((step) => step()));
  setTimeout(refresh, HISTORY_MS);
}
refresh();

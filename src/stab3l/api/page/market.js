import { decimal, scaled, time, unscaled } from "./format.js";
import { cell, fill, row } from "./table.js";

const LEVELS = 12;
const TRADES = 21;

/** Puts a snapshot or an update into the book; a quantity of 0 removes a level. */
export function applyBook(view, message) {
  for (const side of ["bids", "asks"]) {
    const levels = message.type === "snapshot" ? new Map() : view[side];
    for (const [price, quantity] of message[side]) {
      if (quantity === "0") levels.delete(price);
      else levels.set(price, quantity);
    }
    view[side] = levels;
  }
}

export function drawBook(view) {
  if (!view.market) return;
  const { price_step: priceStep, quantity_step: quantityStep } = view.market;
  const places = (priceStep.split(".")[1] ?? "").length;
  const quantityPlaces = (quantityStep.split(".")[1] ?? "").length;
  const best = (levels, sign) =>
    [...levels]
      .map(([price, quantity]) => ({ price, quantity, key: scaled(price, places), size: scaled(quantity, quantityPlaces) }))
      .sort((a, b) => (a.key < b.key ? -sign : sign))
      .slice(0, LEVELS);
  const [bids, asks] = [best(view.bids, -1), best(view.asks, 1)];
  const totals = [bids, asks].map((side) => {
    let total = 0n;
    for (const level of side) level.total = total += level.size;
    return total;
  });
  const widest = totals[0] > totals[1] ? totals[0] : totals[1];
  const rows = (side) =>
    side.map((level) => {
      const tr = row(
        cell(decimal(level.price, priceStep)),
        cell(decimal(level.quantity, quantityStep)),
        cell(decimal(unscaled(level.total, quantityPlaces), quantityStep)),
      );
      tr.style.setProperty("--depth", `${widest ? Number((level.total * 1000n) / widest) / 10 : 0}%`);
      return tr;
    });
  fill("asks", rows(asks).reverse(), 3, "No asks");
  fill("bids", rows(bids), 3, "No bids");
  drawMid(view, bids[0], asks[0], places);
}

function drawMid(view, bid, ask, places) {
  const [price, spread] = [document.getElementById("mid-price"), document.getElementById("mid-spread")];
  const last = view.trades[0];
  price.textContent = last ? decimal(last.price, view.market.price_step) : "–";
  if (!bid || !ask) {
    spread.textContent = last ? "last trade" : "no trade yet";
    return;
  }
  const width = ask.key - bid.key;
  const points = (width * 20000n) / (ask.key + bid.key);
  spread.textContent = `spread ${unscaled(width, places)} · ${points} bp`;
}

export function drawTrades(view) {
  if (!view.market) return;
  const { price_step: priceStep, quantity_step: quantityStep } = view.market;
  const rows = view.trades
    .slice(0, TRADES)
    .map((trade) =>
      row(
        cell(time(trade.at)),
        cell(trade.side === "buy" ? "Buy" : "Sell", trade.side),
        cell(decimal(trade.price, priceStep)),
        cell(decimal(trade.quantity, quantityStep)),
      ),
    );
  fill("trades", rows, 4, "No trades yet");
  document.getElementById("trades-note").textContent = view.market.symbol;
}

// The connection: WebSocket first, polling while it is away. Tells `onState` and `onMessage`.

const RETRY_MS = [500, 1000, 2000, 5000];
const POLL_MS = 3000;

export async function read(path) {
  const answer = await fetch(path, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

export class Link {
  constructor({ onState, onMessage }) {
    this.onState = onState;
    this.onMessage = onMessage;
    this.market = null;
    this.failures = 0;
    this.connect();
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}/v1/ws`);
    this.socket.onopen = () => {
      this.failures = 0;
      clearInterval(this.polling);
      this.polling = null;
      this.onState("live");
      this.send({ op: "subscribe", channel: "status" });
      if (this.market) this.follow(this.market);
    };
    this.socket.onmessage = (event) => this.onMessage(JSON.parse(event.data));
    this.socket.onclose = () => this.lost();
  }

  lost() {
    this.failures += 1;
    this.polling ??= setInterval(() => this.poll(), POLL_MS);
    this.poll();
    setTimeout(() => this.connect(), RETRY_MS[Math.min(this.failures, RETRY_MS.length) - 1]);
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  follow(market) {
    if (this.market && this.market !== market) {
      this.send({ op: "unsubscribe", channel: "book", market: this.market });
      this.send({ op: "unsubscribe", channel: "trades", market: this.market });
    }
    this.market = market;
    this.send({ op: "subscribe", channel: "book", market });
    this.send({ op: "subscribe", channel: "trades", market });
    if (this.polling) this.poll();
  }

  async poll() {
    try {
      const status = await read("/v1/status");
      this.onMessage({ channel: "status", type: "snapshot", status });
      if (this.market) {
        const path = `/v1/markets/${encodeURIComponent(this.market)}`;
        const [book, trades] = await Promise.all([read(`${path}/book?depth=50`), read(`${path}/trades?limit=50`)]);
        this.onMessage({ ...book, channel: "book", type: "snapshot" });
        this.onMessage({ channel: "trades", type: "snapshot", market: this.market, trades: trades.items });
      }
      this.onState("polling");
    } catch {
      this.onState("down");
    }
  }
}

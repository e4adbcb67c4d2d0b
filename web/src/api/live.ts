/**
 * One WebSocket for the whole console: subscriptions survive a reconnection, gaps ask for a fresh snapshot,
 * silence is noticed. Knows no React and no DOM beyond the socket that it is given.
 */
export type LiveState = "connecting" | "live" | "stale" | "offline";

export interface LiveMessage {
  readonly channel: string;
  readonly type: "snapshot" | "update";
  readonly market?: string;
  readonly seq?: string;
  readonly prev_seq?: string;
  readonly [field: string]: unknown;
}

export interface Heartbeat {
  readonly sequence: string | null;
  readonly block: string | null;
  readonly time: string;
}

interface Subscription {
  readonly channel: string;
  readonly market: string;
  readonly listeners: Set<(message: LiveMessage) => void>;
  seq: string | null;
  epoch: string | null;
  waiting: boolean;
}

export interface LiveSocket {
  send: (text: string) => void;
  close: () => void;
  onopen: (() => void) | null;
  onclose: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
}

const PAUSE_LEAST_MS = 250;
const PAUSE_MOST_MS = 10_000;
const SILENCE_MS = 12_000;
const CHECK_MS = 2_000;

export class LiveClient {
  private socket: LiveSocket | null = null;
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly byRequest = new Map<number, Subscription>();
  private readonly watchers = new Set<() => void>();
  private current: LiveState = "connecting";
  private beat: Heartbeat | null = null;
  private pause = PAUSE_LEAST_MS;
  private nextId = 1;
  private heard = 0;
  private stopped = false;
  private token: string | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly check: ReturnType<typeof setInterval>;

  constructor(
    private readonly open: () => LiveSocket,
    private readonly now: () => number = Date.now,
  ) {
    this.check = setInterval(() => this.listenForSilence(), CHECK_MS);
    this.connect();
  }

  get state(): LiveState {
    return this.current;
  }

  get heartbeat(): Heartbeat | null {
    return this.beat;
  }

  /** Tells of changes of `state` and `heartbeat`. */
  watch(listener: () => void): () => void {
    this.watchers.add(listener);
    return () => this.watchers.delete(listener);
  }

  /** Messages of a channel, beginning with a snapshot; ends with the returned function. */
  subscribe(channel: string, market: string, listener: (message: LiveMessage) => void): () => void {
    const key = `${channel} ${market}`;
    let subscription = this.subscriptions.get(key);
    if (subscription) {
      subscription.listeners.add(listener);
      this.ask({ ...subscription, seq: null }, subscription);
    } else {
      subscription = { channel, market, listeners: new Set([listener]), seq: null, epoch: null, waiting: false };
      this.subscriptions.set(key, subscription);
      this.ask(subscription, subscription);
    }
    return () => this.drop(key, listener);
  }

  /** Signs this socket in (null: out); asked again after every reconnection. */
  login(token: string | null): void {
    if (token === this.token) return;
    this.token = token;
    if (token === null) this.socket?.close();
    else if (this.current !== "offline" && this.current !== "connecting") this.signIn();
  }

  /** A listener found a gap: forget the sequence and ask for a snapshot. */
  resynchronise(channel: string, market: string): void {
    const subscription = this.subscriptions.get(`${channel} ${market}`);
    if (subscription && !subscription.waiting) this.ask({ ...subscription, seq: null }, subscription);
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.check);
    clearTimeout(this.timer);
    this.socket?.close();
  }

  private connect(): void {
    if (this.stopped) return;
    const socket = this.open();
    this.socket = socket;
    socket.onopen = () => {
      this.pause = PAUSE_LEAST_MS;
      this.heard = this.now();
      if (this.token !== null) this.signIn();
      for (const subscription of this.subscriptions.values()) this.ask(subscription, subscription);
      this.set("live");
    };
    socket.onmessage = (event) => this.hear(event.data);
    socket.onclose = () => this.closed(socket);
  }

  private closed(socket: LiveSocket): void {
    if (socket !== this.socket || this.stopped) return;
    this.socket = null;
    this.byRequest.clear();
    this.set("offline");
    this.timer = setTimeout(() => this.connect(), this.pause);
    this.pause = Math.min(this.pause * 2, PAUSE_MOST_MS);
  }

  private signIn(): void {
    this.send({ id: this.nextId++, op: "login", token: this.token });
  }

  private ask(from: Subscription, subscription: Subscription): void {
    if (this.socket === null || this.current === "offline") return;
    const id = this.nextId++;
    this.byRequest.set(id, subscription);
    subscription.waiting = true;
    const resume = from.seq !== null && from.epoch !== null ? { since_seq: from.seq, epoch: from.epoch } : {};
    this.send({ id, op: "subscribe", channel: from.channel, ...(from.market ? { market: from.market } : {}), ...resume });
  }

  private drop(key: string, listener: (message: LiveMessage) => void): void {
    const subscription = this.subscriptions.get(key);
    if (!subscription) return;
    subscription.listeners.delete(listener);
    if (subscription.listeners.size > 0) return;
    this.subscriptions.delete(key);
    const { channel, market } = subscription;
    this.send({ id: this.nextId++, op: "unsubscribe", channel, ...(market ? { market } : {}) });
  }

  private send(message: unknown): void {
    if (this.socket === null || this.current === "offline") return;
    try {
      this.socket.send(JSON.stringify(message));
    } catch {
      // The socket is still opening: everything is asked again when it is open.
    }
  }

  private hear(data: unknown): void {
    if (typeof data !== "string") return;
    const message = JSON.parse(data) as LiveMessage & Record<string, unknown>;
    this.heard = this.now();
    if (this.current === "stale") this.set("live");
    const kind = message.type as string;
    if (kind === "heartbeat") this.setBeat(message);
    else if (kind === "subscribed") this.confirm(message);
    else if (kind === "snapshot" || kind === "update") this.pass(message);
  }

  private setBeat(message: Record<string, unknown>): void {
    this.beat = { sequence: textOrNull(message["sequence"]), block: textOrNull(message["block"]), time: textOrNull(message["time"]) ?? "0" };
    this.tell();
  }

  private confirm(message: Record<string, unknown>): void {
    const subscription = this.byRequest.get(Number(message["id"]));
    if (!subscription) return;
    this.byRequest.delete(Number(message["id"]));
    subscription.waiting = false;
    subscription.epoch = textOrNull(message["epoch"]);
  }

  private pass(message: LiveMessage): void {
    const subscription = this.subscriptions.get(`${message.channel} ${message.market ?? ""}`);
    if (!subscription) return;
    if (message.type === "snapshot") subscription.waiting = false;
    else if (this.isGap(subscription, message)) {
      this.resynchronise(message.channel, message.market ?? "");
      return;
    }
    if (message.seq !== undefined) subscription.seq = message.seq;
    for (const listener of subscription.listeners) listener(message);
  }

  private isGap(subscription: Subscription, message: LiveMessage): boolean {
    return subscription.seq !== null && message.prev_seq !== undefined && message.prev_seq !== subscription.seq;
  }

  private listenForSilence(): void {
    if (this.current === "live" && this.now() - this.heard > SILENCE_MS) this.set("stale");
    if (this.current === "stale" && this.now() - this.heard > 3 * SILENCE_MS) this.socket?.close();
  }

  private set(state: LiveState): void {
    if (state === this.current) return;
    this.current = state;
    this.tell();
  }

  private tell(): void {
    for (const watcher of this.watchers) watcher();
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}

/** A browser's socket on this page's own server. */
export function ownSocket(): LiveSocket {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return new WebSocket(`${scheme}://${location.host}/v1/ws`) as unknown as LiveSocket;
}

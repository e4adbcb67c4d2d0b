/** Who is here: the connected wallet, and the signed-in session where there is one. Knows no React. */
import type { Address } from "viem";
import { live } from "../api/feeds";
import { get, post, session as http } from "../api/rest";
import { type SignInTerms, signInMessage } from "../signing/siwe";
import { type ConnectedWallet, connect, signText } from "./connection";
import { type AnnouncedWallet, announcedWallets, watchWallets } from "./discovery";

export interface SignedIn {
  readonly account: Address;
  readonly scopes: readonly string[];
  readonly sessionId: string;
}

export interface SessionState {
  readonly connected: ConnectedWallet | null;
  readonly signedIn: SignedIn | null;
  /** An address that is only looked at: anyone's books are public. */
  readonly watching: Address | null;
}

interface Tokens {
  access_token: string;
  expires_in: number;
  refresh_token: string;
  account: Address;
  scopes: string[];
  session_id: string;
}

const REMEMBERED = "stab3l.wallet";
const REFRESH_EARLY_S = 45;

let state: SessionState = { connected: null, signedIn: null, watching: null };
let refreshToken: string | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

export const sessionState = (): SessionState => state;

export function watchSession(changed: () => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}

function set(next: Partial<SessionState>): void {
  state = { ...state, ...next };
  for (const listener of listeners) listener();
}

export async function connectWallet(wallet: AnnouncedWallet): Promise<void> {
  const connected = await connect(wallet, false);
  if (connected) adopt(connected);
}

function adopt(connected: ConnectedWallet): void {
  localStorage.setItem(REMEMBERED, connected.wallet.info.rdns);
  if (state.signedIn && state.signedIn.account !== connected.address) signOut();
  connected.wallet.provider.on?.("accountsChanged", () => void reconnect(connected.wallet));
  set({ connected, watching: null });
}

async function reconnect(wallet: AnnouncedWallet): Promise<void> {
  if (state.connected?.wallet !== wallet) return;
  const connected = await connect(wallet, true);
  if (connected === null) disconnect();
  else if (connected.address !== state.connected.address) {
    signOut();
    set({ connected });
  }
}

export function disconnect(): void {
  localStorage.removeItem(REMEMBERED);
  signOut();
  set({ connected: null });
}

/** Finds the wallet of the last visit again, without asking its owner anything. */
export function rememberWallet(): () => void {
  const rdns = localStorage.getItem(REMEMBERED);
  if (rdns === null) return () => undefined;
  const look = (): void => {
    const wallet = announcedWallets().find((one) => one.info.rdns === rdns);
    if (!wallet || state.connected) return;
    void connect(wallet, true).then((connected) => {
      if (connected && !state.connected) adopt(connected);
    }, () => undefined);
  };
  const end = watchWallets(look);
  look();
  return end;
}

/** Sign-In with Ethereum (EIP-4361) with the connected wallet. */
export async function signIn(): Promise<void> {
  if (!state.connected) throw new Error("Connect a wallet first");
  const terms = await get<SignInTerms>(`/v1/auth/nonce?origin=${encodeURIComponent(location.origin)}`);
  const message = signInMessage(terms, state.connected.address, location.host);
  const signature = await signText(state.connected, message);
  accept(await post<Tokens>("/v1/auth/siwe", { message, signature }));
}

interface PasskeyOptions {
  options: { publicKey?: PublicKeyCredentialRequestOptionsJSON } & PublicKeyCredentialRequestOptionsJSON;
}

/** With a passkey of this device, in place of a wallet: may trade and read, never withdraw. */
export async function signInWithPasskey(): Promise<void> {
  const { options } = await post<PasskeyOptions>("/v1/auth/passkey/options", {});
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey ?? options);
  const credential = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential | null;
  if (!credential) throw new Error("No passkey was chosen");
  accept(await post<Tokens>("/v1/auth/passkey", { credential: credential.toJSON() as unknown }));
}

interface NewPasskeyOptions {
  options: { publicKey?: PublicKeyCredentialCreationOptionsJSON } & PublicKeyCredentialCreationOptionsJSON;
}

/** Registers a passkey of this device for the signed-in account. */
export async function addPasskey(name: string): Promise<void> {
  const { options } = await post<NewPasskeyOptions>("/v1/account/passkeys/options", {});
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey ?? options);
  const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential | null;
  if (!credential) throw new Error("No passkey was made");
  await post("/v1/account/passkeys", { name, credential: credential.toJSON() as unknown });
}

function accept(tokens: Tokens): void {
  http.token = tokens.access_token;
  refreshToken = tokens.refresh_token;
  live().login(tokens.access_token);
  clearTimeout(timer);
  timer = setTimeout(() => void refresh(), Math.max(5, tokens.expires_in - REFRESH_EARLY_S) * 1000);
  set({ signedIn: { account: tokens.account, scopes: tokens.scopes, sessionId: tokens.session_id } });
}

async function refresh(): Promise<void> {
  if (refreshToken === null) return;
  try {
    accept(await post<Tokens>("/v1/auth/refresh", { refresh_token: refreshToken }));
  } catch {
    forget();
  }
}

export function signOut(): void {
  if (http.token !== null) void post("/v1/auth/logout", {}).catch(() => undefined);
  forget();
}

function forget(): void {
  clearTimeout(timer);
  http.token = null;
  refreshToken = null;
  live().login(null);
  if (state.signedIn) set({ signedIn: null });
}

export function watchAddress(address: Address | null): void {
  set({ watching: address });
}

/** Whose account the pages show. */
export function shownAddress(current: SessionState): Address | null {
  return current.connected?.address ?? current.signedIn?.account ?? current.watching;
}

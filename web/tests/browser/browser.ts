import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { type Browser, type BrowserContext, type Page, chromium } from "playwright-core";

/** Where the console under test is, and the chromium that opens it: tests/support/console_setting.py says both. */
export const BASE = process.env["CONSOLE_URL"] ?? "http://127.0.0.1:8080";
const EXECUTABLE = process.env["CONSOLE_CHROMIUM"] ?? "/usr/bin/chromium";

// A closed network and a root user are normal for test machines; none of this weakens what is tested.
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

/** The asset whose withdrawals the keeper under test leaves to their owners; none on a network that is up. */
export const UNPAID = process.env["CONSOLE_UNPAID"] ?? "";

/** Of one step: a busy machine is no failure. */
export const PATIENCE = 90_000;

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
}

export interface Opened {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page complained of: nothing may, so that a broken policy or a lost promise is seen. */
  readonly complaints: string[];
}

export interface Look {
  readonly small?: boolean;
  readonly dark?: boolean;
}

/** By its name, as passkeys need it: they are bound to a name and never to an address. */
export function openLocalhost(browser: Browser, path: string): Promise<Opened> {
  return open(browser, path, {}, BASE.replace("127.0.0.1", "localhost"));
}

export async function open(browser: Browser, path: string, { small = false, dark = false }: Look = {}, base = BASE): Promise<Opened> {
  const context = await browser.newContext({
    viewport: small ? { width: 390, height: 844 } : { width: 1440, height: 900 },
    hasTouch: small,
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // A path that this server does not have is answered 404 and shown as an empty state.
    if (message.type() === "error" && !message.text().includes("404")) complaints.push(`${message.text()} ${message.location().url}`);
  });
  await page.goto(base + path);
  return { context, page, complaints };
}

export async function connectDevelopmentWallet(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByRole("button", { name: /Development wallet/ }).click();
  await page.getByRole("button", { name: /^0x/ }).first().waitFor();
}

interface AxeResults {
  violations: { id: string; impact: string | null; nodes: { target: unknown; failureSummary?: string }[] }[];
}

interface Axe {
  run: (options: { resultTypes: string[] }) => Promise<AxeResults>;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds of serious or critical weight, each with its first place. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const results = await page.evaluate(() => (globalThis as unknown as { axe: Axe }).axe.run({ resultTypes: ["violations"] }));
  return results.violations
    .filter((violation) => violation.impact === "serious" || violation.impact === "critical")
    .map((violation) => `${violation.id}: ${JSON.stringify(violation.nodes[0]?.target)} ${violation.nodes[0]?.failureSummary ?? ""}`);
}

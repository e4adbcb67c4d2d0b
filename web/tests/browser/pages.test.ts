import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BASE, PATIENCE, launch, open, seriousFindings } from "./browser";

const PAGES = [
  "/",
  "/dashboard/analytics",
  "/dashboard/activity",
  "/market/sSTB-USDC",
  "/market/options",
  "/provider",
  "/provider/registration",
  "/provider/verification",
  "/provider/redemptions",
  "/provider/flows",
  "/stability",
  "/stability/pools",
  "/stability/reserves",
  "/stability/stabiliser",
  "/proofs",
  "/proofs/batches",
  "/proofs/streams",
  "/operations",
  "/account",
];

let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});

afterAll(async () => {
  await browser.close();
});

const SOME = ["/", "/market/sSTB-USDC", "/provider", "/stability", "/account"];
const WALKS = [
  { look: {}, paths: PAGES },
  { look: { dark: true }, paths: SOME },
  { look: { small: true }, paths: SOME },
];

it.each(WALKS)("pages please axe, say their name and stay within their width: $look", async ({ look, paths }) => {
  const { context, page, complaints } = await open(browser, "/", look);
  for (const path of paths) {
    await page.goto(BASE + path);
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
    expect(await seriousFindings(page), path).toEqual([]);
    const [width, content] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
    expect(content, `${path} is as wide as the screen`).toBeLessThanOrEqual(width);
  }
  expect(complaints).toEqual([]);
  await context.close();
});

it("draws the payoff of chosen options, and a future's", async () => {
  const { context, page, complaints } = await open(browser, "/market/options");
  const chain = page.getByRole("region", { name: "Option chain" });
  await chain.getByRole("button", { name: /^Add buy of .*-C to the payoff$/ }).first().click();
  await chain.getByRole("button", { name: /^Add sell of .*-P to the payoff$/ }).last().click();
  await page.getByRole("img", { name: /^Payoff at expiry from −.* to \+/ }).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await chain.getByRole("link", { name: "Trade" }).first().click();
  await page.getByRole("button", { name: "Payoff" }).click();
  await page.getByRole("img", { name: /^Payoff at expiry/ }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

it("goes everywhere by the keyboard", async () => {
  const { context, page } = await open(browser, "/");
  await page.getByRole("heading", { name: "Dashboard" }).waitFor();
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to the content");
  await page.keyboard.press("Enter");
  // The two keys belong together for a moment only, which a busy machine can miss.
  const stability = page.getByRole("heading", { name: "Stability" });
  const arrives = async (): Promise<boolean> => {
    await page.keyboard.press("g");
    await page.keyboard.press("s");
    return stability.waitFor({ timeout: 5_000 }).then(
      () => true,
      () => false,
    );
  };
  await expect.poll(arrives, { timeout: PATIENCE }).toBe(true);
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("content");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("oper");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Operations" }).waitFor();
  await context.close();
});

it("has its three places at the bottom of a small screen", async () => {
  const { context, page } = await open(browser, "/", { small: true });
  const bottom = page.getByRole("navigation", { name: "Main pages" });
  await bottom.getByRole("link", { name: "Market" }).tap();
  await page.getByRole("form", { name: "Order ticket" }).waitFor();
  await bottom.getByRole("link", { name: "Account" }).tap();
  await page.getByRole("heading", { name: "Account" }).waitFor();
  await bottom.getByRole("button", { name: "More" }).tap();
  await page.getByRole("dialog").getByRole("link", { name: "Proofs" }).tap();
  await page.getByRole("heading", { name: "Proofs" }).waitFor();
  await context.close();
});

it("opens without the network, and says that it is offline", async () => {
  const { context, page } = await open(browser, "/");
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  const kept = (): Promise<boolean> =>
    page.evaluate(async () => {
      const files = (await (await fetch("/build.json")).json()) as string[];
      const found = await Promise.all(files.map((file) => caches.match(file)));
      return found.every((one) => one !== undefined);
    });
  await expect.poll(kept, { timeout: PATIENCE }).toBe(true);
  await page.reload();
  await context.setOffline(true);
  await page.goto(`${BASE}/stability`);
  await page.getByRole("heading", { name: "Stability" }).waitFor();
  await page.getByText("The exchange cannot be reached").waitFor();
  await context.close();
});

it("keeps a chosen theme", async () => {
  const { context, page } = await open(browser, "/", { dark: true });
  await page.getByRole("button", { name: /^Theme: system/ }).click();
  await page.reload();
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe("light");
  await context.close();
});

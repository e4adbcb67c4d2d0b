/**
 * node measure/interactive.js URL CHROMIUM LOADS: opens a market's page that often, each time in a browser context that
 * has nothing of it yet, and prints a JSON list of what each load took in milliseconds from the start of its navigation.
 */
import { chromium } from "playwright-core";

const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"];
const PATIENCE_MS = 60_000;
const ORDER_BUTTON = "form[aria-label='Order ticket'] button.full:enabled";

/** In the page, from before its first script: when the first row of prices stands and the order's button takes a click. */
function watch(orderButton) {
  const marks = {};
  globalThis.marks = marks;
  const look = () => {
    if (document.querySelector(".ladder li button")) marks.price_row ??= performance.now();
    if (document.querySelector(orderButton)) marks.order_button ??= performance.now();
    if (marks.price_row === undefined || marks.order_button === undefined) return;
    observer.disconnect();
    // Interactive is only what is painted, by a thread that has time again.
    requestAnimationFrame(() => setTimeout(() => (marks.interactive = performance.now())));
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled"] });
}

/** In the page: its marks, its first paint, and the bytes of its own files as they were transferred. */
function told() {
  const own = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].filter((entry) => !new URL(entry.name).pathname.startsWith("/v1"));
  return {
    ...globalThis.marks,
    first_paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null,
    bytes: own.reduce((sum, entry) => sum + entry.transferSize, 0),
  };
}

async function load(browser, url) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  await page.addInitScript(watch, ORDER_BUTTON);
  await page.goto(url);
  await page.waitForFunction(() => globalThis.marks.interactive !== undefined);
  const found = await page.evaluate(told);
  await page.click(ORDER_BUTTON);
  await page.getByRole("dialog").waitFor();
  await context.close();
  return found;
}

const [url, executablePath, loads] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ARGUMENTS });
const found = [];
for (let count = 0; count < Number(loads); count++) found.push(await load(browser, url));
await browser.close();
process.stdout.write(`${JSON.stringify(found)}\n`);

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Opened, UNPAID, connectDevelopmentWallet, launch, open } from "./browser";

let browser: Browser;
let opened: Opened;
let page: Page;

beforeAll(async () => {
  browser = await launch();
  opened = await open(browser, "/account");
  page = opened.page;
});

afterAll(async () => {
  await browser.close();
});

const toast = (text: RegExp): Promise<void> => page.locator(".toast", { hasText: text }).first().waitFor();

async function go(name: string): Promise<void> {
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name, exact: true }).click();
}

/** Each step goes on from the one before, in one browser, as a newcomer would. */
describe("a newcomer without an extension", () => {
  it("connects the wallet of the local network", async () => {
    await connectDevelopmentWallet(page);
  });

  it("takes test dollars and deposits them", async () => {
    await page.getByRole("link", { name: "Deposit", exact: true }).first().click();
    await page.getByRole("button", { name: "Get test dollars" }).click();
    await toast(/are in your wallet/);
    await page.getByLabel("Amount").fill("250");
    await page.getByRole("button", { name: "Deposit USDC" }).click();
    await toast(/on their way/);
    await page.getByRole("region", { name: "Deposits" }).getByText("credited").waitFor();
  });

  it("reads in words what an order will do, then buys", async () => {
    await go("Market");
    await page.getByLabel("Type").selectOption("market");
    await page.getByLabel("Quantity", { exact: true }).fill("2");
    const preview = page.getByTestId("preview");
    await preview.getByText(/Buys 2 sSTB at the best prices, never beyond/).waitFor();
    await preview.getByText("You receive").waitFor();
    await page.getByRole("button", { name: "Buy sSTB" }).click();
    await toast(/all 2 sSTB traded/);
  });

  it("rests an order, changes it and cancels it", async () => {
    await page.getByLabel("Type").selectOption("limit");
    await page.getByLabel("Price", { exact: true }).fill("0.05");
    await page.getByLabel("Quantity", { exact: true }).fill("10");
    await page.getByLabel("Post only").check();
    await page.getByRole("button", { name: "Buy sSTB" }).click();
    await toast(/waits in the book/);
    await page.getByRole("button", { name: /^Change order/ }).click();
    await page.getByLabel("Quantity left").fill("4");
    await page.getByRole("button", { name: "Sign and change" }).click();
    await toast(/is changed/);
    await page.getByRole("button", { name: /^Cancel order/ }).click();
    await toast(/is cancelled/);
    await page.getByText("No open orders").waitFor();
  });

  it("is told the neighbouring steps of a price between two", async () => {
    await page.getByLabel("Price", { exact: true }).fill("0.050005");
    await page.getByText(/use 0\.05 or 0\.05001/).waitFor();
    expect(await page.getByRole("button", { name: "Buy sSTB" }).isDisabled()).toBe(true);
  });

  it("orders a future on margin, and takes the order back", async () => {
    const markets = page.getByRole("combobox", { name: "Market", exact: true });
    await markets.selectOption((await markets.locator("optgroup[label=Futures] option").first().getAttribute("value")) ?? "");
    await page.getByLabel("Price", { exact: true }).fill("0.055");
    await page.getByLabel("Quantity", { exact: true }).fill("100");
    await page.getByRole("button", { name: "Buy sSTB" }).click();
    await toast(/waits in the book/);
    await page.getByRole("button", { name: /^Cancel order/ }).click();
    await page.getByText("No open orders").waitFor();
  });

  it("verifies its balance against the root on the chain", async () => {
    await go("Proofs");
    await page.getByRole("button", { name: "Verify in this browser" }).click();
    await page.getByText("Proven: this balance").waitFor();
    expect(await page.getByRole("list", { name: "Steps of the check" }).getByText("holds").count()).toBe(4);
  });

  it("withdraws, and is paid on the chain", async () => {
    await go("Account");
    await page.getByRole("link", { name: "Withdraw", exact: true }).click();
    await page.getByLabel("Asset").selectOption({ label: "sSTB" });
    await page.getByLabel("Amount").fill("1.5");
    await page.getByRole("button", { name: "Withdraw sSTB" }).click();
    await toast(/is debited/);
    await page.getByRole("region", { name: "Withdrawals" }).getByText("paid").waitFor();
  });

  // On a network that is up the keeper would be there first.
  it.runIf(UNPAID !== "")("takes a withdrawal itself that no keeper pays", async () => {
    await page.getByLabel("Asset").selectOption({ label: UNPAID });
    await page.getByLabel("Amount").fill("3");
    await page.getByRole("button", { name: `Withdraw ${UNPAID}` }).click();
    const withdrawals = page.getByRole("region", { name: "Withdrawals" });
    await withdrawals.getByRole("button", { name: /^Take withdrawal \d+ yourself$/ }).click();
    await toast(/is paid out against the root/);
    await withdrawals.getByRole("row", { name: `3 ${UNPAID}` }).getByText("paid").waitFor();
  });

  it("redeems what it withdrew for a job", async () => {
    await go("Provider");
    await page.getByRole("link", { name: "Redemptions" }).click();
    await page.getByRole("button", { name: "Redeem sSTB" }).click();
    await page.getByLabel("Amount").fill("0.001");
    await page.getByRole("button", { name: "Prepare the job" }).click();
    await page.getByText(/operations$/).waitFor();
    await page.getByRole("button", { name: "Redeem", exact: true }).click();
    await toast(/are burned/);
  });

  it("accepts what the provider delivered", async () => {
    const redemptions = page.getByRole("region", { name: "Redemptions" });
    await redemptions.getByRole("button", { name: "Accept" }).click();
    await toast(/accept, done/);
    await redemptions.getByRole("button", { name: "Accept" }).waitFor({ state: "detached" });
  });

  it("registers as a provider", async () => {
    await page.getByRole("link", { name: "Registration" }).click();
    await page.getByRole("button", { name: "Register", exact: true }).click();
    await toast(/registered as a provider/);
  });

  it("met no error on the way", () => {
    expect(opened.complaints).toEqual([]);
  });
});

/** Chromium for the checks; every request of a page must go to its own server. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const CANDIDATES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"];
export const CHROMIUM = CANDIDATES.find((path) => path && existsSync(path));

const LONGEST_WAIT = 180_000; // milliseconds

/** Returns a browser; `camera` is a .y4m file, "none" or "denied". */
export async function launch(camera = "none", flags = []) {
  const simulated = [
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    `--use-file-for-fake-video-capture=${camera}`,
  ];
  const cameras = { none: [], denied: ["--use-fake-device-for-media-stream"] };
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", ...(cameras[camera] ?? simulated), ...flags],
  });
}

/** Opens an address; `options` are those of a Playwright context. Returns the page. */
export async function open(browser, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 820 }, ...options });
  context.setDefaultTimeout(LONGEST_WAIT);
  const page = await context.newPage();
  page.requests = [];
  page.failures = [];
  // Requests of workers and of the service worker are events of the context.
  context.on("request", (request) => page.requests.push(request.url()));
  page.on("pageerror", (error) => page.failures.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) {
      page.failures.push(message.text());
    }
  });
  await page.goto(address);
  return page;
}

/** Waits until a model is ready, or a problem is shown; returns both texts. */
export async function waitForModel(page) {
  await page.waitForFunction(() => {
    const problem = document.getElementById("problem");
    const status = document.getElementById("status");
    return !problem.hidden || /model is ready|Tracking/.test(status.textContent);
  });
  return { status: await page.textContent("#status"), problem: await page.textContent("#problem") };
}

/** Asserts that a page loaded nothing from elsewhere and had no error; returns its requests. */
export function checkRequests(page, address) {
  const { origin } = new URL(address);
  const isOwn = (url) => url.startsWith(`${origin}/`) || /^(blob|data):/.test(url);
  assert.deepEqual(page.requests.filter((url) => !isOwn(url)), [], "requests to other servers");
  assert.deepEqual(page.failures, [], "errors of the page");
  assert.ok(page.requests.length > 0);
  return page.requests;
}

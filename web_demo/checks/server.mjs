/** Checks of the page on `ppn-tf serve`, which finds the people there. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkRequests, open, waitForModel } from "./browser.mjs";
import { checkRows, download, photograph, waitForFrames } from "./camera.mjs";
import { checkAxe } from "./page.mjs";
import { differencesOf, encode, median } from "./poses.mjs";
import { startServe } from "./servers.mjs";

// Pixels between joints in a frame and in its JPEG, of people 400 pixels high.
const JPEG_MEDIAN = 1;
const JPEG_MOST = 4;
const MIN_SHARE = 0.95; // of the joints, within JPEG_MOST
const KEY = "a key of the checks, no secret";

const readRows = async (page) =>
  (await download(page, "#json")).text.trimEnd().split("\n").map((line) => JSON.parse(line));

/** Opens the page, and chooses the server. */
async function openOnServer(browser, address, options = {}) {
  const page = await open(browser, address, options);
  await waitForModel(page);
  await page.waitForSelector("#place:not([hidden])");
  await page.check("#on-server");
  return page;
}

/** Joints of raw frames, sent as JPEG over the WebSocket, are those of Python without JPEG. */
async function checkJoints(browser, address, folder) {
  const rgb = readFileSync(join(folder, "clip.rgb"));
  const reference = JSON.parse(readFileSync(join(folder, "people.json"), "utf-8"));
  const { width, height, fps, poses } = reference;
  const page = await openOnServer(browser, `${address}?test`);
  await page.waitForFunction(() => window.ppnTest);
  await page.waitForSelector("text=The server is ready.");
  const frames = poses.map((_, t) => encode(rgb, reference, t));
  const served = await page.evaluate(
    ([frames, width, height, fps]) => window.ppnTest.trackOnServer(frames, width, height, fps),
    [frames, width, height, fps],
  );
  assert.equal(served.length, poses.length);
  const differences = served.flatMap(([person], t) =>
    poses[t].found && person.found ? differencesOf(person, poses[t]) : [],
  );
  const equal = served.filter(([person], t) => person.found === poses[t].found).length;
  const close = differences.filter((difference) => difference <= JPEG_MOST).length;
  const text =
    `on the server: found and lost in the same ${equal} of ${poses.length} frames; ` +
    `${((100 * close) / differences.length).toFixed(1)} % of the joints within ${JPEG_MOST} px ` +
    `of Python's, median ${median(differences).toFixed(2)} px`;
  assert.ok(equal >= poses.length - 2, text);
  assert.ok(close >= MIN_SHARE * differences.length && median(differences) <= JPEG_MEDIAN, text);
  console.log(`ok: ${text}`);
  checkRequests(page, address);
  await page.context().close();
}

/** A camera on the server and back in the browser, in light, dark and at phone width. */
async function checkCamera(browser, address, folder, screenshots) {
  const { poses } = JSON.parse(readFileSync(join(folder, "people.json"), "utf-8"));
  for (const [name, options] of [
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["phone", { colorScheme: "light", viewport: { width: 390, height: 844 } }],
  ]) {
    const page = await openOnServer(browser, address, options);
    await page.waitForSelector("text=The server is ready.");
    await page.click("#camera");
    await waitForFrames(page, 60);
    await page.waitForFunction(() => Number(document.getElementById("confidence").textContent) > 0.9);
    await photograph(page, join(screenshots, `server_${name}.png`));
    assert.equal(await page.textContent("#problem"), "");
    assert.equal(await page.textContent("#status"), "Tracking the camera.");
    await checkAxe(page);
    const texts = await Promise.all(
      ["#rate", "#round-trip", "#dropped"].map((id) => page.textContent(id)),
    );
    assert.match(texts[1], /^[\d.]+ \/ [\d.]+ ms$/);
    assert.match(texts[2], /^\d+$/);
    await page.click("#stop");
    await page.waitForSelector("text=Stopped. The joints can be downloaded.");
    const text = checkRows(await readRows(page), poses);
    console.log(
      `ok: camera on the server, ${name}: ${text}; ${texts[0]} frames/s, round trip ${texts[1]}, ` +
        `${texts[2]} frames dropped`,
    );
    if (name === "light") {
      await page.click("#camera");
      await page.waitForSelector("text=Tracking the camera.");
      await page.check("#in-browser");
      await page.waitForSelector("text=Tracking the camera.");
      await page.waitForFunction(() => /ms/.test(document.getElementById("step-time").textContent));
      assert.equal(await page.textContent("#problem"), "");
      console.log("ok: from the server back to the browser, without a reload");
    }
    checkRequests(page, address);
    await page.context().close();
  }
}

/** Two people in a video are tracked and drawn. */
async function checkPair(browser, address, folder, screenshots) {
  const { poses } = JSON.parse(readFileSync(join(folder, "people.json"), "utf-8"));
  const page = await openOnServer(browser, address);
  await page.waitForSelector("text=The server is ready.");
  await page.fill("#people", "2");
  await page.setInputFiles("#video-file", join(folder, "pair.webm"));
  await page.waitForFunction(() => /, /.test(document.getElementById("confidence").textContent));
  await page.screenshot({ path: join(screenshots, "server_pair.png") });
  await page.waitForSelector("text=Stopped. The joints can be downloaded.");
  const rows = await readRows(page);
  const pairs = rows.filter(({ people }) => people.filter(({ found }) => found).length === 2);
  assert.ok(pairs.length >= rows.length / 2, `two people in ${pairs.length} of ${rows.length}`);
  const text = checkRows(rows, poses);
  console.log(`ok: two people in ${pairs.length} of ${rows.length} frames of a video: ${text}`);
  checkRequests(page, address);
  await page.context().close();
}

/** The server ends while a camera is tracked; it comes back, and then it does not. */
async function checkLoss(browser, screenshots) {
  let server = await startServe();
  const { port } = new URL(server.address);
  const page = await openOnServer(browser, server.address);
  await page.waitForSelector("text=The server is ready.");
  await page.click("#camera");
  await waitForFrames(page, 5);
  await server.stop();
  await page.waitForSelector("text=The connection is lost. Connecting again");
  const before = Number(await page.textContent("#count"));
  server = await startServe([`--port=${port}`]);
  await page.waitForSelector("text=Tracking the camera.");
  await waitForFrames(page, before + 5);
  assert.equal(await page.textContent("#problem"), "");
  console.log("ok: the page continues after its server was started again");
  await server.stop();
  await page.waitForSelector("#problem:not([hidden])");
  const problem = await page.textContent("#problem");
  assert.equal(problem, "The server cannot be reached. Check that it runs.");
  await page.screenshot({ path: join(screenshots, "server_lost.png") });
  await page.check("#in-browser");
  await page.waitForSelector("text=The model is ready.");
  console.log(`ok: a server that is gone: ${problem}`);
  await page.context().close();
}

/** A server that requires a key, and one that refuses what it gets. */
async function checkRefusals(browser, folder, screenshots) {
  const keys = join(folder, "keys.txt");
  writeFileSync(keys, `${KEY}\n`);
  const server = await startServe([`--api_keys=${keys}`, "--max_rate=2"]);
  try {
    const page = await openOnServer(browser, server.address, { colorScheme: "dark" });
    await page.waitForSelector("text=This server requires an API key.");
    assert.equal(await page.evaluate(() => document.activeElement.id), "key");
    await checkAxe(page);
    await page.screenshot({ path: join(screenshots, "server_key.png") });
    await page.fill("#key", "a wrong key, never valid");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=The server does not know this API key.");
    await page.fill("#key", KEY);
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=The server is ready.");
    console.log("ok: no key, a wrong key and the right one");
    await page.click("#camera");
    await page.waitForSelector("text=The server ended the stream: more than 2 frames per second.");
    await page.waitForSelector("text=Stopped.");
    console.log(`ok: a refusal is shown: ${await page.textContent("#problem")}`);
    await page.context().close();
  } finally {
    await server.stop();
  }
}

/** The page of requests loads nothing from elsewhere. */
async function checkDocs(browser, address, screenshots) {
  const page = await open(browser, `${address}docs`);
  await page.waitForSelector("text=People in a still");
  await page.screenshot({ path: join(screenshots, "server_docs.png") });
  checkRequests(page, address);
  console.log("ok: /docs lists the requests, and loads nothing from elsewhere");
  await page.context().close();
}

/** All checks of the page on a real server; `browser` has a camera that plays the clip. */
export async function checkServer(browser, folder, screenshots) {
  const server = await startServe();
  try {
    await checkJoints(browser, server.address, folder);
    await checkCamera(browser, server.address, folder, screenshots);
    await checkPair(browser, server.address, folder, screenshots);
    await checkDocs(browser, server.address, screenshots);
  } finally {
    await server.stop();
  }
  await checkLoss(browser, screenshots);
  await checkRefusals(browser, folder, screenshots);
}

/**
 * Checks the built page in headless Chromium.
 *
 *   node checks/run.mjs PAGE FOLDER SCREENSHOTS MODEL.tflite ...
 *
 * FOLDER has what reference_poses.py writes, if it could be written. What cannot be checked is
 * printed as "SKIP: reason".
 */

import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { CHROMIUM, checkRequests, launch, open, waitForModel } from "./browser.mjs";
import { checkCamera, checkVideo } from "./camera.mjs";
import { checkAccess, checkNoCamera } from "./page.mjs";
import { compareClip, compareFrames, describe, median, TOLERANCE } from "./poses.mjs";
import { checkServer } from "./server.mjs";
import { startDemo, startPlain } from "./servers.mjs";

const [page, folder, screenshots, ...models] = process.argv.slice(2).map((path) => resolve(path));

const INT8_TOLERANCE = 2.5; // pixels, a quarter of a cell in this clip

function skip(reason) {
  console.log(`SKIP: ${reason}`);
}

/** Compares the joints of every model with Python's on every frame. */
async function checkJoints(browser, address) {
  const rgb = readFileSync(join(folder, "clip.rgb"));
  const tab = await open(browser, `${address}?test`);
  for (const [index, model] of models.entries()) {
    const name = basename(model, ".tflite");
    await tab.selectOption("#model", String(index));
    assert.deepEqual(await waitForModel(tab), { status: "The model is ready.", problem: "" });
    await tab.waitForFunction(() => window.ppnTest);
    const expected = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf-8"));
    const alone = await compareFrames(tab, rgb, expected);
    const clip = await compareClip(tab, rgb, expected);
    const threads = await tab.textContent("#threads");
    console.log(`    ${name}, ${threads} threads, frame by frame: ${describe(alone)}`);
    console.log(`    ${name}, ${threads} threads, as a clip: ${describe(clip)}`);
    let limit = `all joints of all frames within ${TOLERANCE} px of Python's`;
    if (name.endsWith("int8")) {
      limit = `half of the joints of single frames within ${INT8_TOLERANCE} px of Python's`;
      // Integer kernels of runtimes round differently.
      assert.ok(median(alone) <= INT8_TOLERANCE);
    } else if (name.endsWith("table")) {
      limit = `all joints of single frames within ${TOLERANCE} px of Python's`;
      assert.ok(Math.max(...alone) <= TOLERANCE);
    } else {
      assert.ok(Math.max(...alone, ...clip) <= TOLERANCE);
    }
    const { length } = expected.poses;
    console.log(`ok: ${name}: ${limit}; found and lost in the same of ${length} frames`);
  }
  assert.equal(await tab.evaluate(() => crossOriginIsolated), true);
  checkRequests(tab, address);
  await tab.context().close();
}

/** A static server: no threads, the user's own model, and use after the server has ended. */
async function checkPlainServer(browser) {
  const served = join(folder, "static");
  rmSync(served, { recursive: true, force: true });
  cpSync(page, served, { recursive: true });
  const server = await startPlain(served);
  try {
    const tab = await open(browser, server.address);
    const { problem } = await waitForModel(tab);
    assert.match(problem, /There is no model here\. Choose a \.tflite file/);
    writeFileSync(join(folder, "wrong.tflite"), "no model");
    await tab.setInputFiles("#model-file", join(folder, "wrong.tflite"));
    await tab.waitForSelector("text=This file is not a TensorFlow Lite model.");
    await tab.setInputFiles("#model-file", models[0]);
    await tab.waitForSelector("text=The model is ready.");
    assert.equal(await tab.textContent("#threads"), "1 (page not isolated)");
    checkRequests(tab, server.address);
    console.log("ok: a static server without threads; missing, wrong and own models");
    cpSync(models[0], join(served, "own.tflite"));
    const offers = { models: [{ name: "own", file: "own.tflite" }] };
    writeFileSync(join(served, "models.json"), JSON.stringify(offers));
    await tab.reload();
    assert.equal((await waitForModel(tab)).problem, "");
    await server.stop();
    await tab.reload();
    assert.deepEqual(await waitForModel(tab), { status: "The model is ready.", problem: "" });
    console.log("ok: works after its server has ended");
    await tab.context().close();
  } finally {
    await server.stop();
  }
}

async function main() {
  if (!CHROMIUM) {
    skip("no chromium; apt-get install chromium, or set CHROMIUM");
    return;
  }
  rmSync(screenshots, { recursive: true, force: true });
  mkdirSync(screenshots, { recursive: true });
  const demo = await startDemo(models);
  const clip = join(folder, "clip.y4m");
  try {
    const browser = await launch();
    await checkPlainServer(browser);
    await checkAccess(browser, demo.address, screenshots);
    await browser.close();
    await checkNoCamera(demo.address, screenshots);
    if (existsSync(clip)) {
      const camera = await launch(clip);
      await checkJoints(camera, demo.address);
      const name = basename(models[0], ".tflite");
      const { poses } = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf-8"));
      await checkCamera(camera, demo.address, poses, screenshots);
      await checkVideo(camera, demo.address, join(folder, "clip.webm"), poses, screenshots);
      await checkServer(camera, folder, screenshots);
      await camera.close();
    } else {
      skip("no clip of a person (../shared/data/videos/permissive), so no joints were compared");
    }
  } finally {
    await demo.stop();
  }
}

await main();

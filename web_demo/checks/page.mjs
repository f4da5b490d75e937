/** Checks of the page itself: accessibility, and cameras that are missing or denied. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { checkRequests, launch, open, waitForModel } from "./browser.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf-8");
const SERIOUS = ["serious", "critical"];

/** Asserts that axe-core finds no serious fault; returns the number of its rules that passed. */
export async function checkAxe(page) {
  await page.evaluate(`${AXE}; undefined`);
  const { violations, passes } = await page.evaluate(() => window.axe.run());
  const serious = violations.filter(({ impact }) => SERIOUS.includes(impact));
  const found = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  assert.deepEqual(found, []);
  return passes.length;
}

/** Accessibility in light and dark, at desktop and phone width; every control by keyboard. */
export async function checkAccess(browser, address, screenshots) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [name, viewport] of [
      ["desktop", { width: 1200, height: 820 }],
      ["phone", { width: 390, height: 844 }],
    ]) {
      const page = await open(browser, address, { colorScheme, viewport });
      assert.equal((await waitForModel(page)).problem, "");
      const passes = await checkAxe(page);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= viewport.width, `${name}: ${width} px wide, scrolls sideways`);
      await page.screenshot({ path: join(screenshots, `empty_${colorScheme}_${name}.png`) });
      checkRequests(page, address);
      console.log(`ok: axe-core, ${colorScheme}, ${name}: ${passes} rules passed, none failed`);
      await page.context().close();
    }
  }
  const page = await open(browser, address);
  await waitForModel(page);
  const reached = [];
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement?.id ?? ""));
  }
  for (const id of ["camera", "video-file", "model", "model-file", "accelerator", "smooth"]) {
    assert.ok(reached.includes(id), `#${id} is not reached by the Tab key: ${reached}`);
  }
  await drop(page, "notes.txt", "text/plain");
  assert.match(await page.textContent("#problem"), /notes\.txt: neither a video nor a \.tflite/);
  console.log("ok: the Tab key reaches every control; other dropped files are refused");
  await page.context().close();
}

/** Drops a file onto the page. */
async function drop(page, name, type) {
  await page.evaluate(
    ([name, type]) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["text"], name, { type }));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
    },
    [name, type],
  );
}

/** A computer without a camera, and a user who denies it. */
export async function checkNoCamera(address, screenshots) {
  for (const [camera, options, message] of [
    ["none", { permissions: ["camera"] }, /No camera was found\. Connect one/],
    ["denied", { permissions: [] }, /The camera was denied\. Allow it for this page/],
  ]) {
    const browser = await launch(camera);
    const page = await open(browser, address, options);
    await waitForModel(page);
    await page.click("#camera");
    await page.waitForSelector("#problem:not([hidden])");
    assert.match(await page.textContent("#problem"), message);
    assert.equal(await page.isDisabled("#stop"), true);
    await checkAxe(page);
    await page.screenshot({ path: join(screenshots, `camera_${camera}.png`) });
    console.log(`ok: camera ${camera}: ${await page.textContent("#problem")}`);
    await browser.close();
  }
}

/** Checks with a simulated camera and with a video file. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkRequests, open, waitForModel } from "./browser.mjs";
import { checkAxe } from "./page.mjs";
import { distancesFromNearest, median } from "./poses.mjs";

// Pixels, of people 400 pixels high: a camera shows other frames in other order than the clip.
const MAX_DISTANCE = 16;
const MIN_SHARE = 0.8; // of the frames; after a jump to another person the tracker needs some
const MIN_VIDEO_FRAMES = 30; // of 70: a file is slowed down on slow machines
const MIN_FRAMES = 90; // more than the clip has, which a camera plays again and again

export async function waitForFrames(page, count) {
  await page.waitForFunction(
    (count) => Number(document.getElementById("count").textContent) >= count,
    count,
  );
}

export async function download(page, button) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.click(button)]);
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), "utf-8") };
}

/** Waits for a frame in which the person is found, and saves the page as it looks then. */
export async function photograph(page, path) {
  await page.waitForFunction(() => document.getElementById("view").dataset.found === "true");
  await page.screenshot({ path });
}

/** Asserts that the skeleton lies on the person in the frames that a page tracked. */
export function checkRows(rows, expected) {
  const distances = distancesFromNearest(rows, expected);
  const count = distances.length;
  assert.ok(count >= rows.length / 3, `found ${count} times in ${rows.length} frames`);
  const close = distances.filter((distance) => distance <= MAX_DISTANCE).length;
  const text =
    `on the person in ${close} of ${count} poses, median ` +
    `${median(distances).toFixed(1)} px from Python's joints`;
  assert.ok(close >= MIN_SHARE * count, text);
  return text;
}

/** The skeleton lies on the person whom a simulated camera shows; downloads; screenshots. */
export async function checkCamera(browser, address, expected, screenshots) {
  for (const [name, options] of [
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["phone", { colorScheme: "light", viewport: { width: 390, height: 844 } }],
  ]) {
    const page = await open(browser, address, options);
    await waitForModel(page);
    await page.focus("#camera");
    await page.keyboard.press("Enter");
    await waitForFrames(page, name === "light" ? MIN_FRAMES : 10);
    await photograph(page, join(screenshots, `camera_${name}.png`));
    assert.equal(await page.textContent("#problem"), "");
    assert.equal(await page.textContent("#status"), "Tracking the camera.");
    assert.match(await page.getAttribute("#view", "class"), /mirrored/);
    const rate = Number(await page.textContent("#rate"));
    assert.ok(rate > 0.5, `${rate} frames per second`);
    if (name === "light") {
      await checkAxe(page);
      const times = [await page.textContent("#step-time"), await page.textContent("#start-time")];
      times.forEach((time) => assert.match(time, /^[\d.]+ \/ [\d.]+ ms$/));
      await page.click("#stop");
      await page.waitForSelector("text=Stopped. The joints can be downloaded.");
      const json = await download(page, "#json");
      const csv = await download(page, "#csv");
      assert.deepEqual([json.name, csv.name], ["pose.jsonl", "pose.csv"]);
      const rows = json.text.trimEnd().split("\n").map((line) => JSON.parse(line));
      assert.equal(csv.text.trimEnd().split("\n").length, rows.length + 1);
      console.log(
        `ok: camera: ${checkRows(rows, expected)}; ${rate} frames/s; step ${times[0]}, ` +
          `start ${times[1]}`,
      );
    }
    checkRequests(page, address);
    await page.context().close();
  }
}

/** The skeleton lies on the person of a video file, which is not mirrored. */
export async function checkVideo(browser, address, video, expected, screenshots) {
  const page = await open(browser, address);
  await waitForModel(page);
  await page.setInputFiles("#video-file", video);
  await page.waitForSelector("text=Tracking the video.");
  await waitForFrames(page, 2);
  assert.doesNotMatch((await page.getAttribute("#view", "class")) ?? "", /mirrored/);
  await photograph(page, join(screenshots, "video.png"));
  await page.click("#pause");
  await page.waitForSelector("text=Resume");
  await page.click("#pause");
  await page.waitForSelector("text=Stopped. The joints can be downloaded.");
  const { text } = await download(page, "#json");
  const rows = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.ok(rows.length >= MIN_VIDEO_FRAMES, `${rows.length} frames of the video were tracked`);
  rows.forEach(({ time }, i) => assert.ok(i === 0 || time > rows[i - 1].time, "times increase"));
  console.log(`ok: video file: ${checkRows(rows, expected)}`);
  checkRequests(page, address);
  await page.context().close();
}

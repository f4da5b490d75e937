/** Tables of the joints of a recording, in the formats of `ppn-tf track`: JSON lines and CSV. */

import type { Pose } from "./poses.js";
import { mean } from "./presence.js";

/** Pose in a tracked frame. */
export interface Row {
  /** Seconds since the start of the recording. */
  readonly time: number;
  readonly pose: Pose;
}

const TRACK_ID = 1;

/** Returns a JSON object per line; keypoints [x, y, score] are by joint name. */
export function toJsonLines(rows: readonly Row[], jointNames: readonly string[]): string {
  return rows
    .map(({ time, pose }, index) => {
      const keypoints = Object.fromEntries(jointNames.map((name, k) => [name, joint(pose, k)]));
      const { box, score, found } = fields(pose);
      const person = { track_id: TRACK_ID, keypoints, box, score, found };
      return `${JSON.stringify({ index, frame: index, time: round(time, 6), people: [person] })}\n`;
    })
    .join("");
}

/** Returns a table with a header and a row for each frame. */
export function toCsv(rows: readonly Row[], jointNames: readonly string[]): string {
  const header = ["index", "frame", "time", "track_id", "found", "score", "x1", "y1", "x2", "y2"];
  header.push(...jointNames.flatMap((name) => [`${name}_x`, `${name}_y`, `${name}_score`]));
  const lines = rows.map(({ time, pose }, index) => {
    const { box, score, found } = fields(pose);
    const joints = jointNames.flatMap((_, k) => joint(pose, k));
    return [index, index, round(time, 6), TRACK_ID, Number(found), score, ...box, ...joints];
  });
  return [header.map(quote), ...lines].map((line) => `${line.join(",")}\n`).join("");
}

function fields(pose: Pose): { box: number[]; score: number; found: boolean } {
  const score = round(mean(Array.from(pose.scores)), 3);
  return { box: pose.box.map((side) => round(side, 2)), score, found: pose.found };
}

function joint(pose: Pose, k: number): number[] {
  const { keypoints, scores } = pose;
  return [keypoints[2 * k]!, keypoints[2 * k + 1]!, scores[k]!].map((value) => round(value, 3));
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function quote(cell: string): string {
  return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

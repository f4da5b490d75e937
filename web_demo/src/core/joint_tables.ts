/** Tables of the joints of a recording, in the formats of `ppn-tf track`: JSON lines and CSV. */

import type { Person, Pose } from "./poses.js";
import { mean } from "./presence.js";

/** People in a tracked frame. */
export interface Row {
  /** Seconds since the start of the recording. */
  readonly time: number;
  readonly people: readonly Person[];
}

/** Returns a JSON object per line; keypoints [x, y, score] are by joint name. */
export function toJsonLines(rows: readonly Row[], jointNames: readonly string[]): string {
  return rows
    .map((row, index) => {
      const people = row.people.map((person) => {
        const keypoints = Object.fromEntries(jointNames.map((name, k) => [name, joint(person, k)]));
        return { track_id: person.trackId, keypoints, ...fields(person) };
      });
      return `${JSON.stringify({ index, frame: index, time: round(row.time, 6), people })}\n`;
    })
    .join("");
}

/** Returns a table with a header and a row for each person of each frame. */
export function toCsv(rows: readonly Row[], jointNames: readonly string[]): string {
  const header = ["index", "frame", "time", "track_id", "found", "score", "x1", "y1", "x2", "y2"];
  header.push(...jointNames.flatMap((name) => [`${name}_x`, `${name}_y`, `${name}_score`]));
  const lines = rows.flatMap(({ time, people }, index) =>
    people.map((person) => {
      const { box, score, found } = fields(person);
      const joints = jointNames.flatMap((_, k) => joint(person, k));
      const { trackId } = person;
      return [index, index, round(time, 6), trackId, Number(found), score, ...box, ...joints];
    }),
  );
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

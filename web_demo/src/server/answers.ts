/** Text messages of `ppn-tf serve`: poses in a frame, and the end of a stream. */

import type { Box } from "../core/images.js";
import type { Person } from "../core/poses.js";

type Joint = readonly [number, number, number]; // x, y, score

interface PersonFields {
  readonly track_id: number;
  readonly keypoints: Readonly<Record<string, Joint>>;
  readonly box: Box;
  readonly found: boolean;
}

interface MessageFields {
  readonly frame?: number;
  readonly people?: readonly PersonFields[];
  readonly restarted?: boolean;
  readonly dropped: readonly number[];
}

/** Message of the server. */
export interface Answer {
  /** Number of the answered frame among those sent, from 0; null in the last message. */
  readonly frame: number | null;
  readonly people: readonly Person[];
  /** Numbers of the frames that were dropped since the message before. */
  readonly dropped: readonly number[];
}

/** Reads a message; joints are in the order of `jointNames`. */
export function parseAnswer(text: string, jointNames: readonly string[]): Answer {
  const { frame, people = [], restarted = false, dropped } = JSON.parse(text) as MessageFields;
  const read = (fields: PersonFields): Person => toPerson(fields, restarted, jointNames);
  return { frame: frame ?? null, people: people.map(read), dropped };
}

function toPerson(
  { track_id, keypoints, box, found }: PersonFields,
  restarted: boolean,
  jointNames: readonly string[],
): Person {
  const joints = jointNames.map((name) => keypoints[name]!);
  return {
    trackId: track_id,
    keypoints: Float32Array.from(joints.flatMap(([x, y]) => [x, y])),
    scores: Float32Array.from(joints, ([, , score]) => score),
    box,
    found,
    restarted,
  };
}

/** Search for a person in a frame, by the network's initial heatmaps alone. */

import { MIN_SIDE, searchBoxes } from "./boxes.js";
import type { Joints } from "./dark.js";
import { jointsBox } from "./frame_crops.js";
import type { Box, Frame, Size } from "./images.js";
import type { PoseModel } from "./pose_model.js";
import { evidence, mean } from "./presence.js";
import { look } from "./recurrence.js";
import type { TrackerSettings } from "./settings.js";

// Side of the crop about a part of a person over that of a look about the same box.
const PART_GROWTH = 1.1;

/** A box, and the evidence for a person in it. */
export interface Candidate {
  readonly box: Box;
  readonly evidence: number;
}

/** Looks for a person in crops of a frame. */
export class PersonSearch {
  constructor(
    private readonly model: PoseModel,
    private readonly settings: TrackerSettings,
  ) {}

  /**
   * Looks `settings.refinements` times, each time about the pose of the last look, unless that
   * loses a person found before.
   */
  async refine(frame: Frame, candidate: Candidate): Promise<Candidate> {
    let { box, evidence } = candidate;
    let lookedAt = box;
    for (let i = 0; i < this.settings.refinements; i++) {
      const { keypoints, scores } = await this.look(frame, box);
      const latest = this.evidence(scores);
      if (latest < 0 && evidence >= 0) {
        return { box: lookedAt, evidence };
      }
      [lookedAt, evidence] = [box, latest];
      const refined = this.jointsBox(keypoints, scores, frame);
      if (refined === null) {
        break;
      }
      box = refined;
    }
    return { box, evidence };
  }

  /** Searches the whole frame; returns the look that shows most of a person, refined. */
  async find(frame: Frame): Promise<Candidate> {
    let best: Candidate | null = null;
    let highest = -Infinity;
    for (const box of searchBoxes(frame, this.model.description.startCrop.margin)) {
      const { scores } = await this.look(frame, box);
      if (mean(scores) > highest) {
        highest = mean(scores);
        best = { box, evidence: this.evidence(scores) };
      }
    }
    return this.refine(frame, best!);
  }

  /** Returns the evidence for a person, at least 0 if one counts as found. */
  evidence(scores: Float32Array): number {
    const { minScore, partScore } = this.settings;
    return evidence(scores, this.lowestConfidence, partScore, minScore);
  }

  /** Returns the lowest mean score of a frame in which the whole person counts as found. */
  private get lowestConfidence(): number {
    const { minScore, restartScore } = this.settings;
    return restartScore ?? this.model.description.restartScore ?? 0.75 * minScore;
  }

  /**
   * Returns the box about the confident joints of a frame.
   *
   * @returns null with too few joints, or all of them in one place
   */
  jointsBox(keypoints: Float32Array, scores: Float32Array, frame: Size): Box | null {
    const confident = Array.from(scores, (score) => score >= Math.fround(this.settings.minScore));
    const count = confident.filter(Boolean).length;
    if (count === 0 || count < this.settings.minJoints) {
      return null;
    }
    const box = jointsBox(keypoints, confident, frame);
    return Math.max(box[2] - box[0], box[3] - box[1]) >= MIN_SIDE ? box : null;
  }

  /**
   * Returns the box about which the next frame is cropped; see `jointsBox`.
   *
   * A person who is not seen as a whole is larger than the box about the joints. If crops are
   * narrower than those of looks, the box then grows.
   */
  boxToFollow(keypoints: Float32Array, scores: Float32Array, frame: Size): Box | null {
    const box = this.jointsBox(keypoints, scores, frame);
    const { startCrop, stepCrop } = this.model.description;
    const ratio = startCrop.margin / stepCrop.margin;
    if (box === null || ratio <= 1 || mean(scores) >= this.lowestConfidence) {
      return box;
    }
    return grown(box, PART_GROWTH * ratio);
  }

  private async look(frame: Frame, box: Box): Promise<Joints> {
    const { keypoints, scores } = await look(this.model, frame, box);
    return { keypoints, scores: clipScores(scores) };
  }
}

/** Returns scores within 0..1. */
export function clipScores(scores: Float32Array): Float32Array {
  return scores.map((score) => Math.min(Math.max(score, 0), 1));
}

function grown([x1, y1, x2, y2]: Box, scale: number): Box {
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const [halfWidth, halfHeight] = [(scale * (x2 - x1)) / 2, (scale * (y2 - y1)) / 2];
  return [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight];
}

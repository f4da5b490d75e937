/** Tracking of one person through a video, by the recurrence of a pose network. */

import { checkBox, checkWithin } from "./boxes.js";
import { CutDetector } from "./cuts.js";
import type { Joints } from "./dark.js";
import { Clock, PERIOD, isOver, newestShare } from "./frame_times.js";
import type { Box, Frame } from "./images.js";
import type { PoseModel } from "./pose_model.js";
import type { Pose } from "./poses.js";
import { Recurrence } from "./recurrence.js";
import { PersonSearch, clipScores } from "./search.js";
import { DEFAULTS, type TrackerSettings } from "./settings.js";

const LONGEST_WAIT = 1.07; // seconds between two searches for a lost person

/** State of a tracker between frames. */
interface State {
  box: Box;
  readonly recurrence: Recurrence;
  searchAt: number; // seconds without the person that trigger a search
  age: number; // frames since the recurrence started
  unrefreshedFor: number; // seconds since initial heatmaps started or refreshed it
  lostFor: number; // seconds without the person
}

/**
 * Tracks the pose of one person.
 *
 * Each frame is cropped about the last pose and passes through a `Recurrence`. Await each `update`
 * before the next one.
 */
export class Tracker {
  readonly settings: TrackerSettings;
  private readonly search: PersonSearch;
  private state: State | null = null;
  private firstBox: Box | null = null;
  private cutDetector = new CutDetector();
  private clock = new Clock();
  private period = PERIOD;

  constructor(
    readonly model: PoseModel,
    settings: Partial<TrackerSettings> = {},
  ) {
    this.settings = { ...DEFAULTS, ...settings };
    this.search = new PersonSearch(model, this.settings);
  }

  /** Forgets the person; the next `update` starts a video, with the person in a box if given. */
  reset(box: readonly number[] | null = null): void {
    this.state = null;
    this.firstBox = box === null ? null : checkBox(box);
    this.cutDetector = new CutDetector();
    this.clock = new Clock();
    this.period = PERIOD;
  }

  /** Restarts the recurrence with the next frame, in the box it would have had. */
  restart(): void {
    if (this.state !== null) {
      this.firstBox = this.state.box;
      this.state = null;
    }
  }

  /** Returns the seconds since the person was last found. */
  get lostFor(): number {
    return this.state?.lostFor ?? 0;
  }

  /**
   * Returns the pose in the next frame.
   *
   * @param time of the frame in seconds; by default, 1 / 30 s after the preceding frame
   */
  async update(frame: Frame, time: number | null = null): Promise<Pose> {
    const { settings, state } = this;
    this.period = this.clock.tick(time);
    const cut = settings.cuts && this.cutDetector.isCut(frame, this.period);
    if (state === null) {
      if (this.firstBox !== null) {
        checkWithin(this.firstBox, frame);
        return this.start(frame, this.firstBox);
      }
      return this.start(frame, (await this.search.find(frame)).box);
    }
    if (cut) {
      return (await this.seek(frame, state)) ?? this.step(frame, state);
    }
    if (settings.restartEvery && state.age >= settings.restartEvery && !state.lostFor) {
      return this.start(frame, state.box);
    }
    const pose = await this.step(frame, state);
    if (isOver(state.lostFor, state.searchAt, this.period)) {
      return (await this.seek(frame, state)) ?? pose;
    }
    return pose;
  }

  /** Starts the recurrence in a box, and takes the first step. */
  private async start(frame: Frame, box: Box): Promise<Pose> {
    const recurrence = await Recurrence.start(this.model, frame, box);
    const searchAt = this.settings.restartAfter;
    this.state = { box, recurrence, searchAt, age: 0, unrefreshedFor: 0, lostFor: 0 };
    return this.step(frame, this.state);
  }

  /** Takes a step of the recurrence, and moves the box to the pose. */
  private async step(frame: Frame, state: State): Promise<Pose> {
    const refreshAfter = this.settings.refreshAfter ?? this.model.description.refreshAfter;
    // A recurrence of age 0 was started with this frame.
    state.unrefreshedFor += state.age > 0 ? this.period : 0;
    const isRefreshed = refreshAfter > 0 && state.unrefreshedFor >= refreshAfter;
    if (isRefreshed) {
      state.unrefreshedFor = 0;
    }
    const joints = await state.recurrence.step(frame, state.box, this.period, isRefreshed);
    const pose = this.makePose(joints, state.box);
    state.age += 1;
    state.lostFor = pose.found ? 0 : state.lostFor + this.period;
    if (pose.found) {
      state.searchAt = this.settings.restartAfter;
    }
    const box = this.search.boxToFollow(pose.keypoints, pose.scores, frame);
    if (box !== null) {
      state.box = blend(state.box, box, newestShare(this.period, this.settings.boxLag));
    }
    return pose;
  }

  /** Restarts where the person is found in a frame; returns null if nobody is found. */
  private async seek(frame: Frame, state: State): Promise<Pose | null> {
    // The person may still be there, or anywhere.
    let best = await this.search.refine(frame, { box: state.box, evidence: -Infinity });
    if (this.settings.roam) {
      const found = await this.search.find(frame);
      best = found.evidence > best.evidence ? found : best;
    }
    if (best.evidence < 0) {
      const wait = Math.min(Math.max(state.lostFor, this.period), LONGEST_WAIT);
      state.searchAt = state.lostFor + wait;
      return null;
    }
    return { ...(await this.start(frame, best.box)), restarted: true };
  }

  private makePose(joints: Joints, box: Box): Pose {
    const scores = clipScores(joints.scores);
    const found = this.search.evidence(scores) >= 0;
    return { keypoints: joints.keypoints, scores, box, found, restarted: false };
  }
}

function blend(first: Box, second: Box, share: number): Box {
  const mixed = first.map((value, i) => Math.fround((1 - share) * value + share * second[i]!));
  return mixed as unknown as Box;
}

/** Settings of the tracker of one person. */

export interface TrackerSettings {
  /** Lowest score of a joint that shapes the next crop. */
  readonly minScore: number;
  /** With fewer joints above `minScore` the crop stays where it is. */
  readonly minJoints: number;
  /** Seconds by which the box lags behind the pose. */
  readonly boxLag: number;
  /** Looks at a frame without a box before the recurrence starts. */
  readonly refinements: number;
  /** Mean score below which a frame has lost the person; null: the model's, or 0.75 * minScore. */
  readonly restartScore: number | null;
  /** Mean score of five or more visible joints from which a part of a person counts as found. */
  readonly partScore: number;
  /** Seconds without the person after which the tracker searches; later searches are rarer. */
  readonly restartAfter: number;
  /** Frames after which the recurrence restarts in the current box; 0: never. */
  readonly restartEvery: number;
  /**
   * Seconds since the network's last initial heatmaps at which new ones refresh the previous
   * heatmaps; 0: never; null: as the model says.
   */
  readonly refreshAfter: number | null;
  /** Whether the tracker searches as soon as a new shot begins. */
  readonly cuts: boolean;
  /** Whether it searches the whole frame, and not only the last place of the person. */
  readonly roam: boolean;
}

export const DEFAULTS: TrackerSettings = {
  minScore: 0.2,
  minJoints: 4,
  boxLag: 1 / 30,
  refinements: 2,
  restartScore: null,
  partScore: 0.6,
  restartAfter: 0.17,
  restartEvery: 0,
  refreshAfter: null,
  cuts: true,
  roam: true,
};

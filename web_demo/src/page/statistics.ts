/** Figures about speed and confidence on the page. */

import { FrameRate, Latency } from "../core/latency.js";
import type { Person } from "../core/poses.js";
import { mean } from "../core/presence.js";
import { elements } from "./elements.js";
import type { TrackedFrame } from "./pose_tracker.js";

const REFRESH = 250; // milliseconds; figures that change with every frame cannot be read

export class Statistics {
  private readonly starts = new Latency();
  private readonly steps = new Latency();
  private readonly roundTrips = new Latency();
  private readonly rate = new FrameRate();
  private shown = 0;
  private frames = 0;
  private dropped = 0;

  /** Adds a frame, after which `dropped` frames of the source were left out in all. */
  add({ people, starts, steps, roundTrip }: TrackedFrame, dropped: number): void {
    const now = performance.now();
    this.frames += 1;
    this.dropped = dropped;
    starts.forEach((time) => this.starts.add(time));
    steps.forEach((time) => this.steps.add(time));
    if (roundTrip !== null) {
      this.roundTrips.add(roundTrip);
    }
    this.rate.add(now);
    if (now - this.shown < REFRESH) {
      return;
    }
    this.shown = now;
    elements.rate.textContent = this.rate.perSecond()?.toFixed(1) ?? "–";
    elements.confidence.textContent = describe(people);
    elements.stepTime.textContent = format(this.steps);
    elements.startTime.textContent = format(this.starts);
    elements.roundTrip.textContent = format(this.roundTrips, 0);
    this.showCounts();
  }

  showCounts(): void {
    elements.count.textContent = String(this.frames);
    elements.dropped.textContent = String(this.dropped);
  }
}

/** Returns the mean score of each person who was found, or else of the first guess. */
function describe(people: readonly Person[]): string {
  const score = ({ scores }: Person): string => mean(Array.from(scores)).toFixed(2);
  const found = people.filter((person) => person.found);
  if (found.length) {
    return found.map(score).join(", ");
  }
  return people[0] ? `${score(people[0])}, nobody found` : "nobody found";
}

function format(latency: Latency, digits = 1): string {
  const [median, high] = [latency.percentile(50), latency.percentile(95)];
  return median === null ? "–" : `${median.toFixed(digits)} / ${high!.toFixed(digits)} ms`;
}

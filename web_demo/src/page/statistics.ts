/** Figures about speed and confidence on the page. */

import { FrameRate, Latency } from "../core/latency.js";
import { mean } from "../core/presence.js";
import type { Tracked } from "../worker/messages.js";
import { elements } from "./elements.js";

const REFRESH = 250; // milliseconds; figures that change with every frame cannot be read

export class Statistics {
  private readonly starts = new Latency();
  private readonly steps = new Latency();
  private readonly rate = new FrameRate();
  private shown = 0;
  private frames = 0;

  add({ pose, starts, steps }: Tracked): void {
    const now = performance.now();
    this.frames += 1;
    starts.forEach((time) => this.starts.add(time));
    steps.forEach((time) => this.steps.add(time));
    this.rate.add(now);
    if (now - this.shown < REFRESH) {
      return;
    }
    this.shown = now;
    elements.rate.textContent = this.rate.perSecond()?.toFixed(1) ?? "–";
    const confidence = mean(Array.from(pose.scores)).toFixed(2);
    elements.confidence.textContent = pose.found ? confidence : `${confidence}, nobody found`;
    elements.stepTime.textContent = format(this.steps);
    elements.startTime.textContent = format(this.starts);
    this.showCount();
  }

  showCount(): void {
    elements.count.textContent = String(this.frames);
  }
}

function format(latency: Latency): string {
  const [median, high] = [latency.percentile(50), latency.percentile(95)];
  return median === null ? "–" : `${median.toFixed(1)} / ${high!.toFixed(1)} ms`;
}

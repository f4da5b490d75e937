/** Joints of the tracked frames since the source was opened, and their download. */

import { toCsv, toJsonLines, type Row } from "../core/joint_tables.js";
import type { Person } from "../core/poses.js";

const MAX_ROWS = 200_000; // almost two hours at 30 frames per second

const FORMATS = {
  jsonl: { write: toJsonLines, type: "application/x-ndjson" },
  csv: { write: toCsv, type: "text/csv" },
};

export class Recording {
  private rows: Row[] = [];
  private begin = 0;

  constructor(private readonly jointNames: readonly string[]) {}

  get length(): number {
    return this.rows.length;
  }

  /** Adds the people in a frame; beyond MAX_ROWS, the oldest frame is left out. */
  add(people: readonly Person[], time: number): void {
    this.begin = this.rows.length ? this.begin : time;
    this.rows.push({ people, time: time - this.begin });
    if (this.rows.length > MAX_ROWS) {
      this.rows.shift();
    }
  }

  download(format: keyof typeof FORMATS): void {
    const { write, type } = FORMATS[format];
    const address = URL.createObjectURL(new Blob([write(this.rows, this.jointNames)], { type }));
    const link = document.createElement("a");
    link.href = address;
    link.download = `pose.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }
}

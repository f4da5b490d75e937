/** Drawing of frames and skeletons. */

import type { Pose } from "../core/poses.js";
import type { Skeleton } from "./pose_tracker.js";

// The right side of a person is warm, the left side cool, the middle light.
const RIGHT = "#ff9d00";
const LEFT = "#2ec4ff";
const MIDDLE = "#f4f4f4";
const OUTLINE = "#101010";
const MIN_SCORE = 0.2; // lowest score of a joint that is drawn; up to twice of it, transparent

/** Draws the picture of a frame onto a canvas of its size. */
export function drawFrame(canvas: HTMLCanvasElement, bitmap: ImageBitmap): void {
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
}

/** Draws the joints and limbs of a person who was found, in pixels of the canvas. */
export function drawSkeleton(canvas: HTMLCanvasElement, pose: Pose, skeleton: Skeleton): void {
  if (!pose.found) {
    return;
  }
  const context = canvas.getContext("2d")!;
  const [x1, y1, x2, y2] = pose.box;
  const width = Math.max(2, Math.max(x2 - x1, y2 - y1) / 80);
  const place = (k: number): [number, number] => [
    pose.keypoints[2 * k]! + 0.5,
    pose.keypoints[2 * k + 1]! + 0.5,
  ];
  const opacity = (...joints: number[]): number => {
    const lowest = Math.min(...joints.map((k) => pose.scores[k]!));
    return lowest < MIN_SCORE ? 0 : lowest < 2 * MIN_SCORE ? 0.5 : 1;
  };
  context.save();
  context.lineCap = "round";
  for (const [i, j] of skeleton.limbs) {
    context.globalAlpha = opacity(i, j);
    context.beginPath();
    context.moveTo(...place(i));
    context.lineTo(...place(j));
    stroke(context, width + 2, OUTLINE);
    stroke(context, width, colorOf(skeleton.jointNames[i]!, skeleton.jointNames[j]!));
  }
  skeleton.jointNames.forEach((name, k) => {
    context.globalAlpha = opacity(k);
    context.beginPath();
    context.arc(...place(k), 0.9 * width, 0, 2 * Math.PI);
    context.fillStyle = colorOf(name);
    context.fill();
    stroke(context, 1, OUTLINE);
  });
  context.restore();
}

/** Empties the canvas. */
export function clear(canvas: HTMLCanvasElement): void {
  canvas.getContext("2d")!.clearRect(0, 0, canvas.width, canvas.height);
}

function stroke(context: CanvasRenderingContext2D, width: number, color: string): void {
  context.lineWidth = width;
  context.strokeStyle = color;
  context.stroke();
}

function colorOf(...names: string[]): string {
  const isOn = (side: string): boolean => names.every((name) => name.startsWith(side));
  return isOn("left") ? LEFT : isOn("right") ? RIGHT : MIDDLE;
}

"""Tracks a video by MediaPipe's pose solution: PYTHON mediapipe_pose.py VIDEO OUTPUT NUM_FRAMES.

Runs in an environment of its own, with mediapipe==0.10.14 and opencv-python-headless, without this
package. Like `ppn-tf track`, it decodes, tracks, draws, encodes and writes the joints as JSON.
"""

import json
import pathlib
import sys
import time
from typing import List

import cv2
import mediapipe


def main(video: str, output: str, num_frames: int) -> None:
  """Tracks the first frames of a video, and prints the frames per second."""
  solution = mediapipe.solutions.pose
  drawing = mediapipe.solutions.drawing_utils
  capture = cv2.VideoCapture(video)
  size = tuple(
    int(capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
  )
  fps = capture.get(cv2.CAP_PROP_FPS)
  writer = cv2.VideoWriter(output, cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
  joints: List[List[List[float]]] = []
  begin = time.perf_counter()
  with solution.Pose(static_image_mode=False, model_complexity=1) as pose:
    while len(joints) < num_frames:
      read, frame = capture.read()
      if not read:
        break
      landmarks = pose.process(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)).pose_landmarks
      points = landmarks.landmark if landmarks else []
      joints.append([[point.x, point.y, point.visibility] for point in points])
      drawing.draw_landmarks(frame, landmarks, solution.POSE_CONNECTIONS)
      writer.write(frame)
  writer.release()
  pathlib.Path(output).with_suffix(".json").write_text(json.dumps(joints))
  print(f"{len(joints)} frames, {len(joints) / (time.perf_counter() - begin):.1f} frames/s")


if __name__ == "__main__":
  main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

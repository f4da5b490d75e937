"""Makes a clip for the checks in a browser, and tracks it in Python.

  python web_demo/checks/reference_poses.py VIDEOS OUTPUT MODEL.tflite ...

The clip has a person on the left, then nobody, then another person on the right. Writes clip.y4m
(for a simulated camera), clip.webm, clip.rgb (the same frames as [T, H, W, 3] uint8), pair.webm
with both people at a time, and for each model NAME.json with the pose of every frame of the clip.
"""

import json
import pathlib
import sys
from typing import Iterator, List

import av
import cv2
import numpy as np

from ppn_tf.inference.tflite.metadata import read_description
from ppn_tf.keypoints.poses import Pose
from ppn_tf.tracking.tracker import Tracker

SIZE = (480, 640)  # (H, W)
FPS = 30


def read_frames(path: pathlib.Path, first: int, count: int) -> Iterator[np.ndarray]:
  """Yields frames [H, W, 3] uint8 RGB of a video."""
  with av.open(str(path)) as container:
    for index, frame in enumerate(container.decode(video=0)):
      if index >= first + count:
        return
      if index >= first:
        yield frame.to_ndarray(format="rgb24")


def place(frame: np.ndarray, left: int, width: int) -> np.ndarray:
  """Returns a gray frame with a picture in full height, `width` pixels wide."""
  height = round(frame.shape[0] * width / frame.shape[1])
  small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
  top = max(0, (height - SIZE[0]) // 2)
  small = small[top : top + SIZE[0]]
  canvas = np.full((*SIZE, 3), 110, np.uint8)
  down = (SIZE[0] - len(small)) // 2
  canvas[down : down + len(small), left : left + width] = small
  return canvas


def make_clip(videos: pathlib.Path) -> List[np.ndarray]:
  """Returns the frames [480, 640, 3] uint8 RGB."""
  taiji = [frame[:, 280:1000] for frame in read_frames(videos / "hybrik_taiji.mp4", 60, 30)]
  dance = read_frames(videos / "sleap_dance.mp4", 30, 30)
  empty = np.full((*SIZE, 3), 110, np.uint8)
  left = [place(frame, 0, 480) for frame in taiji]
  return [*left, *[empty] * 10, *(place(frame, 360, 270) for frame in dance)]


def pair_people(clip: List[np.ndarray]) -> List[np.ndarray]:
  """Returns frames with the first person of a clip on the left, and the second on the right."""
  middle = 360
  return [
    np.concatenate([left[:, :middle], right[:, middle:]], axis=1)
    for left, right in zip(clip[:30], clip[40:])
  ]


def write_y4m(frames: List[np.ndarray], path: pathlib.Path) -> None:
  """Writes frames as YUV 4:2:0."""
  with open(path, "wb") as file:
    file.write(f"YUV4MPEG2 W{SIZE[1]} H{SIZE[0]} F{FPS}:1 Ip A1:1 C420jpeg\n".encode())
    for frame in frames:
      file.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420).tobytes())


def decode_y4m(path: pathlib.Path) -> List[np.ndarray]:
  """Reads frames [H, W, 3] uint8 RGB from the file of `write_y4m`."""
  content = path.read_bytes()
  begin = content.index(b"\n") + 1
  length = SIZE[0] * SIZE[1] * 3 // 2
  step = len(b"FRAME\n") + length
  planes = [
    np.frombuffer(content, np.uint8, length, place + step - length)
    for place in range(begin, len(content), step)
  ]
  shape = (SIZE[0] * 3 // 2, SIZE[1])
  return [cv2.cvtColor(plane.reshape(shape), cv2.COLOR_YUV2RGB_I420) for plane in planes]


def write_video(frames: List[np.ndarray], path: pathlib.Path) -> None:
  """Writes frames as a video that browsers play."""
  with av.open(str(path), "w") as container:
    stream = container.add_stream("libvpx", rate=FPS)
    stream.width, stream.height, stream.bit_rate = SIZE[1], SIZE[0], 4_000_000
    for frame in frames:
      container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
    container.mux(stream.encode())


def track(frames: List[np.ndarray], model: str) -> dict:
  """Returns the poses of all frames, in JSON types.

  "poses" are those of the whole clip; "alone" has those of single frames, where the person was
  found: the tracker starts in the box that it had there.
  """
  # Clients have no other source of this setting than the file.
  score = read_description(model).get("restart_score")
  tracker = Tracker.from_preset(model, **({"restart_score": score} if score else {}))
  poses = [tracker.update(frame, index / FPS) for index, frame in enumerate(frames)]
  alone = []
  for frame, pose in zip(frames, poses):
    if pose.found:
      tracker.reset(pose.box)
      alone.append(to_json(tracker.update(frame)))
    else:
      alone.append(None)
  return {
    "width": SIZE[1],
    "height": SIZE[0],
    "fps": FPS,
    "poses": [to_json(pose) for pose in poses],
    "alone": alone,
  }


def to_json(pose: Pose) -> dict:
  """Returns a pose in JSON types."""
  return {
    "keypoints": pose.keypoints.tolist(),
    "scores": pose.scores.tolist(),
    "box": list(pose.box),
    "found": pose.found,
    "restarted": pose.restarted,
  }


def main(videos: str, output: str, *models: str) -> None:
  folder = pathlib.Path(output)
  folder.mkdir(parents=True, exist_ok=True)
  write_y4m(make_clip(pathlib.Path(videos)), folder / "clip.y4m")
  frames = decode_y4m(folder / "clip.y4m")
  write_video(frames, folder / "clip.webm")
  write_video(pair_people(frames), folder / "pair.webm")
  (folder / "clip.rgb").write_bytes(np.stack(frames).tobytes())
  for model in models:
    poses = track(frames, model)
    (folder / f"{pathlib.Path(model).stem}.json").write_text(json.dumps(poses))
    found = sum(pose["found"] for pose in poses["poses"])
    restarts = [i for i, pose in enumerate(poses["poses"]) if pose["restarted"]]
    print(f"{model}: found in {found} of {len(frames)} frames, restarted in {restarts}")


if __name__ == "__main__":
  main(*sys.argv[1:])

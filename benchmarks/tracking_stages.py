"""Processor time of the stages of tracking a video, measured in their threads."""

import contextlib
import pathlib
import time
from typing import Any, Dict, Iterator, Tuple
from unittest import mock

from ppn_tf.inference.pose_model import TFLitePoseModel
from ppn_tf.inference.present_places import PresentPlaces
from ppn_tf.tracking import search
from ppn_tf.tracking.cuts import CutDetector
from ppn_tf.tracking.output.overlay import OverlayPainter
from ppn_tf.tracking.track_video import track_video
from ppn_tf.tracking.video.decoder import Decoder
from ppn_tf.tracking.video.pictures import PictureMaker
from ppn_tf.tracking.video.writer import VideoWriter

# Methods by the name of their stage; stages do not call each other.
STAGES: Dict[str, Tuple[Tuple[Any, str], ...]] = {
  "decode": ((Decoder, "_decode"),),
  "to RGB": ((PictureMaker, "make"),),
  "crop": ((search.PersonSearch, "crop"), (search.PersonSearch, "crop_for_start")),
  "network": ((TFLitePoseModel, "_run"),),
  "read joints": ((PresentPlaces, "read"),),
  "find cuts": ((CutDetector, "is_cut"),),
  "paint": ((OverlayPainter, "paint"),),
  "encode": ((VideoWriter, "write"), (VideoWriter, "finish")),
}


@contextlib.contextmanager
def timed_stages() -> Iterator[Dict[str, float]]:
  """Adds up the seconds of processor time of each stage, in the threads that run it."""
  seconds = dict.fromkeys(STAGES, 0.0)

  def time_calls(stage: str, function: Any) -> Any:
    def timed(*args: Any, **kwargs: Any) -> Any:
      begin = time.thread_time()
      try:
        return function(*args, **kwargs)
      finally:
        seconds[stage] += time.thread_time() - begin

    return timed

  with contextlib.ExitStack() as stack:
    for stage, methods in STAGES.items():
      for owner, name in methods:
        timed = time_calls(stage, getattr(owner, name))
        stack.enter_context(mock.patch.object(owner, name, timed))
    yield seconds


def measure(video: pathlib.Path, people: int) -> Dict[str, float]:
  """Tracks a video with the network for people, on one thread, in this process.

  Args:
    video: the video.
    people: number of people to track, at most.
  Returns:
    Milliseconds of processor time per frame by stage. "rest" is that of everything else, above all
    of the encoder's own threads.
  """
  with timed_stages() as seconds:
    begin = time.process_time()
    summary = track_video(
      video,
      video.with_suffix(".stages.mp4"),
      output_json=video.with_suffix(".stages.json"),
      max_people=people,
      num_threads=1,
      overwrite=True,
    )
    total = time.process_time() - begin
  seconds["rest"] = total - sum(seconds.values())
  return {stage: 1000 * value / summary.num_frames for stage, value in seconds.items()}

"""Tracking of a whole video, from its path to the overlay and the tables of joints."""

import dataclasses
import functools
import os
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple, Union

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking import boxes, smoothing
from ppn_tf.tracking.output.outputs import Outputs
from ppn_tf.tracking.output.results import Summary, write_results
from ppn_tf.tracking.people_tracker import PeopleTracker
from ppn_tf.tracking.settings import TrackerSettings
from ppn_tf.tracking.tracker import Tracker
from ppn_tf.tracking.video.sources import Excerpt, open_source

PathLike = Union[str, os.PathLike]


@dataclasses.dataclass(frozen=True)
class VideoOptions:
  """Further options of `track_video`.

  Attributes:
    fps: frames per second of a folder of images.
    min_cutoff: One-Euro minimum cutoff in Hz; lower means less jitter.
    beta: One-Euro speed coefficient in Hz per body per second; higher means less lag.
    output_jsonl: joints as JSON lines, one for each frame.
    output_csv: joints as CSV, a row for each person in each frame.
    output_coco: joints as COCO keypoint annotations.
    output_openpose: folder of OpenPose's JSON files, one for each frame.
    output_deeplabcut: joints as DeepLabCut's table, .csv or .h5.
    output_sleap: joints as SLEAP's analysis file, .h5.
    output_nwb: joints as an NWB file with the extension ndx-pose, .nwb.
    output_angles: joint angles as CSV, a row for each person in each frame.
    overlay_angles: whether the overlay shows joint angles in degrees.
    contact_sheet: picture with frames of the overlay, .png or .jpg.
    sheet_every: frames from tile to tile of the contact sheet; 0: 12 to 23 tiles in all.
    overwrite: whether outputs of other videos are replaced; those of the same video always are.
    stop: called before each frame; True ends the video there and keeps the outputs.
  """

  fps: float = 30.0
  min_cutoff: float = smoothing.MIN_CUTOFF
  beta: float = smoothing.BETA
  output_jsonl: Optional[PathLike] = None
  output_csv: Optional[PathLike] = None
  output_coco: Optional[PathLike] = None
  output_openpose: Optional[PathLike] = None
  output_deeplabcut: Optional[PathLike] = None
  output_sleap: Optional[PathLike] = None
  output_nwb: Optional[PathLike] = None
  output_angles: Optional[PathLike] = None
  overlay_angles: bool = False
  contact_sheet: Optional[PathLike] = None
  sheet_every: int = 0
  overwrite: bool = False
  stop: Callable[[], bool] = lambda: False


def track_video(
  video: PathLike,
  output: Optional[PathLike] = None,
  *,
  model: Any = "people",
  max_people: int = 1,
  box: Optional[Sequence[float]] = None,
  start: float = 0.0,
  end: Optional[float] = None,
  every: int = 1,
  smooth: bool = True,
  output_json: Optional[PathLike] = None,
  **options: Any,
) -> Summary:
  """Tracks people through a video and writes all outputs, or none if an error occurs.

    ppn_tf.track_video("in.mp4", "out.mp4", output_json="out.json", max_people=2)

  Args:
    video: a video file, a folder of jpg or png frames, the number of a camera as text, or "-" for
      a stream on standard input.
    output: video with the people drawn over it, .mp4, .mov or .mkv.
    model: see `Tracker.from_preset`.
    max_people: number of people tracked at a time, at most.
    box: (x1, y1, x2, y2) of a person in the first frame, in pixels; by default people are
      searched for.
    start: time of the first frame, in seconds.
    end: time before which tracking stops, in seconds; None: the end of the video.
    every: step from one frame to the next, in frames.
    smooth: whether a One-Euro filter smooths the joints in all outputs.
    output_json: joints as JSON.
    **options: fields of `VideoOptions` and `TrackerSettings`, and the `skeleton`, `num_threads`
      and `checkpoint` of `Tracker.from_preset`.
  Returns:
    the numbers of frames and people, and the paths written.
  Raises:
    InputError: the video, the model or an output cannot be used.
    KeyboardInterrupt: `stop` returned True before the first frame.
    TypeError: an option of another name.
  """
  video_options, tracker_options = _split_options(options)
  outputs = Outputs(
    overlay=_to_text(output),
    json=_to_text(output_json),
    jsonl=_to_text(video_options.output_jsonl),
    csv=_to_text(video_options.output_csv),
    coco=_to_text(video_options.output_coco),
    angles=_to_text(video_options.output_angles),
    openpose=_to_text(video_options.output_openpose),
    deeplabcut=_to_text(video_options.output_deeplabcut),
    sleap=_to_text(video_options.output_sleap),
    nwb=_to_text(video_options.output_nwb),
    sheet=_to_text(video_options.contact_sheet),
  )
  if box is not None:
    boxes.check_box(box)
  if max_people < 1:
    raise InputError(f"max_people={max_people}: too few. Track at least one person.")
  excerpt = Excerpt(open_source(video, video_options.fps), start, end, every)
  outputs.check(str(excerpt.video.path), excerpt.is_live, video_options.overwrite)

  tracker = PeopleTracker(Tracker.from_preset(model, **tracker_options), max_people)
  tracker.reset(box)
  smoother = functools.partial(
    smoothing.PoseSmoother, video_options.min_cutoff, video_options.beta, tracker.min_score
  )
  return write_results(
    tracker,
    excerpt,
    outputs,
    smoother=smoother if smooth else None,
    sheet_every=video_options.sheet_every,
    draw_angles=video_options.overlay_angles,
    overwrite=video_options.overwrite,
    stop=video_options.stop,
  )


def _split_options(options: Mapping[str, Any]) -> Tuple[VideoOptions, Dict[str, Any]]:
  """Returns VideoOptions, and the options of `Tracker.from_preset` by name."""
  own = {field.name for field in dataclasses.fields(VideoOptions)}
  known = {field.name for field in dataclasses.fields(TrackerSettings)}
  unknown = set(options) - own - known - {"skeleton", "num_threads", "checkpoint"}
  if unknown:
    raise TypeError(f"track_video() got an unexpected keyword argument {min(unknown)!r}")
  video_options = VideoOptions(**{name: options[name] for name in options if name in own})
  return video_options, {name: options[name] for name in options if name not in own}


def _to_text(path: Optional[PathLike]) -> Optional[str]:
  return None if path is None else os.fspath(path)

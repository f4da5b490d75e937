"""Stream of one camera over a WebSocket: pictures in, poses out."""

import asyncio
import collections
import contextlib
import dataclasses
import json
import time
from typing import Any, Deque, Dict, List, NamedTuple, Optional

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ppn_tf.runtime.json_text import parse_json
from ppn_tf.serving.refusals import GOING_AWAY, RefusedError, fit_reason
from ppn_tf.serving.service import Service

_MAX_TEXT = 1000  # characters of a text message
MAX_TIME = 1e9  # seconds


class _WaitingFrame(NamedTuple):
  number: int
  time: float
  arrival: float
  picture: bytes


@dataclasses.dataclass(frozen=True)
class _End:
  """End of a stream.

  Attributes:
    code: close code; None if the client is gone.
    reason: one line for the client.
    drains: whether the waiting frames are answered before.
  """

  code: Optional[int] = None
  reason: str = ""
  drains: bool = False


class CameraStream:
  """Answers the frames of one camera in order, and drops the oldest when they come too fast.

  A binary message is a frame. A text message before it, {"time": seconds}, states its time;
  otherwise its time is that of its arrival. {"end": true} ends the stream after the answers to
  all waiting frames. Each answer lists the frames dropped since the answer before, and the last
  message those dropped after the last answer.
  """

  def __init__(self, websocket: WebSocket, service: Service, max_people: int, smooth: bool):
    """Takes a WebSocket that is not accepted yet.

    Args:
      websocket: connection to the client.
      service: workers, limits and metrics.
      max_people: number of people tracked at a time, at most.
      smooth: whether the joints are smoothed.
    """
    self._websocket, self._service = websocket, service
    self._options = max_people, smooth
    self._worker = service.pool.choose()
    self._key = service.new_key()
    self._waiting: Deque[_WaitingFrame] = collections.deque()
    self._dropped: List[int] = []
    self._num_frames = self._num_answers = self._num_dropped = 0
    self._begin: Optional[float] = None
    self._stated: Optional[float] = None  # time of the next frame
    self._states_times: Optional[bool] = None
    self._allowance, self._allowed_at = float(service.limits.max_rate), time.monotonic()
    self._last_answer = time.monotonic()
    self._answers_now = False
    self._news = asyncio.Event()
    self._end: Optional[_End] = None

  async def run(self) -> None:
    """Serves the stream until one side ends it."""
    with self._service.opened(self):
      async with self._worker.serving():
        await self._run()

  async def _run(self) -> None:
    receiver: Optional[asyncio.Future[None]] = None
    try:
      await self._websocket.accept()
      receiver = asyncio.ensure_future(self._receive())
      await self._answer_all()
      await self._close()
    except (WebSocketDisconnect, OSError, RuntimeError, asyncio.TimeoutError):
      pass  # the client is gone, or takes no answers
    finally:
      if receiver is not None:
        receiver.cancel()
        with contextlib.suppress(asyncio.CancelledError):
          await receiver
      with contextlib.suppress(RefusedError):
        await self._worker.call("forget", self._key)

  def stop(self) -> None:
    self._finish(_End(GOING_AWAY, "the server is stopping.", drains=True))

  def _finish(self, end: _End) -> None:
    """Ends the stream; the first reason counts, unless the client is gone."""
    if self._end is None or end.code is None:
      self._end = end
    self._news.set()

  async def _receive(self) -> None:
    """Takes messages until the stream ends."""
    idle_after = self._service.limits.idle_after
    while self._end is None or self._end.drains:
      try:
        message = await asyncio.wait_for(self._websocket.receive(), idle_after)
      except asyncio.TimeoutError:
        # A client may wait for each answer before it sends the next frame.
        if self._answers_now or time.monotonic() < self._last_answer + idle_after:
          continue
        self._finish(_End(1008, f"no frame for {idle_after:g} seconds."))
        return
      except RuntimeError:
        message = {"type": "websocket.disconnect"}
      if message["type"] == "websocket.disconnect":
        self._finish(_End())
        return
      try:
        if message.get("bytes") is not None:
          self._take_picture(message["bytes"])
        else:
          self._take_text(message.get("text") or "")
      except RefusedError as refusal:
        self._refuse(refusal)

  def _refuse(self, refusal: RefusedError) -> None:
    self._service.metrics.refused.labels(str(refusal.status)).inc()
    self._finish(_End(refusal.close_code, refusal.reason))

  def _take_picture(self, picture: bytes) -> None:
    limits, now = self._service.limits, time.monotonic()
    if len(picture) > limits.frame_bytes:
      raise RefusedError(413, f"a frame of more than {limits.frame_bytes:,} bytes.")
    self._allowance += (now - self._allowed_at) * limits.max_rate
    self._allowance = min(self._allowance, max(limits.max_rate, 1.0)) - 1.0
    self._allowed_at = now
    if self._allowance < 0:
      raise RefusedError(429, f"more than {limits.max_rate:g} frames per second.")
    states_time = self._stated is not None
    if self._states_times is None:
      self._states_times = states_time
    if states_time != self._states_times:
      raise RefusedError(422, "a time for some frames only. State all times or none.")
    self._begin = now if self._begin is None else self._begin
    moment = now - self._begin if self._stated is None else self._stated
    self._stated = None
    frame = _WaitingFrame(self._num_frames, moment, now, picture)
    self._num_frames += 1
    if self._end is not None:
      self._drop(frame)  # it came after the end
      return
    self._waiting.append(frame)
    if len(self._waiting) > limits.max_waiting:
      self._drop(self._waiting.popleft())
    self._news.set()

  def _drop(self, frame: _WaitingFrame) -> None:
    self._dropped.append(frame.number)
    self._num_dropped += 1
    self._service.metrics.dropped.inc()

  def _take_text(self, text: str) -> None:
    try:
      if len(text) > _MAX_TEXT:
        raise ValueError
      message = parse_json(text)
    except (ValueError, RecursionError):
      message = None
    if message == {"end": True}:
      self._finish(_End(1000, "", drains=True))
      return
    moment: Any = message.get("time") if isinstance(message, dict) and len(message) == 1 else None
    # Comparisons with NaN are false.
    if type(moment) not in (int, float) or not abs(moment) <= MAX_TIME:
      raise RefusedError(
        422, 'unknown text. Send {"time": seconds} before a frame, or {"end": true}.'
      )
    if self._stated is not None:
      raise RefusedError(422, "two times before one frame.")
    self._stated = float(moment)

  async def _answer_all(self) -> None:
    """Answers waiting frames until the stream ends."""
    while True:
      if self._end is not None and not (self._end.drains and self._waiting):
        return
      if not self._waiting:
        self._news.clear()
        await self._news.wait()
        continue
      frame = self._waiting.popleft()
      self._answers_now = True
      try:
        answer = await self._track(frame)
      except RefusedError as refusal:
        self._refuse(RefusedError(refusal.status, f"frame {frame.number}: {refusal.reason}"))
        return
      await self._send(answer)
      self._answers_now = False
      self._num_answers += 1
      self._last_answer = time.monotonic()
      metrics = self._service.metrics
      metrics.seconds.labels("stream").observe(self._last_answer - frame.arrival)
      metrics.count("stream", [answer])

  async def _track(self, frame: _WaitingFrame) -> Dict[str, Any]:
    begins = not self._num_answers
    answer = await self._worker.call(
      "track", self._key, begins, frame.number, frame.time, frame.picture, *self._options
    )
    dropped, self._dropped = self._dropped, []
    return {**answer, "num_dropped": len(dropped), "dropped": dropped}

  async def _send(self, answer: Dict[str, Any]) -> None:
    text = json.dumps(answer, allow_nan=False)
    await asyncio.wait_for(self._websocket.send_text(text), self._service.limits.idle_after)

  async def _close(self) -> None:
    """Names what was dropped since the last answer, and closes the connection."""
    end = self._end
    if end is None or end.code is None:
      return
    for frame in self._waiting:
      self._drop(frame)
    self._waiting.clear()
    if self._websocket.client_state is WebSocketState.CONNECTED:
      await self._send(
        {
          "end": end.reason or "ended by the client.",
          "frames": self._num_frames,
          "answers": self._num_answers,
          "num_dropped": len(self._dropped),
          "dropped": self._dropped,
          "num_dropped_in_all": self._num_dropped,
        }
      )
      await asyncio.wait_for(
        self._websocket.close(end.code, fit_reason(end.reason)), self._service.limits.idle_after
      )

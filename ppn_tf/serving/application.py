"""HTTP and WebSocket interface of a server."""

import base64
import binascii
import pathlib
from typing import Any, Dict, FrozenSet, List, Optional

import fastapi
import fastapi_offline
from fastapi import File, Form, Query, Request, UploadFile, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

import ppn_tf
from ppn_tf.serving import metrics as metrics_text
from ppn_tf.serving import page
from ppn_tf.serving.access import VIDEO_PATH, Application, Gate, refuse
from ppn_tf.serving.refusals import RefusedError
from ppn_tf.serving.service import Service, Wanted
from ppn_tf.serving.stream import MAX_TIME, CameraStream

_PICTURE = File(description="JPEG, PNG or WebP.")
_VIDEO = File(description="Video file, such as mp4 or webm.")
_PEOPLE = Query(1, description="People tracked at a time, at most.")
_SMOOTH = Query(True, description="Whether a One-Euro filter smooths the joints.")
_TIME = Form(
  None,
  alias="time",
  description="Seconds; by default 1 / 30 after the preceding frame.",
  ge=-MAX_TIME,
  le=MAX_TIME,
  allow_inf_nan=False,
)
_STATE = Form("", description="`state` of the preceding answer; empty for the first frame.")


def make_application(
  service: Service,
  keys: FrozenSet[bytes] = frozenset(),
  models: Optional[Dict[str, pathlib.Path]] = None,
) -> Application:
  """Returns the ASGI application of a service.

  Args:
    service: workers, limits and metrics.
    keys: digests of API keys from `access.read_keys`; none lets everybody in.
    models: .tflite files by name for the browser demo, whose page is then at /.
  """
  # Its page /docs loads nothing from elsewhere.
  app = fastapi_offline.FastAPIOffline(
    title="ppn-tf",
    version=ppn_tf.__version__,
    description="Human pose in video. Cameras send their frames to the WebSocket /v1/stream.",
  )
  _handle_refusals(app)
  _add_health(app, service)
  _add_requests(app, service)
  _add_stream(app, service)
  if models:
    page.add_page(app, page.FOLDER, models)
  return Gate(app, service.limits, service.metrics, keys)


def _handle_refusals(app: fastapi.FastAPI) -> None:
  @app.exception_handler(RefusedError)
  async def refused(request: Request, refusal: RefusedError) -> Response:
    return refuse(refusal.status, refusal.reason)

  @app.exception_handler(HTTPException)
  async def failed(request: Request, error: HTTPException) -> Response:
    return refuse(error.status_code, str(error.detail), error.headers)

  @app.exception_handler(RequestValidationError)
  async def invalid(request: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return refuse(422, f"{place}: {first['msg']}.")


def _add_health(app: fastapi.FastAPI, service: Service) -> None:
  @app.get("/healthz", summary="Whether the server answers")
  async def healthz() -> Dict[str, str]:
    return {"status": "ok"}

  @app.get("/readyz", summary="Whether the server takes frames; else 503")
  async def readyz() -> Response:
    ready = service.is_ready
    return JSONResponse({"status": "ready" if ready else "not ready"}, 200 if ready else 503)

  @app.get("/metrics", summary="Metrics in the format of Prometheus")
  async def metrics() -> Response:
    return Response(service.metrics.write(), media_type=metrics_text.CONTENT_TYPE)


def _add_requests(app: fastapi.FastAPI, service: Service) -> None:
  @app.post("/v1/pose", summary="People in a still")
  async def pose(
    request: Request, image: UploadFile = _PICTURE, max_people: int = _PEOPLE
  ) -> Dict[str, Any]:
    _check_people(service, max_people)
    content = await _read(image, service.limits.frame_bytes)
    answer: Dict[str, Any] = await service.call(
      _waits(request), "still", "look", content, max_people
    )
    service.metrics.count("still", [answer])
    return answer

  @app.post(VIDEO_PATH, summary="People in a short video")
  async def video(
    request: Request, video: UploadFile = _VIDEO, max_people: int = _PEOPLE, smooth: bool = _SMOOTH
  ) -> Dict[str, List[Any]]:
    _check_people(service, max_people)
    content = await _read(video, service.limits.video_bytes)
    rows = await service.track_video(_waits(request), content, max_people, smooth)
    service.metrics.count("video", rows)
    return {"frames": rows}

  @app.post("/v1/step", summary="Next frame of a stream whose state the client keeps")
  async def step(
    request: Request,
    image: UploadFile = _PICTURE,
    state: str = _STATE,
    moment: Optional[float] = _TIME,
    max_people: int = _PEOPLE,
    smooth: bool = _SMOOTH,
  ) -> Dict[str, Any]:
    _check_people(service, max_people)
    content = await _read(image, service.limits.frame_bytes)
    options = _decode_state(state), moment, max_people, smooth
    answer, blob = await service.call(_waits(request), "step", "step", content, *options)
    service.metrics.count("step", [answer])
    return {**answer, "state": base64.b64encode(blob).decode()}


def _waits(request: Request) -> Wanted:
  """Returns a function that tells whether a client still waits for its answer."""

  async def waits() -> bool:
    return not await request.is_disconnected()

  return waits


def _add_stream(app: fastapi.FastAPI, service: Service) -> None:
  # Browsers do not tell why a WebSocket was refused; this request does.
  @app.get("/v1/stream", summary="Whether a stream may begin, and what its answers consist of")
  async def describe() -> Dict[str, Any]:
    refusal = service.refuse_stream()
    if refusal is not None:
      raise RefusedError(*refusal)
    return {"max_people": service.limits.max_people, **await service.describe_joints()}

  @app.websocket("/v1/stream")
  async def stream(websocket: WebSocket) -> None:
    reason = service.refuse_stream()
    max_people, smooth = 1, True
    try:
      max_people = int(websocket.query_params.get("max_people", "1"))
      _check_people(service, max_people)
      smooth = _parse_switch(websocket.query_params.get("smooth", "true"))
    except ValueError:
      reason = 422, "max_people is a whole number, smooth is true or false."
    except RefusedError as refusal:
      reason = refusal.status, refusal.reason
    if reason is not None:
      service.metrics.refused.labels(str(reason[0])).inc()
      await websocket.send_denial_response(refuse(*reason))
      return
    await CameraStream(websocket, service, max_people, smooth).run()


def _check_people(service: Service, max_people: int) -> None:
  reason = service.limits.refuse_people(max_people)
  if reason:
    raise RefusedError(422, reason)


def _parse_switch(text: str) -> bool:
  if text.lower() not in ("true", "false", "1", "0"):
    raise ValueError
  return text.lower() in ("true", "1")


async def _read(file: UploadFile, limit: int) -> bytes:
  """Returns the content of an uploaded file.

  Raises:
    RefusedError: it has more than `limit` bytes.
  """
  content = await file.read()
  if len(content) > limit:
    raise RefusedError(413, f"a file of more than {limit:,} bytes.")
  return content


def _decode_state(text: str) -> bytes:
  try:
    return base64.b64decode(text, validate=True)
  except (binascii.Error, ValueError) as error:
    raise RefusedError(422, "state: not Base64. Send it as the preceding answer has it.") from error

"""Tests of files for TensorFlow Serving and of the client, by the server's own messages.

No tensorflow_model_server runs here: a gRPC server and an HTTP server of the test answer with the
SavedModel of a small function.
"""

import concurrent.futures
import http.server
import importlib.util
import json
import pathlib
import re
import threading

import numpy as np
import pytest

from export import models_config, saved_model, serving_requests
from ppn_tf.runtime.errors import InputError
from tests.command_calls import refusal

import tensorflow as tf

pytest.importorskip("tensorflow_serving", reason="tensorflow-serving-api is not installed")
CLIENT = pathlib.Path(__file__).parents[2] / "examples" / "serving" / "client.py"
FRAMES = np.random.default_rng(0).integers(0, 256, (3, 8, 6, 3)).astype(np.uint8)


def test_warm_up_requests_are_prediction_logs(tmp_path):
  from tensorflow_serving.apis import prediction_log_pb2

  frame = tf.random.uniform([1, 8, 6, 3])
  given = {
    "start": {"frame": frame},
    "step": {"frame": frame, "previous": tf.zeros([1, 2, 2, 5])},
    "track": {"frames": tf.cast(frame[None], tf.uint8)},
  }
  serving_requests.write(tmp_path, "swift", given)
  records = tf.data.TFRecordDataset(str(tmp_path / serving_requests.FILE)).as_numpy_iterator()
  logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
  assert [log.WhichOneof("log_type") for log in logs] == ["predict_log"] * 3
  requests = [log.predict_log.request for log in logs]
  assert {request.model_spec.name for request in requests} == {"swift"}
  assert [request.model_spec.signature_name for request in requests] == list(given)
  for request, inputs in zip(requests, given.values()):
    assert set(request.inputs) == set(inputs)
    for key, value in inputs.items():
      np.testing.assert_array_equal(tf.make_ndarray(request.inputs[key]), value)


def test_models_config_is_read_by_the_server_s_messages(tmp_path):
  from google.protobuf import text_format
  from tensorflow_serving.config import model_server_config_pb2

  path = tmp_path / "models.config"
  models_config.write(path, "swift", "/old/swift")
  models_config.write(path, "people", "/models/people")
  models_config.write(path, "swift", "/models/swift")
  config = text_format.Parse(path.read_text(), model_server_config_pb2.ModelServerConfig())
  models = config.model_config_list.config
  assert [(model.name, model.base_path, model.model_platform) for model in models] == [
    ("swift", "/models/swift", "tensorflow"),
    ("people", "/models/people", "tensorflow"),
  ]


@pytest.mark.parametrize(
  "text",
  ["notes", 'model_config_list { config { name: "a" model_version_policy { latest { } } } }'],
)
def test_other_lists_stay(tmp_path, text):
  path = tmp_path / "models.config"
  path.write_text(text)
  with pytest.raises(InputError, match="add the model by hand"):
    models_config.write(path, "swift", "/models/swift")
  assert path.read_text() == text


def test_command_checks_the_list_first(tmp_path):
  given = ("--random_weights", f"--output={tmp_path / 'swift'}")
  message = refusal(saved_model, *given, "--served_from=/models")
  assert message.startswith("--served_from=/models: given without --models_config")
  path = tmp_path / "models.config"
  path.write_text("notes")
  assert "add the model by hand" in refusal(saved_model, *given, f"--models_config={path}")
  assert [entry.name for entry in tmp_path.iterdir()] == ["models.config"]


@pytest.fixture(name="client", scope="module")
def fixture_client():
  spec = importlib.util.spec_from_file_location("serving_client", CLIENT)
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


@tf.function(input_signature=[tf.TensorSpec([None, None, 8, 6, 3], tf.uint8, "frames")])
def answer(frames):
  """Returns the brightest column and row of the first two channels as joints."""
  values = tf.cast(frames, tf.float32)[..., :2]
  columns = tf.argmax(tf.reduce_sum(values, axis=2), axis=2)
  rows = tf.argmax(tf.reduce_sum(values, axis=3), axis=2)
  keypoints = tf.cast(tf.stack([columns, rows], axis=-1), tf.float32)
  return {"keypoints": keypoints, "scores": tf.reduce_mean(values, axis=[2, 3]) / 255}


def check(keypoints, scores):
  expected = {key: value.numpy()[0] for key, value in answer(FRAMES[None]).items()}
  np.testing.assert_allclose(keypoints, expected["keypoints"])
  np.testing.assert_allclose(scores, expected["scores"], rtol=1e-5)
  assert keypoints.shape == (3, 2, 2)


def test_client_by_grpc(client):
  import grpc
  from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

  class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
    def Predict(self, request, context):  # noqa: N802, the name in the protocol
      assert request.model_spec.name == "swift"
      assert request.model_spec.signature_name == "track"
      response = predict_pb2.PredictResponse()
      for key, value in answer(tf.make_ndarray(request.inputs["frames"])).items():
        response.outputs[key].CopyFrom(tf.make_tensor_proto(value))
      return response

  with concurrent.futures.ThreadPoolExecutor(1) as threads:
    server = grpc.server(threads)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
      check(*client.track_by_grpc(f"127.0.0.1:{port}", "swift", FRAMES))
    finally:
      server.stop(None).wait()


class Handler(http.server.BaseHTTPRequestHandler):
  """Answers as TensorFlow Serving's REST API documents the column format."""

  def do_POST(self):  # noqa: N802, the name in the library
    body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
    assert (self.path, body["signature_name"]) == ("/v1/models/swift:predict", "track")
    frames = np.array(body["inputs"]["frames"], np.uint8)
    outputs = {key: value.numpy().tolist() for key, value in answer(frames).items()}
    content = json.dumps({"outputs": outputs}).encode()
    self.send_response(200)
    self.send_header("Content-Length", str(len(content)))
    self.end_headers()
    self.wfile.write(content)

  def log_message(self, *arguments):
    pass


def test_client_by_rest(client):
  with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
    thread = threading.Thread(target=server.handle_request, daemon=True)
    thread.start()
    check(*client.track_by_rest(f"http://127.0.0.1:{server.server_port}", "swift", FRAMES))
    thread.join(timeout=10)


def test_docker_file_has_the_ports_of_the_client():
  text = (CLIENT.parent / "Dockerfile").read_text()
  ports = set(re.findall(r"(?:--port|--rest_api_port)=(\d+)", text))
  assert ports == set(re.findall(r"127\.0\.0\.1:(\d+)", CLIENT.read_text()))

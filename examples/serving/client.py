"""Asks a TensorFlow Serving server for the joints in the crops of a clip, by REST or gRPC.

  python client.py CLIP.npy --rest=http://127.0.0.1:8501 --name=swift
  python client.py CLIP.npy --grpc=127.0.0.1:8500 --name=swift

CLIP.npy holds [T, H, W, 3] uint8 RGB crops of one person. Prints a JSON line for each frame. REST
needs NumPy only; gRPC needs the package tensorflow-serving-api.
"""

import argparse
import json
import sys
import urllib.request
from typing import Tuple

import numpy as np

TIMEOUT = 60.0  # seconds


def track_by_rest(url: str, name: str, frames: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
  """Returns keypoints [T, K, 2] in crop pixels and scores [T, K], given the server's REST URL."""
  body = {"signature_name": "track", "inputs": {"frames": frames[None].tolist()}}
  request = urllib.request.Request(
    f"{url}/v1/models/{name}:predict",
    json.dumps(body).encode(),
    {"Content-Type": "application/json"},
  )
  with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
    outputs = json.load(response)["outputs"]
  return np.array(outputs["keypoints"][0]), np.array(outputs["scores"][0])


def track_by_grpc(address: str, name: str, frames: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
  """Returns keypoints [T, K, 2] in crop pixels and scores [T, K], given the server's gRPC port."""
  import grpc
  from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

  import tensorflow as tf

  request = predict_pb2.PredictRequest()
  request.model_spec.name = name
  request.model_spec.signature_name = "track"
  request.inputs["frames"].CopyFrom(tf.make_tensor_proto(frames[None]))
  # Frames are larger than gRPC's default limit of 4 MB.
  options = [(f"grpc.max_{way}_message_length", -1) for way in ("send", "receive")]
  with grpc.insecure_channel(address, options=options) as channel:
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    outputs = stub.Predict(request, timeout=TIMEOUT).outputs
  keypoints, scores = (tf.make_ndarray(outputs[key])[0] for key in ("keypoints", "scores"))
  return keypoints, scores


def main() -> None:
  parser = argparse.ArgumentParser(description="Asks a server for the joints in a clip.")
  parser.add_argument("clip", help="a .npy file of [T, H, W, 3] uint8 RGB crops of one person")
  server = parser.add_mutually_exclusive_group(required=True)
  server.add_argument("--rest", help="URL of the REST port, such as http://127.0.0.1:8501")
  server.add_argument("--grpc", help="address of the gRPC port, such as 127.0.0.1:8500")
  parser.add_argument("--name", required=True, help="name of the model on the server")
  options = parser.parse_args()
  frames = np.load(options.clip)
  if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8:
    sys.exit(f"error: {options.clip}: expected T x H x W x 3 in uint8, got {frames.shape}.")
  if options.rest:
    keypoints, scores = track_by_rest(options.rest, options.name, frames)
  else:
    keypoints, scores = track_by_grpc(options.grpc, options.name, frames)
  for places, values in zip(keypoints, scores):
    print(json.dumps(np.column_stack([places, values]).round(3).tolist()))


if __name__ == "__main__":
  main()

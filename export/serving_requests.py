"""Warm-up requests of a SavedModel for TensorFlow Serving.

The requests are records of tensorflow_serving.PredictionLog in the folder
assets.extra of the model. The few messages are described here, because the package
that defines them requires a second TensorFlow.
"""

import pathlib
from typing import Any, Mapping

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import tensorflow as tf

from .serving_messages import Messages, describe_messages

FILE = pathlib.Path("assets.extra") / "tf_serving_warmup_requests"
_FIELD = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "ppn_tf_serving"
# Names, numbers and types of the fields, as in TensorFlow Serving's .proto files.
_MESSAGES: Messages = {
  "ModelSpec": {"name": (1, None), "signature_name": (3, None)},
  "PredictRequest": {"model_spec": (1, "ModelSpec"), "inputs": (2, "PredictRequest.InputsEntry")},
  "PredictLog": {"request": (1, "PredictRequest")},
  "PredictionLog": {"predict_log": (6, "PredictLog")},
}


def _describe() -> descriptor_pb2.FileDescriptorProto:
  file = describe_messages(_PACKAGE, _MESSAGES, ("inputs",))
  # A map of names to serialized TensorProtos, which are encoded as bytes like all messages.
  entry = file.message_type[1].nested_type.add(name="InputsEntry")
  entry.options.map_entry = True
  optional = _FIELD.LABEL_OPTIONAL
  entry.field.add(name="key", number=1, label=optional, type=_FIELD.TYPE_STRING)
  entry.field.add(name="value", number=2, label=optional, type=_FIELD.TYPE_BYTES)
  return file


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_describe())


def _message(name: str) -> Any:
  return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))()


def serialize_request(name: str, signature: str, inputs: Mapping[str, tf.Tensor]) -> bytes:
  """Returns a serialized PredictionLog of a request to a signature of model `name`."""
  log = _message("PredictionLog")
  spec = log.predict_log.request.model_spec
  spec.name, spec.signature_name = name, signature
  for key, value in inputs.items():
    log.predict_log.request.inputs[key] = tf.make_tensor_proto(value).SerializeToString()
  return log.SerializeToString()


def write(folder: pathlib.Path, name: str, requests: Mapping[str, Mapping[str, tf.Tensor]]) -> None:
  """Writes a request for each signature to the folder of a SavedModel that is served as `name`."""
  path = folder / FILE
  path.parent.mkdir(parents=True, exist_ok=True)
  with tf.io.TFRecordWriter(str(path)) as writer:
    for signature, inputs in requests.items():
      writer.write(serialize_request(name, signature, inputs))

"""Configuration of TensorFlow Serving, models.config, which lists the models of a server.

The file is tensorflow_serving.ModelServerConfig in protobuf's text format. The few fields that
this project writes are described here, as in `serving_messages`.
"""

import pathlib
from typing import Any

from google.protobuf import descriptor_pool, message_factory, text_format

from ppn_tf.runtime.errors import InputError, first_line
from ppn_tf.runtime.files import complete_or_absent

from .serving_messages import Messages, describe_messages

_PACKAGE = "ppn_tf_models_config"
# Names, numbers and types of the fields, as in TensorFlow Serving's .proto files.
_MESSAGES: Messages = {
  "ModelConfig": {"name": (1, None), "base_path": (2, None), "model_platform": (4, None)},
  "ModelConfigList": {"config": (1, "ModelConfig")},
  "ModelServerConfig": {"model_config_list": (1, "ModelConfigList")},
}
_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(describe_messages(_PACKAGE, _MESSAGES, ("config",)))


def read(path: pathlib.Path) -> Any:
  """Reads the ModelServerConfig of a file; an empty one if there is no file.

  Raises:
    InputError: the file is not readable, or has fields that this project does not write.
  """
  name = f"{_PACKAGE}.ModelServerConfig"
  config: Any = message_factory.GetMessageClass(_POOL.FindMessageTypeByName(name))()
  try:
    if path.exists():
      text_format.Parse(path.read_text(encoding="utf-8"), config)
  except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
    raise InputError(
      f"{path}: is no list of models with names and paths alone ({first_line(error)}). Give "
      "another --models_config, or add the model by hand."
    ) from error
  return config


def write(path: pathlib.Path, name: str, base_path: str) -> None:
  """Adds a model to a file, or replaces the one of the same name.

  Args:
    path: the file; it is created if it does not exist.
    name: name of the model for clients.
    base_path: folder of the model's versions, where the server finds it.
  Raises:
    InputError: see `read`.
  """
  config = read(path)
  models = config.model_config_list.config
  known = [model for model in models if model.name == name]
  model = known[0] if known else models.add(name=name)
  model.base_path, model.model_platform = base_path, "tensorflow"
  with complete_or_absent(path) as partial:
    partial.write_text(text_format.MessageToString(config), encoding="utf-8")

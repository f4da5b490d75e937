"""Messages of TensorFlow Serving, described without the package that defines them."""

from typing import Any, Collection, Dict, Mapping, Optional, Tuple

from google.protobuf import descriptor_pb2

_FIELD = descriptor_pb2.FieldDescriptorProto
# Number and message type of each field by name, by name of the message; None for text.
Messages = Mapping[str, Mapping[str, Tuple[int, Optional[str]]]]


def describe_messages(
  package: str, messages: Messages, repeated: Collection[str]
) -> descriptor_pb2.FileDescriptorProto:
  """Describes messages as a .proto file does.

  Args:
    package: name of the package, and of the file.
    messages: the messages, with numbers and types of the fields as in TensorFlow Serving.
    repeated: names of the repeated fields.
  """
  file = descriptor_pb2.FileDescriptorProto(
    name=f"{package}.proto", package=package, syntax="proto3"
  )
  for name, fields in messages.items():
    message = file.message_type.add(name=name)
    for field, (number, kind) in fields.items():
      options: Dict[str, Any] = {"type": _FIELD.TYPE_STRING}
      if kind:
        options = {"type": _FIELD.TYPE_MESSAGE, "type_name": f".{package}.{kind}"}
      label = _FIELD.LABEL_REPEATED if field in repeated else _FIELD.LABEL_OPTIONAL
      message.field.add(name=field, number=number, label=label, **options)
  return file

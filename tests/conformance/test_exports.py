"""Tests that the exported forms of every model in the list equal the model."""

import pytest

from ppn_tf.inference import saved_model
from ppn_tf.inference.pose_model import TFLitePoseModel
from ppn_tf.inference.tensorflow_models import SavedModelPoseModel
from ppn_tf.inference.tflite import convert
from ppn_tf.runtime.errors import InputError
from tests.conformance.built_models import CLIP, FORMS, build, relative_error
from tests.conformance.models import JOINTS, SIZE

EXPORTED = [case for case in FORMS if case.id != "ppn_from_first"]


@pytest.mark.parametrize("name", EXPORTED)
def test_exports_agree(name, tmp_path):
  model, clip = build(name), CLIP
  saved_model.write_saved_model(model, tmp_path / "saved")
  content = convert.to_tflite(model)
  (tmp_path / "model.tflite").write_bytes(content)
  assert not [op for op in convert.count_ops(content) if op.startswith("custom:")]
  for form in (
    SavedModelPoseModel(tmp_path / "saved"),
    TFLitePoseModel(tmp_path / "model.tflite"),
  ):
    assert (form.image_size, form.num_joints, form.stride) == (SIZE, JOINTS, 4)
    states = [form.start(clip[0, 0]), model.start(clip[:, 0])]
    assert relative_error(states[0], states[1][0]) < 2e-3
    for frame in clip[0]:
      states = [form.step(frame, states[0]), model.step(frame[None], states[1])]
      assert relative_error(states[0], states[1][0]) < 2e-3


def test_from_first_is_not_exported():
  with pytest.raises(InputError, match="--propagation=chained"):
    convert.to_tflite(build("ppn_from_first"))

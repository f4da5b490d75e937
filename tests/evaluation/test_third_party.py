"""Tests of ppn_tf.evaluation.third_party, on tiny networks with the tensors of real ones.

In frames, red is the column and green the row. A network returns fixed positions in its crop, with
the colors there as scores, so that the scores encode the correct positions.
"""

import numpy as np
import pytest
from PIL import Image

from data.clips import dataset
from data.clips.source import ClipsSource
from ppn_tf.clips import records
from ppn_tf.evaluation import crop_networks
from ppn_tf.evaluation.third_party import EFFICIENTPOSE_JOINTS, load_third_party
from ppn_tf.keypoints.joint_maps import BLAZEPOSE_JOINTS, COCO_JOINTS
from ppn_tf.runtime.errors import InputError
from tests.data.clips.own_clips import CATEGORY, save

import tensorflow as tf

SIZE, NUM_FRAMES = 32, 2 * crop_networks.CHUNK + 3
# Rows and columns of the crop inside the frame in every test.
ROWS = np.arange(17) % 7 + 9
COLUMNS = (3 * np.arange(17)) % 11 + 9


def convert(folder, function, *shape, dtype=tf.float32):
  """Converts a function of one tensor to a .tflite file."""
  spec = tf.TensorSpec(shape, dtype)
  concrete = tf.function(function, input_signature=[spec]).get_concrete_function()
  path = folder / "network.tflite"
  path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert())
  return path


def colours(image, rows, columns):
  """Returns the colors at positions: red for even indices, green for odd indices."""
  channels = np.arange(len(rows)) % 2
  return tf.gather_nd(image[0], np.stack([rows, columns, channels], axis=-1))


def movenet(image):
  scores = colours(tf.cast(image, tf.float32), ROWS, COLUMNS)
  places = tf.constant(np.stack([ROWS + 0.5, COLUMNS + 0.5], axis=-1) / SIZE, tf.float32)
  return tf.concat([places, scores[:, None]], axis=-1)[None, None]


def read_colours(keypoints):
  """Returns frame colors at keypoints [..., J, 2]: column for even, row for odd joints."""
  even = np.arange(keypoints.shape[-2]) % 2 == 0
  return np.where(even, keypoints[..., 0], keypoints[..., 1])


def place(center, side, size, joint):
  """Maps a cell (row, column) of a crop to frame pixels, from the borders of the crop."""
  row, column = joint
  return [(edge + 0.5) / size * side + middle - side / 2 for edge, middle in
          ((column, center[0]), (row, center[1]))]  # fmt: skip


@pytest.fixture(name="builder", scope="module")
def fixture_builder(tmp_path_factory):
  """Returns a clip of 120 x 160 pixels, with the box (40 + t, 20, 120 + t, 80) in frame t."""
  root = tmp_path_factory.mktemp("ramps")
  y, x = np.mgrid[:120, :160]
  (root / "own" / "ramp").mkdir(parents=True)
  for frame in range(NUM_FRAMES):
    image = np.stack([x, y, 0 * x], axis=-1).astype(np.uint8)
    Image.fromarray(image).save(root / "own" / "ramp" / f"{frame:03d}.png")
  annotations = [
    {
      "image_id": frame,
      "category_id": 1,
      "keypoints": [60 + frame, 30, 2, 90 + frame, 50, 2, 60 + frame, 50, 2, 0, 0, 0, 0, 0, 0],
      "bbox": [40 + frame, 20, 80, 60],
    }
    for frame in range(NUM_FRAMES)
  ]
  images = [{"id": frame, "clip": "ramp", "frame": frame} for frame in range(NUM_FRAMES)]
  content = {"categories": [CATEGORY], "images": images, "annotations": annotations}
  save(root / "own", {**content, "clips": [{"name": "ramp", "split": "test"}]})
  source = ClipsSource(root / "own", strict=True)
  return records.open_records(dataset.prepare(source, str(root / "records"), "ramps"))


@pytest.mark.parametrize(
  ("dtype", "tolerance"), [(tf.float32, 1e-3), (tf.int32, 0.501), (tf.uint8, 0.501)]
)
def test_movenet(builder, tmp_path, dtype, tolerance):
  peer = load_third_party(convert(tmp_path, movenet, 1, SIZE, SIZE, 3, dtype=dtype))
  assert peer.joint_names == COCO_JOINTS and peer.image_size == (SIZE, SIZE)
  (predictions,) = peer.predict(builder, "test")
  assert list(peer.predict(builder, "test", leave_out={predictions.clip})) == []
  assert predictions.clip == "ramp" and predictions.joint_names == COCO_JOINTS
  assert predictions.keypoints.shape == (NUM_FRAMES, 17, 2) and predictions.scores.shape == (
    NUM_FRAMES,
    17,
  )
  # An integer network gets colors as whole numbers.
  np.testing.assert_allclose(
    predictions.scores, read_colours(predictions.keypoints), atol=tolerance
  )
  # 1.25 x the longer side of the box, about its center.
  frame, joint = 11, (ROWS[5], COLUMNS[5])
  expected = place((80 + frame, 50), 100, SIZE, joint)
  np.testing.assert_allclose(predictions.keypoints[frame, 5], expected, atol=1e-3)


def test_box_of_joints_and_margin(builder, tmp_path):
  peer = load_third_party(convert(tmp_path, movenet, 1, SIZE, SIZE, 3))
  (predictions,) = peer.predict(builder, "test", box="joints", margin=2.0)
  # The joints are 30 pixels wide, and the box of Penn Action is 1.2 times as wide.
  expected = place((75 + 4, 40), 2.0 * 1.2 * 30, SIZE, (ROWS[8], COLUMNS[8]))
  np.testing.assert_allclose(predictions.keypoints[4, 8], expected, atol=1e-3)
  np.testing.assert_allclose(predictions.scores, read_colours(predictions.keypoints), atol=1e-3)


def test_blazepose(builder, tmp_path):
  rows, columns = np.arange(39) % 32 + 90, np.arange(39) * 2 + 90

  def network(image):
    # Visibility is the logit of the color; presence is higher.
    color = colours(image, rows, columns)
    logit = tf.math.log(color / (1.0 - color))
    logits = tf.concat([0 * logit[:, None], logit[:, None], logit[:, None] + 1.0], axis=-1)
    places = tf.constant(np.stack([columns + 0.5, rows + 0.5], axis=-1), tf.float32)
    return tf.reshape(tf.concat([places, logits], axis=-1), [1, 195])

  peer = load_third_party(convert(tmp_path, network, 1, 256, 256, 3))
  assert peer.joint_names == BLAZEPOSE_JOINTS and peer.image_size == (256, 256)
  (predictions,) = peer.predict(builder, "test")
  np.testing.assert_allclose(
    255 * predictions.scores, read_colours(predictions.keypoints), atol=2e-3
  )
  expected = place((80 + 2, 50), 100, 256, (rows[32], columns[32]))
  np.testing.assert_allclose(predictions.keypoints[2, 32], expected, atol=1e-3)


def test_efficientpose(builder, tmp_path):
  rows, columns = ROWS[:16], COLUMNS[:16]
  spots = np.zeros((1, SIZE, SIZE, 16), np.float32)
  spots[0, rows, columns, np.arange(16)] = 1.0
  mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])

  def network(image):
    return spots * colours(image * std + mean, rows, columns)

  peer = load_third_party(convert(tmp_path, network, 1, SIZE, SIZE, 3))
  assert peer.joint_names == EFFICIENTPOSE_JOINTS
  (predictions,) = peer.predict(builder, "test")
  np.testing.assert_allclose(
    255 * predictions.scores, read_colours(predictions.keypoints), atol=2e-3
  )
  expected = place((80, 50), 100, SIZE, (rows[3], columns[3]))
  np.testing.assert_allclose(predictions.keypoints[0, 3], expected, atol=1e-3)


@pytest.mark.parametrize(
  ("shape", "answer", "received"),
  [
    ((1, 8, 8, 3), (1, 5), "gives float32 [1, 5]"),
    ((1, 8, 8, 3), (1, 8, 8, 13), "gives float32 [1, 8, 8, 13]"),
    ((1, 8, 8, 3), (1, 195), "takes float32 [1, 8, 8, 3]"),
    ((1, 8, 12, 3), (1, 1, 17, 3), "takes float32 [1, 8, 12, 3]"),
    ((1, 8, 8, 1), (1, 1, 17, 3), "takes float32 [1, 8, 8, 1]"),
    ((2, 8, 8, 3), (1, 1, 17, 3), "takes float32 [2, 8, 8, 3]"),
  ],
)
def test_unknown_networks_are_refused(tmp_path, shape, answer, received):
  path = convert(tmp_path, lambda image: tf.zeros(answer) + tf.reduce_sum(image), *shape)
  with pytest.raises(InputError) as caught:
    load_third_party(path)
  message = str(caught.value)
  assert str(path) in message and received in message and "\n" not in message


def test_invalid_files_are_refused(tmp_path):
  with pytest.raises(InputError, match="no such file"):
    load_third_party(tmp_path / "none.tflite")
  (tmp_path / "text.tflite").write_text("no network")
  with pytest.raises(InputError, match="not a TensorFlow Lite model"):
    load_third_party(tmp_path / "text.tflite")

"""Tests of PP-TinyPose's weights: Lite-HRNet reproduces PP-TinyPose's own graph."""

import pathlib
from unittest import mock

import numpy as np
import pytest

from ppn_tf.models.backbones import lite_hrnet
from ppn_tf.models.backbones.tinypose import read_tinypose
from ppn_tf.models.pose_net import pose_net
from ppn_tf.runtime.errors import InputError
from ppn_tf.training.initial_weights import load_weights

import tensorflow as tf

FILE = (
  pathlib.Path(__file__).parents[4] / "shared/data/models/pp_tinypose/tinypose_256x192_fp16.xml"
)
# Heatmaps of OpenVINO 2026.4.1, in float32, of the image of `draw_image` with ImageNet's mean and
# deviation: their highest values, the cells of these, row by row, and the values in the middle.
HIGHEST = [0.0239, 0.02328, 0.01748, 0.02481, 0.01679, 0.02125, 0.0316, 0.01969, 0.01556, 0.01158]
HIGHEST += [0.0333, 0.09273, 0.09267, 0.09334, 0.09827, 0.13896, 0.14182]
CELLS = [1612, 1854, 1855, 560, 0, 144, 144, 1245, 4, 166, 0, 272, 350, 2720, 2612, 2814, 2807]
MIDDLE = [0.01333, 0.00712, 0.00576, 0.00186, 0.0025, 0.00206, 0.00181, 0.00239, 0.00127, 0.00021]
MIDDLE += [0.00074, 0.00057, 0.00031, 0.01768, 0.0285, 0.00061, 0.00147]


@pytest.fixture(name="file")
def fixture_file():
  if not FILE.exists():
    pytest.skip(f"{FILE} does not exist")
  return FILE


def draw_image() -> np.ndarray:
  return np.random.default_rng(0).integers(0, 256, (1, 256, 192, 3)).astype(np.float32)


@pytest.fixture(name="network", scope="module")
def fixture_network():
  return pose_net("lite_hrnet", (256, 192), 17)


@pytest.mark.slow
def test_network_computes_the_heatmaps_of_openvino(network, file):
  loaded = load_weights(network, "body", "lite_hrnet", str(file))
  assert {layer.name for layer in network.layers if layer.weights} == {x.name for x in loaded}
  maps = network(draw_image())[0].numpy().reshape(-1, 17)
  np.testing.assert_allclose(maps.max(axis=0), HIGHEST, atol=1e-5)
  np.testing.assert_array_equal(maps.argmax(axis=0), CELLS)
  np.testing.assert_allclose(maps[32 * 48 + 24], MIDDLE, atol=1e-5)


@pytest.mark.slow
def test_enlarged_network_sees_a_third_more_pixels(file):
  """Enlarges frames and reduces heatmaps outside of the network, by the functions of tf.image."""
  enlarged = pose_net("lite_hrnet_enlarged", (96, 96), 17)
  plain = pose_net("lite_hrnet", (128, 128), 17)
  for network, backbone in ((enlarged, "lite_hrnet_enlarged"), (plain, "lite_hrnet")):
    load_weights(network, "head", backbone, str(file))
  frames = tf.constant(draw_image()[:, 80:176, :96])
  maps = plain(tf.image.resize(frames, (128, 128)))
  assert enlarged.output_shape == (None, 24, 24, 17) and maps.shape[1] == 32
  np.testing.assert_allclose(enlarged(frames), tf.image.resize(maps, (24, 24)), atol=1e-5)


def test_frames_are_enlarged_to_multiples_of_32():
  modules = dict.fromkeys(lite_hrnet.MODULES, 1)
  for size, seen in ((192, 256), (96, 128), (64, 96)):
    with mock.patch.multiple(lite_hrnet, MODULES=modules, UNITS=1):
      network = tf.keras.Model(*lite_hrnet.lite_hrnet_enlarged((size, size)))
    assert network.get_layer("enlarge_frames").output_shape[1:3] == (seen, seen)
    assert network.output_shape[1:] == (size // 4, size // 4, 40)


@pytest.mark.slow
def test_features_serve_other_joints(network, file):
  features = network.get_layer("heatmaps").input
  heatmaps = tf.keras.layers.Conv2D(13, 1, name="heatmaps")(features)
  network = tf.keras.Model(network.input, heatmaps)
  loaded = load_weights(network, "head", "lite_hrnet", str(file))
  unset = {layer.name for layer in network.layers if layer.weights} - {x.name for x in loaded}
  assert unset == {"heatmaps"}


@pytest.mark.slow
def test_other_backbones_are_refused(file):
  with pytest.raises(InputError, match=f"{file.name}: .* PP-TinyPose starts lite_hrnet"):
    load_weights(
      pose_net("mobilenet_v2_0.35", (64, 64), 17), "body", "mobilenet_v2_0.35", str(file)
    )


GRAPH = """<net><layers>
<layer id="0" type="Parameter"/>
<layer id="1" type="Const"><data element_type="f32" shape="2,3,1,1" offset="0"/></layer>
<layer id="2" type="Convolution"/>
<layer id="3" type="Const"><data element_type="f32" shape="1,2,1,1" offset="{bias}"/></layer>
<layer id="4" type="Add"/>
<layer id="5" type="Result"/>
</layers><edges>
<edge from-layer="0" from-port="0" to-layer="2" to-port="0"/>
<edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
<edge from-layer="2" from-port="2" to-layer="4" to-port="0"/>
<edge from-layer="3" from-port="0" to-layer="4" to-port="1"/>
<edge from-layer="4" from-port="2" to-layer="5" to-port="0"/>
</edges></net>"""


@pytest.mark.parametrize(
  ("text", "message"),
  [
    (None, "No such file"),
    ("", "not a network of OpenVINO"),
    ("<net/>", "not a network of OpenVINO"),
    pytest.param(
      GRAPH.format(bias=24),
      "not a PP-TinyPose; its convolutions have other sizes",
      marks=pytest.mark.slow,  # builds the network
    ),
    (GRAPH.format(bias=32), "not a network of OpenVINO"),  # beyond the end of the .bin file
  ],
)
def test_other_files_are_refused(tmp_path, text, message):
  path = tmp_path / "net.xml"
  if text is not None:
    path.write_text(text)
    path.with_suffix(".bin").write_bytes(bytes(32))
  with pytest.raises(InputError, match=f"net.xml: {message}.*Give the .xml of PP-TinyPose"):
    read_tinypose(path)

"""Tests of epochs: orders of the clips, and places of labels, whatever the record files."""

import collections
import itertools
from typing import Any

import numpy as np
import pytest

from ppn_tf.clips import augment, pipeline, records
from ppn_tf.clips.record_index import read_index
from ppn_tf.clips.training_clip import _cut
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.runtime.errors import InputError
from tests.clips import toy_records

import tensorflow as tf

COUNT, BLOCK, EPOCHS = 192, 64, 10
PLAIN = augment.Augmentation(scale_range=(1.0, 1.0), max_rotation=0.0, flip_probability=0.0)


def batches(builder, **arguments: Any):
  settings = {
    "batch_size": 32,
    "num_frames": 2,
    "seed": 3,
    "skeleton": PENN_ACTION,
    "image_size": (16, 16),
    "box_margin": 1.25,
    "augmentation": PLAIN,
    **arguments,
  }
  return pipeline.training_batches(builder, "train", **settings).as_numpy_iterator()


def names(builder, count, **arguments: Any):
  """Returns the names of the first samples, in order."""
  size = arguments.get("batch_size", 32)
  taken = itertools.islice(batches(builder, **arguments), -(-count // size))
  return [name.decode() for batch in taken for name in batch["clip"]][:count]


@pytest.fixture(name="builder", scope="module", params=[1, 3])
def fixture_builder(request, tmp_path_factory):
  folder = tmp_path_factory.mktemp("many")
  toy_records.write(folder, [2] * COUNT, request.param)
  builder = records.open_records(folder)
  assert len(builder.info.splits["train"].filepaths) == request.param
  return builder


@pytest.mark.parametrize("num_frames", [1, 2])
def test_pairs_are_no_more_often_together_than_by_chance(builder, num_frames):
  """Two of 192 clips are in the same block of 64 in 63 / 191 of the epochs."""
  samples = COUNT if num_frames == 2 else 2 * COUNT
  order = names(builder, EPOCHS * samples, num_frames=num_frames)
  together = np.zeros((COUNT, COUNT))
  for epoch in range(EPOCHS):
    of_epoch = order[epoch * samples : (epoch + 1) * samples]
    assert len(set(of_epoch)) == samples
    blocks = np.zeros((COUNT, 3))
    for place, name in enumerate(of_epoch):
      # Both frames of a clip are in its block of the epoch.
      blocks[int(name[:4]), place * 3 // samples] = 1
    assert (blocks.sum(axis=1) == 1).all()
    together += blocks @ blocks.T
  share = together[~np.eye(COUNT, dtype=bool)] / EPOCHS
  assert share.mean() == pytest.approx((BLOCK - 1) / (COUNT - 1), abs=1e-9)
  # Of a binomial distribution of 10 draws, one of 7e4 has 10, and the variance is p (1 - p) / 10.
  assert np.mean(share == 1.0) < 1e-3
  p = (BLOCK - 1) / (COUNT - 1)
  assert share.var() == pytest.approx(p * (1 - p) / EPOCHS, rel=0.1)
  # Neighbors in the file are no exception.
  files = read_index(builder, "train").names
  neighbors = [together[int(a), int(b)] / EPOCHS for a, b in zip(files, files[1:])]
  assert np.mean(neighbors) == pytest.approx(p, abs=0.04)


def test_neighbors_in_the_file_are_not_neighbors_in_an_epoch(builder):
  """The distance of two neighbors is that of two random places: a third of the epoch."""
  place = {name: n for n, name in enumerate(names(builder, COUNT))}
  files = read_index(builder, "train").names
  distances = [abs(place[a] - place[b]) for a, b in zip(files, files[1:])]
  assert np.mean(distances) == pytest.approx(COUNT / 3, rel=0.2)
  assert np.mean(np.array(distances) == 1) < 0.05


def test_one_seed_has_one_order_from_any_first_batch(builder):
  order = names(builder, 2 * COUNT)
  assert names(builder, 64, seed=4) != order[:64]
  # A batch of 32 in 192 clips: batch 6 starts the second epoch.
  for first_step in (0, 5):
    assert names(builder, 64, first_step=first_step) == order[32 * first_step :][:64]


def test_the_index_reads_every_clip(tmp_path):
  toy_records.write(tmp_path, [3, 1, 4, 1, 5, 9, 2, 6], 3, every=2)
  builder = records.open_records(tmp_path)
  index = read_index(builder, "train")
  in_order = [
    records.parse(builder, example) for example in records.serialized_examples(builder, "train")
  ]
  assert sorted(index.names) == [f"{n:04d}" for n in range(8)]
  lengths = dict(zip(index.names, index.lengths))
  assert [lengths[f"{n:04d}"] for n in range(8)] == [3, 1, 4, 1, 5, 9, 2, 6]
  assert index.labelled.tolist() == [-(-length // 2) for length in index.lengths]
  for number, expected in enumerate(in_order):
    clip = index.read(tf.constant(number, tf.int64))
    assert index.names[number].encode() == clip["clip"]
    for name, value in expected.items():
      np.testing.assert_array_equal(clip[name].numpy(), value.numpy())


def test_a_file_that_was_cut_off(tmp_path):
  toy_records.write(tmp_path, [2] * 4, 1)
  builder = records.open_records(tmp_path)
  (file,) = records.split_files(builder, "train")
  with open(file, "r+b") as stream:
    stream.truncate(stream.seek(0, 2) - 5)
  with pytest.raises(InputError, match="ends inside a record. Make the data set anew"):
    read_index(builder, "train")


@pytest.fixture(name="sparse", scope="module")
def fixture_sparse(tmp_path_factory):
  """Clips with a label every 20 frames; one has a label in its first frame alone."""
  folder = tmp_path_factory.mktemp("sparse")
  toy_records.write(folder, [200, 61, 20], 1, every=20)
  return records.open_records(folder)


def test_single_frames_are_those_with_labels(sparse):
  labelled = {
    *(f"0000 frame {n}" for n in range(0, 200, 20)),
    *(f"0001 frame {n}" for n in range(0, 61, 20)),
    "0002 frame 0",
  }
  assert pipeline.samples_per_epoch(sparse, "train", 1) == len(labelled) == 15
  order = names(sparse, 45, num_frames=1, batch_size=5)
  for epoch in range(3):
    assert set(order[15 * epoch : 15 * epoch + 15]) == labelled
  for batch in itertools.islice(batches(sparse, num_frames=1, batch_size=5), 3):
    assert (batch["weights"] == 1).all()
    for name, keypoints in zip(batch["clip"], batch["keypoints"]):
      # The frame is 10 pixels wide, and its crop 1.25 times 9; both have their center at 4.5.
      x = 1 + int(name.split()[-1]) / 100
      np.testing.assert_allclose(keypoints[0, 0, 0], (x - 4.5) * 16 / 11.25 + 7.5, atol=1e-3)


@pytest.mark.parametrize("num_frames", [2, 5, 20])
def test_every_clip_of_t_frames_has_a_label(sparse, num_frames):
  for batch in itertools.islice(batches(sparse, num_frames=num_frames, batch_size=3), 20):
    labelled = (batch["weights"] > 0).any(axis=-1)
    assert labelled.any(axis=1).all()
    # Frames between labels are there, without weight.
    assert labelled.mean() < 0.6


def cuts(labelled, num_frames, max_step, count):
  seeds = tf.data.Dataset.range(count).map(lambda seed: tf.stack([tf.constant(7, tf.int64), seed]))
  drawn = seeds.map(lambda seed: _cut(tf.constant(labelled), num_frames, max_step, seed))
  return list(drawn.as_numpy_iterator())


@pytest.mark.parametrize("max_step", [1, 3])
def test_all_places_with_labels_are_equally_likely(max_step):
  """Compares 600 draws with a list of all places, made by hand."""
  labelled = np.zeros(30, bool)
  labelled[[3, 14, 29]] = True
  drawn = collections.Counter()
  for index in cuts(labelled, 4, max_step, 600):
    step = index[1] - index[0]
    np.testing.assert_array_equal(np.diff(index), step)
    assert 1 <= step <= max_step
    drawn[step, index[0]] += 1
  possible = {
    (step, first)
    for step in range(1, max_step + 1)
    for first in range(30 - 3 * step)
    if labelled[[first, first + step, first + 2 * step, first + 3 * step]].any()
  }
  assert set(drawn) == possible
  for step in range(1, max_step + 1):
    counts = np.array([count for (own, _), count in drawn.items() if own == step])
    # Chi-squared of n equally likely places: mean n - 1, variance 2 (n - 1).
    n, mean = len(counts), counts.mean()
    assert (np.square(counts - mean) / mean).sum() < n - 1 + 4 * np.sqrt(2 * (n - 1))


def test_a_step_that_misses_every_label():
  """Of five frames, three at a step of 2 are 0, 2 and 4; the label is in frame 1."""
  labelled = [False, True, False, False, False]
  for index in cuts(labelled, 3, 2, 20):
    assert index.tolist() in ([0, 1, 2], [1, 2, 3])


def test_places_of_fully_labelled_clips_are_as_before():
  """Draws of a clip whose frames are all labelled are those of stateless_uniform."""
  for seed, index in enumerate(cuts([True] * 30, 4, 1, 20)):
    first = tf.random.stateless_uniform([], tf.constant([7, seed], tf.int64), 0, 27, tf.int32)
    assert index.tolist() == [int(first) + t for t in range(4)]


def test_clips_without_labels_are_no_samples(tmp_path):
  toy_records.write(tmp_path, [0, 0], 1)
  builder = records.open_records(tmp_path)
  with pytest.raises(InputError, match="no clip of split 'train' has --num_frames=1 frames"):
    batches(builder, num_frames=1)


def test_groups_of_single_frames_are_bounded_by_their_bytes(sparse, monkeypatch):
  index = read_index(sparse, "train")
  mean = index.sizes.mean()
  assert pipeline._group_size(index, 4) == 64 and pipeline._group_size(index, 100) == 200
  monkeypatch.setattr(pipeline, "GROUP_BYTES", int(7.5 * mean))
  assert pipeline._group_size(index, 4) == 7
  monkeypatch.setattr(pipeline, "GROUP_BYTES", 1)
  assert pipeline._group_size(index, 4) == 2

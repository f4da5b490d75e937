"""A skeleton of three joints for values computed by hand."""

from ppn_tf.keypoints.skeletons import Skeleton

THREE = Skeleton(
  name="three",
  joint_names=("head", "left_shoulder", "right_hip"),
  flip_pairs=(),
  limbs=(),
  torso=(1, 2),
  groups=(("Head", (0,)), ("Torso", (1, 2))),
)

"""Lists the packages and describes the project; setup.cfg has everything else.

In the repository data/, export/ and configs/ stand next to ppn_tf/, in a wheel inside it.
"""

import pathlib
import re

import setuptools

INSIDE = ("data", "export", "configs")
folders = [name for name in setuptools.find_packages() if name.split(".")[0] in INSIDE]


def describe() -> str:
  """Returns the README for a package index, where only absolute links lead somewhere.

  Pictures of the repository are left out with their captions; relative links become their text.
  """
  text = (pathlib.Path(__file__).parent / "README.md").read_text(encoding="utf-8")
  text = re.sub(r"!\[[^]]*\]\((?!https?:)[^)]*\)\n+(\*[^*]+\*\n+)?", "", text)
  return re.sub(r"\[([^]]*)\]\((?!https?:)[^)]*\)", r"\1", text)


setuptools.setup(
  long_description=describe(),
  packages=[
    *setuptools.find_packages(include=["ppn_tf", "ppn_tf.*"]),
    *(f"ppn_tf.{name}" for name in [*folders, "configs"]),
  ],
  package_dir={f"ppn_tf.{name}": name for name in INSIDE},
)

"""Lists the packages; setup.cfg has everything else.

In the repository data/, export/ and configs/ stand next to ppn_tf/, in a wheel inside it.
"""

import setuptools

INSIDE = ("data", "export", "configs")
folders = [name for name in setuptools.find_packages() if name.split(".")[0] in INSIDE]

setuptools.setup(
  packages=[
    *setuptools.find_packages(include=["ppn_tf", "ppn_tf.*"]),
    *(f"ppn_tf.{name}" for name in [*folders, "configs"]),
  ],
  package_dir={f"ppn_tf.{name}": name for name in INSIDE},
)

"""Random people: body, skin, hair, eyes, clothes and shoes."""

from typing import NamedTuple, Optional

import numpy as np

from . import assets, clothes
from .body import NUM_SKIN_VERTICES, Shape
from .colors import sample_color, sample_hair, sample_skin
from .garments import Garment
from .library import Library
from .mesh import Material, Model
from .retargeting import Frame
from .skins import make_skin

_ORIGINS = ("african", "asian", "caucasian")
_HAIR_OPACITY = 0.45
_IRIS = 0.88  # cosine of the iris' border


class Person(NamedTuple):
  """Person in the rest pose.

  Attributes:
    model: mesh and materials.
    frame: bones.
    joint_vertices: [N, 3] float32 in dm, vertices of the joints' regressor.
    sole: height of the soles under the feet's bones in dm.
    description: words for previews.
  """

  model: Model
  frame: Frame
  joint_vertices: np.ndarray
  sole: float
  description: str


def sample_shape(rng: np.random.Generator) -> Shape:
  """Draws a body of a child (an eighth), a youth, an adult or an old person."""
  shares = rng.dirichlet([0.5] * len(_ORIGINS))
  is_man = rng.random() < 0.5
  low, high = ((0.1875, 0.35), (0.35, 0.45), (0.45, 0.7), (0.7, 0.95))[
    rng.choice(4, p=[0.12, 0.12, 0.58, 0.18])
  ]
  return Shape(
    male=float(0.1 * rng.random() + 0.9 * is_man),
    age=float(rng.uniform(low, high)),
    muscle=float(rng.uniform(0.2, 0.9)),
    weight=float(np.clip(rng.normal(0.5, 0.22), 0.05, 1)),
    height=float(np.clip(rng.normal(0.5, 0.2), 0.1, 0.95)),
    proportions=float(rng.uniform(0.4, 1)),
    cup=float(rng.uniform(0.1, 0.8)),
    origins=dict(zip(_ORIGINS, shares.tolist())),
  )


def sample_person(
  library: Library, rng: np.random.Generator, shape: Optional[Shape] = None
) -> Person:
  """Draws a person; by default also the shape."""
  shape = shape or sample_shape(rng)
  body = library.body.shape_vertices(shape)
  frame = Frame(library.rig, *library.rig.place(body))
  model = Model(len(library.rig.names))
  origin = max(shape.origins, key=lambda name: shape.origins[name])
  is_man = shape.male > 0.5
  hidden = _dress(library, model, frame, body, is_man, rng)
  _add_skin(library, model, body, hidden, shape, origin, rng)
  _add_eyes(library, model, body, rng)
  _add_hair(library, model, body, shape, origin, rng)
  feet = min(frame.head("foot.L")[1], frame.head("foot.R")[1])
  kind = "child" if shape.age < 0.35 else "man" if is_man else "woman"
  return Person(
    model=model,
    frame=frame,
    joint_vertices=body[library.regressor.vertices].astype(np.float32),
    sole=float(feet - body[:NUM_SKIN_VERTICES, 1].min()),
    description=f"{origin} {kind}, age {shape.age:.2f}",
  )


def _dress(
  library: Library,
  model: Model,
  frame: Frame,
  body: np.ndarray,
  is_man: bool,
  rng: np.random.Generator,
) -> np.ndarray:
  """Adds clothes, and returns which vertices of the body they hide, [V] bool."""
  hidden = np.zeros(len(body), bool)
  suits = assets.SUITS["male" if is_man or rng.random() < 0.1 else "female"]
  if rng.random() < 0.5:
    name = str(rng.choice(suits))
    garment, texture = (
      library.get_garment("clothes", name),
      library.get_texture("clothes", name, 512),
    )
    clothes.add_suit(model, garment, texture, library.pool, frame, body, rng)
    hidden[garment.covered] = True
  else:
    cut = clothes.sample_cut(rng, frame, not is_man)
    hidden |= clothes.add_cut_garments(model, library.body.surface, frame, body, cut, rng)
  if rng.random() < 0.85:
    name = str(rng.choice(assets.SHOES))
    garment = library.get_garment("clothes", name)
    material = Material(library.get_texture("clothes", name, 256), two_sided=True)
    if rng.random() < 0.5:
      surface = garment.surface
      material.luminance = library.pool.measure_luminance(material.texture, surface.texture_points)
      material.tint, material.recolor = sample_color(rng), rng.uniform(0.5, 1)
    _add_garment(model, garment, body, material)
    hidden[garment.covered] = True
  return hidden


def _add_garment(model: Model, garment: Garment, body: np.ndarray, material: Material) -> None:
  surface = garment.surface
  number = np.array(model.add_material(material))
  model.add_part(
    garment.fit(body), garment.skin, surface.faces, surface.corners, surface.texture_points, number
  )


def _add_skin(
  library: Library,
  model: Model,
  body: np.ndarray,
  hidden: np.ndarray,
  shape: Shape,
  origin: str,
  rng: np.random.Generator,
) -> None:
  kind = "plain"
  if shape.age >= 0.4:
    man = ("plain", "stubble", "beard", "cropped", "cropped_beard")
    kind = "lips" if rng.random() < 0.4 else "plain"
    if shape.male > 0.5:
      kind = str(rng.choice(man, p=[0.4, 0.25, 0.15, 0.1, 0.1]))
  textures = library.skins[kind]
  texture = textures[rng.integers(len(textures))]
  skin = make_skin(texture, sample_skin(rng, origin), shine=rng.uniform(0.02, 0.1))
  surface = library.body.surface
  chosen = surface.groups["body"] & ~hidden[surface.faces].all(axis=1)
  clothes.add_base_part(
    model, surface, chosen, library.rig.skin, body, model.add_material(skin), np.ones(len(body))
  )


def _add_eyes(library: Library, model: Model, body: np.ndarray, rng: np.random.Generator) -> None:
  surface = library.body.surface
  white = model.add_material(Material(tint=np.array([0.6, 0.58, 0.55])))
  iris = model.add_material(Material(tint=np.array([0.05, 0.03, 0.02]) * rng.uniform(0.5, 4)))
  inside = np.ones(len(body))
  for side in "lr":
    eye = surface.groups[f"helper-{side}-eye"]
    vertices = body[np.unique(surface.faces[eye])]
    center = vertices.mean(axis=0)
    radius = np.linalg.norm(vertices - center, axis=1).max()
    ahead = np.zeros_like(eye)
    middles = body[surface.faces[eye]].mean(axis=1) - center
    ahead[eye] = middles[:, 2] / radius > _IRIS
    for chosen, number in ((eye & ~ahead, white), (eye & ahead, iris)):
      clothes.add_base_part(model, surface, chosen, library.rig.skin, body, number, inside)


def _add_hair(
  library: Library,
  model: Model,
  body: np.ndarray,
  shape: Shape,
  origin: str,
  rng: np.random.Generator,
) -> None:
  is_man = shape.male > 0.5
  styles = assets.HAIR["male" if is_man else "female"]
  if not (is_man and rng.random() < 0.12):
    name = str(rng.choice(styles))
    garment, texture = library.get_garment("hair", name), library.get_texture("hair", name, 256)
    material = Material(texture, opacity=_HAIR_OPACITY, two_sided=True, shine=0.05)
    material.tint = sample_hair(rng, origin, shape.age > 0.72)
    material.recolor = 1.0
    points = garment.surface.texture_points
    material.luminance = library.pool.measure_luminance(texture, points)
    _add_garment(model, garment, body, material)
  if rng.random() < 0.1:
    hat = library.get_garment("clothes", assets.HAT, "fedora")
    _add_garment(model, hat, body, Material(tint=sample_color(rng), two_sided=True))

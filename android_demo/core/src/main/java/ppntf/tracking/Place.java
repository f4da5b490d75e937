package ppntf.tracking;

/** Box in which a search has looked for a person, and the evidence for one. */
final class Place {
  final float[] box;
  /** At least 0 if a person is found. */
  final double evidence;

  Place(float[] box, double evidence) {
    this.box = box;
    this.evidence = evidence;
  }
}

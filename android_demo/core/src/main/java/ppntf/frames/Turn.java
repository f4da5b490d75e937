package ppntf.frames;

/** Clockwise rotation of a picture by a multiple of 90 degrees. */
public final class Turn {
  /** Height and width of the turned picture. */
  public final int height;
  public final int width;
  /** Place in the turned picture, counted row by row, of the first pixel of the picture. */
  public final int origin;
  /** Difference of places of a pixel and its right neighbor in the picture. */
  public final int stepX;
  /** Difference of places of a pixel and its lower neighbor in the picture. */
  public final int stepY;

  /**
   * Creates a rotation.
   *
   * @param degrees clockwise, 0, 90, 180 or 270
   * @param fromHeight height of the picture before the rotation
   * @param fromWidth width of the picture before the rotation
   */
  public Turn(int degrees, int fromHeight, int fromWidth) {
    if (degrees < 0 || degrees > 270 || degrees % 90 != 0) {
      throw new IllegalArgumentException(
          "rotation=" + degrees + ": not supported. Give 0, 90, 180 or 270 degrees.");
    }
    boolean upright = degrees % 180 == 0;
    height = upright ? fromHeight : fromWidth;
    width = upright ? fromWidth : fromHeight;
    switch (degrees) {
      case 0:
        origin = 0;
        stepX = 1;
        stepY = width;
        break;
      case 90:
        origin = width - 1;
        stepX = width;
        stepY = -1;
        break;
      case 180:
        origin = height * width - 1;
        stepX = -1;
        stepY = -width;
        break;
      default:
        origin = (height - 1) * width;
        stepX = -width;
        stepY = 1;
    }
  }

  /** Returns the place of pixel (x, y) of the picture in the turned picture. */
  public int place(int x, int y) {
    return origin + x * stepX + y * stepY;
  }

  /**
   * Returns the clockwise rotation that makes an image of a camera upright on the screen.
   *
   * <p>A device that is turned counterclockwise, seen from its front, is turned the other way for
   * a camera at the front.
   *
   * @param sensorOrientation CameraCharacteristics.SENSOR_ORIENTATION in degrees
   * @param displayRotation Display.getRotation() in degrees
   * @param front whether the camera faces the user
   */
  public static int ofCamera(int sensorOrientation, int displayRotation, boolean front) {
    int sign = front ? 1 : -1;
    return (sensorOrientation + sign * displayRotation + 360) % 360;
  }
}

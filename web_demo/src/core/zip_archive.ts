/** Reading of a zip archive at the end of a file. */

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const END_LENGTH = 22;
const LONGEST_COMMENT = 65535;
const STORED = 0;
const DEFLATED = 8;

/**
 * Returns the content of a file in the archive; null without an archive or without that file.
 *
 * Throws an Error if the archive is damaged.
 */
export async function readEntry(file: Uint8Array, name: string): Promise<Uint8Array | null> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const end = findEnd(view);
  if (end === null) {
    return null;
  }
  const count = view.getUint16(end + 10, true);
  const directory = end - view.getUint32(end + 12, true);
  // Offsets count from the start of the archive if it was appended as a whole.
  const shift = directory - view.getUint32(end + 16, true);
  let place = directory;
  for (let i = 0; i < count; i++) {
    if (place < 0 || view.getUint32(place, true) !== ENTRY_SIGNATURE) {
      throw new Error("the directory of its archive is damaged");
    }
    const lengths = [28, 30, 32].map((offset) => view.getUint16(place + offset, true));
    const encoded = file.subarray(place + 46, place + 46 + lengths[0]!);
    if (new TextDecoder().decode(encoded) === name) {
      return extract(file, view, place, shift);
    }
    place += 46 + lengths.reduce((a, b) => a + b);
  }
  return null;
}

/** Returns the place of the end record, which only a comment follows. */
function findEnd(view: DataView): number | null {
  const last = view.byteLength - END_LENGTH;
  for (let place = last; place >= Math.max(0, last - LONGEST_COMMENT); place--) {
    const isEnd = view.getUint32(place, true) === END_SIGNATURE;
    if (isEnd && place + END_LENGTH + view.getUint16(place + 20, true) === view.byteLength) {
      return place;
    }
  }
  return null;
}

async function extract(
  file: Uint8Array,
  view: DataView,
  entry: number,
  shift: number,
): Promise<Uint8Array> {
  const method = view.getUint16(entry + 10, true);
  const length = view.getUint32(entry + 20, true);
  const header = view.getUint32(entry + 42, true) + shift;
  const begin = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
  const content = file.slice(begin, begin + length);
  if (method === STORED) {
    return content;
  }
  if (method !== DEFLATED) {
    throw new Error(`its archive is compressed by method ${method}, not by deflate`);
  }
  const stream = new Blob([content]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

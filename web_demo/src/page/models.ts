/** Networks that the server offers, and files of the user. */

/** Entry of models.json. */
export interface OfferedModel {
  readonly name: string;
  /** Address of the .tflite file, relative to the page. */
  readonly file: string;
}

/** Returns the networks of models.json; none if the server has no such file. */
export async function listModels(): Promise<OfferedModel[]> {
  const response = await fetch("models.json").catch(() => null);
  if (!response?.ok) {
    return [];
  }
  const { models } = (await response.json()) as { models: OfferedModel[] };
  return models;
}

/** Reads a model that the server offers. */
export async function fetchModel({ name, file }: OfferedModel): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(file).catch(() => null);
  if (!response?.ok) {
    const answer = response ? `the server answers ${response.status}` : "the server is gone";
    throw new Error(`The model ${name} cannot be read: ${answer}.`);
  }
  return new Uint8Array(await response.arrayBuffer());
}

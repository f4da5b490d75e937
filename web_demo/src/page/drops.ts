/** Files that are dropped onto the page. */

interface Handlers {
  readonly openVideo: (file: File) => void;
  readonly useOwnModel: (file: File) => void;
  readonly refuse: (message: string) => void;
}

/** Opens dropped videos and models, and marks the page while something is dragged over it. */
export function listenForDrops({ openVideo, useOwnModel, refuse }: Handlers): void {
  const mark = (isOver: boolean): void => {
    document.body.classList.toggle("dropping", isOver);
  };
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  document.addEventListener("dragleave", (event) => mark(event.relatedTarget !== null));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    for (const file of event.dataTransfer?.files ?? []) {
      if (file.name.endsWith(".tflite")) {
        useOwnModel(file);
      } else if (file.type.startsWith("video/")) {
        openVideo(file);
      } else {
        refuse(`${file.name}: neither a video nor a .tflite file.`);
      }
    }
  });
}

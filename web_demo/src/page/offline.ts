/** Use without a network, by a service worker. */

const LONGEST_WAIT = 5000; // milliseconds

/**
 * Registers the service worker, and waits until it controls the page, so that it keeps the files
 * that are loaded from now on. Without one, the page works while the server runs.
 */
export async function prepareOffline(): Promise<void> {
  const { serviceWorker } = navigator;
  if (!serviceWorker) {
    return;
  }
  const controlled = new Promise<void>((resolve) => {
    serviceWorker.addEventListener("controllerchange", () => resolve());
    setTimeout(resolve, LONGEST_WAIT);
  });
  try {
    await serviceWorker.register("service_worker.js");
    if (!serviceWorker.controller) {
      await controlled;
    }
  } catch (error) {
    console.warn("Not available offline:", error);
  }
}

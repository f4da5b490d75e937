/** Choice between this browser and the server that serves the page, if `ppn-tf serve` does. */

import { RefusedError, ServerConnection, type Offer } from "../server/connection.js";
import { elements, messageOf, showProblem, showStatus } from "./elements.js";
import { ServerTracker } from "./server_tracker.js";

// Statuses of `ppn-tf serve` that say that it is there, but does not begin a stream.
const REFUSALS = [401, 429, 503];

export class ServerChoice {
  private offer: Offer | null = null;

  get isChosen(): boolean {
    return elements.onServer.checked;
  }

  /** Shows the choice if the page's server tracks people. */
  async appear(): Promise<void> {
    try {
      await connect().ask();
      elements.place.hidden = false;
    } catch (error) {
      elements.place.hidden = !REFUSALS.includes((error as RefusedError).status);
    }
  }

  /** Asks the server whether it begins streams; shows why it does not. Returns whether it does. */
  async prepare(): Promise<boolean> {
    this.offer = null;
    showStatus("Asking the server …");
    try {
      this.offer = await connect().ask();
    } catch (error) {
      const wantsKey = error instanceof RefusedError && error.wantsKey;
      if (this.isChosen) {
        showStatus("");
        showProblem(messageOf(error));
        elements.keyRow.hidden &&= !wantsKey;
        if (wantsKey) {
          elements.key.focus();
        }
      }
      return false;
    }
    elements.people.max = String(this.offer.maxPeople);
    return this.isChosen;
  }

  /** Returns a tracker on the server; null if it was not asked or refused. */
  makeTracker(onLost: (isLost: boolean) => void): ServerTracker | null {
    return this.offer && new ServerTracker(connect(onLost), this.offer, countPeople);
  }
}

function connect(onLost?: (isLost: boolean) => void): ServerConnection {
  return new ServerConnection(document.baseURI, elements.key.value.trim(), onLost);
}

/** Returns the number of people that the user wants, within the limits of the server. */
function countPeople(): number {
  const { value, max } = elements.people;
  return Math.min(Math.max(1, Math.round(Number(value)) || 1), Number(max));
}

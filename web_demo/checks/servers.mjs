/** Servers of the page: the commands `ppn-tf demo` and `ppn-tf serve`, and any static one. */

import { spawn } from "node:child_process";
import { once } from "node:events";

const PYTHON = process.env.PYTHON ?? "python3";

/** Starts a program whose first line contains an address; returns the address and `stop`. */
async function start(args, pattern) {
  const child = spawn(PYTHON, args, { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  const address = await new Promise((resolve, reject) => {
    const read = (chunk) => {
      text += chunk;
      const match = pattern.exec(text);
      if (match) {
        resolve(match[1]);
      }
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("exit", (code) => reject(new Error(`${args.join(" ")} ended with ${code}: ${text}`)));
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
  };
  return { address, stop };
}

/** Starts `ppn-tf demo` with models. */
export function startDemo(models) {
  const given = models.map((model) => `--model=${model}`);
  return start(["-m", "ppn_tf.demo", "--port=0", ...given], /(http:\/\/localhost:\d+\/)/);
}

/** Starts `ppn-tf serve` with the network for people. */
export function startServe(flags = []) {
  const args = ["-m", "ppn_tf.serving", "--port=0", "--workers=1", "--nopin", ...flags];
  return start(args, /at (http:\/\/127\.0\.0\.1:\d+\/)/);
}

/** Starts Python's own server in a folder, without headers for isolation. */
export function startPlain(folder) {
  const args = ["-u", "-m", "http.server", "0", "--bind=127.0.0.1", `--directory=${folder}`];
  return start(args, /\((http:\/\/127\.0\.0\.1:\d+\/)\)/);
}

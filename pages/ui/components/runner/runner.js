// Runs models in the page: in a worker where there can be one, so that the page never waits for them.

import { RequestHandler } from "./handler.js";

/** @typedef {import("./handler.js").Answer} Answer */
/** @typedef {import("./handler.js").Request} Request */
/** @typedef {import("./handler.js").Result} Result */
/** @typedef {import("./handler.js").Run} Run */
/** @typedef {{resolve: (answer: Answer) => void, reject: (error: Error) => void}} Pending */
/** @typedef {{run: Run, resolve: (result: Result | null) => void, reject: (error: Error) => void}} Next */
/** A model that is loaded, or loading while its bytes are 0. @typedef {{ready: Promise<void>, bytes: number}} Loaded */
/** @typedef {{send: (request: Request) => void, close: () => void}} Connection */

export class Runner {
  /**
   * @param {string} source text of a script for the worker: serve(self), and all that it needs
   * @param {{plain?: boolean, maxModels?: number, maxBytes?: number}} options plain: use plain JavaScript even where
   * there is WebAssembly.  maxModels, maxBytes: of models in memory at once. Beyond that, those used least recently are
   * unloaded, and loaded again when they are needed.
   */
  constructor(source, { plain = false, maxModels = 6, maxBytes = 2 ** 28 } = {}) {
    this.plain = plain;
    this.maxModels = maxModels;
    this.maxBytes = maxBytes;
    this.closed = false;
    this.lastId = 0;
    /** Requests that were sent and not yet answered, by id. @type {Map<number, Pending>} */
    this.pending = new Map();
    /**
     * How to get the message of each model, by digest.
     * @type {Map<string, () => ArrayBuffer | Promise<ArrayBuffer>>}
     */
    this.models = new Map();
    /** Models that are loaded or loading, by digest, the most recently used last. @type {Map<string, Loaded>} */
    this.loaded = new Map();
    /**
     * Channels with a request in progress, each with the request to follow it.
     * @type {Map<string, {next: Next | null}>}
     */
    this.channels = new Map();
    this.connection = connect(
      source,
      (answer) => this.receive(answer),
      () => this.rejectAll("The model stopped running in this page."),
    );
  }

  /**
   * Makes a model available. `message` is called when the model is first used; it is not called again while the model
   * stays loaded.
   * @param {string} digest @param {() => ArrayBuffer | Promise<ArrayBuffer>} message
   */
  register(digest, message) {
    this.models.set(digest, message);
  }

  /** Computes a request; rejects with an Error that says why it cannot. @param {Run} run @returns {Promise<Result>} */
  async run(run) {
    for (;;) {
      await this.load(run.digest);
      const answer = await this.ask((id) => ({ id, run }));
      if (answer.result) return answer.result;
      this.loaded.delete(run.digest); // it was unloaded in between
    }
  }

  /**
   * run() for what moves. While one request of a channel is in progress only the newest of the following ones is kept;
   * the others resolve to null. So a drag never builds up a queue.
   * @param {string} channel @param {Run} run @returns {Promise<Result | null>}
   */
  latest(channel, run) {
    const busy = this.channels.get(channel);
    if (!busy) return this.runInChannel(channel, run);
    busy.next?.resolve(null);
    return new Promise((resolve, reject) => (busy.next = { run, resolve, reject }));
  }

  /** Stops the worker; all requests in progress are rejected. */
  close() {
    this.closed = true;
    this.connection.then(({ close }) => close());
    this.rejectAll(CLOSED);
  }

  /** @param {string} channel @param {Run} run */
  async runInChannel(channel, run) {
    const state = { next: /** @type {Next | null} */ (null) };
    this.channels.set(channel, state);
    try {
      return await this.run(run);
    } finally {
      if (state.next) this.runInChannel(channel, state.next.run).then(state.next.resolve, state.next.reject);
      else this.channels.delete(channel);
    }
  }

  /** @param {string} digest */
  async load(digest) {
    const model = this.loaded.get(digest) ?? { ready: Promise.resolve(), bytes: 0 };
    if (!this.loaded.has(digest)) model.ready = this.fetchModel(digest, model);
    this.loaded.delete(digest);
    this.loaded.set(digest, model);
    try {
      await model.ready;
    } catch (error) {
      if (this.loaded.get(digest) === model) this.loaded.delete(digest); // so that it can be tried again
      throw error;
    }
  }

  /** @param {string} digest @param {Loaded} model receives its bytes */
  async fetchModel(digest, model) {
    const message = await this.models.get(digest)?.();
    if (!message) throw new Error("This model is not known here.");
    const { loaded, bytes = 0 } = await this.ask((id) => ({ id, load: message, plain: this.plain }));
    if (loaded !== digest) throw new Error("The model received is not the one that was asked for.");
    model.bytes = bytes;
    this.unloadOthers();
  }

  /** Keeps within the bounds; the model used last stays, however large it is. */
  unloadOthers() {
    let [models, total] = [0, 0];
    for (const [digest, { bytes }] of [...this.loaded].reverse()) {
      [models, total] = [models + 1, total + bytes];
      if (models === 1 || bytes === 0 || (models <= this.maxModels && total <= this.maxBytes)) continue;
      this.loaded.delete(digest);
      this.ask((id) => ({ id, unload: digest })).catch(() => {}); // closed meanwhile
    }
  }

  /** @param {(id: number) => Request} request @returns {Promise<Answer>} */
  async ask(request) {
    const { send } = await this.connection;
    if (this.closed) throw new Error(CLOSED);
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      send(request(id));
    });
  }

  /** @param {Answer} answer */
  receive(answer) {
    const pending = this.pending.get(answer.id);
    this.pending.delete(answer.id);
    if (answer.error) pending?.reject(new Error(answer.error));
    else pending?.resolve(answer);
  }

  /** @param {string} reason */
  rejectAll(reason) {
    for (const { reject } of this.pending.values()) reject(new Error(reason));
    this.pending.clear();
    this.loaded.clear();
  }
}

const CLOSED = "The runner was closed.";

/**
 * Answers requests from a page: what the worker does.
 * @param {{onmessage: any, postMessage: (message: any, transfer?: any) => void}} scope the worker's own
 */
export function serve(scope) {
  const handler = new RequestHandler((answer, transfer) => scope.postMessage(answer, transfer));
  scope.onmessage = (/** @type {MessageEvent<Request>} */ event) => handler.receive(event.data);
  scope.postMessage({ id: 0 }); // says that the worker has started
}

/**
 * Starts a worker, or a handler in the page where there can be no worker: some content security policies forbid it.
 * @param {string} source @param {(answer: Answer) => void} onAnswer
 * @param {() => void} onFailure called if a worker fails after it has started
 * @returns {Promise<Connection>}
 */
function connect(source, onAnswer, onFailure) {
  return new Promise((resolve) => {
    const stayInPage = () => {
      const handler = new RequestHandler(onAnswer);
      resolve({ send: (request) => handler.receive(request), close: () => handler.close() });
    };
    try {
      const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      const worker = new Worker(url);
      worker.onerror = (event) => {
        event.preventDefault();
        worker.terminate();
        stayInPage();
      };
      worker.onmessage = () => {
        URL.revokeObjectURL(url);
        worker.onerror = onFailure;
        worker.onmessage = (event) => onAnswer(event.data);
        resolve({ send: (request) => worker.postMessage(request), close: () => worker.terminate() });
      };
    } catch {
      stayInPage();
    }
  });
}

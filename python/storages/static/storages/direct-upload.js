// Uploads files from a browser straight to the store. See docs/django/direct-uploads.md.
//
// Every element with data-direct-upload becomes a widget. It sends the events "direct-upload:progress" (detail: loaded,
// total), "direct-upload:done" (receipt, name) and "direct-upload:failed" (error, code).
(() => {
  "use strict";

  const AT_ONCE = 3; // parts on their way
  const SIGNED_AT_ONCE = 12;
  const TRIES = 4;
  const BLOCK = 4 << 20;

  // ---- CRC-32, which the store compares with what arrived ----

  const TABLES = (() => {
    const tables = Array.from({ length: 8 }, () => new Int32Array(256));
    for (let n = 0; n < 256; n++) {
      let value = n;
      for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
      tables[0][n] = value;
    }
    for (let t = 1; t < 8; t++)
      for (let n = 0; n < 256; n++) tables[t][n] = (tables[t - 1][n] >>> 8) ^ tables[0][tables[t - 1][n] & 255];
    return tables;
  })();

  function crc32(bytes, crc) {
    const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
    let value = ~crc;
    let at = 0;
    for (; at + 8 <= bytes.length; at += 8) {
      value ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
      value =
        t7[value & 255] ^ t6[(value >>> 8) & 255] ^ t5[(value >>> 16) & 255] ^ t4[value >>> 24] ^
        t3[bytes[at + 4]] ^ t2[bytes[at + 5]] ^ t1[bytes[at + 6]] ^ t0[bytes[at + 7]];
    }
    for (; at < bytes.length; at++) value = t0[(value ^ bytes[at]) & 255] ^ (value >>> 8);
    return ~value;
  }

  async function checksumOf(blob) {
    let crc = 0;
    for (let at = 0; at < blob.size; at += BLOCK) {
      crc = crc32(new Uint8Array(await blob.slice(at, at + BLOCK).arrayBuffer()), crc);
    }
    return btoa(String.fromCharCode(crc >>> 24, (crc >>> 16) & 255, (crc >>> 8) & 255, crc & 255));
  }

  // ---- Talking ----

  class Refusal extends Error {
    constructor(sentence, code) {
      super(sentence);
      this.code = code;
    }
  }

  const canceled = () => new Refusal("The upload was canceled.", "canceled");
  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  async function ask(address, question, signal) {
    let response;
    try {
      response = await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(question),
        credentials: "same-origin",
        signal,
      });
    } catch (error) {
      if (signal && signal.aborted) throw canceled();
      throw new Refusal("The site cannot be reached.", "network");
    }
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    throw new Refusal(answer.error || `The site answered ${response.status}.`, answer.code || "site");
  }

  // What the store says is wrong; it answers in XML.
  function refusalOf(request) {
    const text = request.responseText || "";
    const element = (name) => (text.match(new RegExp(`<${name}>([^<]*)</${name}>`)) || [])[1];
    const decode = (value) => new DOMParser().parseFromString(value, "text/html").documentElement.textContent;
    const message = element("Message");
    const sentence = message ? `The store refused the file: ${decode(message)}` : `The store answered ${request.status}.`;
    return new Refusal(sentence, element("Code") || `http-${request.status}`);
  }

  // Headers a browser sets by itself, from the body.
  const OWN_HEADERS = ["content-length", "host"];

  function send(signed, body, signal, onprogress) {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(canceled());
      const request = new XMLHttpRequest();
      const stop = () => request.abort();
      signal.addEventListener("abort", stop);
      request.onloadend = () => signal.removeEventListener("abort", stop);
      request.upload.onprogress = (event) => onprogress(event.loaded);
      request.onload = () => (request.status < 300 ? resolve(request) : reject(refusalOf(request)));
      request.onerror = () => reject(new Refusal("The connection to the store broke off, or it refused the file.", "network"));
      request.onabort = () => reject(canceled());
      request.open(signed.method, signed.url);
      for (const [name, value] of Object.entries(signed.headers || {})) {
        if (!OWN_HEADERS.includes(name)) request.setRequestHeader(name, value);
      }
      request.send(body);
    });
  }

  const isPassing = (error) => error.code === "network" || /^(http-5..|SlowDown|InternalError|ServiceUnavailable)$/.test(error.code);

  async function insist(action) {
    for (let tried = 1; ; tried++) {
      try {
        return await action();
      } catch (error) {
        if (tried === TRIES || !isPassing(error)) throw error;
        await pause(250 * 2 ** tried * (0.5 + Math.random()));
      }
    }
  }

  // ---- One upload ----

  class Upload {
    constructor(addresses, ticket, file, onprogress, field = "") {
      this.addresses = addresses;
      this.ticket = ticket;
      this.file = file;
      this.onprogress = onprogress;
      this.field = field; // of the form: another one does not go on with its upload
      this.abort = new AbortController();
      this.loaded = new Map(); // part: bytes
      this.receipt = "";
    }

    get memory() {
      // Which upload a file is of, when it is chosen again after the page was left.
      const { name, size, lastModified } = this.file;
      const place = `${location.pathname}:${this.field}:${this.addresses.begin}`;
      return `direct-upload:${place}:${name}:${size}:${lastModified}`;
    }

    ask(verb, question) {
      return insist(() => ask(this.addresses[verb], question, this.abort.signal));
    }

    progress(part, bytes) {
      this.loaded.set(part, bytes);
      let loaded = 0;
      for (const each of this.loaded.values()) loaded += each;
      this.onprogress(Math.min(loaded, this.file.size), this.file.size);
    }

    async run() {
      const begun = (await this.resumed()) || (await this.begin());
      this.receipt = begun.receipt;
      if (begun.form !== "multipart") {
        await this.whole(begun.request);
        return begun;
      }
      remember(this.memory, begun.receipt);
      await this.parts(begun);
      const { receipt } = await this.ask("complete", { receipt: begun.receipt });
      forget(this.memory);
      this.receipt = receipt;
      return { ...begun, receipt };
    }

    async begin() {
      const { file, ticket } = this;
      const checksum = file.size <= 16 << 20 ? await checksumOf(file) : "";
      return this.ask("begin", { ticket, name: file.name, size: file.size, type: file.type, checksum });
    }

    async resumed() {
      const receipt = recall(this.memory);
      if (!receipt) return null;
      try {
        return await this.ask("resume", { receipt });
      } catch (error) {
        if (isPassing(error) || error.code === "canceled") throw error;
        forget(this.memory); // expired, or given up
        return null;
      }
    }

    async whole(signed) {
      await insist(() => {
        let body = this.file;
        if (signed.method === "POST") {
          body = new FormData();
          const names = signed.fields.map(([name]) => name.toLowerCase());
          for (const [name, value] of signed.fields) body.append(name, value);
          if (!names.includes("content-type")) body.append("Content-Type", this.file.type);
          body.append("file", this.file);
        } else if (signed.headers && signed.headers["content-type"]) {
          body = this.file.slice(0, this.file.size, signed.headers["content-type"]);
        }
        return send(signed, body, this.abort.signal, (bytes) => this.progress(1, bytes));
      });
    }

    async parts({ receipt, part_size, parts }) {
      const there = new Map(parts.map((part) => [part.number, part]));
      const count = Math.ceil(this.file.size / part_size);
      let next = 1;
      let signing = Promise.resolve();
      const ready = [];

      // Reads and signs the next few; whoever finds none ready asks for more.
      const refill = async () => {
        if (ready.length || next > count) return;
        const slices = {};
        const checksums = {};
        while (next <= count && Object.keys(checksums).length < SIGNED_AT_ONCE) {
          const number = next++;
          const slice = this.file.slice((number - 1) * part_size, number * part_size);
          const checksum = await checksumOf(slice);
          const old = there.get(number);
          if (old && old.size === slice.size && (!old.checksum || old.checksum === checksum)) {
            this.progress(number, slice.size);
            continue;
          }
          slices[number] = slice;
          checksums[number] = checksum;
        }
        if (!Object.keys(checksums).length) return;
        const answer = await this.ask("parts", { receipt, checksums });
        for (const signed of answer.parts) ready.push([signed, slices[signed.number]]);
      };

      const work = async () => {
        for (;;) {
          if (this.abort.signal.aborted) throw canceled();
          signing = signing.then(refill);
          await signing;
          const job = ready.shift();
          if (!job) {
            if (next > count) return;
            continue;
          }
          const [signed, slice] = job;
          await insist(() => send(signed, slice, this.abort.signal, (bytes) => this.progress(signed.number, bytes)));
          this.progress(signed.number, slice.size);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    }

    async cancel() {
      this.abort.abort();
      forget(this.memory);
      await this.discard();
    }

    async discard() {
      if (this.receipt) await ask(this.addresses.abort, { receipt: this.receipt }).catch(() => {});
    }
  }

  // A browser may forbid it to remember.
  const attempt = (action) => {
    try {
      return action();
    } catch (error) {
      return null;
    }
  };
  const remember = (key, value) => attempt(() => localStorage.setItem(key, value));
  const recall = (key) => attempt(() => localStorage.getItem(key));
  const forget = (key) => attempt(() => localStorage.removeItem(key));

  // ---- The widget ----

  class Widget {
    constructor(root) {
      this.root = root;
      this.input = root.querySelector("input[type=file]");
      this.receipt = root.querySelector("[data-receipt]");
      this.bar = root.querySelector("[data-progress]");
      this.button = root.querySelector("[data-cancel]");
      this.status = root.querySelector("[data-status]");
      this.upload = null;
      this.input.addEventListener("change", () => this.choose());
      this.button.addEventListener("click", () => this.cancel());
      const form = this.input.form;
      if (form) form.addEventListener("submit", (event) => this.hold(event));
    }

    // A form that is sent too early waits for its files.
    hold(event) {
      if (!this.running) return;
      event.preventDefault();
      const { form } = this.input;
      const { submitter } = event;
      this.say("The form is sent when the file is uploaded.");
      this.running.then((done) => done && form.requestSubmit(submitter));
    }

    async choose() {
      const [file] = this.input.files;
      const before = this.upload;
      this.upload = null;
      this.receipt.value = "";
      if (before) await before.cancel();
      if (file) this.running = this.start(file);
    }

    async start(file) {
      const { ticket, maxSize, ...addresses } = this.root.dataset;
      const progress = (loaded, total) => this.progress(upload, loaded, total);
      const upload = new Upload(addresses, ticket, file, progress, this.receipt.name);
      this.upload = upload;
      this.show(true);
      this.say(`Uploading ${file.name}.`);
      try {
        if (maxSize !== undefined && file.size > Number(maxSize)) {
          throw new Refusal(`The file is too large: ${file.size} bytes; at most ${maxSize} are allowed.`, "too_large");
        }
        const done = await upload.run();
        if (this.upload !== upload) return false;
        this.receipt.value = done.receipt;
        this.say(`${file.name} is uploaded.`);
        this.tell("done", { receipt: done.receipt, name: done.name });
        return true;
      } catch (error) {
        if (this.upload !== upload) return false;
        if (error.code !== "canceled") {
          const resumable = isPassing(error) && recall(upload.memory);
          if (!resumable) await upload.discard();
          this.fail(resumable ? new Refusal(`${error.message} Choose the file again to go on.`, error.code) : error);
        }
        return false;
      } finally {
        if (this.upload === upload) {
          this.show(false);
          this.running = null;
        }
      }
    }

    async cancel() {
      const { upload } = this;
      if (!upload) return;
      this.upload = null;
      this.running = null;
      this.input.value = "";
      this.receipt.value = "";
      this.show(false);
      await upload.cancel();
      this.fail(canceled());
    }

    progress(upload, loaded, total) {
      if (this.upload !== upload) return;
      this.bar.value = total ? loaded / total : 1;
      this.tell("progress", { loaded, total });
    }

    show(busy) {
      this.bar.hidden = this.button.hidden = !busy;
      this.bar.value = 0;
      this.root.classList.toggle("busy", busy);
      this.root.classList.remove("failed");
    }

    fail(error) {
      this.show(false);
      this.root.classList.add("failed");
      this.say(error.message);
      this.tell("failed", { error: error.message, code: error.code || "" });
    }

    say(sentence) {
      this.status.textContent = sentence;
    }

    tell(name, detail) {
      this.root.dispatchEvent(new CustomEvent(`direct-upload:${name}`, { bubbles: true, detail }));
    }
  }

  const adopted = new WeakSet();
  function adopt(within) {
    for (const root of within.querySelectorAll("[data-direct-upload]")) {
      if (adopted.has(root)) continue;
      adopted.add(root);
      new Widget(root);
    }
  }

  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", () => adopt(document));
  } else {
    adopt(document);
  }
  // For what is put on the page later: formsets, the admin's inlines, htmx.
  window.DirectUpload = { adopt, Upload };
})();

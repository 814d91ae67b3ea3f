// The page's only program: asks the server, shows the rationale as it comes, and the hits. No library, no build.

const $ = id => document.getElementById(id);
const state = { image: null, running: [], key: sessionStorage.getItem("key") };

/** Calls the server; an answer that is no success becomes an Error with the server's own sentence. */
async function call(path, options = {}) {
  const headers = { ...options.headers, ...(state.key ? { Authorization: `Bearer ${state.key}` } : {}) };
  if (options.json !== undefined) Object.assign(headers, { "Content-Type": "application/json" });
  const response = await fetch(path, { ...options, headers, body: options.json !== undefined ? JSON.stringify(options.json) : options.body });
  if (response.ok) return response;
  const problem = await response.json().catch(() => null);
  if (response.status === 401) $("key").hidden = false;
  throw new Error(problem?.error?.message ?? `The server answers ${response.status} ${response.statusText}.`);
}

const json = async (path, options) => (await call(path, options)).json();

/** Runs what a person has asked for, and says what went wrong. */
async function attempt(work) {
  $("problem").hidden = true;
  try {
    await work();
  } catch (error) {
    if (error.name === "AbortError") return;
    $("problem").textContent = error.message;
    $("problem").hidden = false;
  }
}

// Collections

async function showCollections(chosen) {
  const all = (await json("v1/collections")).collections;
  const collections = all.filter(collection => collection.usable);
  $("collections").replaceChildren(...collections.map(c => new Option(c.name, c.name, false, c.name === chosen)));
  state.collections = new Map(collections.map(c => [c.name, c]));
  $("empty").hidden = collections.length > 0;
  $("which").hidden = document.querySelector("main").hidden = collections.length === 0;
  $("others").textContent = all.length > collections.length ? `${all.length - collections.length} more were made with another model than this server has.` : "";
  await showAbout();
}

async function showAbout() {
  const collection = state.collections?.get($("collections").value);
  // The model that comes with the repository, by its folder's name.
  const scope = collection?.model === "shapeworld" ? ", which knows drawn scenes only and no photographs" : "";
  $("about").textContent = collection ? `${collection.records} items, embedded by ${collection.model}${scope}` : "";
  $("examples").hidden = collection?.name !== "sample";
  if ($("examples").hidden || state.examples) return;
  state.examples = (await json("v1/collections/sample/examples")).examples;
  // Words with an image and words alone in turn, so that the first few show both.
  const [words, images] = [state.examples.filter(e => !e.image), state.examples.filter(e => e.image)];
  $("tries").replaceChildren(...images.flatMap((image, i) => [image, words[i]]).filter(Boolean).slice(0, 6).map(showExample));
}

/** A button that fills in a query and asks it. */
function showExample(example) {
  const button = document.createElement("button");
  button.type = "button";
  if (example.image) {
    const image = document.createElement("img");
    image.src = example.image;
    image.alt = "A drawn scene";
    button.append(image);
  }
  button.append(example.text);
  button.onclick = () => attempt(async () => {
    setImage(example.image ? await (await fetch(example.image)).blob() : null);
    $("text").value = example.text;
    await ask();
  });
  return button;
}

async function makeSample() {
  $("sample").disabled = true;
  $("making").hidden = false;
  try {
    const { name } = await json("v1/collections/sample", { method: "POST" });
    await showCollections(name);
    $("text").focus();
  } finally {
    $("sample").disabled = false;
    $("making").hidden = true;
  }
}

async function addImages() {
  const [name, files, bar] = [$("target").value, [...$("files").files], $("uploaded")];
  if (!state.collections.has(name)) await json("v1/collections", { method: "POST", json: { name } });
  Object.assign(bar, { hidden: false, max: files.length, value: 0 });
  const broken = [];
  for (const file of files) {
    const body = new FormData();
    body.append("file", file);
    const { failed } = await json(`v1/collections/${name}/items`, { method: "POST", body });
    broken.push(...failed.map(item => item.problem));
    bar.value++;
  }
  bar.hidden = true;
  $("upload").reset();
  await showCollections(name);
  if (broken.length) throw new Error(`${broken.length} of ${files.length} could not be added. ${broken[0]}`);
}

// The query's image

function setImage(blob) {
  state.image = blob;
  if ($("preview").src) URL.revokeObjectURL($("preview").src);
  $("preview").hidden = $("remove").hidden = !blob;
  $("hint").hidden = !!blob;
  if (blob) show($("preview"), blob, "The image of the query");
  else $("preview").removeAttribute("src");
}

/** Small drawings are shown with their pixels, photographs smoothly. */
function show(image, blob, description) {
  image.alt = description;
  image.onload = () => image.classList.toggle("photo", image.naturalWidth > 128);
  image.src = URL.createObjectURL(blob);
}

const dataUri = blob => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result);
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(blob);
});

// Searching

/** Reads Server-Sent Events: pairs of an event's name and its data. */
async function* events(response) {
  let rest = "";
  for (const reader = response.body.pipeThrough(new TextDecoderStream()).getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    for (let end; (end = rest.indexOf("\n\n")) >= 0; rest = rest.slice(end + 2)) {
      const fields = Object.fromEntries(rest.slice(0, end).split("\n").map(line => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trimStart()]));
      if (fields.data) yield [fields.event, JSON.parse(fields.data)];
    }
  }
}

async function search(request, view) {
  const stop = new AbortController();
  state.running.push(stop);
  view.rationale.classList.add("writing");
  try {
    const { collection, ...body } = request;
    const response = await call(`v1/collections/${collection}/search`, { method: "POST", signal: stop.signal, json: { ...body, stream: true } });
    for await (const [name, data] of events(response)) {
      if (name === "rationale") view.rationale.value += data.text;
      else if (name === "error") throw new Error(data.error.message);
      else if (name === "answer") await showAnswer(data, request, view);
    }
  } finally {
    view.rationale.classList.remove("writing");
    state.running = state.running.filter(other => other !== stop);
    showRunning();
  }
}

async function showAnswer(answer, request, view) {
  view.rationale.value = answer.rationale ?? "";
  view.rationale.readOnly = false;
  view.rationale.placeholder = "None was written. Write one here and search again.";
  view.again.hidden = false;
  const { reason_ms: reason, embed_ms: embed, search_ms: found } = answer.timings;
  view.times.textContent = `reason ${Math.round(reason)} ms, embed ${Math.round(embed)} ms, search ${Math.round(found)} ms`;
  view.hits.replaceChildren(...await Promise.all(answer.hits.map(hit => showHit(hit, request.collection))));
  view.none.hidden = answer.hits.length > 0;
}

async function showHit({ score: cosine, item: found }, collection) {
  const item = document.createElement("li");
  if (found.thumbnail) {
    const blob = await (await call(`v1/collections/${collection}/items/${found.id}/thumbnail`)).blob();
    const [button, image] = [document.createElement("button"), document.createElement("img")];
    show(image, blob, found.text ?? `Image ${found.label}`);
    button.type = "button";
    button.title = "Search with this image";
    button.append(image);
    button.onclick = () => { setImage(blob); scrollTo({ top: 0, behavior: "smooth" }); $("text").focus(); };
    item.append(button);
  }
  const score = document.createElement("span");
  score.className = "score";
  score.textContent = cosine.toFixed(3);
  score.title = "Cosine similarity to the query";
  item.append(score);
  // A label that is the id says nothing to a person.
  for (const text of new Set([found.label === found.id ? null : found.label, found.text].filter(Boolean))) {
    const line = document.createElement("p");
    line.textContent = text;
    item.append(line);
  }
  return item;
}

function makeView(title) {
  const section = $("answer").content.cloneNode(true).firstElementChild;
  section.querySelector("h2").textContent = title;
  const [rationale, again, times, hits, none] = ["rationale", "again", "times", "hits", "none"].map(name => section.querySelector(`.${name}`));
  return { section, rationale, again, times, hits, none };
}

function showRunning() {
  $("stop").hidden = state.running.length === 0;
  $("ask").disabled = state.running.length > 0;
}

async function ask() {
  const chosen = document.querySelector("input[name=reasoning]:checked").value;
  const query = {
    collection: $("collections").value,
    text: $("text").value.trim() || undefined,
    image: state.image ? await dataUri(state.image) : undefined,
    instruction: $("instruction").value.trim() || undefined,
    where: $("filter").value.trim() ? $("filter").value.split(",").map(condition => condition.trim()).filter(Boolean) : undefined,
    top_k: Number($("top").value) || 12,
  };
  if (!query.text && !query.image) throw new Error("There is nothing to search with: type something, or give an image.");
  const modes = chosen === "both" ? ["on", "off"] : [chosen];
  const views = modes.map(mode => makeView(mode === "on" ? "With reasoning" : "Without reasoning"));
  $("answers").replaceChildren(...views.map(view => view.section));
  const searches = views.map((view, i) => {
    const request = { ...query, reasoning: modes[i] };
    view.again.onclick = () => attempt(async () => {
      const rationale = view.rationale.value;
      view.section.querySelector("h2").textContent = "With your rationale";
      view.rationale.value = "";
      const again = search({ ...request, reasoning: "on", rationale }, view);
      showRunning();
      await again;
    });
    return search(request, view);
  });
  showRunning();
  await Promise.all(searches);
}

// What a person does

const on = (id, event, work) => $(id).addEventListener(event, work);

on("query", "submit", event => { event.preventDefault(); attempt(ask); });
on("stop", "click", () => state.running.forEach(running => running.abort()));
on("sample", "click", () => attempt(makeSample));
on("collections", "change", () => attempt(showAbout));
on("upload", "submit", event => { event.preventDefault(); attempt(addImages); });
on("key", "submit", event => {
  event.preventDefault();
  state.key = $("secret").value;
  sessionStorage.setItem("key", state.key);
  $("key").hidden = true;
  attempt(() => showCollections());
});
on("manage", "click", () => {
  $("manager").hidden = !$("manager").hidden;
  $("manage").setAttribute("aria-expanded", String(!$("manager").hidden));
});
on("text", "keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("query").requestSubmit();
});

on("choose", "click", () => $("file").click());
on("file", "change", () => { if ($("file").files[0]) setImage($("file").files[0]); $("file").value = ""; });
on("remove", "click", () => { setImage(null); $("choose").focus(); });
on("image", "dragover", event => { event.preventDefault(); $("image").classList.add("over"); });
on("image", "dragleave", () => $("image").classList.remove("over"));
on("image", "drop", event => {
  event.preventDefault();
  $("image").classList.remove("over");
  const file = [...event.dataTransfer.files].find(f => f.type.startsWith("image/"));
  if (file) setImage(file);
});
document.addEventListener("paste", event => {
  const file = [...event.clipboardData.files].find(f => f.type.startsWith("image/"));
  if (file) setImage(file);
});

attempt(() => showCollections());

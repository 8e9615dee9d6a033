// Runs Python. To read and compile the standard library, Flet and the app takes seconds, so it is
// done once on a device: what the memory holds then (code, no data of anybody) is kept beside the
// bundle, and the next start puts it back.
import { loadPyodide } from './pyodide/pyodide.mjs';
import createPyodideModule from './pyodide/pyodide.asm.mjs';
import { Vault } from './vault.js';

const home = new URL('.', import.meta.url).href;
const version = home.split('/').at(-2);
const IMAGES = `till-image-${version}`, IMAGE = home + 'image';
const OPEN_NAMES = ['device', 'preferences'];
const bytes = async (name) => new Uint8Array(await (await fetch(home + name)).arrayBuffer());

const keptImage = async () => {
  const found = await (await caches.open(IMAGES)).match(IMAGE);
  return found ? new Uint8Array(await found.arrayBuffer()) : null;
};

// Memory starts small; an image needs room before it is put back. What is claimed here is forgotten
// again with it.
const withRoom = (size) => async (settings) => {
  const module = await createPyodideModule(settings);
  if (module.HEAP8.length < size) module._malloc(size);
  return module;
};

// `image` is what the memory held, or null. The files are no part of it.
const python = async (image) => {
  const [source, extension] = await Promise.all([bytes('till.zip'), bytes('_cmsgpack.so')]);
  const started = await loadPyodide({
    indexURL: home + 'pyodide/',
    lockFileContents: await (await fetch(home + 'pyodide/pyodide-lock.json')).json(),
    env: { HOME: '/home/pyodide', PYTHONDONTWRITEBYTECODE: '1' },
    fsInit: async (FS) => {
      FS.writeFile('/till.zip', source);
      FS.mkdirTree('/extension');
      FS.writeFile('/extension/_cmsgpack.so', extension);
    },
    ...(image
      ? { _loadSnapshot: image, createPyodideModule: withRoom(image.length) }
      : { _makeSnapshot: true, createPyodideModule }),
  });
  if (!image) {
    started.runPython(`
import sys
sys.path.insert(0, "/till.zip")
from staff_app.browser import preloaded
`);
  }
  return started;
};

const begun = async () => {
  const known = await keptImage().catch(() => null);
  if (known) {
    try {
      return [await python(known), null];
    } catch (error) {
      console.warn('the image is not used:', error);
      await caches.delete(IMAGES);
    }
  }
  const started = await python(null);
  try {
    return [started, started.makeMemorySnapshot()];
  } catch (error) {
    console.warn('no image was made:', error);
    return [started, null];
  }
};

const run = async ({ session, graphql }) => {
  const opening = Vault.open(OPEN_NAMES, session);
  const [started, image] = await begun();
  const vault = await opening;
  const client = {};
  started.registerJsModule('flet_js', client);
  started.registerJsModule('till_device', { vault, graphql });
  started.runPython('from staff_app.browser.start import start; start()');
  return { client, image, python: started };
};

self.onmessage = async ({ data }) => {
  try {
    if (data.start) {
      self.till = run(data.start);
      await self.till;
    } else if (data.connect) {
      const { client, image } = await self.till;
      client.args = data.connect.args;
      client.documentUrl = data.connect.url;
      await client.start_connection((message) => {
        const made = message.toJs();
        self.postMessage(made, [made.buffer]);
      });
      self.postMessage('connected');
      if (image) setTimeout(async () => (await caches.open(IMAGES)).put(IMAGE, new Response(image)), 1000);
    } else {
      const { client } = await self.till;
      client.send(data);
    }
  } catch (error) {
    self.postMessage({ failed: String(error) });
  }
};

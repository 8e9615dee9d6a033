// The page of the till: one window at a time, Python in a worker from the first moment on, and the
// three functions through which Flet's client speaks to it.
(() => {
  const home = new URL('.', document.currentScript.src).href;   // .../till/v/<version>/
  const root = new URL('../../', home).href;                    // .../till/

  const chinese = () => !(navigator.language || 'zh').toLowerCase().startsWith('en');
  const say = (zh, en) => {
    const shown = document.getElementById('trouble');
    if (!shown) return addEventListener('DOMContentLoaded', () => say(zh, en), { once: true });
    shown.textContent = chinese() ? zh : en;
    shown.hidden = false;
    document.getElementById('loading').classList.add('stopped');
  };

  // 32 random bytes that live as long as this window: with them a reload asks nobody for a PIN.
  const session = () => {
    let kept = sessionStorage.getItem('chainstitch.session');
    if (!kept) {
      kept = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
      sessionStorage.setItem('chainstitch.session', kept);
    }
    return kept;
  };

  // Two windows would write over each other's unsent sales: the second asks first. A window that was
  // just closed or reloaded lets go within a moment.
  const alone = () => new Promise((resolve) => {
    const held = () => { resolve(); return new Promise(() => {}); };
    const taken = () => { worker?.terminate(); location.replace(root); };
    const moment = { signal: AbortSignal.timeout(2000) };
    navigator.locks.request('chainstitch-till', moment, held).catch((error) => {
      if (error.name !== 'TimeoutError') return taken();
      const here = document.getElementById('here');
      say('收银台已在另一个窗口打开。', 'The till is open in another window.');
      here.textContent = chinese() ? '在这里继续' : 'Continue here';
      here.hidden = false;
      here.onclick = () => {
        here.hidden = true;
        navigator.locks.request('chainstitch-till', { steal: true }, held).catch(taken);
      };
    });
  });

  // Python has drawn. To keep everything for later costs what the first screen needs: only now.
  const shown = () => {
    if (!document.getElementById('loading')) return;
    document.getElementById('loading').remove();
    setTimeout(() => navigator.serviceWorker?.register(
      root + 'flutter_service_worker.js', { updateViaCache: 'none' }), 1000);
  };

  let worker = null, receive = null, connected = null;

  const start = () => {
    worker = new Worker(home + 'worker.js', { type: 'module' });
    worker.onmessage = ({ data }) => {
      if (data instanceof Uint8Array) { receive?.(data); setTimeout(shown, 200); }
      else if (data === 'connected') connected?.resolve();
      else if (data.failed) {
        say('收银台没有启动，请重新打开。什么也没有丢。', 'The till did not start. Open it again; nothing is lost.');
        console.error(data.failed);
        connected?.reject(new Error(data.failed));
      }
    };
    worker.postMessage({ start: { session: session(), graphql: new URL('../graphql', root).href } });
  };

  globalThis.till = { home, root, alone: alone() };
  till.alone.then(start);

  // Called by Flet's client (see python.js of flet_web): connect, send, disconnect.
  globalThis.jsConnect = async (_app, args, dartOnMessage) => {
    await till.alone;
    receive = dartOnMessage;
    if (!worker) start();
    await new Promise((resolve, reject) => {
      connected = { resolve, reject };
      worker.postMessage({ connect: { args, url: document.URL } });
    });
  };
  globalThis.jsSend = async (_app, data) => worker?.postMessage(data, [data.buffer]);
  globalThis.jsDisconnect = async () => { worker?.terminate(); worker = null; };

  globalThis.flet = {
    pyodide: true, multiView: false, noCdn: true,
    entrypointBaseUrl: home, assetBase: home, canvasKitBaseUrl: home + 'canvaskit/',
    fontFallbackBaseUrl: home + 'assets/fonts/', routeUrlStrategy: 'hash', webRenderer: 'canvaskit',
    webSocketEndpoint: 'ws', appPackageUrl: 'till.zip', pythonModuleName: 'main',
    pyodideUrl: home + 'pyodide/pyodide.mjs',
  };
  flet.flutterAppLoaded = new Promise((resolve) => { flet.flutterAppResolve = resolve; });

  // A phone that runs short of space must not take the unsent sales for a cache.
  navigator.storage?.persist?.();
})();

// Keeps the screen honest about the connection to the server.
//
// The client of Flet 1.0.5 repaints nothing after it has reconnected by itself, and away from
// localhost it waits twice as long after each failed attempt, without a limit. So the first lost
// socket counts: say so at once, ask the server every second and a half, and load the page anew
// when it answers. Basket, sign-in and unsent sales are on the device and are there again.
(() => {
  const Socket = window.WebSocket;
  const patience = 1500;
  let lost = false;

  const zh = () => (localStorage.getItem('flutter.chainstitch.preferences') || '').indexOf('\\"en\\"') < 0;

  const show = () => {
    const bar = document.createElement('div');
    bar.id = 'connection-lost';
    bar.setAttribute('role', 'status');
    bar.textContent = zh()
      ? '网络已断开，正在重新连接。购物篮和未上传的销售都保存在本机。'
      : 'No connection; reconnecting. The basket and unsent sales are safe on this device.';
    bar.style.cssText =
      'position:fixed;inset:0 0 auto 0;z-index:99999;padding:12px 16px;text-align:center;' +
      'font:14px/1.4 NotoSansSC,sans-serif;background:#8c1d18;color:#fff';
    document.body.appendChild(bar);
  };

  const ask = async () => {
    try {
      const answer = await fetch('alive', { cache: 'no-store' });
      if (answer.ok) {
        location.reload();
        return;
      }
    } catch (error) {
      // still away: asked again below
    }
    setTimeout(ask, patience);
  };

  const lose = () => {
    if (lost) return;
    lost = true;
    show();
    setTimeout(ask, patience / 2);
  };

  let leaving = false;
  addEventListener('pagehide', () => { leaving = true; });
  addEventListener('pageshow', () => { leaving = false; });
  addEventListener('offline', lose);

  window.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      this.addEventListener('close', () => { if (!leaving) lose(); });
    }
  };
})();

// Starts Flutter once this window is the only one. Nothing of it comes from another host.
_flutter.buildConfig = {
  engineRevision: '', builds: [{ compileTarget: 'dart2js', renderer: 'canvaskit', mainJsPath: 'main.dart.js' }],
};
till.alone.then(() => {
  const config = {
    entrypointBaseUrl: flet.entrypointBaseUrl, assetBase: flet.assetBase, renderer: 'canvaskit',
    canvasKitBaseUrl: flet.canvasKitBaseUrl, fontFallbackBaseUrl: flet.fontFallbackBaseUrl,
  };
  _flutter.loader.load({
    config,
    onEntrypointLoaded: async (initializer) => {
      const engine = await initializer.initializeEngine(config);
      flet.flutterApp = await engine.runApp();
      flet.flutterAppResolve(flet.flutterApp);
    },
  });
});

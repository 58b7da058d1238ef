// Every folder src/<bundle>/ with an index.js is a bundle; templates find it by that name through the manifest (web/bundles.py).
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from 'vite';

const here = import.meta.dirname;
const source = resolve(here, 'src');
const bundles = readdirSync(source).filter((name) => existsSync(resolve(source, name, 'index.js')));

export default defineConfig({
  base: './',
  publicDir: false,
  resolve: {
    alias: [
      // CodeMirror's <style> needs the page's nonce; the FEEL editor's list of functions has no other seam.
      { find: /^style-mod$/, replacement: resolve(source, 'shared/style-mod-nonce.js') },
      { find: /^@camunda\/feel-builtins$/, replacement: resolve(source, 'workbench/diagram/feel-functions.js') },
    ],
  },
  css: {
    preprocessorOptions: {
      scss: { quietDeps: true, silenceDeprecations: ['import', 'global-builtin', 'color-functions', 'if-function'] },
    },
  },
  build: {
    outDir: process.env.CITYLOOP_ASSETS_OUT || resolve(here, '../static/dist'),
    emptyOutDir: true,
    manifest: 'manifest.json',
    assetsInlineLimit: 0, // data: fonts would break the content security policy
    sourcemap: false,
    target: 'es2022',
    chunkSizeWarningLimit: 3000,
    rollupOptions: {
      input: Object.fromEntries(bundles.map((name) => [name, resolve(source, name, 'index.js')])),
      output: {
        entryFileNames: '[name]-[hash].js',
        chunkFileNames: 'chunk-[hash].js',
        assetFileNames: '[name]-[hash][extname]',
      },
    },
  },
});

import path from 'node:path'
import { defineConfig } from 'vite'

/** The browser half of the console, as files of dist/web: `index.html`, and under `assets/` what has a hash in its name. */
export default defineConfig({
  root: path.join(import.meta.dirname, 'src/web'),
  // Addresses of clusters are deeper than the files.
  base: '/',
  resolve: { conditions: ['source', 'module', 'browser', 'production'] },
  build: {
    outDir: path.join(import.meta.dirname, 'dist/web'),
    emptyOutDir: true,
    target: ['chrome123', 'firefox120', 'safari17.5'],
    // A page of a strict policy: nothing in the document but what its files say.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      onLog(level, log, report) {
        // "use client" of libraries is for servers that render; there is none here.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log)
      },
    },
  },
  logLevel: 'warn',
})

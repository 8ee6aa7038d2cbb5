import { defineConfig } from 'vitest/config'

/** Tests read workspace sources directly, so that `vitest` needs no build. */
const conditions = ['source', 'module', 'node', 'import', 'default']
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } }

/**
 * Three kinds of test, told apart by file name:
 * `*.test.ts` (unit: values only, fast), `*.integration.test.ts` (our real daemons and files, no root),
 * `*.peers.test.ts` (the real C programs; root and Debian packages).
 */
export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts', 'examples/**/*.test.ts'],
          // Not a measure of speed: a loaded machine may take its time.
          testTimeout: 120_000,
          exclude: ['**/*.integration.test.ts', '**/*.peers.test.ts', '**/node_modules/**', '**/dist/**'],
        },
      },
      {
        ...shared,
        test: {
          name: 'integration',
          include: ['packages/*/src/**/*.integration.test.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'peers',
          include: ['packages/*/src/**/*.peers.test.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})

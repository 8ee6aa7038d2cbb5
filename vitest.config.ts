import os from 'node:os'
import { defineConfig } from 'vitest/config'

/** Tests read workspace sources directly, so that `vitest` needs no build. */
const conditions = ['source', 'module', 'node', 'import', 'default']
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } }

/** Files of tests at a time, where these share nothing: vitest by itself leaves one of two processors idle. */
const workersMax = Math.max(2, os.availableParallelism() - 1)

/** Peers tests that compare what tools make of files: they share nothing, and whatever the time they take, none waits for it. */
const toolTests = [
  'packages/{cib,testkit}/src/**/*.peers.test.ts',
  'packages/cli/src/{crm_*,iso8601}/*.peers.test.ts',
  'packages/cli/src/pacemaker/{cib-tools,current-cib}.peers.test.ts',
  'packages/fence-virt/src/client/*.peers.test.ts',
]

/**
 * Three kinds of test, told apart by file name:
 * `*.test.ts` (unit: values only, fast), `*.integration.test.ts` (our real daemons and files, no root),
 * `*.peers.test.ts` (the real C programs; root and Debian packages). Of the last kind those with daemons have the machine to
 * themselves, file by file.
 */
export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          maxWorkers: workersMax,
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
          exclude: [...toolTests, '**/node_modules/**', '**/dist/**'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'peers-tools',
          include: toolTests,
          exclude: ['**/node_modules/**', '**/dist/**'],
          maxWorkers: workersMax,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})

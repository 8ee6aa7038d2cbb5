import os from 'node:os'
import path from 'node:path'
import { defineConfig } from 'vitest/config'

/** Tests read workspace sources directly, so that `vitest` needs no build. */
const conditions = ['source', 'module', 'node', 'import', 'default']
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } }
const setupFiles = [path.join(import.meta.dirname, 'vitest.seed.ts')]

/** Files of tests at a time, where these share nothing: vitest by itself leaves one of two processors idle. */
const workersMax = Math.max(2, os.availableParallelism() - 1)

/** Files with labs at a time: so many were tried on two processors that had ten times as much to do. */
const labFilesMax = 2

/** A test that hangs is to be found out; one on a loaded machine may take its time. */
const limitMs = 900_000

/** Peers tests that compare what tools make of files: none of them waits for anything but its own processes. */
const toolTests = [
  'packages/{cib,testkit}/src/**/*.peers.test.ts',
  'packages/cli/src/{cibadmin,crm_*,iso8601}/*.peers.test.ts',
  'packages/cli/src/pacemaker/{cib-tools,current-cib}.peers.test.ts',
  'packages/fence-virt/src/client/*.peers.test.ts',
]

/** Integration tests that compute, each for itself, and start no daemon. */
const computingTests = [
  'packages/testkit/src/**/*.integration.test.ts',
  'packages/cli/src/explain/*.integration.test.ts',
]

/**
 * Three kinds of test, told apart by file name:
 * `*.test.ts` (unit: values only, fast), `*.integration.test.ts` (our real daemons and files, no root),
 * `*.peers.test.ts` (the real C programs; root and Debian packages).
 *
 * Integration tests with daemons have the machine to themselves, file by file. Peers tests with daemons come after those with
 * tools, two files at a time: each has labs of its own, waits most of its time for rings to form and clusters to
 * settle, and awaits events, so that it is only slower beside another. Nodes of labs run before all else on the machine.
 */
export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          setupFiles,
          maxWorkers: workersMax,
          // Values only: nothing that a file could leave behind for the next one. A process for each file costs half of the
          // time, and each of 166 starts is one that a machine which stalls for a minute lets fail.
          isolate: false,
          include: ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts', 'examples/**/*.test.ts'],
          testTimeout: limitMs,
          exclude: ['**/*.integration.test.ts', '**/*.peers.test.ts', '**/node_modules/**', '**/dist/**'],
        },
      },
      {
        ...shared,
        test: {
          name: 'integration',
          setupFiles,
          include: ['packages/*/src/**/*.integration.test.ts'],
          exclude: [...computingTests, '**/node_modules/**', '**/dist/**'],
          fileParallelism: false,
          testTimeout: limitMs,
          hookTimeout: limitMs,
        },
      },
      {
        ...shared,
        test: {
          name: 'integration-computing',
          setupFiles,
          include: computingTests,
          exclude: ['**/node_modules/**', '**/dist/**'],
          maxWorkers: workersMax,
          testTimeout: limitMs,
          hookTimeout: limitMs,
        },
      },
      {
        ...shared,
        test: {
          name: 'peers',
          setupFiles,
          include: ['packages/*/src/**/*.peers.test.ts'],
          exclude: [...toolTests, '**/node_modules/**', '**/dist/**'],
          maxWorkers: labFilesMax,
          sequence: { groupOrder: 1 },
          testTimeout: limitMs,
          hookTimeout: limitMs,
        },
      },
      {
        ...shared,
        test: {
          name: 'peers-tools',
          setupFiles,
          include: toolTests,
          exclude: ['**/node_modules/**', '**/dist/**'],
          maxWorkers: workersMax,
          testTimeout: limitMs,
          hookTimeout: limitMs,
        },
      },
    ],
  },
})

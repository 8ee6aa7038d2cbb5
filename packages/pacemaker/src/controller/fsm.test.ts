import { expect, test } from 'vitest'
import { type Input, nextRow, type Phase, table } from './fsm.ts'
import { jobsAllowed, loadMode, loadModes } from './load.ts'

const phases = Object.keys(table) as Phase[]
const inputs = [...new Set(phases.flatMap((phase) => Object.keys(table[phase])))] as Input[]

test('every state that is not an end can be left, stopped and failed', () => {
  for (const phase of phases.filter((name) => name !== 'S_TERMINATE')) {
    expect(nextRow(phase, 'I_ERROR')?.to, phase).toMatch(/^S_(RECOVERY|TERMINATE)$/)
    expect(nextRow(phase, 'I_TERMINATE')?.to, phase).toBe('S_TERMINATE')
  }
})

test('a DC that stops leading gives the role up', () => {
  const leading: readonly Phase[] = [
    'S_INTEGRATION',
    'S_FINALIZE_JOIN',
    'S_POLICY_ENGINE',
    'S_TRANSITION_ENGINE',
    'S_IDLE',
  ]
  const stays = new Set<Phase>([...leading, 'S_ELECTION'])
  for (const phase of leading) {
    for (const input of inputs) {
      const row = nextRow(phase, input)
      if (row !== undefined && !stays.has(row.to) && row.to !== 'S_TERMINATE' && row.run[0] !== 'exit') {
        expect(row.run, `${phase} ${input}`).toContain('release')
      }
    }
  }
})

test('every state can be reached from the start', () => {
  const reached = new Set<Phase>(['S_STARTING'])
  for (const phase of reached) {
    for (const input of inputs) {
      const row = nextRow(phase, input)
      if (row !== undefined) reached.add(row.to)
    }
  }
  expect([...reached].sort()).toEqual([...phases].sort())
})

test('the busier a node, the fewer agents run on it at a time, and never none', () => {
  expect([0.5, 2, 2.6, 3.3].map((average) => loadMode(average, 2))).toEqual([
    loadModes.none,
    loadModes.low,
    loadModes.medium,
    loadModes.high,
  ])
  expect([loadModes.none, loadModes.low, loadModes.medium, loadModes.high].map((mode) => jobsAllowed(mode, 4))).toEqual(
    [4, 2, 1, 1],
  )
  expect(jobsAllowed(loadModes.high, 0)).toBe(1)
})

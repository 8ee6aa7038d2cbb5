import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CoreTimer, hostTimerMsMax } from './core-timer.ts'
import { processHost } from './daemon/process-host.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], now: 0 }))
afterEach(() => vi.useRealTimers())

describe('the timer of a core', () => {
  it('waits for moments that are further away than a timer of the host can wait', () => {
    const ticks: number[] = []
    const dueMs = performance.now() + 2 * hostTimerMsMax
    const timer: CoreTimer = new CoreTimer(processHost, () => {
      ticks.push(performance.now())
      timer.arm(performance.now() < dueMs ? dueMs : undefined)
    })
    timer.arm(dueMs)
    vi.advanceTimersByTime(1_000)
    expect(ticks).toEqual([])
    vi.advanceTimersByTime(2 * hostTimerMsMax)
    expect(ticks.length).toBeLessThan(4)
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(dueMs)
  })
})

import { monoMs } from '@quorate/base'
import { describe, expect, it } from 'vitest'
import { foresightMsMax } from './backend.ts'
import { Foresight } from './foresight.ts'

const now = monoMs(1_000)
const later = (ms: number): ReturnType<typeof monoMs> => monoMs(now + ms)

describe('what is looked up ahead', () => {
  it('answers the request that announced it, once, and no other one', async () => {
    const ahead = new Foresight<string>()
    const [mine, others] = [{}, {}]
    ahead.begin(mine, now, async () => 'on')
    expect(ahead.take(others, now)).toBeUndefined()
    expect(await ahead.take(mine, later(1))).toBe('on')
    expect(ahead.take(mine, later(1))).toBeUndefined()
  })

  it('is asked anew when it is too old', async () => {
    const ahead = new Foresight<string>()
    const [slow, prompt] = [{}, {}]
    ahead.begin(slow, now, async () => 'on')
    ahead.begin(prompt, now, async () => 'on')
    expect(ahead.take(slow, later(foresightMsMax))).toBeUndefined()
    expect(await ahead.take(prompt, later(foresightMsMax - 1))).toBe('on')
  })

  it('hands trouble to whoever asks, and to nobody else', async () => {
    const ahead = new Foresight<number>()
    const fails = async (): Promise<number> => {
      throw new Error('gone')
    }
    const [nobody, somebody] = [{}, {}]
    ahead.begin(nobody, now, fails)
    ahead.begin(somebody, now, fails)
    await expect(ahead.take(somebody, now)).rejects.toThrow('gone')
  })
})

import type { TotemConfig } from '@quorate/totem'
import type { ConfigEntry } from './config-entries.ts'
import { ConfigError } from './config-error.ts'

/** Shortest timeout that the ring accepts, ms: three ticks of the C daemon's clock. */
export const timeoutMsMin = 30

/**
 * Checks the resolved times against each other, as the C daemon does.
 *
 * @throws ConfigError with the line of the setting, where the file has it
 */
export function checkTiming(file: string, entries: readonly ConfigEntry[], config: TotemConfig): void {
  const fault = (key: string, what: string): ConfigError => {
    const line = entries.find((entry) => entry.key === `totem.${key}`)?.line
    return new ConfigError(file, line, what)
  }
  const times = [
    ['token', 'token timeout', config.tokenLossMs],
    ['token_retransmit', 'token retransmit timeout', config.tokenRetransmitMs],
    ['join', 'join timeout', config.joinMs],
    ['consensus', 'consensus timeout', config.consensusMs],
    ['merge', 'merge timeout', config.mergeMs],
    ['downcheck', 'downcheck timeout', config.downcheckMs],
  ] as const
  for (const [key, what, ms] of times) {
    if (ms >= timeoutMsMin) continue
    if (key === 'token_retransmit' && !entries.some((entry) => entry.key === 'totem.token_retransmit')) {
      throw fault('token', 'Not appropriate token or token_retransmits_before_loss_const value set')
    }
    throw fault(key, `The ${what} parameter (${ms} ms) may not be less than (${timeoutMsMin} ms).`)
  }
  if (config.consensusMs < config.joinMs) {
    const what = `The consensus timeout parameter (${config.consensusMs} ms) may not be less than join timeout (${config.joinMs} ms).`
    throw fault('join', what)
  }
}

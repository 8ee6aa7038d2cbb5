import { calm, type FaultMix } from './fault-mix.ts'
import { Violation } from './violation.ts'
import type { World } from './world.ts'

/** Token and consensus timeouts after which a healed world must be one ring. */
const unionRounds = 8
/** A token and a consensus timeout, in token timeouts. */
const roundTokens = 2.2

/** Ends all faults: links are whole, every machine runs. */
export function heal(world: World): void {
  world.network.mix = calm
  world.network.heal()
  startAll(world)
}

/**
 * Lets a healed world find together: once sleepers are awake and late frames have come in, bounded time must do.
 *
 * @param flaw what keeps the world from being whole, undefined when nothing does
 * @throws Violation when something still does by then
 */
export function unite(world: World, tokenMs: number, faults: FaultMix, flaw: () => string | undefined): void {
  const lateMs = Math.max(faults.replayMaxMs, faults.pauseMaxMs, faults.tailMaxMs)
  const boundMs = unionRounds * roundTokens * tokenMs
  world.runUntil(world.nowMs + lateMs)
  // Who was leaving when the world was healed has gone by now.
  startAll(world)
  const deadlineMs = world.nowMs + boundMs
  while (world.nowMs < deadlineMs && flaw() !== undefined) world.runUntil(world.nowMs + tokenMs / 10)
  const left = flaw()
  if (left !== undefined) throw new Violation(`L: healed for ${boundMs.toFixed(0)} ms: ${left}`)
}

function startAll(world: World): void {
  for (const machine of world.machines.values()) if (!machine.running) machine.start()
}

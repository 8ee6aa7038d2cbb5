/**
 * The simulated world: machines with disks and clocks on a network that fails as a seed says. What runs on a machine is
 * a {@link Process}: a bare ring ({@link RingProcess}) with a {@link RingProgram} on it, or anything else that steps, up to
 * the whole of a cluster's software ({@link runClusterSeed}).
 */
export { type ClusterSeedOptions, type ClusterSeedReport, runClusterSeed } from './cluster/cluster-seed.ts'
export { EvsChecker } from './evs-checker.ts'
export { calm, type FaultMix } from './fault-mix.ts'
export { Machine, type MakeProcess, type Process, type ProcessHost } from './machine.ts'
export { Network } from './network.ts'
export { RingProcess, type RingProcessOptions, type Sabotage } from './ring-process.ts'
export type { MakeProgram, ProgramHost, RingProgram, RingWitness } from './ring-program.ts'
export { type RingSeedOptions, type RingSeedReport, runRingSeed } from './ring-seed.ts'
export { runServiceSeed, type ServiceSeedOptions, type ServiceSeedReport } from './service-seed.ts'
export { Violation } from './violation.ts'
export { World, type WorldOptions } from './world.ts'

import * as z from 'zod'
import { constraint } from './constraint.ts'
import { node } from './node.ts'
import { resource } from './resource.ts'
import { cibVersion, id, moment } from './scalar.ts'

/** Something that a person should look at. The `code` is stable; browsers translate it and fill in `params`. */
export const problem = z.object({
  code: z.enum([
    'cluster.noQuorum',
    'cluster.noDc',
    'cluster.maintenance',
    'cluster.fencingDisabled',
    'cluster.stopAll',
    'node.offline',
    'node.unclean',
    'node.standby',
    'node.maintenance',
    'resource.failed',
    'resource.blocked',
    'resource.unmanaged',
    'resource.disabled',
    'resource.orphan',
    'resource.multipleActive',
    'constraint.leftover',
    'configuration.error',
    'configuration.warning',
    'configuration.loop',
  ]),
  severity: z.enum(['error', 'warning', 'info']),
  /** In English, complete. */
  text: z.string(),
  /** What to do next, in English; null where there is nothing to do. */
  nextStep: z.string().nullable(),
  /** Ids that it is about. */
  node: id.nullable(),
  resource: id.nullable(),
  constraint: id.nullable(),
})

/** Fencing as the fencer remembers it; empty where there is none to ask. */
export const fencingEvent = z.object({
  id: z.string(),
  target: id,
  /** `off`, `on` or `reboot`. */
  action: z.string(),
  state: z.enum(['pending', 'success', 'failed']),
  /** Device or node that did it, and who asked for it. */
  delegate: z.string().nullable(),
  client: z.string().nullable(),
  origin: z.string().nullable(),
  at: moment.nullable(),
})

export const ticket = z.object({
  id,
  isGranted: z.boolean(),
  isStandby: z.boolean(),
  lastGrantedAt: moment.nullable(),
})

/** Contact to the cluster is lost: all else of the snapshot is as it was last seen. */
export const stale = z.object({
  /** When the contact was lost. */
  since: moment,
  reason: z.string(),
})

/** All that the console knows of the cluster at one moment. */
export const snapshot = z.object({
  /** Counts up at each change that this server sees; starts anew with the server. */
  rev: z.int(),
  /** Changes with each start of the server: a `rev` of another one says nothing. */
  server: z.string(),
  /** Version of the CIB that it shows; the value of `If-Match` for operations. */
  cibVersion,
  /** When the cluster was in this state for certain. */
  at: moment,
  /** Null while the contact holds. */
  stale: stale.nullable(),
  source: z.object({
    kind: z.enum(['cluster', 'file']),
    /** Name of the cluster, or of the file. */
    name: z.string(),
    /** The node that this server runs on, or looks through; null where it does not know it. */
    localNode: id.nullable(),
  }),
  hasQuorum: z.boolean(),
  /** Name of the designated controller; null: there is none. */
  dc: id.nullable(),
  /** True where the cluster has nothing left to do, as far as its plan for this state goes; null where it was not computed yet. */
  isIdle: z.boolean().nullable(),
  nodes: z.array(node),
  /** In the order of the configuration; orphans last. */
  resources: z.array(resource),
  constraints: z.array(constraint),
  tickets: z.array(ticket),
  /** Cluster options as configured; defaults are not in it. */
  properties: z.record(z.string(), z.string()),
  fencing: z.array(fencingEvent),
  problems: z.array(problem),
})

export type Problem = z.infer<typeof problem>
export type FencingEvent = z.infer<typeof fencingEvent>
export type Ticket = z.infer<typeof ticket>
export type Stale = z.infer<typeof stale>
export type Snapshot = z.infer<typeof snapshot>

import * as z from 'zod'
import { goodbye } from './events.ts'
import { hostSpec } from './host-list.ts'
import { limits } from './limits.ts'
import { id, moment } from './scalar.ts'
import { stale } from './snapshot.ts'

/** The steps to a cluster on a host, in their order: each is begun once the one before it is done. */
export const hostStages = ['tcp', 'hostKey', 'auth', 'privilege', 'cluster'] as const
export type HostStage = (typeof hostStages)[number]

/** Why a step failed. Codes are stable; browsers translate them and show `detail` as what ssh or the host said. */
export const hostFailureCodes = [
  /** tcp: no such host; it refuses; no way there, or nothing was heard. */
  'unresolved',
  'refused',
  'unreachable',
  /** A step took longer than its limit. */
  'timeout',
  /** hostKey: nobody has accepted it yet; it is another than the one that was accepted; no algorithm that both have. */
  'keyUnknown',
  'keyChanged',
  'keyRefused',
  /** auth: none of the server's keys and certificates is let in. */
  'denied',
  /** privilege: sudo asks for a password, or refuses; `remedy` is the line of sudoers that is missing. */
  'sudo',
  /** privilege: no shell, or one that is none. */
  'shell',
  /** cluster: the tools are not there; nobody answers them; the host is in another cluster than the others. */
  'noPacemaker',
  'notRunning',
  'otherCluster',
  /** cluster: it has one member only, and the server was not told to take such. */
  'oneMember',
  /** The connection ended. */
  'lost',
  /** ssh itself failed in a way that has no name here. */
  'ssh',
] as const

export const hostFailure = z.object({
  stage: z.enum(hostStages),
  code: z.enum(hostFailureCodes),
  /** As ssh or the host said it. */
  detail: z.string(),
  /** What to put into a file of the host so that it works; null where there is no such thing. */
  remedy: z.string().nullable(),
})

/** A key of a host that nobody has accepted yet. */
export const hostKey = z.object({
  /** What it is for, as `known_hosts` names it. */
  name: z.string(),
  type: z.string(),
  /** `SHA256:...`, as `ssh-keygen -l` prints it. */
  fingerprint: z.string(),
})

/** A host and how far it has been reached. */
export const clusterHost = z.object({
  /** Number of it in its cluster; never another one's. */
  id: z.int(),
  /** As it was asked for: `user@host:port`. */
  text: z.string(),
  /** Its name in the cluster; null until that is known. */
  node: z.string().nullable(),
  /** Stages that are done, each with what was found out; the rest is not begun, but for the first of it. */
  done: z.record(z.string(), z.string()),
  /** Null: the first stage that is not done is under way. */
  failure: hostFailure.nullable(),
  /** Null where there is none to be accepted. */
  key: hostKey.nullable(),
  /** The cluster is seen through this one. */
  isActive: z.boolean(),
  /** When it is tried again by itself; null: it is not. */
  retryAt: moment.nullable(),
})

/** A cluster of this server, in short. */
export const clusterSummary = z.object({
  id,
  name: z.string(),
  /** `local`: of the machine that the server runs on; `ssh`: connected. */
  kind: z.enum(['local', 'file', 'ssh']),
  /** What was last seen; null until anything was. */
  health: z
    .object({
      nodes: z.int(),
      nodesOnline: z.int(),
      resources: z.int(),
      failed: z.int(),
      errors: z.int(),
      warnings: z.int(),
      hasQuorum: z.boolean(),
      isIdle: z.boolean().nullable(),
      at: moment,
    })
    .nullable(),
  stale: stale.nullable(),
  hosts: z.array(clusterHost),
  /** Members that are known from the CIB and are not among the hosts. */
  discovered: z.array(z.string()),
})

/** Answer to `GET /api/clusters`. */
export const fleet = z.object({ clusters: z.array(clusterSummary) })

/** Events of `GET /api/clusters/events`: all of it at first, and whenever anything of it is another. */
export const fleetEvents = { clusters: fleet, goodbye } as const

const clusterName = z.string().trim().max(limits.clusterCharsMax)

/** Body of `POST /api/clusters`. */
export const connectRequest = z.strictObject({
  hosts: z.array(hostSpec).min(1).max(limits.hostsMax),
  /** Null or empty: as the cluster calls itself. */
  name: clusterName.nullable().default(null),
})

/** Body of `POST /api/clusters/ID/hosts`. */
export const moreHosts = z.strictObject({ hosts: z.array(hostSpec).min(1).max(limits.hostsMax) })

/** Body of `POST /api/clusters/ID/hosts/N/accept`: the very key that a person has looked at. */
export const keyAcceptance = z.strictObject({
  fingerprint: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/),
  /** Whether it is kept when the server ends. */
  save: z.boolean(),
})

export type HostFailureCode = (typeof hostFailureCodes)[number]
export type HostFailure = z.infer<typeof hostFailure>
export type HostKey = z.infer<typeof hostKey>
export type ClusterHost = z.infer<typeof clusterHost>
export type ClusterSummary = z.infer<typeof clusterSummary>
export type ClusterHealth = NonNullable<ClusterSummary['health']>
export type Fleet = z.infer<typeof fleet>
export type ConnectRequest = z.infer<typeof connectRequest>
export type KeyAcceptance = z.infer<typeof keyAcceptance>

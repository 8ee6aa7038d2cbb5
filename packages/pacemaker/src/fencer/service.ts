import type { XmlElement } from '@quorate/xml'

/**
 * How something that was asked of the fencer ended (behaviour/pacemaker-daemons.md 4.8). Only `execution` 0 with
 * `exitStatus` 0 is a success: everything else, an answer that cannot be read included, means that the target may run.
 */
export type FencingOutcome = {
  /** Execution status: 0 complete, -1 pending, 2 timed out, 4 error, 10 no fence device and so on. */
  readonly execution: number
  /** Exit status of the agent, or in its place. */
  readonly exitStatus: number
  /** A sentence for people; undefined after a success. */
  readonly reason: string | undefined
}

/** A node is to be fenced. */
export type FencingRequest = {
  readonly target: string
  /** `reboot`, `off` or `on`. */
  readonly action: string
  readonly timeoutMs: number
  /** Before `off` and `reboot`; -1: without the delays of devices either. */
  readonly delaySeconds: number
  /** The target may be this node, with nobody else to do it. */
  readonly mayFenceSelf: boolean
}

/** The end of a fencing operation, of whoever asked for it: every fencer of the cluster tells it once. */
export type FencingEvent = {
  /** UUID of the operation. */
  readonly operation: string
  readonly target: string
  readonly action: string
  /** The node that did it; undefined when nobody did, or after a watchdog's time. */
  readonly executioner: string | undefined
  /** The node whose fencer ran the operation, and the client that asked there. */
  readonly origin: string
  readonly client: string
  readonly outcome: FencingOutcome
}

/** Devices that the executor registers when a resource of class `stonith` starts. */
export type FencingDevice = {
  readonly id: string
  /** Name of the fence agent's program, such as `fence_xvm`. */
  readonly agent: string
  readonly parameters: ReadonlyMap<string, string>
}

/** This node's fencer as the other parts of the same daemon see it. Nothing here throws: faults are outcomes. */
export interface Fencer {
  /** Asks the cluster's fencers; `done` is called exactly once. */
  fence(request: FencingRequest, done: (outcome: FencingOutcome) => void): void
  /** Answers a function that ends it. */
  onFenced(listener: (event: FencingEvent) => void): () => void
  register(device: FencingDevice): FencingOutcome
  /** The device stays while the CIB wants it on this node. */
  remove(device: string): FencingOutcome
  /** Runs `monitor`, `status` or `list` of a device that is registered here; `done` is called exactly once. */
  execute(device: string, action: string, timeoutMs: number, done: (outcome: FencingOutcome) => void): void
  /** Asks the other fencers for what they remember. */
  synchronizeHistory(): void
  /** Forgets a node that is gone for good. */
  removePeer(node: string): void
  /** Takes a request of a local client; what it comes to goes through what {@link attach} was given. */
  request(client: FencerClient, xml: XmlElement): void
  /** The server's end. */
  attach(clients: FencerClients): void
}

/** A local client that asks something. Only privileged ones register and remove devices and levels. */
export type FencerClient = {
  readonly id: string
  readonly name: string
  readonly isPrivileged: boolean
  /** ACLs limit its user: it may ask, and have nothing done. */
  readonly isLimited?: boolean
}

/** What local clients are sent. */
export interface FencerClients {
  /** The one answer to a request, by the client's id and the number it gave the request. */
  answer(client: string, callId: string, xml: XmlElement): void
  event(client: string, xml: XmlElement): void
  /** An event for every client that follows things of that type. */
  notify(type: string, xml: XmlElement): void
}

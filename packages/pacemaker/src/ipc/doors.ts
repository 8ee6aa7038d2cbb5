import type { XmlElement } from '@quorate/xml'

/** Who sits at the other end of a local connection; from the socket's credentials. */
export type IpcPeer = { readonly pid: number; readonly uid: number; readonly gid: number }

/** What pacemakerd reports of itself to `ping` (behaviour/pacemaker-daemons.md 6.3). */
export type DaemonState =
  | 'init'
  | 'starting_daemons'
  | 'wait_for_ping'
  | 'running'
  | 'shutting_down'
  | 'shutdown_complete'

/** How the IPC servers see the main program. */
export interface DaemonDoor {
  readonly state: DaemonState
  /** A privileged client asked to quit (`pacemakerd --shutdown`). */
  quit(): void
}

/**
 * How the IPC servers see the controller. The servers answer `hello`, `node-info` and `list-nodes` themselves and hand
 * over every other message of the service `crmd`.
 */
export interface ControllerDoor {
  /** Name of the state, e.g. `S_IDLE`. */
  readonly state: string
  readonly dc: string | undefined
  readonly isDc: boolean
  /**
   * Takes a message of a local client as if it had come from a peer. `crm_sys_from` is the client's id, which answers
   * must carry as `crm_sys_to`; `src` is this node; `crm_user` is the client's user name. The router has already sent
   * it to the node or DC that it is for: it comes here only when that is this node.
   */
  receive(message: XmlElement): void
}

/** The servers of every IPC name of Pacemaker on this node. */
export interface IpcServers {
  /** Sends an event to the client of that id (`crm_sys_to` of an answer). False: no such client. */
  sendToClient(clientId: string, message: XmlElement): boolean
  close(): Promise<void>
}

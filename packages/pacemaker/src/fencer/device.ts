import { deviceFlags, type FenceMetadata, unknownMetadata } from './agent-metadata.ts'
import { type DeviceSettings, type HostCheck, hostCheckOf, readDeviceSettings } from './device-settings.ts'
import type { FencingOutcome } from './service.ts'

/** How a device is configured, wherever that comes from. */
export type DeviceSpec = {
  readonly id: string
  /** Name of the fence agent's program. */
  readonly agent: string
  readonly namespace: string
  readonly parameters: ReadonlyMap<string, string>
}

/** Who wants a device to be there: it is until nobody does. */
export type DeviceSource = 'cib' | 'api'

/** Something to be done with a device, once it is its turn. */
export type DeviceCommand = {
  readonly device: string
  readonly action: string
  readonly target: string | undefined
  /** Time for all tries of the agent. */
  readonly timeoutMs: number
  /** Not before; undefined: as soon as it can. */
  readonly notBeforeMs: number | undefined
  /** Whose it is: commands of different ones that are alike share what one of them achieves. */
  readonly owner: string
  /** Told once; `output` is what the agent wrote. */
  readonly done: (outcome: FencingOutcome, output: string) => void
}

/** A device of this node. */
export class Device {
  readonly id: string
  readonly agent: string
  readonly namespace: string
  readonly parameters: ReadonlyMap<string, string>
  readonly settings: DeviceSettings
  readonly sources = new Set<DeviceSource>()
  metadata: FenceMetadata = unknownMetadata
  /** A monitor, list or status succeeded. */
  isVerified = false
  readonly queue: DeviceCommand[] = []
  running = 0
  /** What its `list` told last, in small letters; undefined: never. */
  targets: ReadonlySet<string> | undefined
  listedAtMs: number | undefined
  /** `list` does not work here. */
  listFails = false

  constructor(spec: DeviceSpec) {
    this.id = spec.id
    this.agent = spec.agent
    this.namespace = spec.namespace
    this.parameters = withoutMeta(spec.parameters)
    this.settings = readDeviceSettings(this.parameters)
  }

  get hostCheck(): HostCheck {
    const check = hostCheckOf(this.settings, this.metadata)
    return check === 'dynamic-list' && this.listFails && this.settings.hostCheck === undefined ? 'status' : check
  }

  /** `on` has to be done by a cluster before a node may be used. */
  get unfences(): boolean {
    return this.metadata.unfences || this.parameters.get('provides')?.toLowerCase() === 'unfencing'
  }

  supports(flag: keyof typeof deviceFlags): boolean {
    return (this.metadata.flags & deviceFlags[flag]) !== 0
  }

  /** What the agent calls a target. */
  aliasOf(target: string): string {
    return this.settings.hostMap.get(target.toLowerCase()) ?? target
  }

  /** Whether it is configured as this says. */
  isLike(spec: DeviceSpec): boolean {
    const wanted = withoutMeta(spec.parameters)
    if (spec.agent !== this.agent || wanted.size !== this.parameters.size) return false
    return [...wanted].every(([name, value]) => this.parameters.get(name) === value)
  }
}

/** What the cluster keeps for itself says nothing about a device. */
function withoutMeta(parameters: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...parameters].filter(([name]) => !name.startsWith('CRM_meta') && name !== 'crm_feature_set'))
}

import { element, type XmlElement } from '@quorate/xml'
import { nameValueSet } from './template.ts'

export type PortMapping = { readonly source: string; readonly target: string }

export type StorageMapping = {
  readonly source: string
  readonly target: string
  readonly options: string | undefined
  /** Each replica has a directory of its own below the source. */
  readonly perReplica: boolean
}

/** What a bundle says of its containers. */
export type ContainerPlan = {
  readonly bundleId: string
  readonly kind: string
  readonly promotedMax: number
  readonly replicas: number
  readonly replicasPerHost: number
  readonly image: string | undefined
  readonly runCommand: string | undefined
  readonly options: string | undefined
  readonly network: string | undefined
  readonly ipStart: string | undefined
  readonly netmask: string | undefined
  readonly interface: string | undefined
  readonly controlPort: string | undefined
  readonly addHost: boolean
  readonly ports: readonly PortMapping[]
  readonly storage: readonly StorageMapping[]
  hasPrimitive: boolean
  /** Options that make the replicas know each other's names. */
  hostOptions: string
}

const remoteKeyPath = '/etc/pacemaker/authkey'
const bundleLogs = '/var/log/pacemaker/bundles'
const defaultPort = '3121'

/** The definition of the resource that runs one container of a bundle. */
export function containerXml(plan: ContainerPlan, number: number, address: string | undefined): XmlElement {
  const name = `${plan.bundleId}-${number}`
  const { options, mountPoints } = runOptions(plan, name, address)
  const id = `${plan.bundleId}-${plan.kind}-${number}`
  const command = plan.runCommand ?? (plan.hasPrimitive ? '/usr/sbin/pacemaker-remoted' : undefined)
  const parameters = nameValueSet('instance_attributes', `${plan.bundleId}-attributes-${number}`, [
    ['image', plan.image],
    ['allow_pull', 'true'],
    ['force_kill', 'false'],
    ['reuse', 'false'],
    ['run_opts', options],
    ['mount_points', mountPoints],
    ['run_cmd', command],
    ['monitor_cmd', '/bin/true'],
  ])
  const monitor = element('op', { id: `${id}-monitor-60s`, interval: '60s', name: 'monitor' })
  return element('primitive', { id, class: 'ocf', provider: 'heartbeat', type: plan.kind }, [
    parameters,
    element('operations', {}, [monitor]),
  ])
}

function runOptions(plan: ContainerPlan, name: string, address: string | undefined) {
  const rkt = plan.kind === 'rkt'
  let text = plan.kind === 'docker' ? ' --restart=no' : ''
  if (plan.ipStart !== undefined) text += rkt ? ` --hostname=${name}` : ` -h ${name}`
  text += rkt ? ' --environment=PCMK_stderr=1' : ' -e PCMK_stderr=1'
  if (plan.network !== undefined) text += ` --net=${plan.network}`
  const port = plan.controlPort ?? defaultPort
  text += rkt ? ` --environment=PCMK_remote_port=${port}` : ` -e PCMK_remote_port=${port}`
  const mountPoints: string[] = []
  let volume = 0
  for (const mapping of storageOf(plan)) {
    const source = mapping.perReplica ? `${mapping.source}/${name}` : mapping.source
    if (mapping.perReplica) mountPoints.push(source)
    if (rkt) {
      const extra = mapping.options === undefined ? '' : `,${mapping.options}`
      text += ` --volume vol${volume},kind=host,source=${source}${extra} --mount volume=vol${volume},target=${mapping.target}`
    } else text += ` -v ${source}:${mapping.target}${mapping.options === undefined ? '' : `:${mapping.options}`}`
    volume += 1
  }
  for (const mapping of portsOf(plan)) text += portOption(plan, mapping, address)
  if (plan.options !== undefined) text += ` ${plan.options}`
  text += ` ${plan.hostOptions}`
  return { options: text, mountPoints: mountPoints.join(',') }
}

function portOption(plan: ContainerPlan, { source, target }: PortMapping, address: string | undefined): string {
  if (plan.kind === 'rkt') return ` --port=${target}:${address === undefined ? '' : `${address}:`}${source}`
  if (address !== undefined) return ` -p ${address}:${source}:${target}`
  return plan.network === 'host' ? '' : ` -p ${source}:${target}`
}

function storageOf(plan: ContainerPlan): StorageMapping[] {
  const storage = [...plan.storage]
  if (!plan.hasPrimitive) return storage
  storage.push({ source: remoteKeyPath, target: remoteKeyPath, options: undefined, perReplica: false })
  if (!storage.some((mapping) => mapping.target === '/var/log')) {
    storage.push({ source: bundleLogs, target: '/var/log', options: undefined, perReplica: true })
  }
  return storage
}

function portsOf(plan: ContainerPlan): PortMapping[] {
  const port = plan.controlPort ?? defaultPort
  return plan.hasPrimitive ? [...plan.ports, { source: port, target: port }] : [...plan.ports]
}

import { type ClusterHost, hostStages } from '../api/fleet.ts'

/** How far a host has been reached, on one line, and on more what failed and what to do: for terminals. Empty: not begun. */
export function hostSteps({ text, done, failure, key }: ClusterHost): string {
  const steps = hostStages.flatMap((stage) => {
    const detail = done[stage]
    if (detail !== undefined) return [`\u2714 ${stage}${detail === '' ? '' : ` (${detail})`}`]
    return failure?.stage === stage ? [`\u2716 ${stage}: ${failure.code}`] : []
  })
  if (steps.length === 0) return ''
  const lines = [`${text}: ${steps.join(' ')}`]
  if (failure !== null) lines.push(...failure.detail.split('\n').map((line) => `  ${line}`))
  if (failure?.remedy) lines.push(`  what is missing in sudoers: ${failure.remedy}`)
  if (key !== null)
    lines.push(`  it shows ${key.type} ${key.fingerprint}: where that is its key, --accept-key ${key.fingerprint}`)
  return lines.join('\n')
}

import { useId, useState } from 'react'
import type { ClusterSummary, HostSpec } from '../../api/index.ts'
import { type CardState, cardState, memberHost } from '../fleet-cards.ts'
import type { FleetModel } from '../fleet-model.ts'
import { clusterAddress } from '../page-address.ts'
import type { Answer, Problem } from '../server.ts'
import { ageText, useTexts } from '../texts/language.ts'
import { HostSteps } from './host-steps.tsx'
import { ProblemText } from './problem-text.tsx'
import { useNow } from './top-bar.tsx'

const looks: Readonly<Record<CardState, readonly [sign: string, kind: string]>> = {
  connecting: ['◌', 'doubtful'],
  unreached: ['✖', 'bad'],
  lost: ['✖', 'bad'],
  bad: ['✖', 'bad'],
  doubtful: ['▲', 'doubtful'],
  good: ['✔', 'good'],
}

type ClusterCardProps = { readonly model: FleetModel; readonly cluster: ClusterSummary }

/** One cluster in short, the way to its own page, and how it is reached. */
export function ClusterCard({ model, cluster }: ClusterCardProps) {
  const texts = useTexts()
  const now = useNow()
  const headingId = useId()
  const [problem, setProblem] = useState<Problem>()
  const { id, name, kind, health, stale, hosts, discovered } = cluster
  const state = cardState(cluster)
  const [sign, look] = looks[state]
  const mayConnect = model.session.connect === true
  const ask = async (answer: Promise<Answer<unknown>>): Promise<void> => {
    const said = await answer
    setProblem(said.ok ? undefined : said.problem)
  }
  const members = discovered.flatMap((node): (readonly [string, HostSpec])[] => {
    const host = memberHost(node, hosts)
    return host === undefined ? [] : [[node, host]]
  })
  return (
    <li className={`card ${look}-card`} data-cluster={id}>
      <article aria-labelledby={headingId}>
        <h3 id={headingId}>
          <a href={clusterAddress(id)}>{name}</a> <span className="badge">{texts.fleet.kind[kind]}</span>
        </h3>
        <p className={look}>
          <span aria-hidden="true">{sign}</span> {texts.fleet.state[state]}
          {stale !== null && state !== 'connecting' && (
            <> {texts.fleet.since({ age: ageText(texts, Date.parse(stale.since), now) })}</>
          )}
        </p>
        {health !== null && (
          <ul className="facts">
            <li>{texts.fleet.nodesOnline({ online: health.nodesOnline, all: health.nodes })}</li>
            <li>{texts.fleet.resources({ count: health.resources })}</li>
            {!health.hasQuorum && <li className="bad">✖ {texts.noQuorum}</li>}
            {health.failed > 0 && <li className="bad">✖ {texts.fleet.failed({ count: health.failed })}</li>}
            {health.errors > 0 && <li className="bad">✖ {texts.fleet.problems({ count: health.errors })}</li>}
            {health.warnings > 0 && <li className="doubtful">▲ {texts.fleet.warnings({ count: health.warnings })}</li>}
          </ul>
        )}
        {hosts.length === 0 && stale !== null && (
          <p lang="en" className="quote">
            {stale.reason}
          </p>
        )}
        {hosts.length > 0 && (
          <ul className="hosts-of-cluster">
            {hosts.map((host) => (
              <HostSteps key={host.id} model={model} cluster={cluster} host={host} />
            ))}
          </ul>
        )}
        {discovered.length > 0 && (
          <p>
            {texts.fleet.discovered}:{' '}
            {mayConnect
              ? members.map(([node, host]) => (
                  <button key={node} type="button" onClick={() => void ask(model.server.addHosts(id, [host]))}>
                    {texts.fleet.addHost({ node })}
                  </button>
                ))
              : discovered.join(', ')}
          </p>
        )}
        {mayConnect && kind === 'ssh' && (
          <p>
            <button type="button" onClick={() => void ask(model.server.disconnect(id))}>
              {texts.fleet.disconnect({ name })}
            </button>
          </p>
        )}
        {problem !== undefined && <ProblemText problem={problem} />}
      </article>
    </li>
  )
}

import { useEffect, useState } from 'react'
import type { Snapshot, Stale } from '../../api/index.ts'
import { useModel } from '../console-model.ts'
import type { Connection } from '../event-stream.ts'
import { type Observable, useObservable } from '../observable.ts'
import { fleetAddress } from '../page-address.ts'
import { ageText, useTexts } from '../texts/language.ts'
import type { Preferences } from '../ui-state.ts'
import { PreferenceChoice } from './preference-choice.tsx'

/** How often ages are written anew. */
const ageStepMs = 5000

/** The time, anew every few seconds and whenever one of `causes` changes. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), ageStepMs)
    return () => clearInterval(timer)
  }, [])
  return now
}

/** Cluster, quorum, DC and how fresh all of it is; the way to all clusters; language and theme. */
export function TopBar({ preferences }: { readonly preferences: Observable<Preferences> }) {
  const texts = useTexts()
  const model = useModel()
  const { snapshot, unreached } = useObservable(model.store.state)
  const connection = useObservable(model.store.connection)
  return (
    <header className="top-bar">
      <h1>{snapshot?.source.name ?? 'Quorate'}</h1>
      <a href={fleetAddress}>{texts.fleet.all}</a>
      {snapshot !== undefined && <ClusterFacts snapshot={snapshot} />}
      <ConnectionState
        stale={snapshot?.stale ?? unreached}
        hasPicture={snapshot !== undefined}
        connection={connection}
      />
      <span className="badge">{texts.role[model.session.role]}</span>
      <PreferenceChoice preferences={preferences} />
    </header>
  )
}

function ClusterFacts({ snapshot }: { readonly snapshot: Snapshot }) {
  const texts = useTexts()
  return (
    <ul className="facts">
      <li className={snapshot.hasQuorum ? 'good' : 'bad'}>
        <span aria-hidden="true">{snapshot.hasQuorum ? '✔' : '✖'}</span>{' '}
        {snapshot.hasQuorum ? texts.hasQuorum : texts.noQuorum}
      </li>
      <li className={snapshot.dc === null ? 'bad' : 'good'}>
        {snapshot.dc === null ? `✖ ${texts.noDc}` : `${texts.dc}: ${snapshot.dc}`}
      </li>
      <li>
        {texts.cib} {snapshot.cibVersion}
      </li>
      <li>{snapshot.isIdle === null ? texts.unknown : snapshot.isIdle ? texts.idle : `◌ ${texts.busy}`}</li>
      {snapshot.source.kind === 'file' && <li>{texts.fromFile}</li>}
    </ul>
  )
}

/** What {@link ConnectionState} tells of. */
type ConnectionStateProps = {
  readonly stale: Stale | undefined
  /** Whether anything of the cluster is shown, however old. */
  readonly hasPicture: boolean
  readonly connection: Connection
}

/** How fresh is what is shown. */
export function ConnectionState({ stale, hasPicture, connection }: ConnectionStateProps) {
  const texts = useTexts()
  const now = useNow()
  let text = texts.live
  let kind = 'good'
  if (connection.state === 'connecting') {
    text = texts.connecting
    kind = 'doubtful'
  } else if (connection.state === 'lost') {
    const age = connection.heardAt === undefined ? texts.unknown : ageText(texts, connection.heardAt, now)
    text = texts.lostSince({ age })
    kind = 'bad'
  } else if (stale !== undefined) {
    const age = ageText(texts, Date.parse(stale.since), now)
    text = hasPicture ? texts.staleSince({ age }) : texts.unreachedSince({ age })
    kind = 'bad'
  }
  const sign = kind === 'good' ? '●' : kind === 'bad' ? '✖' : '◌'
  return (
    <p className={`connection ${kind}`} role="status" title={stale?.reason}>
      <span aria-hidden="true">{sign}</span> {text}
    </p>
  )
}

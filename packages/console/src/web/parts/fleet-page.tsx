import { useEffect, useState } from 'react'
import { outcomeOf } from '../fleet-cards.ts'
import type { FleetModel } from '../fleet-model.ts'
import { type Observable, useObservable } from '../observable.ts'
import { clusterAddress } from '../page-address.ts'
import { useTexts } from '../texts/language.ts'
import type { Preferences } from '../ui-state.ts'
import { ClusterCard } from './cluster-card.tsx'
import { ConnectBox } from './connect-box.tsx'
import { PreferenceChoice } from './preference-choice.tsx'
import { ConnectionState } from './top-bar.tsx'

type FleetPageProps = { readonly model: FleetModel; readonly preferences: Observable<Preferences> }

/** All clusters of the server, and the way to more. */
export function FleetPage({ model, preferences }: FleetPageProps) {
  const texts = useTexts()
  const fleet = useObservable(model.fleet)
  const connection = useObservable(model.connection)
  useEffect(() => {
    document.title = texts.title({ cluster: texts.fleet.title })
  }, [texts])
  const [awaited, setAwaited] = useState<string>()
  const outcome = outcomeOf(fleet?.clusters.find(({ id }) => id === awaited))
  useEffect(() => {
    if (awaited === undefined || outcome === undefined) return
    setAwaited(undefined)
    if (outcome === 'open') location.assign(clusterAddress(awaited))
  }, [awaited, outcome])
  return (
    <div className={connection.state === 'lost' ? 'fleet stale' : 'fleet'}>
      <header className="top-bar">
        <h1>{texts.fleet.title}</h1>
        <ConnectionState stale={undefined} hasPicture={fleet !== undefined} connection={connection} />
        <span className="badge">{texts.role[model.session.role]}</span>
        <PreferenceChoice preferences={preferences} />
      </header>
      <main>
        <ConnectBox model={model} onConnecting={setAwaited} />
        <h2>{texts.fleet.all}</h2>
        {fleet === undefined ? (
          <p role="status">{texts.loading}</p>
        ) : fleet.clusters.length === 0 ? (
          <p>{texts.fleet.none}</p>
        ) : (
          <ul className="cards">
            {fleet.clusters.map((cluster) => (
              <ClusterCard key={cluster.id} model={model} cluster={cluster} />
            ))}
          </ul>
        )}
      </main>
    </div>
  )
}

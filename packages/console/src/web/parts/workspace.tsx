import { lazy, Suspense, useEffect, useMemo } from 'react'
import { ghostsOf } from '../cluster-rows.ts'
import { useModel } from '../console-model.ts'
import { parseFilter, passes } from '../filter.ts'
import { type Observable, useObservable, usePart } from '../observable.ts'
import { fleetAddress } from '../page-address.ts'
import { useTexts } from '../texts/language.ts'
import { type Preferences, views } from '../ui-state.ts'
import { ActionBar } from './action-bar.tsx'
import { NodeStrip } from './node-strip.tsx'
import { ResourceGrid } from './resource-grid.tsx'
import { SidePanel } from './side-panel.tsx'
import { TopBar } from './top-bar.tsx'

const MapView = lazy(async () => ({ default: (await import('./map-view.tsx')).MapView }))

/** The cluster, in the view that is chosen, with what can be done and what is worth knowing around it. */
export function Workspace({ preferences }: { readonly preferences: Observable<Preferences> }) {
  const texts = useTexts()
  const model = useModel()
  const { snapshot, unreached, operations } = useObservable(model.store.state)
  const connection = usePart(model.store.connection, ({ state }) => state)
  const allRows = useObservable(model.store.rows)
  const flow = useObservable(model.change.flow)
  const ui = useObservable(model.ui)

  const rows = useMemo(() => {
    const terms = parseFilter(ui.filter)
    return allRows.filter((row) => passes(row.resource, terms, row.leftover !== undefined))
  }, [allRows, ui.filter])
  const shown = useMemo(() => new Set(rows.map((row) => row.resource.id)), [rows])
  const preview = flow.step === 'previewed' || flow.step === 'applying' ? flow.preview : undefined
  const ghosts = useMemo(() => ghostsOf(rows, preview, operations.values()), [rows, preview, operations])

  const cluster = snapshot?.source.name
  useEffect(() => {
    if (cluster !== undefined) document.title = texts.title({ cluster })
  }, [cluster, texts])

  const isDoubtful = connection !== 'live' || (snapshot?.stale ?? null) !== null
  return (
    <div className={isDoubtful ? 'workspace stale' : 'workspace'}>
      <a className="skip" href="#resources">
        {texts.skipToContent}
      </a>
      <TopBar preferences={preferences} />
      {snapshot === undefined ? (
        <main>
          <p role="status">{texts.loading}</p>
          {unreached !== undefined && (
            <p className="bad" lang="en">
              {unreached.reason}
            </p>
          )}
          <p>
            <a href={fleetAddress}>{texts.fleet.seeHosts}</a>
          </p>
        </main>
      ) : (
        <>
          <NodeStrip nodes={snapshot.nodes} />
          <ActionBar shown={shown} />
          <div className="columns">
            <main id="resources" tabIndex={-1}>
              <div className="view-bar">
                <fieldset>
                  <legend className="unseen">{texts.views}</legend>
                  {views.map((view) => (
                    <label key={view}>
                      <input
                        type="radio"
                        name="view"
                        checked={ui.view === view}
                        onChange={() => model.ui.set({ ...model.ui.value, view })}
                      />{' '}
                      {texts.view[view]}
                    </label>
                  ))}
                </fieldset>
                <label className="filter">
                  {texts.filter}{' '}
                  <input
                    type="search"
                    value={ui.filter}
                    aria-description={texts.filterHelp}
                    title={texts.filterHelp}
                    onChange={(event) => model.ui.set({ ...model.ui.value, filter: event.target.value })}
                  />
                </label>
                <span role="status">{texts.shown({ shown: rows.length, all: allRows.length })}</span>
              </div>
              {ui.view === 'map' ? (
                <Suspense fallback={<p role="status">{texts.loading}</p>}>
                  <MapView rows={rows} nodes={snapshot.nodes} ghosts={ghosts} constraints={snapshot.constraints} />
                </Suspense>
              ) : (
                <ResourceGrid key={ui.view} kind={ui.view} rows={rows} nodes={snapshot.nodes} ghosts={ghosts} />
              )}
            </main>
            <SidePanel />
          </div>
        </>
      )}
    </div>
  )
}

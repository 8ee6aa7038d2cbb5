import { type FormEvent, useEffect, useState } from 'react'
import type { Session } from '../api/index.ts'
import { ConsoleModel, ModelContext } from './console-model.ts'
import { FleetModel } from './fleet-model.ts'
import { followEvents } from './live-events.ts'
import { type Observable, useObservable } from './observable.ts'
import { fleetAddress, type Page } from './page-address.ts'
import { FleetPage } from './parts/fleet-page.tsx'
import { Workspace } from './parts/workspace.tsx'
import { type ItemKey, keysText, parseSelectionText, selectAll, withoutGone } from './selection.ts'
import type { Answer, Problem, Server } from './server.ts'
import { languages, TextsContext, useTexts } from './texts/language.ts'
import { addressOf, fromAddress, type Preferences } from './ui-state.ts'

/** Selections that are too large for the address stay in the tab, those of each cluster for themselves. */
const selectionKey = (): string => `quorate-console-selection ${location.pathname}`

type AppProps = {
  readonly server: Server
  /** What the address is of. */
  readonly page: Page
  /** The session that the page was opened with, or why there is none. */
  readonly first: Promise<Answer<Session>>
  readonly preferences: Observable<Preferences>
}

/** The console: a login, then the cluster, or all of them. */
export function App({ server, page, first, preferences }: AppProps) {
  const { language, theme } = useObservable(preferences)
  const [model, setModel] = useState<ConsoleModel | FleetModel>()
  const [problem, setProblem] = useState<Problem>()
  const texts = languages[language]

  useEffect(() => {
    document.documentElement.lang = language
    if (theme === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = theme
  }, [language, theme])

  useEffect(() => {
    let isWanted = true
    void first.then((answer) => {
      if (!isWanted) return
      if (answer.ok) setModel(newModel(server, page, answer.value))
      else setProblem(answer.problem)
    })
    return () => {
      isWanted = false
    }
  }, [first, server, page])

  useEffect(() => {
    if (model === undefined) return
    const end = new AbortController()
    const leave = (ended: 'loggedOut' | 'gone'): void => {
      setModel(undefined)
      setProblem({ code: ended === 'gone' ? 'notFound' : 'notLoggedIn', detail: '' })
    }
    if (model instanceof FleetModel) {
      void model.follow(end.signal, () => leave('loggedOut'))
      return () => end.abort()
    }
    void followEvents(model.store, model.server, end.signal, leave)
    const unwatch = watchModel(model)
    return () => {
      end.abort()
      unwatch()
    }
  }, [model])

  return (
    <TextsContext value={texts}>
      {model instanceof FleetModel ? (
        <FleetPage model={model} preferences={preferences} />
      ) : model !== undefined ? (
        <ModelContext value={model}>
          <Workspace preferences={preferences} />
        </ModelContext>
      ) : problem === undefined ? (
        <main className="login">
          <p role="status">{texts.loading}</p>
        </main>
      ) : problem.code === 'notFound' ? (
        <main className="login">
          <h1>Quorate</h1>
          <p role="alert">{texts.fleet.gone}</p>
          <p>
            <a href={fleetAddress}>{texts.fleet.all}</a>
          </p>
        </main>
      ) : (
        <Login
          problem={problem}
          onToken={async (token) => {
            const answer = await server.logIn(token)
            if (answer.ok) setModel(newModel(server, page, answer.value))
            else setProblem(answer.problem)
          }}
        />
      )}
    </TextsContext>
  )
}

/** Where an address names no cluster, it is of the only one; of all where there are more, or none yet. */
function newModel(server: Server, page: Page, session: Session): ConsoleModel | FleetModel {
  if (page.kind === 'fleet' || (page.kind === 'start' && session.clusters !== 1)) {
    return new FleetModel(server, session)
  }
  const start = fromAddress(location.search)
  const kept = parseSelectionText(sessionStorage.getItem(selectionKey()) ?? '')
  const selection = start.selection.keys.size === 0 ? selectAll(start.selection, kept) : start.selection
  return new ConsoleModel(server, session, { ...start, selection })
}

/** Keeps the address to what is seen, and what is gone from the cluster out of the selection. */
function watchModel(model: ConsoleModel): () => void {
  const write = (): void => {
    const selection = model.selection.value
    history.replaceState(null, '', addressOf(model.ui.value, selection))
    const inAddress = new URLSearchParams(location.search).has('sel') || selection.keys.size === 0
    sessionStorage.setItem(selectionKey(), inAddress ? '' : keysText(selection.keys))
  }
  const prune = (): void => {
    if (model.store.state.value.snapshot === undefined) return
    const { selection, gone } = withoutGone(model.selection.value, (key: ItemKey) => model.store.has(key))
    if (selection === model.selection.value) return
    model.selection.set(selection)
    if (gone.length > 0) model.gone.set(gone)
  }
  const unwatch = [model.ui.subscribe(write), model.selection.subscribe(write), model.store.state.subscribe(prune)]
  return () => {
    for (const end of unwatch) end()
  }
}

type LoginProps = { readonly problem: Problem; readonly onToken: (token: string) => Promise<void> }

function Login({ problem, onToken }: LoginProps) {
  const texts = useTexts()
  const [token, setToken] = useState('')
  const [isAsking, setAsking] = useState(false)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setAsking(true)
    await onToken(token.trim())
    setAsking(false)
  }
  return (
    <main className="login">
      <h1>Quorate</h1>
      <p role="alert">{texts.fault[problem.code]}</p>
      <form onSubmit={(event) => void submit(event)}>
        <label>
          {texts.tokenLabel}
          <input type="password" autoComplete="off" value={token} onChange={(event) => setToken(event.target.value)} />
        </label>
        <button type="submit" className="primary" disabled={isAsking || token.trim() === ''}>
          {texts.logIn}
        </button>
      </form>
    </main>
  )
}

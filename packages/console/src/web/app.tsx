import { type FormEvent, useEffect, useState } from 'react'
import type { Session } from '../api/index.ts'
import { ConsoleModel, ModelContext } from './console-model.ts'
import { followEvents } from './live-events.ts'
import { type Observable, useObservable } from './observable.ts'
import { Workspace } from './parts/workspace.tsx'
import { type ItemKey, keysText, parseSelectionText, selectAll, withoutGone } from './selection.ts'
import type { Answer, Problem, Server } from './server.ts'
import { languages, TextsContext, useTexts } from './texts/language.ts'
import { addressOf, fromAddress, type Preferences } from './ui-state.ts'

/** Selections that are too large for the address stay in the tab. */
const selectionKey = 'quorate-console-selection'

type AppProps = {
  readonly server: Server
  /** The session that the page was opened with, or why there is none. */
  readonly first: Promise<Answer<Session>>
  readonly preferences: Observable<Preferences>
}

/** The console: a login, then the cluster. */
export function App({ server, first, preferences }: AppProps) {
  const { language, theme } = useObservable(preferences)
  const [model, setModel] = useState<ConsoleModel>()
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
      if (answer.ok) setModel(newModel(server, answer.value))
      else setProblem(answer.problem)
    })
    return () => {
      isWanted = false
    }
  }, [first, server])

  useEffect(() => {
    if (model === undefined) return
    const end = new AbortController()
    void followEvents(model.store, model.server, end.signal, () => {
      setModel(undefined)
      setProblem({ code: 'notLoggedIn', detail: '' })
    })
    const unwatch = watchModel(model)
    return () => {
      end.abort()
      unwatch()
    }
  }, [model])

  return (
    <TextsContext value={texts}>
      {model !== undefined ? (
        <ModelContext value={model}>
          <Workspace preferences={preferences} />
        </ModelContext>
      ) : problem === undefined ? (
        <main className="login">
          <p role="status">{texts.loading}</p>
        </main>
      ) : (
        <Login
          problem={problem}
          onToken={async (token) => {
            const answer = await server.logIn(token)
            if (answer.ok) setModel(newModel(server, answer.value))
            else setProblem(answer.problem)
          }}
        />
      )}
    </TextsContext>
  )
}

function newModel(server: Server, session: Session): ConsoleModel {
  const start = fromAddress(location.search)
  const kept = parseSelectionText(sessionStorage.getItem(selectionKey) ?? '')
  const selection = start.selection.keys.size === 0 ? selectAll(start.selection, kept) : start.selection
  return new ConsoleModel(server, session, { ...start, selection })
}

/** Keeps the address to what is seen, and what is gone from the cluster out of the selection. */
function watchModel(model: ConsoleModel): () => void {
  const write = (): void => {
    const selection = model.selection.value
    history.replaceState(null, '', addressOf(model.ui.value, selection))
    const inAddress = new URLSearchParams(location.search).has('sel') || selection.keys.size === 0
    sessionStorage.setItem(selectionKey, inAddress ? '' : keysText(selection.keys))
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

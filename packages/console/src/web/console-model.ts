import { createContext, useContext } from 'react'
import type { Session } from '../api/index.ts'
import { ChangeController } from './change-controller.ts'
import { ClusterStore } from './cluster-store.ts'
import { Observable } from './observable.ts'
import type { ItemKey, Selection } from './selection.ts'
import type { Server } from './server.ts'
import type { Panel, UiState } from './ui-state.ts'

/** All that the views share: what is known of the cluster, the one selection, what is shown, and the change under way. */
export class ConsoleModel {
  readonly server: Server
  readonly session: Session
  readonly store = new ClusterStore()
  readonly change: ChangeController
  readonly selection: Observable<Selection>
  readonly ui: Observable<UiState>
  /** What left the selection since it is no longer in the cluster; until the next click. */
  readonly gone = new Observable<readonly ItemKey[]>([])

  constructor(server: Server, session: Session, start: { readonly ui: UiState; readonly selection: Selection }) {
    this.server = server
    this.session = session
    this.change = new ChangeController(server, this.store)
    this.selection = new Observable(start.selection)
    this.ui = new Observable(start.ui)
  }

  /** What a person selects; takes the notice of what is gone away. */
  select(selection: Selection): void {
    this.gone.set([])
    this.selection.set(selection)
  }

  show(panel: Panel): void {
    this.ui.set({ ...this.ui.value, panel })
  }
}

export const ModelContext = createContext<ConsoleModel | undefined>(undefined)

/** The model of the console that a component is in. */
export function useModel(): ConsoleModel {
  const model = useContext(ModelContext)
  if (model === undefined) throw new Error('a component of the console outside of it')
  return model
}

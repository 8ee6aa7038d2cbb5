import type { ReactNode } from 'react'
import { useModel } from '../console-model.ts'
import { useTexts } from '../texts/language.ts'

type PanelFrameProps = { readonly title: string; readonly onClose?: () => void; readonly children: ReactNode }

/** A panel with its title and, where it is not the first one, a way back to that. */
export function PanelFrame({ title, onClose, children }: PanelFrameProps) {
  const texts = useTexts()
  const model = useModel()
  const close = (): void => {
    onClose?.()
    model.show({ kind: 'overview' })
  }
  return (
    <aside
      className="panel"
      aria-label={title}
      onKeyDown={(event) => {
        if (event.key === 'Escape') close()
      }}
    >
      <div className="panel-head">
        <h2>{title}</h2>
        <button type="button" onClick={close}>
          {texts.close}
        </button>
      </div>
      {children}
    </aside>
  )
}

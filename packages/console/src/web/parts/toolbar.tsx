import { type FocusEvent, type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react'

/** Focuses the next or previous of some elements, around the ends; answers whether the key was one that does. */
function moveAmong(elements: readonly HTMLElement[], key: string, forward: string, back: string): boolean {
  const at = elements.indexOf(document.activeElement as HTMLElement)
  const step = key === forward ? 1 : key === back ? -1 : 0
  const to = key === 'Home' ? 0 : key === 'End' ? elements.length - 1 : step === 0 ? undefined : at + step
  if (to === undefined || elements.length === 0) return false
  elements[(to + elements.length) % elements.length]?.focus()
  return true
}

/** A row of buttons with one stop of the tab key; the arrows go from one to the next. */
export function Toolbar({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  const bar = useRef<HTMLDivElement>(null)
  const buttons = (): HTMLElement[] => [...(bar.current?.querySelectorAll<HTMLElement>('[data-tool]') ?? [])]
  const onKeyDown = (event: KeyboardEvent): void => {
    if ((event.target as HTMLElement).dataset['tool'] === undefined) return
    if (moveAmong(buttons(), event.key, 'ArrowRight', 'ArrowLeft')) event.preventDefault()
  }
  return (
    <div className="toolbar" role="toolbar" aria-label={label} ref={bar} onKeyDown={onKeyDown}>
      {children}
    </div>
  )
}

type ToolProps = {
  readonly label: string
  /** Why it cannot be chosen. It can be reached all the same, so that the reason can be read. */
  readonly obstacle: string | undefined
  readonly isFirst?: boolean
  readonly onChoose: () => void
}

/** A button of a toolbar. */
export function Tool({ label, obstacle, isFirst = false, onChoose }: ToolProps) {
  return (
    <button
      type="button"
      data-tool=""
      tabIndex={isFirst ? 0 : -1}
      aria-disabled={obstacle !== undefined}
      aria-description={obstacle}
      title={obstacle}
      onClick={() => {
        if (obstacle === undefined) onChoose()
      }}
    >
      {label}
    </button>
  )
}

/** One line of a menu. */
export type Choice = {
  readonly id: string
  readonly label: string
  readonly obstacle: string | undefined
  readonly onChoose: () => void
}

type MenuToolProps = {
  readonly label: string
  readonly obstacle: string | undefined
  readonly isFirst?: boolean
  readonly choices: readonly Choice[]
}

/** A button of a toolbar that opens a menu. */
export function MenuTool({ label, obstacle, isFirst = false, choices }: MenuToolProps) {
  const [isOpen, setOpen] = useState(false)
  const menuId = useId()
  const button = useRef<HTMLButtonElement>(null)
  const menu = useRef<HTMLDivElement>(null)
  const whole = useRef<HTMLSpanElement>(null)
  const items = (): HTMLElement[] => [...(menu.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])]
  const close = (): void => {
    setOpen(false)
    button.current?.focus()
  }
  const onBlur = (event: FocusEvent): void => {
    if (whole.current?.contains(event.relatedTarget) !== true) setOpen(false)
  }
  const onMenuKey = (event: KeyboardEvent): void => {
    event.stopPropagation()
    if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault()
      close()
    } else if (moveAmong(items(), event.key, 'ArrowDown', 'ArrowUp')) event.preventDefault()
  }
  return (
    <span className="menu-tool" ref={whole}>
      <button
        type="button"
        data-tool=""
        ref={button}
        onBlur={onBlur}
        tabIndex={isFirst ? 0 : -1}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? menuId : undefined}
        aria-disabled={obstacle !== undefined}
        aria-description={obstacle}
        title={obstacle}
        onClick={() => setOpen(obstacle === undefined && !isOpen)}
      >
        {label} <span aria-hidden="true">▾</span>
      </button>
      {isOpen && (
        <div
          className="menu"
          role="menu"
          id={menuId}
          aria-label={label}
          tabIndex={-1}
          ref={(element) => {
            menu.current = element
            if (element !== null && !element.contains(document.activeElement)) items()[0]?.focus()
          }}
          onBlur={onBlur}
          onKeyDown={onMenuKey}
        >
          {choices.map((choice) => (
            <button
              key={choice.id}
              type="button"
              role="menuitem"
              tabIndex={-1}
              aria-disabled={choice.obstacle !== undefined}
              onClick={() => {
                if (choice.obstacle !== undefined) return
                close()
                choice.onChoose()
              }}
            >
              {choice.label}
              {choice.obstacle !== undefined && <span className="obstacle"> – {choice.obstacle}</span>}
            </button>
          ))}
        </div>
      )}
    </span>
  )
}

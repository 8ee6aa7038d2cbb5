import { type FormEvent, type KeyboardEvent, useId, useState } from 'react'
import { limits, parseHosts } from '../../api/index.ts'
import { isOther, wantedHosts } from '../fleet-cards.ts'
import type { FleetModel } from '../fleet-model.ts'
import type { Problem } from '../server.ts'
import { useTexts } from '../texts/language.ts'
import { ProblemText } from './problem-text.tsx'

type ConnectBoxProps = {
  readonly model: FleetModel
  /** Told of a cluster that is being connected to. */
  readonly onConnecting: (id: string) => void
}

/** Where hosts are typed that are to be connected to. */
export function ConnectBox({ model, onConnecting }: ConnectBoxProps) {
  const texts = useTexts()
  const helpId = useId()
  const [text, setText] = useState('')
  const [name, setName] = useState('')
  const [isSudo, setSudo] = useState(true)
  const [isAsking, setAsking] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const [said, setSaid] = useState('')
  const { hosts, faults } = parseHosts(text)
  const mayConnect = model.session.connect === true
  const isReady = mayConnect && !isAsking && hosts.length > 0 && faults.length === 0
  const asksForSudo = hosts.some(isOther)

  const connect = async (): Promise<void> => {
    if (!isReady) return
    setAsking(true)
    setProblem(undefined)
    const answer = await model.server.connect({ hosts: [...wantedHosts(hosts, isSudo)], name: name.trim() || null })
    setAsking(false)
    if (answer.ok) {
      setSaid(texts.fleet.connecting({ name: answer.value.name }))
      setText('')
      setName('')
      onConnecting(answer.value.id)
    } else setProblem(answer.problem)
  }
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault()
    void connect()
  }
  // Lines are kept where hosts are pasted; Enter is what it is in other boxes.
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    void connect()
  }
  return (
    <form className="connect-box" aria-label={texts.fleet.quickConnect} onSubmit={onSubmit}>
      <h2>{texts.fleet.quickConnect}</h2>
      {mayConnect ? (
        <>
          <div className="fields">
            <label className="hosts">
              {texts.fleet.hosts}
              <textarea
                // biome-ignore lint/a11y/noAutofocus: the page is for this before anything is connected
                autoFocus
                rows={2}
                spellCheck={false}
                autoCapitalize="off"
                autoComplete="off"
                aria-describedby={helpId}
                value={text}
                onChange={(event) => setText(event.target.value)}
                onKeyDown={onKeyDown}
              />
            </label>
            <label>
              {texts.fleet.name}
              <input
                type="text"
                maxLength={limits.clusterCharsMax}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            </label>
            <label className="check">
              <input
                type="checkbox"
                checked={asksForSudo && isSudo}
                disabled={!asksForSudo}
                onChange={(event) => setSudo(event.target.checked)}
              />
              {texts.fleet.sudo}
            </label>
            <button type="submit" className="primary" disabled={!isReady}>
              {texts.fleet.connect}
            </button>
          </div>
          <p id={helpId}>
            <small>{texts.fleet.hostsHelp}</small>
          </p>
        </>
      ) : (
        <p>{texts.fleet.mayNotConnect}</p>
      )}
      <div role="status">
        {faults.map((fault) => (
          <p key={fault.text} className="bad">
            ✖ {texts.fleet.hostFault[fault.reason](fault)}
          </p>
        ))}
        {said !== '' && faults.length === 0 && <p>{said}</p>}
      </div>
      {problem !== undefined && <ProblemText problem={problem} />}
    </form>
  )
}

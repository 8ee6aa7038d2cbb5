import { useModel } from '../console-model.ts'
import { usePart } from '../observable.ts'
import { ChangePanel } from './change-panel.tsx'
import { DetailsPanel } from './details-panel.tsx'
import { ExplainPanel } from './explain-panel.tsx'
import { OverviewPanel } from './overview-panel.tsx'
import { WhatIfPanel } from './what-if-panel.tsx'

/** What stands beside the view: problems and operations, or what was asked for. */
export function SidePanel() {
  const model = useModel()
  const panel = usePart(model.ui, (ui) => ui.panel)
  switch (panel.kind) {
    case 'overview':
      return <OverviewPanel />
    case 'details':
      return <DetailsPanel item={panel.item} />
    case 'change':
      return <ChangePanel />
    case 'explain':
      return <ExplainPanel resource={panel.resource} node={panel.node} />
    case 'whatIf':
      return <WhatIfPanel supposition={panel.supposition} />
    default:
      return panel satisfies never
  }
}

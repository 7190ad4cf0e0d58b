import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { FindingRecord } from '../wire';

/** How bad it is. */
export type Severity = FindingRecord['severity'];

/** The severity's word in the reader's language. */
export function severityLabel(
  severity: Severity,
  trans: TranslationBundle
): string {
  switch (severity) {
    case 'error':
      return trans.__('error');
    case 'warning':
      return trans.__('warning');
    case 'info':
      return trans.__('information');
  }
}

/** The severity by shape and colour, with its word for screen readers and on hover. */
export function SeverityIcon(props: {
  severity: Severity;
  trans: TranslationBundle;
}): React.ReactElement {
  const label = severityLabel(props.severity, props.trans);
  return (
    <span
      className="jp-Labdeck-severity"
      data-severity={props.severity}
      role="img"
      aria-label={label}
      title={label}
    >
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        {SHAPES[props.severity]}
      </svg>
    </span>
  );
}

const SHAPES: Record<Severity, React.ReactElement> = {
  error: (
    <>
      <path d="M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2z" />
      <path className="jp-mod-inside" d="M5.5 5.5l5 5m0-5l-5 5" />
    </>
  ),
  warning: (
    <>
      <path d="M8 1.5l7 13H1z" />
      <path className="jp-mod-inside" d="M8 6v4m0 2v.4" />
    </>
  ),
  info: (
    <>
      <circle cx="8" cy="8" r="6.5" />
      <path className="jp-mod-inside" d="M8 7.5v4m0-6.9V5" />
    </>
  )
};

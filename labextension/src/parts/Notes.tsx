/** What a panel shows in place of its content, or above it. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { LabdeckError } from '../client/errors';

/** Nothing here yet: one sentence, and what gets you going. */
export function Empty(props: {
  text: string;
  children?: React.ReactNode;
}): React.ReactElement {
  return (
    <div className="jp-Labdeck-note" role="status">
      <p>{props.text}</p>
      {props.children}
    </div>
  );
}

/** What happened, what to do, and Retry. */
export function ErrorNote(props: {
  error: LabdeckError;
  trans: TranslationBundle;
  onRetry?: () => void;
  children?: React.ReactNode;
}): React.ReactElement {
  const { error, trans, onRetry } = props;
  const { message, remedy } = describeError(error, trans);
  return (
    <div className="jp-Labdeck-note jp-mod-error" role="alert">
      <p className="jp-Labdeck-note-title">{message}</p>
      {remedy !== '' && <p>{remedy}</p>}
      {props.children}
      {onRetry && (
        <button
          className="jp-Labdeck-button jp-Button jp-mod-styled jp-mod-reject"
          onClick={onRetry}
        >
          {trans.__('Retry')}
        </button>
      )}
    </div>
  );
}

/** The words of an error: the browser's own in the reader's language, the server's as they came. */
export function describeError(
  error: LabdeckError,
  trans: TranslationBundle
): { message: string; remedy: string } {
  switch (error.code) {
    case 'network':
      return {
        message: trans.__('The Jupyter server does not answer.'),
        remedy: trans.__('Check that it runs and that the network is up.')
      };
    case 'extension-missing':
      return {
        message: trans.__('The Labdeck server extension is not running.'),
        remedy: trans.__('Run this, then restart the Jupyter server:')
      };
    case 'forbidden':
      return {
        message: trans.__('The Jupyter server refused the request.'),
        remedy: trans.__('Reload the page to sign in again.')
      };
    case 'wire-version':
      return {
        message: trans.__(
          'This page and the server run different versions of Labdeck.'
        ),
        remedy: trans.__(
          'Reload the page; if that does not help, restart the Jupyter server.'
        )
      };
    default:
      return { message: error.message, remedy: error.remedy };
  }
}

/** Grey bars in place of rows; they appear only when loading takes longer than 150 ms. */
export function Skeleton(props: {
  label: string;
  rows?: number;
}): React.ReactElement {
  return (
    <div className="jp-Labdeck-skeleton" role="status" aria-label={props.label}>
      {Array.from({ length: props.rows ?? 6 }, (_, index) => (
        <div key={index} className="jp-Labdeck-skeleton-row" />
      ))}
    </div>
  );
}

/** Code to copy, and to insert where there is a place for it. */
export function Snippet(props: {
  code: string;
  trans: TranslationBundle;
  /** Puts the code into the clipboard. */
  onCopy: (code: string) => void;
  onInsert?: () => void;
}): React.ReactElement {
  const { code, trans, onCopy, onInsert } = props;
  const [copied, setCopied] = React.useState(false);
  const copy = (): void => {
    onCopy(code);
    setCopied(true);
  };
  return (
    <div className="jp-Labdeck-snippet">
      <pre tabIndex={0}>{code}</pre>
      <div className="jp-Labdeck-snippet-bar">
        <button className="jp-Labdeck-link" onClick={copy}>
          {copied ? trans.__('Copied') : trans.__('Copy')}
        </button>
        {onInsert && (
          <button className="jp-Labdeck-link" onClick={onInsert}>
            {trans.__('Insert into notebook')}
          </button>
        )}
      </div>
    </div>
  );
}

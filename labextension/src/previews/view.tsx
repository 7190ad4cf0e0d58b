import * as React from 'react';

import type { IFigure } from '#plotly';

import { Chart } from '../parts/Chart';
import { formatSize } from '../parts/format';
import { Empty } from '../parts/Notes';
import {
  MEDIA_LIMIT,
  previewOf,
  readMedia,
  readText,
  TEXT_LIMIT
} from './content';
import { readReport } from '../reports/page';
import { ReportView } from '../reports/view';
import { type IPreviewProps, Reading } from './reading';
import { TablePreviewView } from './table';
import { useRead } from './useRead';

/** The content of an artifact, as far as it can be shown without trusting it. */
export function Preview(props: IPreviewProps): React.ReactElement {
  const { artifact, trans } = props;
  const kind = previewOf(artifact);
  const tooLarge = kind !== 'text' && kind !== 'table';
  if (tooLarge && kind !== 'none' && artifact.size > MEDIA_LIMIT) {
    return (
      <Empty
        text={trans.__(
          'It is too large to be shown here (%1): download it.',
          formatSize(artifact.size)
        )}
      />
    );
  }
  switch (kind) {
    case 'image':
      return <Picture {...props} />;
    case 'audio':
      return <Sound {...props} />;
    case 'figure':
      return <Figure {...props} />;
    case 'table':
      return <TablePreviewView {...props} />;
    case 'report':
      return <Report {...props} />;
    case 'text':
      return <Text {...props} />;
    case 'none':
      return (
        <Empty
          text={trans.__(
            'Files of the type %1 are not shown here: download it.',
            artifact.media_type
          )}
        />
      );
  }
}

function revoke(address: string): void {
  URL.revokeObjectURL(address);
}

/** An image, at its own size or as wide as there is room. */
export function Picture(props: IPreviewProps): React.ReactElement {
  const { client, trial, artifact, trans } = props;
  const [broken, setBroken] = React.useState('');
  const reading = useRead(
    `${trial} ${artifact.id}`,
    () => readMedia(client, trial, artifact),
    revoke
  );
  if (broken === artifact.id) {
    return (
      <Empty text={trans.__('This file is not an image that can be shown.')} />
    );
  }
  return (
    <Reading reading={reading} trans={trans}>
      {address => (
        <img
          className="jp-Labdeck-picture"
          src={address}
          alt={artifact.caption || artifact.name}
          title={artifact.caption || artifact.name}
          onError={() => setBroken(artifact.id)}
        />
      )}
    </Reading>
  );
}

function Sound(props: IPreviewProps): React.ReactElement {
  const { client, trial, artifact, trans } = props;
  const reading = useRead(
    `${trial} ${artifact.id}`,
    () => readMedia(client, trial, artifact),
    revoke
  );
  return (
    <Reading reading={reading} trans={trans}>
      {address => <audio controls src={address} aria-label={artifact.name} />}
    </Reading>
  );
}

function Figure(props: IPreviewProps): React.ReactElement {
  const { client, trial, artifact, trans } = props;
  const reading = useRead(`${trial} ${artifact.id}`, async () => {
    const content = await client.content(trial, artifact.id, MEDIA_LIMIT);
    return toFigure(await content.text());
  });
  return (
    <Reading reading={reading} trans={trans}>
      {({ figure }) =>
        figure ? (
          <Chart
            label={artifact.name}
            figure={figure}
            view={artifact.id}
            empty={trans.__('This figure is empty.')}
            trans={trans}
          />
        ) : (
          <Empty text={trans.__('This file is not a figure of plotly.')} />
        )
      }
    </Reading>
  );
}

/** Return a figure from its JSON; null in it if the text is none. */
export function toFigure(text: string): { figure: IFigure | null } {
  try {
    const found = JSON.parse(text) as Partial<IFigure> | null;
    return {
      figure: found && Array.isArray(found.data) ? (found as IFigure) : null
    };
  } catch {
    return { figure: null };
  }
}

/** A report of ours, read anew into texts, tables and figures; any other page is shown as its source. */
function Report(props: IPreviewProps): React.ReactElement {
  const { client, trial, artifact, trans } = props;
  const reading = useRead(`${trial} ${artifact.id}`, async () => {
    const content = await client.content(trial, artifact.id, MEDIA_LIMIT);
    return { report: readReport(await content.text()) };
  });
  return (
    <Reading reading={reading} trans={trans}>
      {({ report }) =>
        report ? (
          <ReportView report={report} view={artifact.id} trans={trans} />
        ) : (
          <Text {...props} />
        )
      }
    </Reading>
  );
}

function Text(props: IPreviewProps): React.ReactElement {
  const { client, trial, artifact, trans } = props;
  const reading = useRead(`${trial} ${artifact.id}`, () =>
    readText(client, trial, artifact)
  );
  return (
    <Reading reading={reading} trans={trans}>
      {text => (
        <>
          <pre tabIndex={0} aria-label={artifact.name}>
            {text}
          </pre>
          {artifact.size > TEXT_LIMIT && (
            <p className="jp-Labdeck-notice">
              {trans.__(
                'This is the beginning: the file has %1.',
                formatSize(artifact.size)
              )}
            </p>
          )}
        </>
      )}
    </Reading>
  );
}

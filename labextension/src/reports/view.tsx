import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Chart } from '../parts/Chart';
import type { IDrawn, IReport, ISection, ITable, Part } from './page';

interface IReportProps {
  report: IReport;
  /** Tells it from others, for what the reader zoomed to. */
  view: string;
  trans: TranslationBundle;
}

/** A report in the colours of JupyterLab: headings to jump to, verdicts, tables, figures. */
export function ReportView(props: IReportProps): React.ReactElement {
  const { report, trans } = props;
  const headings = React.useRef<(HTMLHeadingElement | null)[]>([]);
  return (
    <article className="jp-Labdeck-report" aria-label={report.title}>
      <h4>{report.title}</h4>
      <nav aria-label={trans.__('Sections of the report')}>
        {report.sections.map(({ title }, place) => (
          <button
            key={place}
            type="button"
            className="jp-Labdeck-link"
            onClick={() => {
              headings.current[place]?.scrollIntoView();
              headings.current[place]?.focus();
            }}
          >
            {title}
          </button>
        ))}
      </nav>
      {report.sections.map((section, place) => (
        <Section
          key={place}
          {...props}
          section={section}
          place={place}
          onHeading={heading => {
            headings.current[place] = heading;
          }}
        />
      ))}
    </article>
  );
}

function Section(
  props: IReportProps & {
    section: ISection;
    place: number;
    onHeading: (heading: HTMLHeadingElement | null) => void;
  }
): React.ReactElement {
  const { section, place, view, trans } = props;
  return (
    <section>
      <h5 ref={props.onHeading} tabIndex={-1}>
        {section.title}
      </h5>
      {section.parts.map((part, number) => (
        <PartView
          key={number}
          part={part}
          label={section.title}
          view={`${view} ${place} ${number}`}
          trans={trans}
        />
      ))}
    </section>
  );
}

function PartView(props: {
  part: Part;
  label: string;
  view: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { part, label } = props;
  switch (part.type) {
    case 'text':
      return <p data-tone={part.tone}>{part.text}</p>;
    case 'table':
      return <TableView table={part} label={label} />;
    case 'figure':
      return <FigureView {...props} part={part} />;
  }
}

function TableView(props: {
  table: ITable;
  label: string;
}): React.ReactElement {
  const { columns, numeric, rows, caption } = props.table;
  const kind = (place: number): string | undefined =>
    numeric[place] ? 'jp-mod-numeric' : undefined;
  return (
    <div className="jp-Labdeck-report-table" tabIndex={0}>
      <table aria-label={caption || props.label}>
        {caption !== '' && <caption>{caption}</caption>}
        {columns.some(name => name !== '') && (
          <thead>
            <tr>
              {columns.map((name, place) => (
                <th key={place} className={kind(place)}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {rows.map((row, number) => (
            <tr key={number}>
              {row.map((value, place) => (
                <td key={place} className={kind(place)}>
                  {value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function FigureView(props: {
  part: IDrawn;
  label: string;
  view: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { part, label, view, trans } = props;
  const height = Number(part.figure.layout?.height);
  return (
    <figure>
      <div
        className="jp-Labdeck-report-plot"
        style={Number.isFinite(height) ? { height } : undefined}
      >
        <Chart
          label={part.caption || label}
          figure={part.figure}
          view={view}
          empty={trans.__('This figure is empty.')}
          trans={trans}
        />
      </div>
      {part.caption !== '' && <figcaption>{part.caption}</figcaption>}
    </figure>
  );
}

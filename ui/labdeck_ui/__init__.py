"""What a cell shows: figures, cards and tables over Labdeck's records.

`labdeck_ui.figures` turns readings into plotly figures, `labdeck_ui.formatters` tells IPython how to display records,
`labdeck_ui.palette` holds the one list of series colours.
"""

"""The methods by which trials and components keep pictures, sounds, tables, figures and texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from labdeck.runs.media.content import Content
    from labdeck.wire.records import ArtifactRecord


class LogsMedia:
    """Keeps media; a trial or a component.

    Each call makes an artifact of one file. Those of one name and several steps stand side by side; the same name and
    step again replaces what was there.
    """

    def _keep(self, name: str, content: Content, step: int | None, caption: str) -> ArtifactRecord:
        raise NotImplementedError

    def log_image(self, name: str, image: Any, step: int | None = None, caption: str = "") -> ArtifactRecord:
        """Keep a picture.

        Args:
            name: What to call it.
            image: A file (PNG, JPEG, GIF, WebP, BMP, SVG), a picture of PIL, a figure of matplotlib, or an array: HxW,
                HxWx1, HxWx3 or HxWx4 of uint8, of whole numbers from 0 to 255, of bool, or of floats from 0 to 1. A
                tensor of torch may have its channels first. Arrays are kept as PNG.
            step: Where in the training it belongs.
            caption: A few words on it.

        Raises:
            UsageError: It is no picture, or has more than 64 million pixels.
            NotFound: There is no such file.
            StoreFull: The disk is full.

        Example:
            >>> import numpy as np
            >>> import labdeck
            >>> with labdeck.experiment("digits").trial("cnn-32") as trial:
            ...     kept = trial.log_image("filter", np.eye(8), step=0)
            >>> kept.media_type, kept.step
            ('image/png', 0)
        """
        from labdeck.runs.media.image import to_image

        return self._keep(name, to_image(image), step, caption)

    def log_audio(
        self, name: str, samples: Any, rate: int | None = None, step: int | None = None, caption: str = ""
    ) -> ArtifactRecord:
        """Keep a sound.

        Args:
            name: What to call it.
            samples: A file, or an array (n,) or (n, channels) of int16 or of floats from -1 to 1, kept as WAV.
            rate: Samples per second; needed for an array.
            step: Where in the training it belongs.
            caption: A few words on it.

        Raises:
            UsageError: It is no sound, the rate is none, or it is longer than 256 MiB.
            NotFound: There is no such file.
            StoreFull: The disk is full.
        """
        from labdeck.runs.media.audio import to_audio

        return self._keep(name, to_audio(samples, rate), step, caption)

    def log_table(self, name: str, table: Any, step: int | None = None, caption: str = "") -> ArtifactRecord:
        """Keep a table, as Parquet.

        Args:
            name: What to call it.
            table: A data frame of pandas or polars, a table of pyarrow, a mapping of names to columns, a list of
                mappings, or a two-dimensional array. Columns of mixed types become text.
            step: Where in the training it belongs.
            caption: A few words on it.

        Raises:
            UsageError: It is no table, ragged, or larger than 50 million values.
            StoreFull: The disk is full.

        Example:
            >>> import labdeck
            >>> with labdeck.experiment("digits").trial("cnn-32") as trial:
            ...     kept = trial.log_table("errors", {"digit": [3, 5], "taken for": [8, 6]})
            >>> trial.artifact("errors").table()["taken for"].tolist()
            [8, 6]
        """
        from labdeck.runs.media.table import to_table

        return self._keep(name, to_table(table), step, caption)

    def log_figure(
        self,
        name: str,
        figure: Any,
        step: int | None = None,
        caption: str = "",
        form: Literal["png", "svg"] = "png",
    ) -> ArtifactRecord:
        """Keep a figure: one of plotly as its JSON, which is drawn again where it is shown; one of matplotlib drawn.

        Args:
            name: What to call it.
            figure: Of plotly or matplotlib.
            step: Where in the training it belongs.
            caption: A few words on it.
            form: How one of matplotlib is drawn; an SVG can be downloaded but is not shown in the page.

        Raises:
            UsageError: It is no figure, or larger than 32 MiB.
            StoreFull: The disk is full.
        """
        from labdeck.runs.media.figure import to_figure

        return self._keep(name, to_figure(figure, form), step, caption)

    def log_text(self, name: str, text: str, step: int | None = None, caption: str = "") -> ArtifactRecord:
        """Keep a text: a sample of what a model wrote, a report.

        Args:
            name: What to call it.
            text: The text, up to 16 MiB.
            step: Where in the training it belongs.
            caption: A few words on it.

        Raises:
            UsageError: It is no text, or too long.
            StoreFull: The disk is full.
        """
        from labdeck.runs.media.figure import to_text_content

        return self._keep(name, to_text_content(text), step, caption)

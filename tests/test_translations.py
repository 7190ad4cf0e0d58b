"""The catalogs: each has every text of the interface, translated and right, and JupyterLab's server finds them."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from babel.messages.catalog import Catalog
from jupyterlab_server.translation_utils import get_language_pack

import labdeck
import labdeck_catalogs
import translations
from translations import Text

SCRIPTS = {"zh_CN": "gb2312", "zh_TW": "big5"}  # the characters that each of the two countries writes
HAN = re.compile(r"[\u4e00-\u9fff]")
# Names and signs that are the same in every language.
SAME = {"%1 %2", "%1 of %2", "Git", "Labdeck", "Python", "SHA-256: %1", "git", "x", "y", "Δ"}


@pytest.fixture(scope="module")
def sources():
    return translations.read_sources()


@pytest.fixture(params=sorted(SCRIPTS))
def locale(request):
    return request.param


@pytest.fixture
def catalog(locale):
    return translations.read_catalog(translations.CATALOGS / f"{locale}.po")


def said(catalog):
    """Give each id with all that is said for it."""
    for message in catalog:
        if message.id:
            yield translations._text(message).id, "".join(translations._said(message))


# -- what is shipped ---------------------------------------------------------------------------------------------------


def test_there_are_no_other_catalogs():
    assert {path.stem for path in translations.CATALOGS.iterdir()} == set(SCRIPTS)


def test_the_texts_are_those_of_the_interface(sources):
    found = {text.id: text for text in sources[0]}
    assert len(found) > 400
    assert found["%1 trial"].plural == "%1 trials"


def test_everything_shown_goes_through_the_translator_and_is_written_out(sources):
    assert sources[1] == []


def test_every_text_is_translated_and_nothing_is_stale(sources, catalog):
    assert translations.problems(catalog, sources[0]) == [], "run `make translations`, then translate what is empty"


def test_a_catalog_is_as_it_is_written_anew(sources, catalog, locale):
    def entries(text):  # which file shows a text is for the translator; it may be late
        return [line for line in text.splitlines() if not line.startswith("#:")]

    kept = (translations.CATALOGS / f"{locale}.po").read_text(encoding="utf-8")
    assert entries(translations.updated(catalog, sources[0], locale)) == entries(kept)


def test_a_translation_is_in_its_language(catalog):
    assert [key for key, text in said(catalog) if not HAN.search(text) and key not in SAME] == []


def test_a_translation_is_in_the_script_of_its_country(catalog, locale):
    foreign = {key: text for key, text in said(catalog) for sign in HAN.findall(text) if not writes(locale, sign)}
    assert foreign == {}


def writes(locale, sign):
    try:
        sign.encode(SCRIPTS[locale])
    except UnicodeEncodeError:
        return False
    return True


def test_the_scripts_are_told_apart():
    assert [writes("zh_TW", sign) for sign in "實实"] == [True, False]
    assert [writes("zh_CN", sign) for sign in "實实"] == [False, True]


def test_the_server_merges_the_catalog_into_the_language_pack(catalog, locale):
    labdeck_catalogs.compile_catalogs()
    packs, message = get_language_pack(locale)
    assert message == ""
    assert min(len(packs["jupyterlab"]), len(packs["labdeck"])) > 400
    head = packs["labdeck"].pop("")
    assert head["domain"] == "labdeck"
    assert head["version"] == labdeck.__version__
    assert head["language"] == locale.replace("_", "-")
    assert head["plural_forms"] == "nplurals=1; plural=0;"
    assert {key: text[0] for key, text in packs["labdeck"].items()} == dict(said(catalog))


# -- reading the sources -----------------------------------------------------------------------------------------------

SOURCE = """
import type { TranslationBundle } from '@jupyterlab/translation';
// trans.__('in a comment')
export function Page(props: { trans: TranslationBundle; on: boolean; name: string }): JSX.Element {
  const { trans, on } = props;
  const pattern = /trans.__('in a pattern')/;
  const words = [trans._p('verb', 'Open'), props.trans._np('noun', '%1 run', '%1 runs', 2), "trans.__('in a text')"];
  return (
    <p title={trans.__(on ? 'It\\'s “on”' : 'Off')} data-kind="not shown">
      {trans.__('long ' + 'text')} {trans._n('%1 trial', '%1 trials', 3)} {trans.__(`plain`)} {`${trans.__('inside')}`}
    </p>
  );
}
"""


def read(tmp_path, source):
    folder = tmp_path / "sources" / "deep"
    folder.mkdir(parents=True)
    (folder / "page.tsx").write_text(source, encoding="utf-8")
    return translations.read_sources(folder.parent)


def test_texts_are_read_as_the_compiler_reads_them(tmp_path):
    texts, faults = read(tmp_path, SOURCE)
    assert faults == []
    assert {text.key for text in texts} == {
        ("verb", "Open", ""),
        ("noun", "%1 run", "%1 runs"),
        ("", "It's “on”", ""),
        ("", "Off", ""),
        ("", "long text", ""),
        ("", "%1 trial", "%1 trials"),
        ("", "plain", ""),
        ("", "inside", ""),
    }
    assert {text.places for text in texts if text.id == "Open"} == {("deep/page.tsx:7",)}


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        ("trans.__(props.name)", "not written out: trans.__(props.name)"),
        ("trans.__(`to ${props.name}`)", "not written out"),
        ("trans._n('%1 trial', props.name, 2)", "not written out"),
        ("trans.__()", "not written out"),
        ("<b>Compare</b>", "without the translator: Compare"),
        ("<b aria-label='Compare' />", "without the translator: aria-label='Compare'"),
        ("<b title={on ? 'Yes' : 'No'} />", "without the translator"),
    ],
)
def test_what_no_catalog_can_hold_is_found(tmp_path, planted, fault):
    texts, faults = read(tmp_path, SOURCE.replace("{trans.__(`plain`)}", f"{{{planted}}}"))
    (found,) = faults
    assert found.startswith("deep/page.tsx:10: ")
    assert fault in found
    assert len(texts) == 7


# -- finding faults ----------------------------------------------------------------------------------------------------

TEXTS = [Text("%1 of %2"), Text("%1 trial", "%1 trials"), Text("Open", context="verb"), Text("Name: ", places=("a:1",))]


def good(locale="zh_TW"):
    catalog = Catalog(locale=locale)
    catalog.add("%1 of %2", "%2 之 %1")
    catalog.add(("%1 trial", "%1 trials"), ("%1 個試驗",) * catalog.num_plurals)
    catalog.add("Open", "開啟", context="verb")
    catalog.add("Name: ", "名稱 ")
    return catalog


def change(id_, string, context=None, **more):
    """Plant another translation for an id."""

    def plant(catalog):
        catalog.delete(id_, context)
        catalog.add(id_, string, context=context, **more)

    return plant


PLURAL = ("%1 trial", "%1 trials")


@pytest.mark.parametrize(
    ("plant", "fault"),
    [
        (lambda catalog: catalog.delete("Name: "), "'Name: ' is missing (a:1)"),
        (lambda catalog: catalog.delete("Open", "verb"), "'Open' is missing"),
        (lambda catalog: catalog.add("Gone", "沒了"), "'Gone' is stale"),
        (lambda catalog: catalog.obsolete.update({("", "Gone", ""): None}), "'Gone' is stale"),
        (change("Open", "", "verb"), "'Open' is not translated"),
        (change("Open", " ", "verb"), "'Open' is not translated"),
        (change("Open", "開啟", "verb", flags=["fuzzy"]), "'Open' is marked as doubtful"),
        (change("%1 of %2", "%1 之一"), "has other placeholders"),
        (change("%1 of %2", "%1 之 %3"), "has other placeholders"),
        (change("%1 of %2", "%1 之 %2、%2"), "has other placeholders"),
        (change("%1 of %2", "%1 之 %%2"), "has other placeholders"),
        (change(PLURAL, ("試驗",)), "has other placeholders"),
        (change(PLURAL, ("%1 個試驗", "%1 個試驗")), "has 2 forms instead of 1"),
        (change(PLURAL, ("",)), "'%1 trial' is not translated"),
        (change("Name: ", "名稱"), "ends with other white space"),
    ],
)
def test_a_fault_is_found(plant, fault):
    catalog = good()
    assert translations.problems(catalog, TEXTS) == []
    plant(catalog)
    found = translations.problems(catalog, TEXTS)
    assert any(fault in problem for problem in found), found


def test_a_text_with_and_without_a_plural_is_found():
    """Both would have one place in the compiled catalog."""
    catalog = good()
    catalog.add("Open all", "全部開啟")
    texts = [*TEXTS, Text("Open all"), Text("Open all", "Open all of them")]
    assert "'Open all' is used with and without a plural" in translations.problems(catalog, texts)


def test_a_language_of_two_forms_needs_both():
    catalog = good("de")
    change(PLURAL, ("Ein Versuch", "%1 Versuche"))(catalog)
    assert "has other placeholders: Ein Versuch" in " ".join(translations.problems(catalog, TEXTS))
    singular = [text for text in TEXTS if not text.plural] + [Text("One trial", "%1 trials")]
    catalog.delete(PLURAL)
    catalog.add(("One trial", "%1 trials"), ("Ein Versuch", "%1 Versuche"))
    assert translations.problems(catalog, singular) == []
    change(("One trial", "%1 trials"), ("Ein Versuch",))(catalog)
    assert "has 1 forms instead of 2" in " ".join(translations.problems(catalog, singular))


# -- writing -----------------------------------------------------------------------------------------------------------


def reread(text, tmp_path, locale="zh_TW"):
    (tmp_path / f"{locale}.po").write_text(text, encoding="utf-8")
    return translations.read_catalog(tmp_path / f"{locale}.po")


def test_an_update_keeps_translations_adds_what_is_new_and_drops_what_is_gone(tmp_path):
    catalog = good()
    catalog.add("Gone", "沒了")
    texts = [*TEXTS, Text("New", places=("b/page.tsx:7", "a.ts:1")), Text("%1 row", "%1 rows")]
    written = translations.updated(catalog, texts, "zh_TW")
    again = reread(written, tmp_path)
    kept = dict(said(again))
    assert kept == {**dict(said(good())), "New": "", "%1 row": ""}
    assert "#: a.ts b/page.tsx\n" in written
    assert translations.updated(again, texts, "zh_TW") == written
    assert sorted(translations.problems(again, texts)) == ["'%1 row' is not translated", "'New' is not translated"]


def test_an_empty_file_becomes_a_catalog(tmp_path):
    catalog = reread(translations.updated(reread("", tmp_path, "de"), TEXTS, "de"), tmp_path, "de")
    assert catalog.num_plurals == 2
    assert len(translations.problems(catalog, TEXTS)) == len(TEXTS)


def test_compiling_writes_what_changed_and_nothing_else(tmp_path):
    sources, compiled = tmp_path / "locale", tmp_path / "compiled"
    sources.mkdir()
    half = good()
    change("Open", "", "verb")(half)
    (sources / "zh_TW.po").write_text(translations.updated(half, TEXTS, "zh_TW"), encoding="utf-8")
    assert not labdeck_catalogs.are_fresh(sources, compiled)
    (written,) = labdeck_catalogs.compile_catalogs(sources, compiled)
    assert written == compiled / "zh_TW" / "LC_MESSAGES" / "labdeck.json"
    texts = json.loads(written.read_text(encoding="utf-8"))
    assert {key: texts[key] for key in texts if key} == {
        "%1 of %2": ["%2 之 %1"],
        "%1 trial": ["%1 個試驗", "%1 個試驗"],  # JupyterLab looks for a plural where there are two forms
        "Name: ": ["名稱 "],
    }
    assert labdeck_catalogs.are_fresh(sources, compiled)
    assert labdeck_catalogs.compile_catalogs(sources, compiled) == []
    (sources / "zh_TW.po").write_text(translations.updated(good(), TEXTS, "zh_TW"), encoding="utf-8")
    assert labdeck_catalogs.compile_catalogs(sources, compiled) == [written]
    assert json.loads(written.read_text(encoding="utf-8"))["verb\u0004Open"] == ["開啟"]


def test_what_has_no_source_is_deleted(tmp_path):
    sources, compiled = tmp_path / "locale", tmp_path / "compiled"
    shutil.copytree(translations.CATALOGS, sources)
    assert len(labdeck_catalogs.compile_catalogs(sources, compiled)) == len(SCRIPTS)
    (sources / "zh_CN.po").unlink()
    assert not labdeck_catalogs.are_fresh(sources, compiled)
    labdeck_catalogs.compile_catalogs(sources, compiled)
    assert [path.name for path in compiled.iterdir()] == ["zh_TW"]

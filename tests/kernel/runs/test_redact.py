"""Secrets do not get into the store."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.runs.redact import MARK, redact

SECRETS = [
    'API_KEY = "s3cr3t-value"',
    "api_key='s3cr3t-value'",
    'openai.api_key = "s3cr3t-value"',
    'login(token="s3cr3t-value")',
    'config["password"] = "s3cr3t-value"',
    '{"password": "s3cr3t-value", "lr": 1}',
    'db_password: "s3cr3t-value"',
    "%env HF_TOKEN=s3cr3t-value",
    "export AWS_SECRET_ACCESS_KEY=s3cr3t-value",
    "!export MY_TOKEN = s3cr3t-value",
    "postgresql://me:s3cr3t-value@host/db",
    "https://user:s3cr3t-value@example.org/x.git",
    'accessToken = f"s3cr3t-value"',
]
HARMLESS = [
    'tokenizer = "bert-base"',
    "max_tokens = 512",
    'token = os.environ["HF_TOKEN"]',
    "password = getpass()",
    "def tokenize(text): return text.split()",
    'name = "secretary"',
    "https://example.org:8080/path@x",
    'x = {"lr": "0.1"}',
]


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_go_and_their_names_stay(text):
    cleaned = redact(text)
    assert "s3cr3t-value" not in cleaned
    assert MARK in cleaned


@pytest.mark.parametrize(
    "secret",
    [
        "ghp_" + "a1B2" * 9,
        "hf_" + "a1B2" * 8,
        "sk-" + "a1B2" * 8,
        "AKIA" + "A1B2" * 4,
        "xoxb-123456789012-abcdef",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-DEF_123",
    ],
)
def test_well_known_formats_go_wherever_they_stand(secret):
    assert redact(f"client({secret!r}, 1)") == f"client('{MARK}', 1)"


@pytest.mark.parametrize("text", HARMLESS)
def test_code_that_merely_speaks_of_secrets_stays(text):
    assert redact(text) == text


@given(st.text())
def test_any_text_is_taken(text):
    assert isinstance(redact(redact(text)), str)

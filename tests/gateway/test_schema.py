"""The schema is the committed one, and speaks the conventions."""

from pathlib import Path

from gateway.operations import MUTATIONS, QUERIES
from gateway.refusals import catalogue
from gateway.schema import schema
from shared.contracts import operation_of

COMMITTED = Path(__file__).parents[2] / "gateway" / "schema.graphql"


def test_the_committed_schema_is_current() -> None:
    assert COMMITTED.read_text() == f"{schema}\n", (
        "python -m gateway.schema > gateway/schema.graphql"
    )


def test_every_mutation_can_refuse() -> None:
    fields = schema.graphql_schema.mutation_type.fields
    for name, field in fields.items():
        assert "refusal" in field.type.of_type.fields, name


def test_every_operation_is_there_once() -> None:
    names = [operation_of(command) for command in MUTATIONS]
    assert len(names) == len(set(names))
    assert len(schema.graphql_schema.query_type.fields) == len(QUERIES) + 3


def test_amounts_are_strings_and_lists_are_connections() -> None:
    types = schema.graphql_schema.type_map
    assert str(types["Order"].fields["totalMinor"].type) == "Amount!"
    assert str(types["Query"].fields["orders"].type) == "OrderConnection!"
    assert set(types["OrderConnection"].fields) == {"edges", "pageInfo"}
    assert str(types["TenderInput"].fields["kind"].type) == "TenderKind!"


def test_every_sentence_is_in_both_languages() -> None:
    for code, sentence in catalogue().items():
        assert sentence.zh, code
        assert sentence.en, code
        assert any("\u4e00" <= character <= "\u9fff" for character in sentence.zh), code
        assert all(ord(character) < 0x2E80 for character in sentence.en), code

"""The shop whose screens are shown on the contact sheet."""

from tests.e2e.chain import PIN, Chain, Piece, fresh

LONG_NAME = "欧阳" + "慕容司徒上官" * 9 + "诸葛端木"
"""60 characters, as many as a name may have."""


class Shop(Chain):
    """A chain with something in it that is very dear and has a very long name."""

    def __init__(self, graphql_url: str, admin_password: str) -> None:
        super().__init__(graphql_url, admin_password)
        name = "高级定制重工刺绣曳地晚礼服" * 4
        self.jewel = Piece(name, f"J{self.mark}", "星空渐变蓝紫", "XXXL加长", 99_999_900)
        self.hq_number = str(int(self.number) + 1).zfill(6)[-6:]

    def build(self) -> "Shop":
        super().build()
        self.change(
            "saveStaff", "created { id }", id=fresh(), number=self.hq_number, name="总部甲",
            roles=["HQ_OPERATIONS"], scopeKind="CHAIN", pin=PIN,
        )  # fmt: skip
        return self

    def ask_at_registration(self) -> None:
        """HQ wants to know something of new members; once, as fields are the chain's."""
        options = [{"key": "slim", "label_zh": "修身", "label_en": "Slim"},
                   {"key": "loose", "label_zh": "宽松", "label_en": "Loose"}]  # fmt: skip
        everybody = ["ASSOCIATE", "STORE_MANAGER"]
        terms = {
            "subject": "MEMBER", "key": "fit", "labelZh": "版型", "labelEn": "Fit",
            "kind": {"type": "choice", "options": options}, "atRegistration": True,
            "seenBy": everybody, "editedBy": everybody,
        }  # fmt: skip
        document = """mutation($input: PublishFieldInput!) {
            publishField(input: $input) { refusal { code } } }"""
        self.ask(document, input={"id": fresh(), "field": terms})

    def other_phone(self, number: int) -> str:
        """One with the same last four as `phone` of it."""
        return f"138{self.number}{number:02d}"

    def pair(self) -> str:
        """Of two who are probably one person; they are found after a while."""
        document = """{ duplicates(state: OPEN, first: 20) { edges { node {
            id } } } }"""
        found: list[str] = []

        def come() -> bool:
            pairs = [edge["node"] for edge in self.ask(document)["duplicates"]["edges"]]
            found[:] = [str(pair["id"]) for pair in pairs]
            return bool(found)

        self.until(come, "a pair")
        return found[0]

    @property
    def pieces(self) -> list[Piece]:
        return [*super().pieces, self.jewel]

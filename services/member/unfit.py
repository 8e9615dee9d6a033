"""What is wrong with a value of a custom field, or with its definition."""


class Unfit(Exception):
    """In zh-CN and en."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh = zh
        self.en = en
        super().__init__(en)

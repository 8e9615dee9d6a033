"""What a part of the catalogue is: by key, the Chinese and the English."""

Words = dict[str, tuple[str, str]]

"""What every mutation asks for."""

REFUSAL = "refusal { code messageZh messageEn parameters { name value } }"

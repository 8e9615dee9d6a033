"""Files in custom fields of kind `attachment`, and signatures as proof (N2).

A file is uploaded in pieces, checked as a whole, and then never changed. It belongs to nothing
until its id is among the values of a field; one that nothing refers to goes after a week.
"""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from msgspec import Meta

from shared.contracts import PLAIN, Command, Done, Event, Message, Sentence
from shared.contracts.member.disclosure import Grant
from shared.contracts.member.fields import FieldKey, FieldSubject

PIECE_BYTES = 255 * 1024
"""Divisible by three, so that pieces in base64 can stand one after the other."""
Piece = Annotated[bytes, Meta(min_length=1, max_length=PIECE_BYTES)]
FileName = Annotated[str, Meta(min_length=1, max_length=120, pattern=PLAIN)]
Place = Annotated[int, Meta(ge=0, le=1_000)]

ERRORS = {
    "UNKNOWN_FILE": Sentence(zh="没有这个文件", en="There is no such file"),
    "FILE_ID_TAKEN": Sentence(
        zh="该文件编号已用于其他文件", en="This id was used for another file"
    ),
    "FILE_KIND": Sentence(
        zh="只能上传 {kinds} 文件", en="Only these kinds of files can be uploaded: {kinds}"
    ),
    "FILE_TOO_LARGE": Sentence(
        zh="文件最大 {limit_kb} KB", en="A file has at most {limit_kb} KB"
    ),
    "FILE_BROKEN": Sentence(
        zh="文件没有完整送达，请重新上传", en="The file did not arrive whole; upload it again"
    ),
    "TOO_MANY_FILES": Sentence(
        zh="您有 {limit} 个上传后未保存的文件，请先保存资料",
        en="You have uploaded {limit} files that are not saved yet; save them first",
    ),
    "UNKNOWN_SIGNATURE": Sentence(zh="这里没有签名", en="There is no signature here"),
}  # fmt: skip


class KeptFile(Message, frozen=True, kw_only=True):
    """A file as it is kept. `media_type` is what its first bytes say."""

    id: UUID
    name: str
    media_type: str
    size_bytes: int
    sha256: str


class BeginFile(Command[Done], frozen=True, kw_only=True):
    """Begin to upload a file for a field of a member, or of a contact (`owner_id` is its id; of a
    member the member's). Who is registered or written down only afterwards has an id already.

    The id is the caller's; begun again, it starts over, unless it is whole. Refusals:
    UNKNOWN_FIELD, FIELD_FORBIDDEN, UNKNOWN_MEMBER (erased), FILE_ID_TAKEN, TOO_MANY_FILES.
    """

    id: UUID
    subject: FieldSubject = "member"
    key: FieldKey
    member_id: UUID
    owner_id: UUID
    name: FileName


class AddFilePiece(Command[Done], frozen=True, kw_only=True):
    """The piece at a place, in order; the first one says what the file is. Sent again, nothing
    changes. Refusals: UNKNOWN_FILE, FILE_KIND, FILE_TOO_LARGE, FILE_BROKEN."""

    id: UUID
    place: Place
    content: Piece


class EndFile(Command[KeptFile], frozen=True, kw_only=True):
    """All pieces are there, and together have this SHA-256. Refusals: UNKNOWN_FILE, FILE_BROKEN."""

    id: UUID
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]


class FilePiece(Message, frozen=True, kw_only=True):
    """A piece of a file, and of how many; what the whole is called and is."""

    file: KeptFile
    pieces: int
    content: bytes


class ReadFile(Command[FilePiece], frozen=True, kw_only=True):
    """A piece of a file, for who sees its field (and of a contact, its store); or under a `grant`,
    for the person it is about. The first piece counts as a download, which is told. Refusal:
    UNKNOWN_FILE."""

    id: UUID
    place: Place = 0
    grant: Grant | None = None


class Signature(Message, frozen=True, kw_only=True):
    """What somebody signed, and how: the words as they were shown, in the language they were shown
    in, and the points of each stroke, `[x, y]` from the top left of a box."""

    key: str
    version: int
    language: str
    text: str
    notice_version: str | None
    signed_at: datetime
    staff_id: UUID
    device_id: UUID | None
    width: int
    height: int
    strokes: Any


class ShowSignature(Command[Signature], frozen=True, kw_only=True):
    """A signature of a member or of a contact (`owner_id`), for who sees its field. Each look is
    told. Refusals: UNKNOWN_MEMBER, UNKNOWN_FIELD, UNKNOWN_SIGNATURE."""

    member_id: UUID
    key: FieldKey
    subject: FieldSubject = "member"
    owner_id: UUID | None = None


class FileDownloaded(Event, frozen=True, kw_only=True):
    """Somebody took a file of a member. Subject: the file; the sequence counts."""

    type: ClassVar[str] = "member.file_downloaded"
    file_id: UUID
    member_id: UUID
    subject: FieldSubject
    field: str


class SignatureShown(Event, frozen=True, kw_only=True):
    """Somebody looked at a signature. Subject: the member."""

    type: ClassVar[str] = "member.signature_shown"
    member_id: UUID
    owner_id: UUID
    field: str

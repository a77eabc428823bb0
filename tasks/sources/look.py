"""A look at a source: the beginnings of its files, read by the readers of every ingest, and how far they were read."""

from dataclasses import dataclass, field, replace

from tasks.sources.members import Beginning, Member

COUNTED_BYTES = 4 << 20  # of a file whose other rows are counted quickly; some 25,000 tweets
LOOKED_BYTES = 16 << 20  # of any other, and of all files together
LEAST_BYTES = 64 << 10  # of a file among many that use the rest up
MOST_FILES = 200
LOOKED_ROWS = 5_000  # of a workbook, which is slow to read and has no beginning to cut off
NOT_LOOKED_INTO = "not looked into: the files before it fill the look"


@dataclass
class Look:
    """How much of the files of one source is read."""

    beginnings: dict[str, Beginning] = field(default_factory=dict)
    not_looked_into: int = 0

    def at(self, member: Member, countable: bool) -> Member | None:
        """The beginning of a file as a file; None when the files before it have used up what a look reads.

        `countable`: the rest of its rows will be counted, which takes no long time.
        """
        left = LOOKED_BYTES - sum(len(each.data) for each in self.beginnings.values())
        if left < LEAST_BYTES and len(self.beginnings) >= MOST_FILES:
            self.not_looked_into += 1
            return None
        limit = min(COUNTED_BYTES if countable else LOOKED_BYTES, max(left, LEAST_BYTES))
        beginning = self.beginnings[member.name] = Beginning(member.open, limit, countable)
        return replace(member, open=beginning.open, beginning=beginning)

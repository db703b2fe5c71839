"""Finding and removing samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.api.opened import Opened

if TYPE_CHECKING:
    from audit.removal.found import Found
    from audit.removal.removing import RemovalReport
    from audit.removal.wanted import Wanted


class Removing(Opened):
    """Finding and removing samples, and what is left after it."""

    def lookup(self, wanted: Wanted, *, shown: int | None = 20) -> Found:
        """Find samples: by URL, host, caption, hash, image …

        Parameters
        ----------
        shown:
            Samples of which caption and URL are read, None: all; all that are found count.

        Raises
        ------
        UsageError
            If the question is wrong; see :func:`audit.removal.finding.find_samples`.
        """
        from audit.removal.finding import find_samples

        return find_samples(self.dataset, wanted, shown=shown)

    def remove_samples(
        self, wanted: Wanted, *, reason: str, who: str = "unknown", dry_run: bool = False
    ) -> RemovalReport:
        """Take what is found out of every number, and keep why; shards stay as they are.

        Parameters
        ----------
        dry_run:
            Only tell what would be removed.

        Raises
        ------
        UsageError
            If the question is wrong, nothing is found, or no reason is given.
        StorageError
            If the dataset's folder cannot be written.
        """
        from audit.removal.finding import check_is_there
        from audit.removal.removing import carry_out, plan_removal

        found = self.lookup(wanted)
        check_is_there(found)
        plan = plan_removal(self.dataset, wanted, found, reason, who)
        return plan if dry_run else carry_out(self._home, plan)

    def undo_removal(self, removal: str, *, reason: str, who: str = "unknown") -> RemovalReport:
        """Take a removal back, by its number; it stays on record.

        Raises
        ------
        UsageError
            If there is none of that number, or it was taken back already.
        """
        from audit.removal.removing import take_back

        return take_back(self.dataset, self._home, removal, reason, who)

"""Registered domains of hosts, by the Public Suffix List, and how many samples each has.

The list comes with the package publicsuffixlist: nothing is looked up on the network.
"""

from audit.domains.counting import DomainCounts, count_domains
from audit.domains.suffixes import list_version, registered_domains

__all__ = ["DomainCounts", "count_domains", "list_version", "registered_domains"]

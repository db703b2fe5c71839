"""Asking servers for signals: only where a check was asked for.

``client``   one request, within limits, to public addresses
``hosts``    taking turns at each host; its robots.txt and tdmrep.json, once
``asking``   all that is asked about one URL
``store``    what was found, in parquet files; what is still missing
``check``    the whole of it
"""

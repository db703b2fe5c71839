"""Datasets: ingesting shards, and what is kept of them.

===================  ==================================================================
module               what it holds
===================  ==================================================================
``presets``          which column plays which role; **add a layout here**
``sources``          paths, globs, folders and URIs, expanded to files
``reading``          parquet, TSV and CSV shards, read in batches
``parts``            what is kept of a shard, row for row
``shard_job``        one shard to one part: the unit of work
``planning``         what an ingest has to do, given what is there
``ingest``           doing it, in one process or many
``manifest``         ``dataset.json``; ``stats``, ``distinct``: what is counted for it
``files``            writing files whole or not at all
``dataset``          an ingested dataset, opened for reading
``scan``             reading the captions of a dataset, the cheapest way
``sample_keys``      samples as numbers, and sets of them
``tombstones``       files of samples that were removed on request
``removed``          which these are now; ``remaining``: what is counted without them
``conditions``       conditions on the sample columns
``lookup``           from a sample back to its row in the source
``overview``         what `audit show` tells; ``catalog``: `audit datasets`
``home``             the folder of datasets; locks
===================  ==================================================================
"""

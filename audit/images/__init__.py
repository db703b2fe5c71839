"""Images: where they lie, reading them, decoding them safely.

``collections``      folders, tars, parquet and img2dataset's output, cut into units
``reading``          the images of a unit, with what is told beside them
``decoding``         bytes of strangers to an upright RGB picture, or a reason
``phash``            perceptual hashes
``thumbnails``       small pictures for people to look at
"""

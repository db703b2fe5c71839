"""Labels: a person says of some samples whether they show a concept, and the count follows.

``sampling``    which samples to ask about, so that few labels tell most
``export``      drawing them, and what a person needs to see of each
``task``        what was drawn, kept with the dataset
``answers``     reading the labelled file, whoever made it
``store``       kept labels of a dataset, and finding those of a concept
``beside``      the labels of each concept beside its count
"""
